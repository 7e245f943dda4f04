"""Values that belong together: ``size`` against ``aspect_ratio`` and ``resolution``, by the document's rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polyreel.errors import Problem

__all__ = ["derived"]


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
