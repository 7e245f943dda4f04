"""Old and other names of the unified parameters: accepted everywhere, as long as they agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyreel.documents.registry import aliases
from polyreel.errors import Problem
from polyreel.parameters.problems import shortened

__all__ = ["unified"]


def unified(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Return ``given`` under the unified names; ``None`` counts as not given.

    Args:
        given: Names as the caller wrote them.

    Returns:
        The values, and a problem for each pair of names of the same thing that differ.
    """
    values: dict[str, Any] = {}
    spelled: dict[str, str] = {}
    problems: list[Problem] = []
    names = aliases()
    for spelling, value in given.items():
        if value is None:
            continue
        name = names.get(spelling, spelling)
        if name in values and not _same(values[name], value):
            problems.append(
                Problem(
                    parameter=name,
                    message=f"{spelled[name]}={shortened(values[name])!r} and {spelling}={shortened(value)!r} "
                    "are two names for the same thing and differ; give one of them",
                )
            )
            continue
        values[name] = value
        spelled[name] = spelling
    return values, problems


def _same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    try:
        return bool(type(one) is type(other) and one == other)
    except Exception:  # noqa: BLE001  foreign objects (arrays, pictures) may refuse to compare
        return False
