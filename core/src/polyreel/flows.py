"""Flows: everything that needs the outside world, written once, as generators that perform nothing.

A flow yields *effects* and is sent their results; :func:`run` and :func:`run_async` are the only two places
where something happens, and the only place where blocking and awaiting differ. Whoever drives decides: the
network, a recorder (a dry run), or a test with a virtual clock.

Precedents: httpx's ``Auth.auth_flow``, psycopg 3's ``generators.py`` and ``waiting.py``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Final, Protocol, TypeAlias, TypeVar

from polyreel.clock import Clock
from polyreel.http import MAX_ANSWER_BYTES, Pace, Request, Response, Version, Wire

__all__ = [
    "AsyncIO",
    "BlockingIO",
    "Call",
    "Effect",
    "Fetch",
    "Flow",
    "Save",
    "Send",
    "Session",
    "Sleep",
    "bounded",
    "call",
    "mapped",
    "run",
    "run_async",
    "sleep",
]

SLOWEST: Final = Pace()
MAX_FETCH_SECONDS: Final = (
    6 * 3600.0
)  # 8 GB at 3 Mbit/s; a file that takes longer is an answer without an end

T = TypeVar("T")
Flow: TypeAlias = Generator["Effect", Any, T]
"""A generator that yields effects and returns a ``T``."""


class Session(Protocol):
    """Who sends: knows the credentials, the origins they belong to, and what may be sent again."""

    def exchange(self, effect: Send | Fetch) -> Flow[Response]:
        """Turn one request into single exchanges and pauses."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Send:
    """Send a request; the result is its :class:`~polyreel.http.Response`, whatever its status.

    Attributes:
        request: What to send.
        session: On whose behalf.
        repeatable: Whether it may be sent again after an ambiguous failure or a 5xx. A request that costs money is not.
        timeout: Seconds for one exchange.
        final: Recognises an answer that looks like an error and is none: it is not sent again.
        advised: Reads from an answer the pause in seconds that it advises, where that stands in no header.
        max_bytes: The longest answer that is taken.
        in_doubt: Called when it is sent again although an earlier try may have been taken.
        before: Called right before it leaves, each time; what it raises keeps it here.
        until: When it is no longer sent again, seconds since 1970; ``None`` for any time.
    """

    request: Request
    session: Session
    repeatable: bool = False
    timeout: float = 60.0
    final: Callable[[Response], bool] | None = None
    advised: Callable[[Response], float | None] | None = None
    max_bytes: int = MAX_ANSWER_BYTES
    in_doubt: Callable[[], None] | None = None
    before: Callable[[], None] | None = None
    until: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetch:
    """Stream the body of a GET into an open file; the result is the answer without its body.

    Attributes:
        request: What to fetch.
        session: On whose behalf.
        into: The file, open for reading and writing in binary. Before a second try it is emptied, unless the address
            gave a strong entity tag: then the rest is asked for.
        max_bytes: The longest body that is taken.
        timeout: Seconds without any byte arriving.
        until: When it is given up, seconds since 1970; ``None`` for any time.
        seconds: Seconds for all tries together.
        pace: The slowest that it may come.
        held: The file that ``into`` holds the beginning of already; ``None`` when it is empty.
        begun: Called before the first byte is written, with what the rest can be asked for by later, or ``None``.
        beat: Called now and then while it comes; what it raises ends it.
    """

    request: Request
    session: Session
    into: BinaryIO
    max_bytes: int
    timeout: float = 60.0
    until: float | None = None
    seconds: float = MAX_FETCH_SECONDS
    pace: Pace = SLOWEST
    held: Version | None = None
    begun: Callable[[Version | None], None] | None = None
    beat: Callable[[], None] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sleep:
    """Wait.

    Attributes:
        seconds: How long.
    """

    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """Call a blocking function: directly, or in a worker thread under async.

    Attributes:
        function: Takes no arguments; the result of the effect is what it returns.
        quick: Whether it answers at once, so that no thread is worth its cost.
    """

    function: Callable[[], Any]
    quick: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Save:
    """Write to or read from the job store.

    Attributes:
        function: Takes no arguments.
        quick: Whether it answers from memory, so that no thread is worth its cost.
    """

    function: Callable[[], Any]
    quick: bool


Effect: TypeAlias = Send | Fetch | Sleep | Call | Save | Wire


def call(function: Callable[[], T]) -> Flow[T]:
    """Have a blocking function called by whoever drives, and return its result."""
    result: T = yield Call(function=function)
    return result


def sleep(seconds: float) -> Flow[None]:
    """Wait ``seconds``."""
    yield Sleep(seconds=seconds)


