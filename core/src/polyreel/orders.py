"""One of many requests: what was asked for, and the name under which it is asked for only once. Pure."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from pathlib import PurePath
from typing import Any, Final, TypeAlias

from polyreel.errors import InvalidRequest, Problem
from polyreel.parameters.aliases import unified
from polyreel.types.media import Media
from polyreel.types.options import Options

__all__ = ["Order", "Orders", "Request"]

Request: TypeAlias = str | Mapping[str, Any]
"""A prompt, or a mapping with ``prompt``, ``model``, parameters and options of
:class:`~polyreel.types.options.Options`."""

# What says how a request is carried out; the others say what is asked for.
_CARRIAGE: Final = frozenset(Options.__dataclass_fields__) - {"fit", "native"}
_OF_ALL: Final = ("timeout", "on_timeout", "on_progress")


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """One of many requests.

    Attributes:
        index: Its place among them, from 0.
        request: As it was handed in.
        prompt: What the film shows.
        model: The model.
        arguments: Parameters and options.
        name: What the requests are called together; ``None`` when they may be asked for any number of times.
        said: What is asked for, as a text that is the same for the same request; empty without a name.
        before: How many of the requests before it ask for the same.
        problems: Why it is none.
    """

    index: int
    request: Any
    prompt: str = ""
    model: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None
    said: str = ""
    before: int = 0
    problems: tuple[Problem, ...] = ()

    @property
    def label(self) -> str:
        """The project that it is for; empty for none."""
        project = self.arguments.get("project")
        return project if isinstance(project, str) else ""

    @property
    def own_key(self) -> str | None:
        """The idempotency key that its caller gave it."""
        key = self.arguments.get("idempotency_key")
        return key if isinstance(key, str) else None

    @property
    def is_named(self) -> bool:
        """Whether it is to be paid once, however often it is asked for."""
        return self.name is not None or self.own_key is not None

    def key(self, attempt: int, contents: Iterable[str] = ()) -> str:
        """Return the idempotency key of its ``attempt``-th job; its caller's own key would stand for it.

        A later attempt is made only after the job before it ended uncharged and without a film.

        Args:
            attempt: From 0.
            contents: Digests of the files that it names: another picture under the same path is another request.
        """
        told = json.dumps([self.name, self.said, self.before, list(contents), attempt])
        return f"batch-{hashlib.sha256(told.encode()).hexdigest()}"

    def check(self) -> None:
        """Refuse what is no request.

        Raises:
            InvalidRequest: With everything that is wrong.
        """
        if self.problems:
            raise InvalidRequest(self.problems, model=self.model or None)


@dataclass(frozen=True, kw_only=True)
class Orders:
    """Makes orders of requests, in the order in which they come.

    Attributes:
        defaults: What counts where a request says nothing.
        name: What they are called together: the same request under the same name is paid once.
    """

    defaults: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None
    _numbers: Iterator[int] = field(default_factory=count, repr=False)
    _same: Counter[bytes] = field(default_factory=Counter)

    def take(self, request: Any) -> Order:
        """Return a request as an order; what is wrong with it stands in its ``problems``."""
        given, problems = _arguments(request, self.defaults)
        order: dict[str, Any] = {
            "prompt": str(given.pop("prompt", "")),
            "model": str(given.pop("model", "")),
            "arguments": {"patient": True, **given},
        }
        if self.name is not None and not problems:
            try:
                order["said"] = _said(**order)
            except (TypeError, ValueError) as error:
                problems.append(Problem(parameter="requests", message=str(error)))
            else:
                digest = hashlib.sha256(order["said"].encode(errors="surrogatepass")).digest()[:16]
                order["before"], self._same[digest] = self._same[digest], self._same[digest] + 1
        return Order(
            index=next(self._numbers), request=request, name=self.name, problems=tuple(problems), **order
        )


def _arguments(request: Any, defaults: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    if isinstance(request, str):
        request = {"prompt": request}
    if not isinstance(request, Mapping) or not all(isinstance(name, str) for name in request):
        message = "each must be a prompt, or a mapping with 'prompt', 'model' and parameters"
        return {}, [Problem(parameter="requests", message=f"{message}, not {_shown(request)}")]
    given = {name: value for name, value in {**defaults, **request}.items() if value is not None}
    problems = [
        Problem(parameter=name, message="does not count for one of many requests; leave it out")
        for name in _OF_ALL
        if name in given
    ]
    for name, example in (("prompt", "what the film shows"), ("model", "provider/model")):
        if not isinstance(given.get(name), str) or not given[name]:
            problems.append(Problem(parameter=name, message=f"must be given: {example}"))
    return given, problems


def _shown(request: Any) -> str:
    return repr(request)[:80] if isinstance(request, int | float) else f"a {type(request).__name__}"


def _said(*, prompt: str, model: str, arguments: Mapping[str, Any]) -> str:
    asked = {name: value for name, value in arguments.items() if name not in _CARRIAGE}
    return json.dumps([model, prompt, unified(asked)[0]], sort_keys=True, default=_described)


def _described(value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return {"sha256": hashlib.sha256(value).hexdigest()}
    if isinstance(value, Media):
        return {"sha256": value.sha256}
    if isinstance(value, PurePath | Decimal):
        return str(value)
    raise TypeError(
        f"a {type(value).__name__} cannot be recognised when it comes again, and a named batch is paid once: "
        "give a path, bytes or an address instead, or leave the name out"
    )
