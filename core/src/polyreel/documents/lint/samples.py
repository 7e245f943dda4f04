"""Values that stand for all values of a parameter: every enumerated one, and those at and beside each bound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from polyreel.documents.lint.mentions import BOUNDS
from polyreel.documents.validation import accepts

__all__ = ["STAND_IN", "enumerated", "is_listed", "same", "samples"]

STAND_IN: Final = "given"
"""Stands for a picture, a film or a structure: for the rules it counts only that it is there."""
_LONGEST: Final = 100_000
_STEPS: Final[Mapping[str, tuple[float, ...]]] = {"integer": (-1, 0, 1), "number": (-1, -0.5, 0, 0.5, 1)}


def enumerated(schema: Mapping[str, Any]) -> list[Any] | None:
    """Return all values of a parameter that has only finitely many, else ``None``."""
    if "const" in schema:
        return [schema["const"]]
    if "enum" in schema:
        return list(schema["enum"])
    return [True, False] if schema.get("type") == "boolean" else None


def samples(schema: Mapping[str, Any], spoken: Iterable[tuple[str, Any]]) -> list[Any]:
    """Return values that a parameter takes, at least one on each side of each bound.

    Args:
        schema: The parameter's schema.
        spoken: What the rules say about its value, as words and bounds.
    """
    words = [*((word, schema[word]) for word in BOUNDS & set(schema)), *spoken]
    values = enumerated(schema)
    candidates = list(values if values is not None else _open(schema, words))
    plain = {word: bound for word, bound in schema.items() if word in BOUNDS}
    taken: list[Any] = []
    for value in candidates:
        if accepts(plain, value) and not any(same(value, other) for other in taken):
            taken.append(value)
    return taken


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same; ``true`` is not ``1``."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def is_listed(value: Any, values: Iterable[Any]) -> bool:
    """Whether a JSON value stands among others."""
    return any(same(value, other) for other in values)


def _open(schema: Mapping[str, Any], words: list[tuple[str, Any]]) -> Iterator[Any]:
    for word, bound in words:
        if word in {"const", "enum"}:
            yield from bound if word == "enum" else (bound,)
    kinds = schema.get("type", ())
    for kind in (kinds,) if isinstance(kinds, str) else kinds:
        yield from _of_kind(kind, [bound for _, bound in words if isinstance(bound, int | float)])
    if not kinds or "object" in kinds:
        yield {} if kinds else STAND_IN


def _of_kind(kind: str, bounds: list[float]) -> Iterator[Any]:
    if kind in _STEPS:
        for bound in (*bounds, 1, 1_000_000):
            yield from (bound + step for step in _STEPS[kind])
    elif kind in {"string", "array"}:
        for length in sorted({int(bound) + step for bound in (*bounds, 1) for step in (-1, 0, 1)}):
            if 0 <= length <= _LONGEST:
                yield "a" * length if kind == "string" else [STAND_IN] * length
