"""A foreign call as a call of polyreel: what is literal is migrated, what is computed is carried over as it is written."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from polyreel.documents.document import ModelDocument
from polyreel.migration import Migration, migrate
from polyreel.parameters.shapes import SHAPE
from polyreel.scanning.bindings import Bindings
from polyreel.scanning.calls import Asked
from polyreel.scanning.objects import Place
from polyreel.types.foreign import ForeignParameter

__all__ = ["Replacement", "Request", "request_of"]

_ANY_PROMPT: Final = "A film"  # stands for a prompt that is only known when the program runs
_NO_PROMPT: Final = '"..."'


class _Written:
    """Stands for something that is only known when the program runs; it looks as it is written."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True, kw_only=True, slots=True)
class Replacement:
    """What to write instead of a call.

    Attributes:
        model: The model that it asks.
        call: The call, as source.
        remarks: What is not the same afterwards, as sentences.
    """

    model: str
    call: str
    remarks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a foreign call asks for, under the unified names.

    Attributes:
        asked: The call.
        values: What is known of it; a medium that is not is there as it is written.
        written: How each of ``values`` that stands in the source as it is was written.
        computed: What is only known when the program runs, as it is written.
        left: What of the call has no meaning here.
    """

    asked: Asked
    values: Mapping[str, Any]
    written: Mapping[str, str]
    computed: Mapping[str, str]
    left: tuple[str, ...] = field(default=())

    @cached_property
    def given(self) -> Mapping[str, Any]:
        """The request as a migration takes it."""
        return {"prompt": _ANY_PROMPT, **self.values}

    def moved(self, target: ModelDocument) -> Migration | None:
        """Return the request at another model; ``None`` when the model that is asked has no document."""
        source = self.asked.document
        return None if source is None else migrate(source, target, self.given)

    def replacement(self, target: ModelDocument, name: str) -> Replacement:
        """Return the call of polyreel.

        Args:
            target: The document of the model that is asked instead.
            name: How it is named.
        """
        moved = self.moved(target)
        arguments = [self._prompt(moved), f"model={_shown(name)}"]
        parameters = {} if moved is None else dict(moved.parameters)
        arguments += [
            f"{parameter}={self._value(parameter, value)}"
            for parameter, value in parameters.items()
            if parameter != "prompt"
        ]
        carried = [name for name in self.computed if name in target.properties and name != "prompt"]
        arguments += [f"{parameter}={self.computed[parameter]}" for parameter in carried]
        verb = "await polyreel.agenerate" if self.asked.site.awaited else "polyreel.generate"
        return Replacement(
            model=name,
            call=f"{verb}({', '.join(arguments)})",
            remarks=tuple(self._remarks(moved, target)),
        )

    def _prompt(self, moved: Migration | None) -> str:
        if "prompt" in self.values and moved is not None:
            return self._value("prompt", moved.parameters.get("prompt", self.values["prompt"]))
        return self.computed.get("prompt", _NO_PROMPT)

    def _value(self, name: str, value: Any) -> str:
        before = self.values.get(name)
        unchanged = type(before) is type(value) and (before is value or before == value)
        return self.written[name] if unchanged and name in self.written else _shown(value)

    def _is_computed(self, name: str) -> bool:
        return name in self.computed or (name in SHAPE and any(shape in self.computed for shape in SHAPE))

    def _remarks(self, moved: Migration | None, target: ModelDocument) -> Iterator[str]:
        if "prompt" not in self.values and "prompt" not in self.computed:
            yield "no prompt is found in the call: write one"
        if moved is not None:
            yield from map(str, moved.changes)
            yield from (str(change) for change in moved.defaults if not self._is_computed(change.parameter))
            yield from (f"to be solved by hand: {problem}" for problem in moved.problems)
        if any("base64.b64decode(" in f"{value!r}" for value in self.values.values()):
            yield "it needs 'import base64'"
        for name, text in self.computed.items():
            if name not in target.properties:
                yield f"{name}={text} is lost: {target.id} has no {name}"
            elif name != "prompt":
                yield f"{name}={text} is only known when the program runs; polyreel checks it then"
        yield from (f"{text} has no counterpart and is left out" for text in self.left)


def request_of(asked: Asked, bindings: Bindings) -> Request:
    """Return what a foreign call asks for.

    Args:
        asked: The call.
        bindings: Follows names.
    """
    reader = _Reader(asked, bindings)
    for parameter in asked.claim.call.parameters:
        reader.read(parameter)
    call = asked.claim.call
    understood = {*reader.understood, call.model, *call.ignored, *call.addresses}
    known = {parameter.path for parameter in call.parameters}
    left = (*dict.fromkeys(asked.arguments.left(understood, known)), *asked.arguments.hidden)
    return Request(
        asked=asked, values=reader.values, written=reader.written, computed=reader.computed, left=left
    )


class _Reader:
    """Reads the arguments of one call."""

    def __init__(self, asked: Asked, bindings: Bindings) -> None:
        self._asked = asked
        self._bindings = bindings
        self._media = () if asked.document is None else asked.document.media_parameters
        properties = {} if asked.document is None else asked.document.properties
        self._lists = {name for name, schema in properties.items() if schema.get("type") == "array"}
        self.values: dict[str, Any] = {}
        self.written: dict[str, str] = {}
        self.computed: dict[str, str] = {}
        self.understood: set[str] = set()

    def read(self, parameter: ForeignParameter) -> None:
        """Read one parameter, unless it was read already."""
        name = parameter.name
        if name in self.values or name in self.computed:
            return
        is_list = name in self._lists and "*" not in parameter.path
        places = self._asked.arguments.at(f"{parameter.path}.*") if is_list else None
        several = "*" in parameter.path or places is not None
        places = places or self._asked.arguments.at(parameter.path)
        if places is None:
            return
        found = [self._one(parameter, place) for place in places]
        if any(not self._fits(name, value) for value, _ in found):
            return  # a form that this path does not mean
        self.understood.add(parameter.path)
        texts = [text for _, text in found]
        value: Any = [value for value, _ in found] if several else found[0][0]
        text = f"[{', '.join(texts)}]" if several else texts[0]
        is_known = not any(isinstance(each, _Written) for each, _ in found)
        if is_known or (name in self._media and several == (name in self._lists)):
            self.values[name] = value
            if is_known and parameter.reads == "value" and not parameter.values:
                self.written[name] = text  # that still says the same
        else:
            self.computed[name] = text

    def _fits(self, name: str, value: Any) -> bool:
        if name == "prompt":
            return isinstance(value, str | _Written)
        return name not in self._media or not isinstance(value, dict | list)

    def _one(self, parameter: ForeignParameter, place: Place) -> tuple[Any, str]:
        """Return what stands at a place, as far as it is known, and how it is written here."""
        known = self._bindings.known(place.node, place.scope)
        text = place.scope.source.written(place.node)
        if known.single and parameter.reads != "base64":
            value = known.values[0]
            is_long = isinstance(place.node, ast.Constant) and place.node.lineno != place.node.end_lineno
            return _read(parameter, value), _shown(value) if is_long else text
        inner = self._bindings.entered(place).node
        if isinstance(inner, ast.Dict | ast.List | ast.Tuple) and parameter.name in self._media:
            return {}, text
        text = _converted(parameter, place.node, text)
        return _Written(text), text


def _read(parameter: ForeignParameter, value: Any) -> Any:
    if isinstance(value, str) and value in parameter.values:
        return parameter.values[value]
    if parameter.reads not in {"number", "seconds"} or not isinstance(value, str):
        return value
    try:
        number = float(value.removesuffix("s"))
    except ValueError:
        return value
    if not math.isfinite(number):
        return value
    return int(number) if number.is_integer() else number


def _converted(parameter: ForeignParameter, node: ast.expr, text: str) -> str:
    """Return an expression as polyreel wants its value."""
    match parameter.reads, node:
        case "number", ast.Call(func=ast.Name(id="str"), args=[ast.Name(id=name)]):
            return name
        case "number", _:
            return f"int({text})"
        case "seconds", _:
            return f'int(str({text}).rstrip("s"))'
        case "base64", _:
            return f"base64.b64decode({text})"
    return f"{text}.{parameter.attribute}" if parameter.attribute else text


def _shown(value: Any) -> str:
    """Return a value as source, with the quotes that most write."""
    if isinstance(value, str):
        text = repr(value)
        return f'"{text[1:-1]}"' if text[0] == "'" and '"' not in value else text
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_shown(key)}: {_shown(entry)}' for key, entry in value.items())}}}"
    return repr(value)
