"""A model as a tool of the Model Context Protocol: name, description and input schema.

Language models read it: rules that couple parameters stand as sentences in the description, since common clients refuse
``allOf`` at the top of a tool's schema, and values that cannot be chosen are left out. The client still checks them all.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

from polyreel.documents.document import ModelDocument
from polyreel.documents.views.bodies import json_schema
from polyreel.documents.views.wording import price_lines, rule_sentences, unit

__all__ = ["mcp_tool"]

_LONGEST: Final = 64  # what common clients take as a tool's name, of these characters
_DIGEST: Final = 8


def mcp_tool(document: ModelDocument) -> dict[str, Any]:
    """Return the tool that makes a film with one model.

    Args:
        document: The model's document.

    Returns:
        ``name`` (``generate_`` and the model's id, at most 64 of the characters ``A-Za-z0-9_-``), ``title``,
        ``description`` and ``inputSchema``.
    """
    schema: dict[str, Any] = json_schema(document.json)
    properties = {
        name: _described(schema["properties"][name], given)
        for name, given in document.properties.items()
        if not _is_fixed(given)
    }
    return {
        "name": _name(document.reference),
        "title": f"Make a film with {document.title}",
        "description": _description(document),
        "inputSchema": {
            "type": "object",
            "properties": properties,
            "required": schema["required"],
            "additionalProperties": False,
        },
    }


def _name(reference: str) -> str:
    name = "generate_" + re.sub(r"[^A-Za-z0-9_-]", "_", reference)
    if len(name) <= _LONGEST:
        return name
    digest = hashlib.sha256(reference.encode()).hexdigest()[:_DIGEST]
    return f"{name[: _LONGEST - _DIGEST - 1]}_{digest}"


def _is_fixed(schema: Mapping[str, Any]) -> bool:
    return "const" in schema and "default" in schema


def _described(schema: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    words = unit(given)
    description = schema.get("description", "")
    told = not words or words in description
    return {**schema, "description": description if told else f"{description} In {words}."}


def _description(document: ModelDocument) -> str:
    lifecycle = document.lifecycle
    lines = [str(document.json.get("description", document.title))]
    if lifecycle.retires_on is not None:
        lines.append(f"The model ends on {lifecycle.retires_on}.")
    rows = document.derivations
    if rows:
        lines.append(
            f"{', '.join(rows[0])} say one thing together: give those that you need, and they must agree."
        )
    sentences = dict.fromkeys(rule_sentences(document.json.get("allOf", ())))
    lines += [f"Rule: {sentence}." for sentence in sentences]
    prices = document.prices
    known = price_lines(document)
    lines.append(
        f"Price as of {prices['as_of']}: {'; '.join(known)}." if prices else "The price is not known."
    )
    return "\n".join(lines)
