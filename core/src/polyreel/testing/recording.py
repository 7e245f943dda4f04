"""A driver that answers a flow from a script and keeps what was asked: a plugin's unit tests without a network."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from polyreel.flows import Call, Effect, Flow, Save, Send, Sleep
from polyreel.http import Request, Response

__all__ = ["Recording", "answers", "in_json"]

T = TypeVar("T")


def in_json(value: Any, *, status: int = 200, **headers: str) -> Response:
    """Return an answer whose body is ``value`` as JSON.

    Args:
        value: Anything that JSON has.
        status: The status code.
        headers: More headers; an underscore in a name stands for a hyphen.
    """
    named = {name.replace("_", "-").lower(): text for name, text in headers.items()}
    return Response(
        status=status,
        headers={"content-type": "application/json", **named},
        content=json.dumps(value).encode(),
    )


def answers(flow: Flow[T], script: Iterable[Response | Exception]) -> tuple[T, list[Request]]:
    """Drive ``flow`` with an answer from ``script`` for each request, and return its value and the requests.

    Args:
        flow: What a hook returned.
        script: One answer for each request, in order; an exception is raised inside the flow instead.

    Raises:
        AssertionError: The flow asks for more than the script has, or for less.

    Example::

        receipt, (request,) = answers(plugin.submit(task), [in_json({"id": "film_1"})])
        assert request.json == {"prompt": "A paper boat"}
    """
    recording = Recording(script=list(script))
    value = recording.run(flow)
    left = len(recording.script)
    assert not left, f"{left} answers were not asked for; asked were {recording.requests}"
    return value, recording.requests


@dataclass(frozen=True, kw_only=True)
class Recording:
    """The driver behind :func:`answers`, for flows that end in an error or are driven one after the other.

    A pause takes no time, and a blocking function is called.

    Attributes:
        script: The answers that are left.
        effects: Everything that was asked for, in order.
    """

    script: list[Response | Exception] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)

    @property
    def requests(self) -> list[Request]:
        """The requests among the effects."""
        return [effect.request for effect in self.effects if isinstance(effect, Send)]

    def run(self, flow: Flow[T]) -> T:
        """Drive ``flow`` to its end and return its value."""
        try:
            effect = next(flow)
            while True:
                self.effects.append(effect)
                try:
                    result = self._perform(effect)
                except Exception as error:  # noqa: BLE001  the flow decides
                    effect = flow.throw(error)
                else:
                    effect = flow.send(result)
        except StopIteration as stop:
            value: T = stop.value
            return value
        finally:
            flow.close()

    def _perform(self, effect: Effect) -> Any:
        match effect:
            case Send():
                assert self.script, f"no answer is left for {effect.request!r}"
                answer = self.script.pop(0)
                if isinstance(answer, Exception):
                    raise answer
                return answer
            case Sleep():
                return None
            case Call() | Save():
                return effect.function()
        raise AssertionError(f"a hook yields Send, Sleep and Call, not {effect!r}")
