"""An extension that takes part in every hook of a provider: it notes effects, and watches that there is nothing else."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from types import GeneratorType
from typing import Any, Final, NamedTuple

from polyreel.flows import Effect
from polyreel.hookspecs import hookimpl
from polyreel.http import Request, Response
from polyreel.simulation.simulator import Simulator, Stage
from polyreel.testing.purity import Guard

__all__ = ["FLOWS", "Asked", "Watching"]

FLOWS: Final = (
    "upload", "preflight", "submit", "poll", "refresh", "cancel", "delete", "find_submission", "list_remote",
)  # fmt: skip
"""The hooks that return a flow."""

_LISTS: Final = ("list_models", "validate_parameters")
_VALUES: Final = ("provider_info", "authenticate", "normalise_result", "settle", "parse_webhook")


class Asked(NamedTuple):
    """What a hook asked for.

    Attributes:
        hook: The hook.
        effect: What it yielded.
        before: How many requests had reached the simulator before.
    """

    hook: str
    effect: Effect
    before: int


class Watching:
    """Wraps each hook of the provider under test.

    Args:
        guard: Notices what a hook does besides yielding effects.

    Attributes:
        asked: What the hooks asked for, in order.
        requests: What reached the simulator, in order.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self.asked: list[Asked] = []
        self.requests: list[Request] = []
        for hook in (*FLOWS, *_LISTS, *_VALUES):
            setattr(self, hook, self._wrapper(hook))

    def _wrapper(self, hook: str) -> Callable[[], Generator[None, Any, Any]]:
        @hookimpl(wrapper=True)
        def watched() -> Generator[None, Any, Any]:
            with self._guard.inside(hook, may_open=hook == "list_models"):
                result = yield
                if hook == "validate_parameters":
                    return [list(problems or ()) for problems in result]
                if hook == "list_models":
                    return list(result)
            if hook in FLOWS and isinstance(result, GeneratorType):
                return self._flow(hook, result)
            return result

        return watched

    def _flow(self, hook: str, flow: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        step: Callable[[], Effect] = partial(next, flow)
        while True:
            try:
                with self._guard.inside(hook):
                    effect = step()
            except StopIteration as stop:
                return stop.value
            self.asked.append(Asked(hook, effect, len(self.requests)))
            try:
                result = yield effect
            except GeneratorExit:
                flow.close()
                raise
            except BaseException as error:  # noqa: BLE001  the watched flow decides
                step = partial(flow.throw, error)
            else:
                step = partial(flow.send, result)

    @hookimpl(wrapper=True)
    def simulator(self) -> Generator[None, Callable[[Stage], Simulator], Callable[[Stage], Simulator]]:
        """Let every request to the simulator be noted."""
        factory = yield
        return lambda stage: _Noting(factory(stage), self.requests)


class _Noting(Simulator):
    def __init__(self, inner: Simulator, requests: list[Request]) -> None:
        super().__init__(inner.stage)
        self._inner = inner
        self._requests = requests
        self.base_url = inner.base_url
        self.settings = inner.settings

    def handle(self, request: Request) -> Response:
        self._requests.append(request)
        return self._inner.handle(request)
