"""The scopes of a file: which names stand in them, for what, and which calls are made there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from polyreel.scanning.sources import Source

__all__ = ["Bound", "CallSite", "Scope", "Survey", "dotted", "surveyed"]

_LONGEST: Final = 8  # names in a dotted one; a longer chain is no name of a thing


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Bound:
    """One thing that a name stands for.

    Attributes:
        kind: How it came to it: ``"value"`` by assignment, ``"default"`` as a parameter's default, ``"annotation"`` as
            a parameter of a declared kind, ``"element"`` as one of several, ``"import"``, ``"function"``, ``"class"``,
            ``"self"`` as an object of a class, ``"unknown"`` in another way.
        scope: Where ``node`` is to be read; of a class, its own scope.
        node: The expression, or the definition.
        target: Of an import, what is imported, with its package.
    """

    kind: Literal[
        "value", "default", "annotation", "element", "import", "function", "class", "self", "unknown"
    ]
    scope: Scope
    node: ast.AST | None = None
    target: str = ""


class Scope:
    """A module, a class or a function.

    Args:
        source: The file.
        parent: The scope around it; ``None`` for a module.
        is_class: Whether it is a class: its names are not seen from the functions in it.
    """

    def __init__(self, *, source: Source, parent: Scope | None = None, is_class: bool = False) -> None:
        self.source = source
        self.parent = parent
        self.is_class = is_class
        self.names: dict[str, list[Bound]] = {}
        self.returns: dict[ast.AST, list[Bound]] = {}
        self.shared: set[str] = set()  # names that a function declares as the module's

    def bind(self, name: str, bound: Bound) -> None:
        """Let a name stand for one more thing."""
        if name in self.shared:
            self.module.bind(name, bound)
        else:
            self.names.setdefault(name, []).append(bound)

    @property
    def module(self) -> Scope:
        """The scope of the whole file."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    def seen(self, name: str) -> list[Bound]:
        """Return what a name stands for when it is read here."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names and (scope is self or not scope.is_class):
                return scope.names[name]
            scope = scope.parent
        return []


@dataclass(frozen=True, kw_only=True, slots=True)
class CallSite:
    """A call in the source.

    Attributes:
        node: The call.
        scope: Where it stands.
        awaited: Whether it is awaited.
    """

    node: ast.Call
    scope: Scope
    awaited: bool


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What a file says.

    Attributes:
        source: The file.
        scope: Its outermost scope.
        calls: Every call in it, in the order of the source.
        imports: Every package and module that it imports, with its package.
    """

    source: Source
    scope: Scope
    calls: list[CallSite] = field(default_factory=list)
    imports: set[str] = field(default_factory=set)


