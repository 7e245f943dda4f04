"""Tables for people, generated from the documents, so that no page can say something else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from polyreel.documents.document import ModelDocument

__all__ = ["models_table"]


def models_table(documents: Iterable[ModelDocument]) -> str:
    """Return a Markdown table of models: lengths, sizes, sound, price, and how long they live."""
    lines = [
        "| model | seconds | sizes | sound | price | until |",
        "|---|---|---|---|---|---|",
    ]
    for document in documents:
        cells = (
            f"`{document.provider}/*`" if document.is_family else f"`{document.id}`",
            _choices(document.properties.get("duration")),
            _choices(document.properties.get("size")),
            str(document.output.get("audio", "")),
            _price(document.prices),
            str(document.lifecycle.retires_on or ""),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _choices(schema: Mapping[str, Any] | None) -> str:
    if schema is None:
        return ""
    if "const" in schema:
        return str(schema["const"])
    return ", ".join(map(str, schema["enum"])) if "enum" in schema else "any"


def _price(prices: Mapping[str, Any] | None) -> str:
    if prices is None:
        return "unknown"
    amounts = [rule["amount"] for rule in prices["rules"] if "amount" in rule]
    low, high = min(amounts), max(amounts)
    span = low if low == high else f"{low}-{high}"
    return f"{span} {prices['currency']}/{prices['rules'][-1]['per']} ({prices['as_of']})"
