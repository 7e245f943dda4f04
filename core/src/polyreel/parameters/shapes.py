"""Values that belong together: ``size`` against ``aspect_ratio`` and ``resolution``, by the document's rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from polyreel.errors import Problem
from polyreel.parameters.nearness import NEAR_AMOUNT, NEAR_SHAPE, Nearness
from polyreel.parameters.problems import measure_of

__all__ = ["SHAPE", "Frame", "derived"]

SHAPE: Final = ("size", "aspect_ratio", "resolution")
"""The parameters that say how large a film is, in two ways."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """How large a film is, however it is said.

    Attributes:
        shape: The logarithm of width by height; ``None`` when it is not said.
        side: The shorter side in pixels; ``None`` when it is not said.
    """

    shape: float | None
    side: float | None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Frame:
        """Return what a request says about it, by ``size``, ``aspect_ratio`` and ``resolution``."""
        found = {name: measure_of(str(values[name])) for name in SHAPE if name in values}
        size, ratio, height = (found.get(name) for name in SHAPE)
        shape = side = None
        if size is not None and size[0] == "x":
            shape, side = size[1], round(math.exp((size[2] - abs(size[1])) / 2))
        if ratio is not None and ratio[0] == ":":
            shape = ratio[1]
        if height is not None and height[0] == "p":
            side = round(math.exp(height[2]))
        return cls(shape=shape, side=side)

    @property
    def size(self) -> str | None:
        """The same as a size in pixels, both even; ``None`` when something of it is not said."""
        if self.shape is None or self.side is None:
            return None
        longer = 2 * round(self.side * math.exp(abs(self.shape)) / 2)
        return f"{longer}x{self.side}" if self.shape >= 0 else f"{self.side}x{longer}"

    def left_in(self, other: Frame) -> Nearness:
        """Return how much of what this says is left in another frame."""
        worst = Nearness.KEPT
        if self.shape is not None:
            if other.shape is None:
                return Nearness.LOST
            worst = min(worst, _apart(self.shape - other.shape, NEAR_SHAPE))
        if self.side is not None:
            if other.side is None:
                return Nearness.LOST
            worst = min(worst, _apart(math.log(self.side / other.side), NEAR_AMOUNT))
        return worst


def _apart(difference: float, near: float) -> Nearness:
    if abs(difference) < 0.01:  # noqa: PLR2004  sides are whole, so that shapes are not quite exact
        return Nearness.KEPT
    return Nearness.NEAR if abs(difference) <= near + 1e-9 else Nearness.FAR


def derived(
    values: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> tuple[Mapping[str, Any], Problem | None]:
    """Return the row that fits the given values.

    The first row is the default combination; the first row that agrees with everything given is taken.

    Args:
        values: What the caller gave.
        rows: The document's ``x-derive``.

    Returns:
        The values to add (empty when a given value stands in no row, which the schema reports better), or a
        problem when given values contradict each other.
    """
    if not rows:
        return {}, None
    given = {name: values[name] for name in rows[0] if name in values}
    for row in rows:
        if all(row[name] == value for name, value in given.items()):
            return row, None
    if len(given) == 1 or any(all(row[name] != value for row in rows) for name, value in given.items()):
        return {}, None
    return {}, Problem(
        parameter=" and ".join(given),
        message=" and ".join(f"{name}={value!r}" for name, value in given.items())
        + " contradict each other; possible together: "
        + "; ".join(", ".join(f"{name}={row[name]}" for name in given) for row in rows),
        allowed=tuple(dict(row) for row in rows),
    )
