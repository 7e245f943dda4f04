"""Which object an expression is, followed through the source without executing any of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from polyreel.scanning.modules import Modules
from polyreel.scanning.scopes import Bound, Scope, dotted

__all__ = ["Objects", "Place", "Reach", "text_of"]

_DEEPEST: Final = 40  # names that are followed one after the other, and brackets in each other
_STEPS: Final = 500  # per question, so that no source can make it long


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """An expression, and where it is read.

    Attributes:
        node: The expression.
        scope: Its scope.
    """

    node: ast.expr
    scope: Scope


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """How an object is reached.

    Attributes:
        names: From the package on, each name on the way: ``("acme", "Client", "films", "create")``.
        known: Whether the first is a package that is imported; else it is a name that the source does not explain.
        makers: The calls on the way.
    """

    names: tuple[str, ...]
    known: bool
    makers: tuple[Place, ...] = ()


_Thing: TypeAlias = "Reach | Scope | Bound | None"  # a foreign object, a class or module, a function


class Objects:
    """Answers which objects expressions are.

    Args:
        modules: The project's files.
    """

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._left = 0

    def ask(self) -> None:
        """Begin a question."""
        self._left = _STEPS

    def reach(self, node: ast.expr, scope: Scope) -> Reach | None:
        """Return how an object is reached; ``None`` for one of the project's own, and for what has no name."""
        self.ask()
        thing = self.thing(node, scope, 0)
        return thing if isinstance(thing, Reach) else None

    def entered(self, place: Place) -> Place:
        """Return what an expression was assigned, where that is a dictionary, a list or a call; else itself."""
        self.ask()
        return self.followed(place, 0)

    def entries(self, place: Place) -> dict[str, Place] | None:
        """Return what a dictionary, or a call with named arguments, has by name; ``None`` for anything else."""
        self.ask()
        return self.entries_of(place, 0)

    # --- structures ----------------------------------------------------------------------------------------

    def followed(self, place: Place, depth: int) -> Place:
        """Return what :meth:`entered` does, after ``depth`` steps."""
        if isinstance(place.node, ast.Dict | ast.List | ast.Tuple | ast.Call) or self.is_over(depth):
            return place
        if isinstance(place.node, ast.Await):
            return self.followed(replace(place, node=place.node.value), depth + 1)
        for bound in reversed(self.bounds(place.node, place.scope, depth)):
            if bound.kind in {"value", "default"} and isinstance(bound.node, ast.expr):
                inner = self.followed(Place(node=bound.node, scope=bound.scope), depth + 1)
                if isinstance(inner.node, ast.Dict | ast.List | ast.Tuple | ast.Call):
                    return inner
        return place

    def entries_of(self, place: Place, depth: int) -> dict[str, Place] | None:
        """Return what :meth:`entries` does, after ``depth`` steps."""
        inner = self.followed(place, depth)
        scope = inner.scope
        if isinstance(inner.node, ast.Dict):
            pairs: Iterator[tuple[str | None, ast.expr]] = zip(
                map(text_of, inner.node.keys), inner.node.values, strict=True
            )
        elif isinstance(inner.node, ast.Call):
            pairs = ((keyword.arg, keyword.value) for keyword in inner.node.keywords)
        else:
            return None
        found: dict[str, Place] = {}
        for name, value in pairs:
            if name is not None:
                found[name] = Place(node=value, scope=scope)
            elif not self.is_over(depth):
                found |= self.entries_of(Place(node=value, scope=scope), depth + 1) or {}
        if isinstance(place.node, ast.Name):
            found |= self._later_entries(place.node.id, place.scope)
        return found

    def _later_entries(self, name: str, scope: Scope) -> dict[str, Place]:
        """Return what is put into a dictionary after it was made: ``body["model"] = …``."""
        found: dict[str, Place] = {}
        around: Scope | None = scope
        while around is not None:
            for key, bounds in around.names.items():
                node = bounds[-1].node
                if key.startswith(f"{name}[") and isinstance(node, ast.expr):
                    found.setdefault(key[len(name) + 1 : -1], Place(node=node, scope=bounds[-1].scope))
            around = None if name in around.names else around.parent
        return found

    # --- objects ----------------------------------------------------------------------------------------------

    def is_over(self, depth: int) -> bool:
        """Count a step; say whether the question has become too long."""
        self._left -= 1
        return self._left < 0 or depth > _DEEPEST

    def thing(self, node: ast.AST, scope: Scope, depth: int) -> _Thing:  # noqa: PLR0911  one kind after the other
        """Return the object that an expression is, after ``depth`` steps."""
        if self.is_over(depth):
            return None
        match node:
            case ast.Name():
                return self._named(scope.seen(node.id), Reach(names=(node.id,), known=False), depth)
            case ast.Attribute():
                return self._attribute(node, scope, depth)
            case ast.Call():
                return self._called(node, scope, depth)
            case ast.Await() | ast.NamedExpr() | ast.Starred():
                return self.thing(node.value, scope, depth + 1)
            case ast.IfExp() | ast.BoolOp():
                several = node.values if isinstance(node, ast.BoolOp) else [node.body, node.orelse]
                return self._first(several, scope, depth)
        return None

    def _first(self, nodes: Sequence[ast.expr], scope: Scope, depth: int) -> _Thing:
        found = [self.thing(node, scope, depth + 1) for node in nodes]
        return next((thing for thing in found if not isinstance(thing, Reach) or thing.known), None)

    def _named(self, bounds: Sequence[Bound], unknown: _Thing, depth: int) -> _Thing:
        """Return what a name stands for: of several things the first that leads anywhere."""
        for bound in bounds:
            thing = self._bound(bound, depth + 1)
            if thing is not None and not (isinstance(thing, Reach) and not thing.known):
                return thing
        return unknown

    def _bound(self, bound: Bound, depth: int) -> _Thing:
        match bound.kind:
            case "import":
                return self._imported(bound, depth)
            case "value" | "default" if bound.node is not None:
                return self.thing(bound.node, bound.scope, depth)
            case "annotation" if isinstance(bound.node, ast.expr):
                return self._annotated(bound.node, bound.scope, depth)
            case "class" | "self":
                return bound.scope
            case "function":
                return bound
        return None

    def _imported(self, bound: Bound, depth: int) -> _Thing:
        if self.is_over(depth):
            return None
        found = self._modules.find(bound.target, bound.scope)
        if found is not None:
            scope, name = found
            return self._named(scope.names.get(name, []), None, depth) if name else scope
        names = tuple(name for name in bound.target.split(".") if name)
        return Reach(names=names, known=not bound.target.startswith("."))

    def _attribute(self, node: ast.Attribute, scope: Scope, depth: int) -> _Thing:
        own = scope.seen(dotted(node)) if dotted(node) else []
        if own:
            return self._named(own, None, depth)
        owner = self.thing(node.value, scope, depth + 1)
        if isinstance(owner, Reach):
            return replace(owner, names=(*owner.names, node.attr))
        unknown = Reach(names=(node.attr,), known=False)
        if isinstance(owner, Scope):
            thing = self._named(owner.names.get(node.attr, []), unknown, depth)
            if isinstance(thing, Bound) and owner.is_class:  # a property, as far as anybody can see
                return self._returned(thing, depth) or thing
            return thing
        return unknown

    def _called(self, node: ast.Call, scope: Scope, depth: int) -> _Thing:
        function = self.thing(node.func, scope, depth + 1)
        if isinstance(function, Reach):
            return replace(function, makers=(*function.makers, Place(node=node, scope=scope)))
        if isinstance(function, Bound):
            return self._returned(function, depth)
        return function  # an object of a class has what the class has

    def _returned(self, function: Bound, depth: int) -> _Thing:
        returns = function.scope.returns.get(function.node, []) if function.node is not None else []
        return self._named(returns, None, depth)

    def _annotated(self, node: ast.expr, scope: Scope, depth: int) -> _Thing:
        """Return the object that a declared kind promises: ``Client``, ``"Client"``, ``Client | None``."""
        if self.is_over(depth):
            return None
        match node:
            case ast.Constant(value=str() as text):
                try:
                    inner = ast.parse(text, mode="eval").body if len(text) < 200 else None  # noqa: PLR2004  a name
                except (SyntaxError, ValueError, RecursionError, MemoryError):
                    return None
                return None if inner is None else self._annotated(inner, scope, depth + 1)
            case ast.BinOp():
                kinds = [node.left, node.right]
            case ast.Subscript(slice=ast.Tuple() as several):
                kinds = several.elts
            case ast.Subscript():
                kinds = [node.slice]
            case _:
                return self.thing(node, scope, depth + 1)
        found = [self._annotated(kind, scope, depth + 1) for kind in kinds]
        return next(
            (
                thing
                for thing in found
                if isinstance(thing, Scope) or (isinstance(thing, Reach) and thing.known)
            ),
            None,
        )

    def bounds(self, node: ast.expr, scope: Scope, depth: int) -> list[Bound]:
        """Return what a name, or a name of a class, a module or an object, was given."""
        if isinstance(node, ast.Name):
            bounds = scope.seen(node.id)
        elif isinstance(node, ast.Attribute):
            bounds = scope.seen(dotted(node)) if dotted(node) else []
            owner = None if bounds else self.thing(node.value, scope, depth + 1)
            if isinstance(owner, Scope):
                bounds = owner.names.get(node.attr, [])
        else:
            return []
        return [inner for bound in bounds for inner in self._through(bound, depth)]

    def _through(self, bound: Bound, depth: int) -> list[Bound]:
        """Return what an imported name stands for in its module; another name, as it is."""
        found = self._modules.find(bound.target, bound.scope) if bound.kind == "import" else None
        if found is None or self.is_over(depth):
            return [bound]
        scope, name = found
        return [
            inner for outer in scope.names.get(name, [bound]) for inner in self._through(outer, depth + 1)
        ]


def text_of(node: ast.expr | None) -> str | None:
    """Return a text that is written out; ``None`` for any other expression."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