def dotted(node: ast.AST) -> str:
    """Return ``a.b.c`` for a chain of names; empty for anything else."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
        if len(names) >= _LONGEST:
            return ""
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(names)])


def surveyed(source: Source) -> Survey:
    """Look through a file once; no name is followed yet."""
    survey = Survey(source=source, scope=Scope(source=source))
    _Surveyor(survey).walk()
    survey.calls.sort(key=lambda site: (site.node.lineno, site.node.col_offset))
    return survey


class _Surveyor:
    """Walks a tree without recursion: how deep it is nested does not matter."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._awaited: set[ast.AST] = set()
        self._todo: list[tuple[ast.AST, Scope]] = [(survey.source.tree, survey.scope)]

    def walk(self) -> None:
        """Visit each node, an outer one before those in it."""
        while self._todo:
            node, scope = self._todo.pop()
            self._visit(node, scope)

    def _visit(self, node: ast.AST, scope: Scope) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._function(node, scope)
                return
            case ast.Lambda():
                inner = Scope(source=scope.source, parent=scope)
                self._parameters(node.args, scope, inner)
                self._later([node.body], inner)
                self._later(_defaults(node.args), scope)
                return
            case ast.ClassDef():
                inner = Scope(source=scope.source, parent=scope, is_class=True)
                scope.bind(node.name, Bound(kind="class", node=node, scope=inner))
                self._later([*node.decorator_list, *node.bases, *node.keywords], scope)
                self._later(node.body, inner)
                return
            case ast.Call():
                call = CallSite(node=node, scope=scope, awaited=node in self._awaited)
                self._survey.calls.append(call)
            case ast.Await():
                self._awaited.add(node.value)
            case ast.Import() | ast.ImportFrom():
                self._import(node, scope)
            case ast.Global() | ast.Nonlocal():
                scope.shared.update(node.names if isinstance(node, ast.Global) else ())
            case _:
                self._bindings(node, scope)
        self._later(ast.iter_child_nodes(node), scope)

    def _bindings(self, node: ast.AST, scope: Scope) -> None:
        match node:
            case ast.Assign():
                for target in node.targets:
                    self._assign(target, node.value, scope)
            case ast.AnnAssign(value=ast.expr() as value) | ast.NamedExpr(value=value):
                self._assign(node.target, value, scope)
            case ast.AnnAssign():
                self._bind(node.target, Bound(kind="annotation", node=node.annotation, scope=scope), scope)
            case ast.AugAssign():
                self._bind(node.target, Bound(kind="unknown", scope=scope), scope)
            case ast.For() | ast.AsyncFor() | ast.comprehension():
                self._bind(node.target, Bound(kind="element", node=node.iter, scope=scope), scope)
            case ast.withitem(optional_vars=ast.expr() as target):
                self._assign(target, node.context_expr, scope)
            case _:
                return

    def _later(
        self, nodes: Iterator[ast.AST] | list[ast.AST] | list[ast.expr] | list[ast.stmt], scope: Scope
    ) -> None:
        self._todo += [(node, scope) for node in reversed(list(nodes))]

    def _assign(self, target: ast.expr, value: ast.expr, scope: Scope) -> None:
        if not isinstance(target, ast.Tuple | ast.List):
            self._bind(target, Bound(kind="value", node=value, scope=scope), scope)
            return
        pairs = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts)
        for place, inner in enumerate(target.elts):
            if pairs and not isinstance(inner, ast.Tuple | ast.List | ast.Starred):
                self._assign(inner, value.elts[place], scope)  # type: ignore[attr-defined]  # it is a list
            else:
                self._bind(inner, Bound(kind="unknown", scope=scope), scope)

    def _bind(self, target: ast.expr, bound: Bound, scope: Scope) -> None:
        match target:
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str() as key)):
                scope.bind(f"{name}[{key}]", bound)
            case ast.Attribute(value=ast.Name(id=name), attr=attribute):
                owners = [owner.scope for owner in scope.seen(name) if owner.kind == "self"]
                (owners[0].bind(attribute, bound) if owners else scope.bind(f"{name}.{attribute}", bound))
            case ast.Name() | ast.Attribute() if dotted(target):
                scope.bind(dotted(target), bound)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
        inner = Scope(source=scope.source, parent=scope)
        scope.bind(node.name, Bound(kind="function", node=node, scope=scope))
        self._parameters(node.args, scope, inner)
        first = [*node.args.posonlyargs, *node.args.args][:1]
        if scope.is_class and first and "staticmethod" not in map(dotted, node.decorator_list):
            inner.names[first[0].arg] = [Bound(kind="self", scope=scope)]
        given = [inner_node.value for inner_node in _own_nodes(node) if isinstance(inner_node, ast.Return)]
        scope.returns[node] = [
            Bound(kind="value", node=value, scope=inner) for value in given if value is not None
        ]
        self._later([*node.decorator_list, *_defaults(node.args)], scope)
        self._later(node.body, inner)

    def _parameters(self, arguments: ast.arguments, outer: Scope, inner: Scope) -> None:
        plain = [*arguments.posonlyargs, *arguments.args]
        defaults: list[ast.expr | None] = [None] * (len(plain) - len(arguments.defaults)) + list(
            arguments.defaults
        )
        named = zip([*plain, *arguments.kwonlyargs], [*defaults, *arguments.kw_defaults], strict=True)
        for argument, default in named:
            if argument.annotation is not None:
                inner.bind(argument.arg, Bound(kind="annotation", node=argument.annotation, scope=outer))
            elif default is None:
                inner.bind(argument.arg, Bound(kind="unknown", scope=outer))
            if default is not None:
                inner.bind(argument.arg, Bound(kind="default", node=default, scope=outer))
        for rest in (arguments.vararg, arguments.kwarg):
            if rest is not None:
                inner.bind(rest.arg, Bound(kind="unknown", scope=outer))

    def _import(self, node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                self._survey.imports.add(alias.name)
                name, target = (alias.asname, alias.name) if alias.asname else (alias.name.split(".")[0],) * 2
                scope.bind(name, Bound(kind="import", target=target, scope=scope))
            return
        package = "." * node.level + (node.module or "")
        self._survey.imports.add(package)
        for alias in node.names:
            target = f"{package}{'' if package.endswith('.') else '.'}{alias.name}"
            self._survey.imports.add(target)
            scope.bind(alias.asname or alias.name, Bound(kind="import", target=target, scope=scope))


def _defaults(arguments: ast.arguments) -> list[ast.expr]:
    return [default for default in (*arguments.defaults, *arguments.kw_defaults) if default is not None]


def _own_nodes(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.AST]:
    """Yield the nodes of a function that are not inside another."""
    todo: list[ast.AST] = list(function.body)
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            todo += ast.iter_child_nodes(node)
