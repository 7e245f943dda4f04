"""Many flows at once, by few hands: the only place where doing that blocking and awaiting differ.

The two drivers perform a schedule's errands with a bounded number of hands, in the background: what runs goes on while
the caller handles a result. What the caller hands in (the iterable of requests) is only ever called in the
caller's own thread, or in its event loop.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar

from polyreel.clock import SystemClock
from polyreel.flows import AsyncIO, BlockingIO, run, run_async
from polyreel.schedules import Ended, Errand, Schedule

if TYPE_CHECKING:
    import asyncio

__all__ = ["AWAITED_HANDS", "BLOCKING_HANDS", "Requests", "drive", "drive_async"]

R = TypeVar("R")
T = TypeVar("T")
Requests: TypeAlias = Iterable[R] | AsyncIterable[R]
"""What an awaiting driver takes requests from."""

BLOCKING_HANDS: Final = 8
"""Threads of :func:`drive`, if nothing is said."""
AWAITED_HANDS: Final = 32
"""Tasks of :func:`drive_async`, if nothing is said."""

# A wait is measured by a clock that may stand still while the machine sleeps: nobody waits longer without a look.
_LONGEST_WAIT: Final = 30.0
_SHORTEST_WAIT: Final = 0.001  # due while this was being asked


@dataclass(slots=True)
class _Books(Generic[R, T]):
    """What both drivers keep about a schedule on its way."""

    schedule: Schedule[R, T]
    free: int
    running: int = 0
    dismissed: bool = False
    failure: BaseException | None = None

    def begin(self, now: float) -> Sequence[Errand]:
        if self.free <= 0 or self.dismissed or self.failure is not None:
            return ()
        errands = self.schedule.begin(now, self.free)
        self.free -= len(errands)
        self.running += len(errands)
        return errands

    def end(self) -> None:
        self.free += 1
        self.running -= 1

    def goes_on(self) -> bool:
        """Return whether it is not over; raise what went wrong with the schedule itself, or with the requests."""
        if self.failure is not None:
            raise self.failure
        return not self.is_over()

    def is_over(self) -> bool:
        """Whether nothing runs, nothing is due and nothing more is taken in; or somebody has had enough."""
        idle = self.running == 0 and not self.schedule.wants()
        return self.dismissed or self.failure is not None or (idle and self.schedule.next_at() is None)

    def pause(self, now: float) -> float:
        """Return for how long nothing needs to be begun, as far as is known."""
        due = self.schedule.next_at()
        if due is None or self.free <= 0:
            return _LONGEST_WAIT
        return min(max(due - now, _SHORTEST_WAIT), _LONGEST_WAIT)

    def sleeps(self, clock: Any) -> bool:
        """Whether time itself is to be moved on: nobody else does that on a clock that is not the machine's."""
        return self.running == 0 and not self.schedule.wants() and not isinstance(clock, SystemClock)


def drive(
    schedule: Schedule[R, T], io: BlockingIO, *, requests: Iterable[R] = (), hands: int = BLOCKING_HANDS
) -> Generator[T]:
    """Perform a schedule's errands in threads, and yield what they give as they end.

    ``requests`` is taken from in the caller's thread, whenever the schedule has room and the caller asks for the
    next result. When the iterator is closed, or Ctrl-C is pressed, nothing new is begun, what runs is let end, and then
    the threads are gone.

    Args:
        schedule: What is to be done.
        io: Performs the effects.
        requests: What the schedule is offered, one by one.
        hands: So many errands are performed at once.

    Raises:
        Exception: What ``requests`` raised.
    """
    crew = _Crew(schedule, io, hands)
    given = iter(requests)
    try:
        crew.start()
        while crew.waits():
            # One request for each result: neither a slow reader nor a slow iterable leaves the other waiting for long.
            if crew.has_room():
                crew.take(given)
            yield from crew.next_result()
    finally:
        crew.dismiss()


class _Crew(Generic[R, T]):
    def __init__(self, schedule: Schedule[R, T], io: BlockingIO, hands: int) -> None:
        from concurrent.futures import ThreadPoolExecutor

        self._io = io
        self._schedule = schedule
        self._books = _Books(schedule=schedule, free=hands)
        self._ready: deque[T] = deque()
        self._turn = threading.Condition()  # guards everything above
        self._pool = ThreadPoolExecutor(hands, thread_name_prefix="polyreel-hand")
        # A daemon: a program that ends with a forgotten iterator must not wait for a batch that nobody reads.
        self._foreman = threading.Thread(target=self._oversee, name="polyreel-foreman", daemon=True)

    def start(self) -> None:
        self._foreman.start()

    def waits(self) -> bool:
        """Wait until there is something for the caller to do; return whether there is."""
        with self._turn:
            while not (self._ready or self._books.is_over() or self._schedule.wants()):
                self._turn.wait()
            return bool(self._ready) or self._books.goes_on()

    def has_room(self) -> bool:
        with self._turn:
            return self._schedule.wants()

    def next_result(self) -> list[T]:
        with self._turn:
            return [self._ready.popleft()] if self._ready else []

    def take(self, requests: Iterator[R]) -> None:
        try:
            request = next(requests)
        except StopIteration:
            step: Callable[[], None] = self._schedule.close
        except Exception as error:  # noqa: BLE001  it is raised after the results that are ready
            step = partial(setattr, self._books, "failure", error)
        else:
            step = partial(self._schedule.offer, request)
        with self._turn:
            step()
            self._turn.notify_all()

    def _oversee(self) -> None:
        clock = self._io.clock
        with self._turn:
            try:
                while True:
                    for errand in self._books.begin(clock.steady()):
                        self._pool.submit(self._perform, errand)
                        self._turn.notify_all()  # what was begun may have made room for a request
                    if self._books.is_over():
                        break
                    pause = self._books.pause(clock.steady())
                    if self._books.sleeps(clock):
                        clock.sleep(pause)
                    else:
                        self._turn.wait(pause)
            except BaseException as error:  # noqa: BLE001  it is raised where the results are read
                self._books.failure = error
            finally:
                self._turn.notify_all()

    def _perform(self, errand: Errand) -> None:
        if self._books.dismissed:
            return
        how = _performed(errand, self._io)
        with self._turn:
            self._books.end()
            try:
                self._ready.extend(self._schedule.ended(errand.ticket, how, self._io.clock.steady()))
            except BaseException as error:  # noqa: BLE001  it is raised where the results are read
                self._books.failure = error
            self._turn.notify_all()

    def dismiss(self) -> None:
        with self._turn:
            self._books.dismissed = True
            self._turn.notify_all()
        self._pool.shutdown()
        self._foreman.join()


