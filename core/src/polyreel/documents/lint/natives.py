"""Rules about the places of values in the vendor's body."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from polyreel.documents.lint.findings import Case, Place, Rule
from polyreel.documents.lint.requests import described, given
from polyreel.documents.lint.samples import enumerated

__all__ = ["RULES"]

_POINTER: Final = re.compile(r"(?:/(?:[^/~]|~[01])+)+")
_MANY: Final = 1000


def _placed(case: Case) -> Iterator[tuple[str, str]]:
    for name, schema in case.document.properties.items():
        native = schema["x-native"]
        if native is not False:
            yield name, native if isinstance(native, str) else native["at"]


def _malformed(case: Case) -> Iterator[Place]:
    for name, pointer in _placed(case):
        if not _POINTER.fullmatch(pointer):
            yield (
                f"/properties/{name}/x-native",
                f"{pointer!r} is no JSON Pointer to a value: /name/0/name, with ~0 for ~ and ~1 for /",
            )


def _colliding(case: Case) -> Iterator[Place]:
    for (one, first), (other, second) in itertools.combinations(_placed(case), 2):
        clash = _clash(first.split("/")[1:], second.split("/")[1:])
        if clash is None:
            continue
        together = case.requests.find(given(one), given(other))
        if together.exists:
            yield (
                f"/properties/{other}/x-native",
                (
                    f"{second} {clash} {first} of {one}, and both can be given ({described(together.request)}); place one "
                    "elsewhere, or write false and let the plugin place it"
                ),
            )


def _clash(one: list[str], other: list[str]) -> str | None:
    for step, opposite in itertools.zip_longest(one, other):
        if step is None or opposite is None:
            return "lies inside or around"
        if step != opposite:
            return (
                "makes a list where there is an object, or the reverse, by"
                if step.isdigit() != opposite.isdigit()
                else None
            )
    return "is the place"


def _gapped(case: Case) -> Iterator[Place]:
    pointers = [pointer for _, pointer in _placed(case)]
    for name, pointer in _placed(case):
        steps = pointer.split("/")
        for depth, step in enumerate(steps):
            if not step.isdigit() or int(step) == 0:
                continue
            before = "/".join([*steps[:depth], str(int(step) - 1)])
            if not any(f"{other}/".startswith(f"{before}/") for other in pointers):
                yield (
                    f"/properties/{name}/x-native",
                    f"{pointer}: nothing stands at {before}, so the list has a hole; count from 0",
                )


def _incomplete(case: Case) -> Iterator[Place]:
    for name, schema in case.document.properties.items():
        native = schema["x-native"]
        if not isinstance(native, Mapping) or "values" not in native:
            continue
        place = f"/properties/{name}/x-native/values"
        wanted = {_text(value) for value in _countable(schema)}
        if not wanted:
            yield (
                place,
                f"{name} has too many values for that; give it an enum or bounds, or place it without words of the vendor's",
            )
        for missing in sorted(wanted - set(native["values"])):
            yield place, f"the vendor's word for {missing} is missing; write it, even if it is the same"
        for strange in sorted(set(native["values"]) - wanted if wanted else ()):
            yield f"{place}/{strange}", f"{strange} is no value of {name}; correct it, or remove it"


def _countable(schema: Mapping[str, Any]) -> list[Any]:
    """Return all values of a parameter that has few, whole numbers between bounds included."""
    least, most = schema.get("minimum"), schema.get("maximum")
    if (
        isinstance(least, int)
        and isinstance(most, int)
        and schema.get("type") == "integer"
        and "enum" not in schema
    ):
        return list(range(least, min(most, least + _MANY) + 1))
    return enumerated(schema) or []


def _unconvertible(case: Case) -> Iterator[Place]:
    for name, schema in case.document.properties.items():
        native = schema["x-native"]
        if not isinstance(native, Mapping) or "as" not in native:
            continue
        words: Mapping[str, Any] = native.get("values", {})
        values = enumerated(schema)
        for value in _samples_of_type(schema) if values is None else values:
            sent = words.get(_text(value), value)
            if not _converts(sent, native["as"]):
                yield (
                    f"/properties/{name}/x-native/as",
                    f"{sent!r} cannot be sent as {native['as']}; correct the type, or write the vendor's words as values",
                )
                break


def _samples_of_type(schema: Mapping[str, Any]) -> list[Any]:
    kinds = schema.get("type", ())
    samples = {"integer": 1, "number": 1.5, "string": "a", "array": [], "object": {}}
    return [samples[kind] for kind in ((kinds,) if isinstance(kinds, str) else kinds) if kind in samples]


def _converts(value: Any, kind: str) -> bool:
    if kind not in {"integer", "number"}:
        return isinstance(value, bool if kind == "boolean" else str | int | float)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    try:
        number = float(value)
    except ValueError:
        return False
    return kind == "number" or number.is_integer()


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


RULES: Final = (
    Rule(
        id="native-pointer",
        demand="A place in the vendor's body is a JSON Pointer (RFC 6901) to a value in it.",
        check=_malformed,
    ),
    Rule(
        id="native-distinct",
        demand="Parameters that can be given together have places of their own, none inside another.",
        check=_colliding,
    ),
    Rule(id="native-list", demand="Lists in the vendor's body have no holes.", check=_gapped),
    Rule(
        id="native-values",
        demand="`values` has the vendor's word for each enumerated value of the parameter, and for nothing else.",
        check=_incomplete,
    ),
    Rule(
        id="native-conversion",
        demand="Each value can be sent as the type that `as` names.",
        check=_unconvertible,
    ),
)
