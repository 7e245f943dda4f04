"""A document as the schema of a JSON body: files are texts there, and annotations that no reader needs are left out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from polyreel.documents.views.wording import file_words

__all__ = ["json_schema"]

_NAMED: Final = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs"})
_LISTED: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_SINGLE: Final = frozenset(
    {"items", "not", "if", "then", "else", "contains", "additionalProperties", "propertyNames"}
)


def json_schema(schema: Any, *, keep: Collection[str] = ()) -> Any:
    """Return a schema as it holds for a request in JSON.

    Args:
        schema: A document's schema, or a part of it.
        keep: The ``x-`` words that stay.

    Returns:
        The schema without ``$schema``, ``$id`` and other ``x-`` words. A picture or a film is a text: an address, a data
        URI, or what else stands for it; its description says so.
    """
    if not isinstance(schema, Mapping):
        return schema
    found: dict[str, Any] = {}
    for word, bound in schema.items():
        if word in _NAMED:
            found[word] = {name: json_schema(inner, keep=keep) for name, inner in bound.items()}
        elif word in _LISTED:
            found[word] = [json_schema(inner, keep=keep) for inner in bound]
        elif word in _SINGLE:
            found[word] = json_schema(bound, keep=keep)
        elif word not in {"$schema", "$id"} and (not word.startswith("x-") or word in keep):
            found[word] = bound
    return _as_text(found, schema["x-media"]) if "x-media" in schema else found


def _as_text(schema: Mapping[str, Any], rules: Mapping[str, Any]) -> dict[str, Any]:
    sentence = f"An https:// address or a data: URI of a file: {file_words(rules)}."
    description = " ".join(filter(None, (schema.get("description"), sentence)))
    return {"type": "string", **schema, "description": description}
