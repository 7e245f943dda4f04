"""Yes or no, quickly: a schema as plain functions, made once.

What is wrong with a value, and where, only ``jsonschema`` says. Most requests need only a yes, and get it here in a
fraction of the time. The answers are the same, word by word of the schema; a schema with a word that is not known here
is left to ``jsonschema`` as a whole.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence, Sized
from numbers import Number
from typing import Any, Final, TypeAlias

__all__ = ["FOREIGN", "WORDS", "Check", "as_written", "quick_check", "whole"]

Check: TypeAlias = Callable[[Any], bool]

FOREIGN: Final = frozenset(
    {
        "$dynamicRef",
        "$ref",
        "contains",
        "dependentRequired",
        "dependentSchemas",
        "multipleOf",
        "patternProperties",
        "prefixItems",
        "unevaluatedItems",
        "unevaluatedProperties",
        "uniqueItems",
    }
)
"""The words of JSON Schema 2020-12 that only ``jsonschema`` judges; ``format`` is judged by neither."""


def quick_check(schema: Any) -> Check | None:
    """Return the function that says whether a value is valid, or ``None`` when ``jsonschema`` has to.

    Args:
        schema: A schema; it may be ``true`` or ``false``.
    """
    try:
        return _check(schema)
    except _ForeignError:
        return None


class _ForeignError(Exception):
    """The schema has a word that is not known here."""


def _check(schema: Any) -> Check:
    if isinstance(schema, bool):
        return lambda _: schema
    if FOREIGN & schema.keys():
        raise _ForeignError
    return _all_of([WORDS[word](bound, schema) for word, bound in schema.items() if word in WORDS])


def _all_of(checks: Sequence[Check]) -> Check:
    if len(checks) == 1:
        return checks[0]
    return lambda value: all(check(value) for check in checks)


def _is_number(value: Any) -> bool:
    kind = type(value)
    return kind is int or kind is float or (isinstance(value, Number) and kind is not bool)


_TYPES: Final[Mapping[str, Check]] = {
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: (
        (isinstance(value, int) and not isinstance(value, bool))
        or (isinstance(value, float) and value.is_integer())
    ),
    "null": lambda value: value is None,
    "number": _is_number,
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
}


def _type(kinds: Any, _: Any) -> Check:
    if isinstance(kinds, str):
        return _TYPES[kinds]
    checks = [_TYPES[kind] for kind in kinds]
    return lambda value: any(check(value) for check in checks)


def _enum(members: Any, _: Any) -> Check:
    if any(isinstance(member, list | dict) for member in members):
        raise _ForeignError
    return lambda value: any(
        value == member and isinstance(value, bool) is isinstance(member, bool) for member in members
    )


def _const(member: Any, schema: Any) -> Check:
    return _enum([member], schema)


def _number(is_outside: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Check]:
    return lambda bound, _: lambda value: not (_is_number(value) and is_outside(value, bound))


def _length(kind: type[Sized], is_outside: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Check]:
    return lambda bound, _: lambda value: not (isinstance(value, kind) and is_outside(len(value), bound))


END: Final = r"\Z"


def whole(pattern: Any) -> Any:
    """Return a pattern whose last ``$`` means the very end, as in JSON Schema; Python's lets a line break follow."""
    ends = isinstance(pattern, str) and pattern.endswith("$") and not pattern.endswith("\\$")
    return f"{pattern[:-1]}{END}" if ends else pattern


def as_written(pattern: str) -> str:
    """Return a pattern as its document has it, from what :func:`whole` made of it."""
    return f"{pattern.removesuffix(END)}$" if pattern.endswith(END) else pattern


def _pattern(pattern: Any, _: Any) -> Check:
    written = whole(pattern)
    return lambda value: not isinstance(value, str) or re.search(written, value) is not None


def _items(inner: Any, _: Any) -> Check:
    check = _check(inner)
    return lambda value: not isinstance(value, list) or all(check(item) for item in value)


def _properties(inner: Any, _: Any) -> Check:
    checks = {name: _check(schema) for name, schema in inner.items()}

    def check(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        return all(checks[name](entry) for name, entry in value.items() if name in checks)

    return check


def _required(names: Any, _: Any) -> Check:
    return lambda value: not isinstance(value, dict) or all(name in value for name in names)


def _additional(inner: Any, schema: Any) -> Check:
    check, named = _check(inner), schema.get("properties", {})

    def checked(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        return all(check(entry) for name, entry in value.items() if name not in named)

    return checked


def _names(inner: Any, _: Any) -> Check:
    check = _check(inner)
    return lambda value: not isinstance(value, dict) or all(check(name) for name in value)


def _not(inner: Any, _: Any) -> Check:
    check = _check(inner)
    return lambda value: not check(value)


def _every(inner: Any, _: Any) -> Check:
    return _all_of([_check(schema) for schema in inner])


def _any(inner: Any, _: Any) -> Check:
    checks = [_check(schema) for schema in inner]
    return lambda value: any(check(value) for check in checks)


def _one(inner: Any, _: Any) -> Check:
    checks = [_check(schema) for schema in inner]
    return lambda value: sum(check(value) for check in checks) == 1


def _if(inner: Any, schema: Any) -> Check:
    asked, then, otherwise = (
        _check(part) for part in (inner, schema.get("then", True), schema.get("else", True))
    )
    return lambda value: then(value) if asked(value) else otherwise(value)


WORDS: Final[Mapping[str, Callable[[Any, Any], Check]]] = {
    "additionalProperties": _additional,
    "allOf": _every,
    "anyOf": _any,
    "const": _const,
    "enum": _enum,
    "exclusiveMaximum": _number(operator.ge),
    "exclusiveMinimum": _number(operator.le),
    "if": _if,
    "items": _items,
    "maxItems": _length(list, operator.gt),
    "maxLength": _length(str, operator.gt),
    "maxProperties": _length(dict, operator.gt),
    "maximum": _number(operator.gt),
    "minItems": _length(list, operator.lt),
    "minLength": _length(str, operator.lt),
    "minProperties": _length(dict, operator.lt),
    "minimum": _number(operator.lt),
    "not": _not,
    "oneOf": _one,
    "pattern": _pattern,
    "properties": _properties,
    "propertyNames": _names,
    "required": _required,
    "type": _type,
}
"""Each word that is judged here, and what makes its function from its value and the schema around it."""
