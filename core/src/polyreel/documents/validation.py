"""Prepared JSON Schema validators: a schema is prepared once, however often it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from polyreel.documents.verdicts import Check, quick_check, whole

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

__all__ = ["NEVER", "Identity", "accepts", "spelled_out", "validator"]

NEVER: Final[Mapping[str, Any]] = {"not": {}}
"""What the schema ``false`` is read as: the same verdict, but its errors say where they are."""
_NAMED: Final = ("$defs", "properties", "patternProperties", "dependentSchemas")
_LISTED: Final = ("allOf", "anyOf", "oneOf")
_SINGLE: Final = ("if", "then", "else", "items", "contains")


def validator(schema: Mapping[str, Any]) -> Validator:
    """Return the Draft 2020-12 validator of ``schema``.

    Args:
        schema: A schema that is not changed afterwards; it is known by its identity.
    """
    return _prepared(Identity(schema))


def accepts(schema: Mapping[str, Any], value: Any) -> bool:
    """Whether ``value`` is valid against ``schema``; quick, since it does not say why."""
    return _verdict(Identity(schema))(value)


class Identity:
    """A schema as a cache key: the same object is the same key, whatever it holds.

    Args:
        schema: The schema; it is kept alive, so that its identity stays its own.
    """

    __slots__ = ("schema",)

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identity) and other.schema is self.schema

    def __hash__(self) -> int:
        return id(self.schema)


@lru_cache(maxsize=512)
def _verdict(identity: Identity) -> Check:
    return quick_check(identity.schema) or _prepared(identity).is_valid


@lru_cache(maxsize=512)
def _prepared(identity: Identity) -> Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(spelled_out(identity.schema))


def spelled_out(schema: Any) -> Any:
    """Return a schema in which each ``false`` is written as :data:`NEVER`, and a pattern ends where it says."""
    if schema is False:
        return NEVER
    if not isinstance(schema, Mapping):
        return schema
    spelled = {word: whole(value) if word == "pattern" else value for word, value in schema.items()}
    for word in _NAMED:
        if word in schema:
            spelled[word] = {name: spelled_out(inner) for name, inner in schema[word].items()}
    for word in _LISTED:
        if word in schema:
            spelled[word] = [spelled_out(inner) for inner in schema[word]]
    for word in _SINGLE:
        if word in schema:
            spelled[word] = spelled_out(schema[word])
    if schema.get("additionalProperties") is not False and "additionalProperties" in schema:
        spelled["additionalProperties"] = spelled_out(schema["additionalProperties"])
    return spelled