def _performed(errand: Errand, io: BlockingIO) -> Ended:
    try:
        return Ended(value=run(errand.flow, io))
    except BaseException as error:  # noqa: BLE001  one errand's error is that errand's end, and no other's
        return Ended(error=error)


async def drive_async(
    schedule: Schedule[R, T], io: AsyncIO, *, requests: Requests[R] = (), hands: int = AWAITED_HANDS
) -> AsyncGenerator[T]:
    """Perform a schedule's errands in tasks, and yield what they give as they end.

    When the iterator is closed or its task is cancelled, nothing new is begun, what runs is let end, and then the
    tasks are gone; a second cancellation ends them where they are.

    Args:
        schedule: What is to be done.
        io: Performs the effects.
        requests: What the schedule is offered, one by one; it may be awaited.
        hands: So many errands are performed at once.

    Raises:
        Exception: What ``requests`` raised.
    """
    crew = _AwaitedCrew(schedule, io, hands)
    try:
        crew.start(requests)
        while await crew.waits():
            for result in crew.next_result():
                yield result
    finally:
        await crew.dismiss()


class _AwaitedCrew(Generic[R, T]):
    def __init__(self, schedule: Schedule[R, T], io: AsyncIO, hands: int) -> None:
        import asyncio

        self._io = io
        self._schedule = schedule
        self._books = _Books(schedule=schedule, free=hands)
        self._unread = hands
        self._ready: deque[T] = deque()
        self._news = asyncio.Event()  # for the reader
        self._work = asyncio.Event()  # for the foreman
        self._room = asyncio.Event()  # for the feeder
        self._staff: list[asyncio.Task[None]] = []
        self._hands: set[asyncio.Task[None]] = set()

    def start(self, requests: Requests[R]) -> None:
        import asyncio

        self._staff = [asyncio.create_task(self._feed(requests)), asyncio.create_task(self._oversee())]

    async def waits(self) -> bool:
        while not (self._ready or self._books.is_over()):
            self._news.clear()
            await self._news.wait()
        return bool(self._ready) or self._books.goes_on()

    def next_result(self) -> list[T]:
        result = self._ready.popleft()
        self._room.set()
        return [result]

    async def _feed(self, requests: Requests[R]) -> None:
        import asyncio

        try:
            if isinstance(requests, AsyncIterable):
                async for request in requests:
                    await self._offer(request)
            else:
                for request in requests:
                    await self._offer(request)
            self._schedule.close()
        except asyncio.CancelledError as error:
            if self._books.dismissed:
                raise
            self._books.failure = error  # of the requests' own making
        except Exception as error:  # noqa: BLE001  it is raised where the results are read
            self._books.failure = error
        self._tell()

    async def _offer(self, request: R) -> None:
        # Results that nobody reads hold back what is new, never what runs.
        while len(self._ready) > self._unread or not self._schedule.wants():
            self._room.clear()
            await self._room.wait()
        self._schedule.offer(request)
        self._work.set()

    def _tell(self) -> None:
        self._news.set()
        self._work.set()
        self._room.set()

    async def _oversee(self) -> None:
        import asyncio

        clock = self._io.clock
        try:
            while True:
                self._work.clear()
                for errand in self._books.begin(clock.steady()):
                    task = asyncio.create_task(self._perform(errand))
                    self._hands.add(task)
                    task.add_done_callback(self._hands.discard)
                    self._room.set()  # what was begun may have made room for a request
                if self._books.is_over():
                    break
                pause = self._books.pause(clock.steady())
                if self._books.sleeps(clock):
                    await clock.sleep_async(pause)
                else:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(pause):
                            await self._work.wait()
        except Exception as error:  # noqa: BLE001  it is raised where the results are read
            self._books.failure = error
        self._tell()

    async def _perform(self, errand: Errand) -> None:
        try:
            how = Ended(value=await run_async(errand.flow, self._io))
        except Exception as error:  # noqa: BLE001  one errand's error is that errand's end, and no other's
            how = Ended(error=error)
        self._books.end()
        try:
            self._ready.extend(self._schedule.ended(errand.ticket, how, self._io.clock.steady()))
        except Exception as error:  # noqa: BLE001  it is raised where the results are read
            self._books.failure = error
        self._tell()

    async def dismiss(self) -> None:
        import asyncio

        self._books.dismissed = True
        for task in self._staff:
            task.cancel()
        try:
            await asyncio.gather(*self._staff, *self._hands, return_exceptions=True)
        except asyncio.CancelledError:  # once more: gather has passed it on to each of them
            await asyncio.gather(*self._staff, *self._hands, return_exceptions=True)
            raise
