"""What a schema over whole requests speaks of: which parameters, which values, and whether all of it is understood."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["BOUNDS", "Mentions", "mentions"]

BOUNDS: Final = frozenset(
    {
        *("type", "const", "enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
        *("minLength", "maxLength", "minItems", "maxItems"),
    }
)
"""The words about one value for which samples at and beside their bounds are enough."""
_SINGLE: Final = ("not", "if", "then", "else")
_LISTED: Final = ("allOf", "anyOf", "oneOf")
_REMARKS: Final = frozenset({"title", "description", "$comment", "default", "examples", "deprecated"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Mentions:
    """What a schema speaks of.

    Attributes:
        names: The parameters.
        bounds: Each parameter with each word about its value and the bound: ``("duration", "const", 8)``.
        understood: Whether every word is one whose verdict the samples of this package settle.
    """

    names: frozenset[str]
    bounds: tuple[tuple[str, str, Any], ...]
    understood: bool


def mentions(schema: Any) -> Mentions:
    """Return what a schema over whole requests speaks of.

    Args:
        schema: A rule, one of its parts, or the ``when`` of a price.
    """
    words = list(_words(schema))
    return Mentions(
        names=frozenset(name for name, _, _ in words if name),
        bounds=tuple((name, word, bound) for name, word, bound in words if name and word in BOUNDS),
        understood=all(_is_understood(name, word) for name, word, _ in words),
    )


def _is_understood(name: str, word: str) -> bool:
    return word in BOUNDS if name and word else not word


def _words(schema: Any) -> Iterator[tuple[str, str, Any]]:
    """Yield each word with the parameter that it speaks of; without a word when only the name is spoken of."""
    for word, value in schema.items() if isinstance(schema, Mapping) else ():
        if word == "required":
            yield from ((name, "", None) for name in value)
        elif word == "properties":
            for name, inner in value.items():
                yield name, "", None
                yield from ((name, inner_word, bound) for inner_word, bound in _bounds(inner))
        elif word in _SINGLE:
            yield from _words(value)
        elif word in _LISTED:
            for inner in value:
                yield from _words(inner)
        elif not _is_remark(word):
            yield "", word, value


def _bounds(schema: Any) -> Iterator[tuple[str, Any]]:
    for word, value in schema.items() if isinstance(schema, Mapping) else ():
        if word in _SINGLE:
            yield from _bounds(value)
        elif word in _LISTED:
            for inner in value:
                yield from _bounds(inner)
        elif not _is_remark(word):
            yield word, value


def _is_remark(word: str) -> bool:
    return word in _REMARKS or word.startswith("x-")
