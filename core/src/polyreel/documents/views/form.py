"""A form for one model, as plain JSON: everything that a web page needs to ask for a request.

The description holds no markup and no code. ``fields`` are asked for, ``advanced`` on demand, ``facts`` only shown.
``linked`` are fields that say one thing together; ``conditions`` couple fields (:mod:`polyreel.documents.views.conditions`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from polyreel.documents.document import ModelDocument
from polyreel.documents.views.conditions import conditions
from polyreel.documents.views.wording import label, option_label, unit

__all__ = ["ORDER", "form"]

ORDER: Final = (
    "prompt",
    "input_image",
    "last_frame",
    "reference_images",
    "reference_image",
    "video",
    "duration",
    "aspect_ratio",
    "resolution",
    "size",
    "generate_audio",
    "negative_prompt",
    "n",
    "person_generation",
    "seed",
    "fps",
)
"""The unified parameters as a form asks for them, the most useful first; a provider's own follow in their order."""

_LONG: Final = 200  # a text that may be longer than this gets several lines
_FILE_RULES: Final = (
    "max_bytes",
    "max_pixels",
    "min_side",
    "max_side",
    "fit",
    "opaque",
    "reference",
    "schemes",
)
_NUMBERS: Final = {
    "minimum": "minimum",
    "maximum": "maximum",
    "exclusiveMinimum": "more_than",
    "exclusiveMaximum": "less_than",
    "multipleOf": "step",
}
_TEXTS: Final = {"minLength": "min_length", "maxLength": "max_length", "pattern": "pattern"}
_LISTS: Final = {"minItems": "min_items", "maxItems": "max_items"}


def form(document: ModelDocument) -> dict[str, Any]:
    """Return the form of a model.

    Args:
        document: The model's document.

    Returns:
        Plain JSON: ``model``, ``title``, ``description``, ``fields``, ``advanced``, ``facts``, ``linked`` and
        ``conditions``. docs/forms.md describes each.
    """
    facts: list[dict[str, Any]] = []
    fields: list[dict[str, Any]] = []
    advanced: list[dict[str, Any]] = []
    for name in _ordered(document.properties):
        schema = document.properties[name]
        if "const" in schema and "default" in schema:
            facts.append(_fact(name, schema, document))
        else:
            (advanced if schema.get("x-advanced") else fields).append(_asked(name, schema, document))
    return {
        "model": document.reference,
        "title": document.title,
        "description": document.json.get("description", ""),
        "fields": fields,
        "advanced": advanced,
        "facts": facts,
        "linked": _linked(document),
        "conditions": conditions(document),
    }


def _ordered(names: Iterable[str]) -> list[str]:
    def rank(name: str) -> int:
        return ORDER.index(name) if name in ORDER else len(ORDER)

    return sorted(names, key=rank)  # stable: a provider's own keep the document's order


def _fact(name: str, schema: Mapping[str, Any], document: ModelDocument) -> dict[str, Any]:
    return {
        "name": name,
        "label": label(name, schema, document.provider),
        "value": schema["const"],
        "value_label": option_label(schema, schema["const"]),
        "unit": unit(schema),
        "help": schema.get("description", ""),
    }


def _asked(name: str, schema: Mapping[str, Any], document: ModelDocument) -> dict[str, Any]:
    """Return a field of the form: a parameter with what is asked for and what it begins with."""
    first = next(iter(document.derivations), {})
    found = _field(name, schema, document.provider, required=name in document.json["required"])
    if "default" in schema or name in first:
        found["default"] = schema.get("default", first.get(name))
    if name in first:
        found["linked"] = list(first)
    examples = [example[name] for example in document.json.get("examples", ()) if name in example]
    if examples:
        found["example"] = examples[0]
    return found


def _field(name: str, schema: Mapping[str, Any], provider: str, *, required: bool) -> dict[str, Any]:
    found = {
        "name": name,
        "label": label(name, schema, provider),
        "required": required,
        "help": schema.get("description", ""),
        **_kind(schema),
    }
    if unit(schema):
        found["unit"] = unit(schema)
    if "x-error" in schema:
        found["sentence"] = schema["x-error"]
    return found