def mapped(flow: Flow[T], change: Callable[[Effect], Effect]) -> Flow[T]:
    """Return ``flow`` with each of its effects changed on its way to the driver.

    Args:
        flow: The flow.
        change: From an effect to the one that is performed instead.
    """
    try:
        effect = next(flow)
        while True:
            try:
                result = yield change(effect)
            except BaseException as error:  # noqa: BLE001  the flow decides, also about KeyboardInterrupt
                effect = flow.throw(error)
            else:
                effect = flow.send(result)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]  # StopIteration carries the flow's T untyped
    finally:
        flow.close()


def bounded(flow: Flow[T], *, until: float, clock: Clock) -> Flow[T]:
    """Return ``flow`` with each exchange over, or given up, at ``until``.

    Args:
        flow: The flow.
        until: Seconds since 1970.
        clock: Tells the time.
    """

    def change(effect: Effect) -> Effect:
        if not isinstance(effect, Send | Fetch):
            return effect
        left = max(until - clock.now(), 0.1)
        return replace(effect, timeout=min(effect.timeout, left), until=until)

    return mapped(flow, change)


class _Blocking(Protocol):
    def send(self, wire: Wire) -> Response: ...


class _Awaited(Protocol):
    def send(self, wire: Wire) -> Awaitable[Response]: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class BlockingIO:
    """What :func:`run` performs effects with.

    Attributes:
        transport: Carries single exchanges.
        clock: Tells and spends time.
    """

    transport: _Blocking
    clock: Clock

    def perform(self, effect: Effect) -> Any:
        """Perform one effect and return its result."""
        match effect:
            case Wire():
                return self.transport.send(effect)
            case Send() | Fetch():
                return run(effect.session.exchange(effect), self)
            case Sleep():
                return self.clock.sleep(effect.seconds)
            case Call() | Save():
                return _called(effect)


@dataclass(frozen=True, kw_only=True, slots=True)
class AsyncIO:
    """What :func:`run_async` performs effects with.

    Attributes:
        transport: Carries single exchanges.
        clock: Tells and spends time.
    """

    transport: _Awaited
    clock: Clock

    async def perform(self, effect: Effect) -> Any:
        """Perform one effect and return its result."""
        match effect:
            case Wire():
                return await self.transport.send(effect)
            case Send() | Fetch():
                return await run_async(effect.session.exchange(effect), self)
            case Sleep():
                return await self.clock.sleep_async(effect.seconds)
            case Call(quick=True) | Save(quick=True):
                return _called(effect)
            case Save():
                return await _written(effect)
            case Call():
                import asyncio

                return await asyncio.to_thread(_called, effect)


async def _written(effect: Save) -> Any:
    """Write in a thread, to the end: a flow that is cancelled must know what was written. The cancellation comes after it."""
    import asyncio

    writing = asyncio.ensure_future(asyncio.to_thread(_called, effect))
    cancelled: asyncio.CancelledError | None = None
    while not writing.done():
        try:
            await asyncio.wait([writing])
        except asyncio.CancelledError as error:
            cancelled = error
    task = asyncio.current_task()
    if cancelled is not None and task is not None:
        task.uncancel()  # it is asked for once, not twice
        task.cancel(*cancelled.args)
    return writing.result()


def _called(effect: Call | Save) -> Any:
    try:
        return effect.function()
    except StopIteration as error:
        # It would end the flow that it is raised in, and a thread's future never carries it over.
        raise RuntimeError("a function that a flow called ran out of values (StopIteration)") from error


def run(flow: Flow[T], io: BlockingIO) -> T:
    """Drive ``flow`` to its end, blocking, and return its value.

    What an effect raises is raised inside the flow, where ``try`` and ``finally`` see it; so is Ctrl-C.
    """
    try:
        effect = next(flow)
        while True:
            try:
                result = io.perform(effect)
            except BaseException as error:  # noqa: BLE001  the flow decides, also about KeyboardInterrupt
                effect = flow.throw(error)
            else:
                effect = flow.send(result)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]  # StopIteration carries the flow's T untyped
    finally:
        flow.close()


async def run_async(flow: Flow[T], io: AsyncIO) -> T:
    """Drive ``flow`` to its end, awaiting, and return its value; cancellation is raised inside the flow."""
    try:
        effect = next(flow)
        while True:
            try:
                result = await io.perform(effect)
            except BaseException as error:  # noqa: BLE001  the flow decides, also about cancellation
                effect = flow.throw(error)
            else:
                effect = flow.send(result)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]  # StopIteration carries the flow's T untyped
    finally:
        flow.close()
