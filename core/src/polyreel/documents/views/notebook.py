"""A model in a notebook: what it takes, what it costs, how long it lives."""

from __future__ import annotations

from polyreel.documents.document import ModelDocument
from polyreel.documents.views.wording import allowed, price_lines, rule_sentences, unit, value
from polyreel.markup import Block, card, lines, table

__all__ = ["model_card"]


def model_card(document: ModelDocument) -> str:
    """Return a model as HTML: safe whatever its document holds, without scripts, in the notebook's own colours."""
    lifecycle, prices = document.lifecycle, document.prices
    dates = [
        ("stage", lifecycle.stage),
        ("released", lifecycle.released),
        ("end announced", lifecycle.deprecated_on),
        ("ends", lifecycle.retires_on),
        ("instead", ", ".join(lifecycle.advice)),
    ]
    parameters = [
        (
            name,
            allowed(schema),
            value(schema["default"]) if "default" in schema else "",
            unit(schema),
            schema.get("description", ""),
        )
        for name, schema in document.properties.items()
    ]
    rules = list(dict.fromkeys(rule_sentences(document.json.get("allOf", ()))))
    read = f"Price, read {prices['as_of']}" if prices else "Price"
    blocks: list[Block] = [
        table((), [(name, fact) for name, fact in dates if fact]),
        table(("parameter", "allowed", "default", "unit", "what it does"), parameters),
        lines("Rules", rules),
        lines(read, price_lines(document) or ["not known"]),
    ]
    return card(f"{document.reference}: {document.title}", document.json.get("description", ""), blocks)
