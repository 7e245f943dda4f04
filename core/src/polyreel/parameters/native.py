"""The vendor's body from the unified values, by the document's ``x-native``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

__all__ = ["merged", "native_body"]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_CONVERSIONS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "string": _text,
    "integer": int,
    "number": float,
    "boolean": bool,
}


def native_body(
    document: Mapping[str, Any], values: Mapping[str, Any], *, without: Collection[str] = ()
) -> dict[str, Any]:
    """Place each value where the vendor wants it.

    Args:
        document: The model's document as JSON.
        values: Unified names to values.
        without: Names that the plugin places itself, such as media.

    Returns:
        The body; a digit in a pointer makes a list: ``/instances/0/prompt``.
    """
    body: dict[str, Any] = {}
    for name, value in values.items():
        place = document["properties"].get(name, {}).get("x-native", False)
        if place is False or name in without:
            continue
        if isinstance(place, str):
            _put(body, place, value)
            continue
        if "values" in place:
            value = place["values"].get(_text(value), value)  # noqa: PLW2901  the vendor's word for it
        if "as" in place:
            value = _CONVERSIONS[place["as"]](value)  # noqa: PLW2901  the vendor's type for it
        _put(body, place["at"], value)
    return body


def merged(body: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body with the caller's own fields, objects joined member by member: such a field replaces ours alone."""
    joined = dict(body)
    for name, value in more.items():
        ours = joined.get(name)
        both = isinstance(ours, Mapping) and isinstance(value, Mapping)
        joined[name] = merged(ours, value) if both else value  # type: ignore[arg-type]  # both are mappings
    return joined


def _put(body: dict[str, Any], pointer: str, value: Any) -> None:
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    place: Any = body
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        empty: Any = value if following is None else [] if following.isdigit() else {}
        if isinstance(place, list):
            index = int(step)
            place += [None] * (index + 1 - len(place))
            if following is None or place[index] is None:
                place[index] = empty
            place = place[index]
        elif following is None:
            place[step] = value
        else:
            place = place.setdefault(step, empty)
