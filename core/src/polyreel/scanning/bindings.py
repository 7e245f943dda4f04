"""The values that an expression may have, followed through the source without executing any of it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from polyreel.scanning.objects import Objects, Place, Reach, text_of
from polyreel.scanning.scopes import Bound, Scope

__all__ = ["Bindings", "Known"]

_ALTERNATIVES: Final = 16
_LONGEST: Final = 100_000  # characters of a text that is put together
_FALLBACKS: Final = {("os", "environ", "get"), ("os", "getenv"), ("environ", "get"), ("getenv",)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What an expression may be.

    Attributes:
        values: Its values, as far as the source has them.
        complete: Whether it can be nothing else.
    """

    values: tuple[Any, ...] = ()
    complete: bool = False

    @property
    def single(self) -> bool:
        """Whether it is one certain value."""
        return self.complete and len(self.values) == 1


class Bindings(Objects):
    """Answers what expressions stand for: objects, and values."""

    def known(self, node: ast.expr, scope: Scope) -> Known:
        """Return the values that an expression may have."""
        self.ask()
        found = self._values(node, scope, 0)
        return replace(found, values=_distinct(found.values))

    def _values(self, node: ast.expr, scope: Scope, depth: int) -> Known:  # noqa: PLR0911  one kind after the other
        if self.is_over(depth):
            return Known()
        match node:
            case ast.Constant():
                return Known(values=(node.value,), complete=True)
            case ast.Name():
                return self._given(self.bounds(node, scope, depth), depth)
            case ast.Attribute():
                bounds = self.bounds(node, scope, depth)
                if not bounds and node.attr == "value":  # of a member of an Enum
                    return self._values(node.value, scope, depth + 1)
                return self._given(bounds, depth)
            case ast.NamedExpr():
                return self._values(node.value, scope, depth + 1)
            case ast.Subscript():
                return self._looked_up(node, scope, depth)
            case ast.Call():
                return self._fallback(node, scope, depth)
        return self._made(node, scope, depth)

    def _made(self, node: ast.expr, scope: Scope, depth: int) -> Known:  # noqa: PLR0911  one kind after the other
        """Return the values of what is made of others."""
        match node:
            case ast.IfExp():
                return self._united([node.body, node.orelse], scope, depth)
            case ast.BoolOp():
                united = self._united(node.values, scope, depth)
                return replace(united, values=tuple(value for value in united.values if value is not None))
            case ast.UnaryOp(op=ast.USub()):
                inner = self._values(node.operand, scope, depth + 1)
                values = tuple(-value for value in inner.values if isinstance(value, int | float))
                return replace(inner, values=values)
            case ast.JoinedStr():
                return self._joined([_plain_part(part) for part in node.values], scope, depth)
            case ast.BinOp(op=ast.Add()):
                return self._joined([node.left, node.right], scope, depth)
            case ast.List() | ast.Tuple():
                return self._all(node.elts, scope, depth, list)
            case ast.Dict():
                keys = [text_of(key) for key in node.keys]
                if None not in keys:
                    return self._all(
                        node.values, scope, depth, lambda values: dict(zip(keys, values, strict=True))
                    )
        return Known()

    def _given(self, bounds: Sequence[Bound], depth: int) -> Known:
        values: tuple[Any, ...] = ()
        complete = bool(bounds)
        for bound in bounds:
            found = Known()
            if isinstance(bound.node, ast.expr) and bound.kind in {"value", "default"}:
                found = self._values(bound.node, bound.scope, depth + 1)
            elif isinstance(bound.node, ast.expr) and bound.kind == "element":
                found = self._elements(bound.node, bound.scope, depth + 1)
            values += tuple(value for value in found.values if value is not None or len(bounds) == 1)
            complete = complete and found.complete and bound.kind != "default"
        return Known(values=values[:_ALTERNATIVES], complete=complete and len(values) <= _ALTERNATIVES)

    def _united(self, nodes: Sequence[ast.expr], scope: Scope, depth: int) -> Known:
        found = [self._values(node, scope, depth + 1) for node in nodes[:_ALTERNATIVES]]
        values = tuple(value for each in found for value in each.values)
        return Known(values=values[:_ALTERNATIVES], complete=all(each.complete for each in found))

    def _elements(self, node: ast.expr, scope: Scope, depth: int) -> Known:
        inner = self.followed(Place(node=node, scope=scope), depth)
        if isinstance(inner.node, ast.List | ast.Tuple | ast.Set):
            return self._united(inner.node.elts, inner.scope, depth)
        return Known()

    def _all(self, nodes: Sequence[ast.expr], scope: Scope, depth: int, make: Any) -> Known:
        found = [self._values(node, scope, depth + 1) for node in nodes]
        if not all(each.single for each in found):
            return Known()
        return Known(values=(make([each.values[0] for each in found]),), complete=True)

    def _joined(self, nodes: Sequence[ast.expr | None], scope: Scope, depth: int) -> Known:
        texts = []
        for node in nodes:
            found = Known() if node is None else self._values(node, scope, depth + 1)
            if not found.single or not isinstance(found.values[0], str):
                return Known()
            texts.append(found.values[0])
        if sum(map(len, texts)) > _LONGEST:
            return Known()
        return Known(values=("".join(texts),), complete=True)

    def _looked_up(self, node: ast.Subscript, scope: Scope, depth: int) -> Known:
        entries = self.entries_of(Place(node=node.value, scope=scope), depth)
        if entries is None:
            return Known()
        key = self._values(node.slice, scope, depth + 1)
        chosen = [entries[value] for value in key.values if isinstance(value, str) and value in entries]
        places = chosen if key.single else list(entries.values())[:_ALTERNATIVES]
        found = [self._values(place.node, place.scope, depth + 1) for place in places]
        values = tuple(value for each in found for value in each.values)
        return Known(
            values=values[:_ALTERNATIVES], complete=bool(found) and all(each.complete for each in found)
        )

    def _fallback(self, node: ast.Call, scope: Scope, depth: int) -> Known:
        """Return what a call gives when nothing else is set: ``os.environ.get("MODEL", "film-2")``."""
        reach = self.thing(node.func, scope, depth + 1)
        if not isinstance(reach, Reach) or reach.names not in _FALLBACKS or len(node.args) != 2:  # noqa: PLR2004
            return Known()
        return replace(self._values(node.args[1], scope, depth + 1), complete=False)


def _plain_part(part: ast.expr) -> ast.expr | None:
    if isinstance(part, ast.FormattedValue):
        return part.value if part.format_spec is None and part.conversion == -1 else None
    return part


def _distinct(values: Sequence[Any]) -> tuple[Any, ...]:
    found: list[Any] = []
    for value in values:
        if not any(type(value) is type(other) and value == other for other in found):
            found.append(value)
    return tuple(found)
