"""The arguments of a call in the source, found by paths: ``config.aspect_ratio``, ``frames.0.image``."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Final

from polyreel.scanning.objects import Objects, Place
from polyreel.scanning.scopes import CallSite

__all__ = ["Arguments", "arguments_of"]

_DEEPEST: Final = 8  # steps into an argument
_LONGEST: Final = 64  # entries of a list that are looked at


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """What a call is given.

    Attributes:
        given: Its arguments by name.
        hidden: What it is given that cannot be looked into, as it is written: ``**options``.
        objects: Follows names.
    """

    given: dict[str, Place]
    hidden: tuple[str, ...]
    objects: Objects = field(repr=False)

    def at(self, path: str) -> tuple[Place, ...] | None:
        """Return what stands at a path; several places for a path with ``*``, ``None`` when there is nothing."""
        first, *steps = path.split(".")
        place = self.given.get(first)
        return None if place is None else self._inside(place, steps)

    def _inside(self, place: Place, steps: Sequence[str]) -> tuple[Place, ...] | None:
        if not steps:
            return None if _is_none(place.node) else (place,)
        entries = self._entries(place)
        if steps[0] != "*":
            inner = entries.get(steps[0])
            return None if inner is None else self._inside(inner, steps[1:])
        if not isinstance(self.objects.entered(place).node, ast.List | ast.Tuple) or not entries:
            return None
        found = [self._inside(entry, steps[1:]) for entry in entries.values()]
        several = tuple(place for places in found if places is not None for place in places)
        return several if None not in found else None

    def _entries(self, place: Place) -> dict[str, Place]:
        inner = self.objects.entered(place)
        if isinstance(inner.node, ast.List | ast.Tuple):
            elements = inner.node.elts[:_LONGEST]
            return {str(index): Place(node=node, scope=inner.scope) for index, node in enumerate(elements)}
        return self.objects.entries(place) or {}

    def left(self, understood: Collection[str], known: Collection[str]) -> Iterator[str]:
        """Yield the path of each argument, and of what is inside one, that was not understood.

        Args:
            understood: The paths of what was. It covers what is inside it, too.
            known: Paths of what may be inside an argument, so that it is worth looking into.
        """
        for name, place in self.given.items():
            yield from self._left(name, place, understood, known)

    def _left(
        self, path: str, place: Place, understood: Collection[str], known: Collection[str]
    ) -> Iterator[str]:
        if path in understood or _is_none(place.node):
            return
        inside = [other[len(path) + 1 :] for other in (*understood, *known) if other.startswith(f"{path}.")]
        entries = self._entries(place) if inside and path.count(".") < _DEEPEST else {}
        if not entries:
            yield path
        several = any(rest.startswith("*") for rest in inside)
        for name, inner in entries.items():
            yield from self._left(f"{path}.{'*' if several else name}", inner, understood, known)


def arguments_of(site: CallSite, positional: Sequence[str], objects: Objects) -> Arguments:
    """Return what a call is given.

    Args:
        site: The call.
        positional: The names of its arguments by position.
        objects: Follows names.
    """
    node, scope, written = site.node, site.scope, site.scope.source.written
    given: dict[str, Place] = {}
    hidden = []
    for name, argument in zip_longest(positional[: len(node.args)], node.args):
        if name is None or isinstance(argument, ast.Starred):
            hidden.append(written(argument))
        else:
            given[name] = Place(node=argument, scope=scope)
    for keyword in node.keywords:
        place = Place(node=keyword.value, scope=scope)
        if keyword.arg is not None:
            given[keyword.arg] = place
            continue
        entries = objects.entries(place)
        if entries is None:
            hidden.append(f"**{written(keyword.value)}")
        else:
            given |= entries
    return Arguments(given=given, hidden=tuple(hidden), objects=objects)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
