"""How much of a value is left in another one, and the value nearest to it that a schema accepts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any, Final

from polyreel.documents.validation import accepts
from polyreel.parameters.problems import is_number, measure_of, nearest, suggested_name

__all__ = ["NEAR_AMOUNT", "NEAR_SHAPE", "Nearness", "choices", "cut", "distance", "fitted", "nearness"]

NEAR_AMOUNT: Final = math.log(1.5)
NEAR_SHAPE: Final = math.log(1.2)
_NEAR_PIXELS: Final = 2 * NEAR_AMOUNT  # half again as wide and as high
_FAR: Final = 10.0


class Nearness(IntEnum):
    """What became of a value, from worst to best."""

    LOST = 0
    FAR = 1
    NEAR = 2
    KEPT = 3


def nearness(before: Any, after: Any) -> Nearness:
    """Return how much of ``before`` is left in ``after``.

    A number or a height is near within half again as much, a shape within a fifth, a size in pixels when both its
    shape and its number of pixels are, and a word when it is spelled alike.

    Args:
        before: A value.
        after: What stands for it; ``None`` for nothing.
    """
    if after is None:
        return Nearness.LOST
    if before is after:
        return Nearness.KEPT
    if type(before) is type(after) and before == after:
        return Nearness.KEPT
    if is_number(before) and is_number(after):
        return _within_reach(distance(before, after), NEAR_AMOUNT)
    if not isinstance(before, str) or not isinstance(after, str):
        return Nearness.KEPT if _same_list(before, after) else Nearness.FAR
    return _spelled_or_measured(before, after)


def _spelled_or_measured(before: str, after: str) -> Nearness:
    one, other = measure_of(before), measure_of(after)
    if one is None or other is None:
        return Nearness.NEAR if suggested_name(before, [after]) else Nearness.FAR
    shape, amount = abs(one[1] - other[1]), abs(one[2] - other[2])
    limit = _NEAR_PIXELS if one[0] == "x" else NEAR_AMOUNT
    alike = one[0] == other[0] and shape <= NEAR_SHAPE and amount <= limit + 1e-9
    return Nearness.NEAR if alike else Nearness.FAR


def _within_reach(apart: float, near: float) -> Nearness:
    if apart == 0.0:
        return Nearness.KEPT
    return Nearness.NEAR if apart <= near + 1e-9 else Nearness.FAR


def _same_list(before: Any, after: Any) -> bool:
    return isinstance(before, tuple) and isinstance(after, list) and list(before) == after


def distance(before: Any, after: Any) -> float:
    """Return how far apart two values are, to choose the nearest of several: 0 for the same, at most 10."""
    if before is after or (type(before) is type(after) and before == after):
        return 0.0
    if is_number(before) and is_number(after):
        if before == after:
            return 0.0
        if before > 0 and after > 0:
            return min(abs(math.log(before / after)), _FAR)
        return _FAR / 2
    one = measure_of(before) if isinstance(before, str) else None
    other = measure_of(after) if isinstance(after, str) else None
    if one is None or other is None or one[0] != other[0]:
        return _FAR
    return min(4 * abs(one[1] - other[1]) + abs(one[2] - other[2]), _FAR)


def choices(schema: Mapping[str, Any]) -> list[Any]:
    """Return the values that a parameter's schema lists; none when it does not list them."""
    if "const" in schema:
        return [schema["const"]]
    if "enum" in schema:
        return list(schema["enum"])
    return [True, False] if schema.get("type") == "boolean" else []


def fitted(value: Any, schema: Mapping[str, Any]) -> Any:
    """Return the value nearest to ``value`` that a parameter accepts by itself.

    A number is brought within bounds, a text that is too long cut after a word, a list cut after its last entry that is
    accepted; of listed values it is the nearest, or the default.

    Args:
        value: What was given.
        schema: The parameter's schema.

    Returns:
        The value, or ``None`` when nothing near it is accepted.
    """
    if isinstance(value, tuple):
        value = list(value)
    if accepts(schema, value):
        return value
    listed = choices(schema)
    if listed:
        found = nearest(value, listed)
        return schema.get("default") if found is None else found
    found = None
    if is_number(value):
        found = _within(value, schema)
    elif isinstance(value, str):
        found = cut(value, schema.get("maxLength", len(value)))
    elif isinstance(value, list):
        found = _thinned(value, schema)
    return found if found is not None and accepts(schema, found) else None


def cut(text: str, longest: int) -> str:
    """Return a text of at most ``longest`` characters that ends with a whole word where it can."""
    if len(text) <= longest:
        return text
    head = text[:longest]
    if head[-1:].isspace() or text[longest].isspace():
        return head.rstrip()
    *whole, _ = head.rsplit(None, 1)
    return whole[0] if whole else head


def _within(value: float, schema: Mapping[str, Any]) -> Any:
    if not math.isfinite(value):
        return None
    whole = schema.get("type") == "integer"
    step = schema.get("multipleOf", 1 if whole else None)
    low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    if "exclusiveMinimum" in schema:
        low = max(low, schema["exclusiveMinimum"] + (step or 0))
    if "exclusiveMaximum" in schema:
        high = min(high, schema["exclusiveMaximum"] - (step or 0))
    bounded = min(max(value, low), high)
    if step is None:
        return bounded
    for steps in (round(bounded / step), math.ceil(bounded / step), math.floor(bounded / step)):
        if low <= steps * step <= high:
            return int(steps * step) if whole else steps * step
    return None


def _thinned(values: Sequence[Any], schema: Mapping[str, Any]) -> list[Any]:
    items = schema.get("items", {})
    return [value for value in values if accepts(items, value)][: schema.get("maxItems")]
