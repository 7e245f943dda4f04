"""Tables for people, generated from the documents, so that no page can say something else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from polyreel.documents.document import ModelDocument

__all__ = ["models_table"]

_COLUMNS: Final = ("model", "API", "seconds", "heights", "shapes", "sound", "price", "per", "read", "ends")
_NO_LINKS: Final[Mapping[str, str]] = {}


def models_table(documents: Iterable[ModelDocument], *, links: Mapping[str, str] = _NO_LINKS) -> str:
    """Return a Markdown table of models: API, lengths, heights, shapes, sound, the price of a unit, and their end.

    Args:
        documents: The models, in this order.
        links: Where the page of a model is, by its reference (``provider/name@surface``).
    """
    rows = [_COLUMNS, ("---",) * len(_COLUMNS), *(_row(document, links) for document in documents)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(document: ModelDocument, links: Mapping[str, str]) -> tuple[str, ...]:
    properties = document.properties
    name = f"`{document.provider}/*`" if document.is_family else f"`{document.id}`"
    link = links.get(document.reference)
    heights = "resolution" if "resolution" in properties else "size"
    return (
        f"[{name}]({link})" if link else name,
        document.surface or "",
        _choices(properties.get("duration")),
        _choices(properties.get(heights)),
        _choices(properties.get("aspect_ratio")),
        str(document.output.get("audio", "")),
        *_price(document.prices),
        str(document.lifecycle.retires_on or ""),
    )


def _choices(schema: Mapping[str, Any] | None) -> str:
    if schema is None:
        return ""
    if "const" in schema:
        return str(schema["const"])
    if "enum" in schema:
        return ", ".join(map(str, _shortened(schema["enum"])))
    if "minimum" in schema and "maximum" in schema:
        step = f", in steps of {schema['multipleOf']}" if "multipleOf" in schema else ""
        return f"{schema['minimum']}-{schema['maximum']}{step}"
    return "any"


def _shortened(values: list[Any]) -> list[Any]:
    """Return many values as the first two and the last."""
    many = 9
    return values if len(values) < many else [*values[:2], "…", values[-1]]


def _price(prices: Mapping[str, Any] | None) -> tuple[str, str, str]:
    """Return the price of a unit, from the lowest to the highest, the unit, and the day on which it was read."""
    rules = [] if prices is None else [rule for rule in prices["rules"] if "amount" in rule]
    usual = [rule for rule in rules if rule["per"] == "second"] or rules
    if prices is None or not usual:
        return "unknown", "", ""
    per = usual[0]["per"]
    amounts = sorted((rule["amount"] for rule in usual if rule["per"] == per), key=Decimal)
    span = amounts[0] if amounts[0] == amounts[-1] else f"{amounts[0]}-{amounts[-1]}"
    return f"{span} {prices['currency']}", usual[0].get("of", per), prices["as_of"]
