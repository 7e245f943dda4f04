"""The words of a document for people: labels, units, values, files, prices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from polyreel.documents.document import ModelDocument
from polyreel.documents.registry import parameters
from polyreel.documents.views.conditions import clauses, spoken

__all__ = ["allowed", "file_words", "label", "option_label", "price_lines", "rule_sentences", "unit", "value"]

_UNITS: Final = {
    "s": "seconds",
    "ms": "milliseconds",
    "{frame}/s": "frames per second",
    "[px]": "pixels",
    "By": "bytes",
    "1": "",
}
_KINDS: Final = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "yes or no",
    "array": "list",
    "object": "names and values",
}
_KILO: Final = 1000
_MEGA: Final = 1000**2
_MEBI: Final = 1024**2


def label(name: str, schema: Mapping[str, Any], provider: str = "") -> str:
    """Return a parameter's name for people: its own title, the registry's, or the name in words.

    Args:
        name: The parameter.
        schema: Its schema in the model's document.
        provider: The provider's id, with which names of its own begin; it is left out.
    """
    title = schema.get("title") or parameters().get(name, {}).get("title")
    if title:
        return str(title)
    words = name.removeprefix(provider.replace("-", "_") + "_").replace("_", " ")
    return words[:1].upper() + words[1:]


def unit(schema: Mapping[str, Any]) -> str:
    """Return a parameter's unit in words: ``"seconds"``; empty for none."""
    name = str(schema.get("x-unit", ""))
    return _UNITS.get(name, name)


def value(given: Any) -> str:
    """Return a value as it is typed: ``true`` and not ``True``."""
    return str(given).lower() if isinstance(given, bool) else str(given)


def option_label(schema: Mapping[str, Any], given: Any) -> str:
    """Return an enumerated value for people: by ``x-labels``, else as it is."""
    words = ("yes" if given else "no") if isinstance(given, bool) else str(given)
    return str(schema.get("x-labels", {}).get(value(given), words))


def allowed(schema: Mapping[str, Any]) -> str:
    """Return the values that a parameter allows, in a few words."""
    if "const" in schema:
        return f"always {value(schema['const'])}"
    if "enum" in schema:
        return ", ".join(map(value, schema["enum"]))
    if "x-media" in schema:
        return file_words(schema["x-media"])
    kinds = schema.get("type", ())
    if kinds == "array":
        return f"{_entries(schema)} of: {allowed(schema.get('items', {}))}"
    words = " or ".join(_KINDS.get(kind, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds))
    if kinds == "object" and "properties" in schema:
        words = ", ".join(schema["properties"])
    return ", ".join(filter(None, (words or "any value", *_bounds(schema))))


def file_words(rules: Mapping[str, Any]) -> str:
    """Return what a file may be: ``"image/jpeg or image/png, at most 20 MiB"``.

    Args:
        rules: An ``x-media`` annotation.
    """
    words = [" or ".join(rules["accept"])]
    if "max_bytes" in rules:
        words.append(f"at most {_size(rules['max_bytes'])}")
    if "max_pixels" in rules:
        words.append(f"at most {rules['max_pixels']:,} pixels")
    if "min_side" in rules:
        words.append(f"at least {rules['min_side']} pixels on each side")
    if "max_side" in rules:
        words.append(f"at most {rules['max_side']} pixels on each side")
    if rules.get("fit") == "size":
        words.append("with the pixels of the film")
    if rules.get("opaque"):
        words.append("nothing transparent")
    words += [f"or an address {scheme}://" for scheme in rules.get("schemes", ())]
    if rules.get("reference"):
        words.append("or an earlier job")
    return ", ".join(words)


def price_lines(document: ModelDocument) -> list[str]:
    """Return the price rules in words, in the order in which they are tried; empty when no price is known."""
    prices = document.prices
    lines: list[str] = []
    for rule in prices["rules"] if prices else ():
        condition = spoken(clauses(rule["when"])) if "when" in rule else ""
        per = f"entry of {rule['of']}" if rule.get("per") == "item" else rule.get("per")
        words = (
            f"not known: {rule['unknown']}"
            if "unknown" in rule
            else f"{rule['amount']} {prices['currency']} per {per}"  # type: ignore[index]  # the loop has none without prices
        )
        lines.append(f"when {condition}: {words}" if condition else words)
    return lines


def rule_sentences(schema: Any) -> Iterator[str]:
    """Yield the sentences that stand in a schema, at any depth, in their order."""
    if isinstance(schema, Mapping):
        if isinstance(schema.get("x-error"), str):
            yield schema["x-error"]
        for word, inner in schema.items():
            if word != "x-error":
                yield from rule_sentences(inner)
    elif isinstance(schema, list | tuple):
        for inner in schema:
            yield from rule_sentences(inner)


def _entries(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minItems"), schema.get("maxItems")
    if low is not None and high is not None:
        return f"{low} to {high}"
    return f"up to {high}" if high is not None else "a list"


def _bounds(schema: Mapping[str, Any]) -> Iterator[str]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        yield f"{low} to {high}"
    elif low is not None or high is not None:
        yield f"at least {low}" if low is not None else f"at most {high}"
    if "multipleOf" in schema:
        yield f"in steps of {schema['multipleOf']}"
    if "maxLength" in schema:
        yield f"at most {schema['maxLength']:,} characters"


def _size(count: int) -> str:
    """Return a limit in the unit in which it is a round number, as vendors write it: 20 MiB or 25 MB."""
    for size, name in ((_MEBI, "MiB"), (_MEGA, "MB"), (_KILO, "kB")):
        if count % size == 0:
            return f"{count // size} {name}"
    return f"{count:,} bytes"