def _kind(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return which control a value needs, and the bounds of that control."""
    if "const" in schema or "enum" in schema:
        return _choice(schema, schema.get("enum", [schema.get("const")]))
    if "x-media" in schema:
        rules = schema["x-media"]
        return {"kind": "file", "accept": rules["accept"], **{k: rules[k] for k in _FILE_RULES if k in rules}}
    kinds = schema.get("type", ())
    make = _KINDS.get(frozenset([kinds] if isinstance(kinds, str) else kinds))
    return make(schema) if make else {"kind": "json", "schema": _plain(schema)}


def _switch(schema: Mapping[str, Any]) -> dict[str, Any]:
    # Without a default there is a third state, left out, which a switch cannot show.
    return {"kind": "switch"} if "default" in schema else _choice(schema, [True, False])


def _integer(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": "integer", "step": 1, **_renamed(schema, _NUMBERS)}


def _number(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": "number", **_renamed(schema, _NUMBERS)}


def _text(schema: Mapping[str, Any]) -> dict[str, Any]:
    has_form = schema.get("pattern", r"\S") != r"\S"
    has_lines = not has_form and schema.get("maxLength", _LONG + 1) > _LONG
    return {"kind": "textarea" if has_lines else "text", **_renamed(schema, _TEXTS)}


def _choice(schema: Mapping[str, Any], values: Iterable[Any]) -> dict[str, Any]:
    options = [{"value": given, "label": option_label(schema, given)} for given in values]
    return {"kind": "choice", "options": options}


def _list(schema: Mapping[str, Any]) -> dict[str, Any]:
    items = schema.get("items", {})
    bounds = _renamed(schema, _LISTS)
    entry = _entry(items)
    if entry["kind"] == "file":
        return {**entry, "kind": "files", **bounds}
    return {"kind": "list", "entry": entry, **bounds}


def _entry(schema: Any) -> dict[str, Any]:
    """Return the control of one entry of a list or a map, which has no name of its own."""
    if not isinstance(schema, Mapping):
        return {"kind": "json", "schema": schema}
    return {**_kind(schema), **_told(schema)}


def _told(schema: Mapping[str, Any]) -> dict[str, Any]:
    return _renamed(schema, {"description": "help", "x-error": "sentence"})


def _group(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a group of named fields, or, without names of its own, a map from texts to values."""
    properties = schema.get("properties")
    if not properties:
        names, values = schema.get("propertyNames", {}), schema.get("additionalProperties", True)
        bounds = _renamed(schema, {"minProperties": "min_items", "maxProperties": "max_items"})
        key = {**_renamed(names, _TEXTS), **_told(names)}
        return {"kind": "map", "key": key, "entry": _entry(values), **bounds}
    required = schema.get("required", ())
    fields = [_field(name, inner, "", required=name in required) for name, inner in properties.items()]
    found: dict[str, Any] = {"kind": "group", "fields": fields}
    choices = schema.get("oneOf", ())
    if choices and all(set(choice) == {"required"} for choice in choices):
        found["one_of"] = [choice["required"] for choice in choices]
    return found


_KINDS: Final[Mapping[frozenset[str], Callable[[Mapping[str, Any]], dict[str, Any]]]] = {
    frozenset({"boolean"}): _switch,
    frozenset({"integer"}): _integer,
    frozenset({"number"}): _number,
    frozenset({"integer", "number"}): _number,
    frozenset({"string"}): _text,
    frozenset({"array"}): _list,
    frozenset({"object"}): _group,
}


def _renamed(schema: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names[word]: schema[word] for word in names if word in schema}


def _plain(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {word: bound for word, bound in schema.items() if not word.startswith("x-")}


def _linked(document: ModelDocument) -> list[dict[str, Any]]:
    rows = document.derivations
    return [{"fields": list(rows[0]), "rows": [dict(row) for row in rows]}] if rows else []
