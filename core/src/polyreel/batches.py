"""Many jobs at once: which request is asked for next, and which job is due for a step. Pure; see :mod:`polyreel.crews`."""

from __future__ import annotations

import heapq
from collections.abc import AsyncIterable, Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from polyreel.clerks import Clerk
from polyreel.errors import InvalidRequest, JobTimeout, Problem
from polyreel.flows import Flow
from polyreel.jobs.turns import Turns
from polyreel.orders import Orders
from polyreel.outcomes import outcome, timed_out
from polyreel.schedules import Ended, Errand
from polyreel.types.job import Job
from polyreel.types.options import checked_timeout

if TYPE_CHECKING:
    from polyreel.crews import Requests
    from polyreel.operations import Operations
    from polyreel.orders import Order, Request
    from polyreel.results import Result
    from polyreel.steps import Step

__all__ = [
    "CONCURRENCY",
    "Batch",
    "Handling",
    "Look",
    "Outcome",
    "Taking",
    "checked_count",
    "look_of",
    "reported",
    "reviewing",
    "taken_at_once",
]

CONCURRENCY: Final = 8
"""Jobs that are with their providers at once, if nothing is said."""

_LONGEST_NAME: Final = 240
_AHEAD: Final = 256  # requests that are taken before there is a place for them, so that labels can take turns
Look: TypeAlias = tuple[str, float | None, str]
"""What of a job is worth telling when it changes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one of many requests: a result, or the error that says why there is none.

    Attributes:
        index: The request's place among all, from 0.
        request: The request as it was handed in.
        result: The films.
        error: What :meth:`Client.generate` would have raised; a :class:`~polyreel.errors.JobTimeout` when the time was over.
        job: The job's record as it was last seen; ``None`` when there was none yet, so that nothing was paid.
        earlier: Whether the job was there before: nothing new was asked for.
    """

    index: int
    request: Any
    result: Result | None = None
    error: BaseException | None = None
    job: Job | None = None
    earlier: bool = False

    @property
    def ok(self) -> bool:
        """Whether there are films."""
        return self.result is not None


class Taking(Protocol):
    """Makes orders of what a batch is offered, in the order in which it comes."""

    def take(self, request: Any) -> Order:
        """Return a request as an order."""
        ...


class Handling(Protocol):
    """What can be done for an order."""

    def place(self, order: Order) -> Flow[Step]:
        """Ask for a film, or take up the job that was made for it."""
        ...

    def advance(self, job_id: str) -> Flow[Step]:
        """Do the next thing that is due for a job; its ``delay`` is ``None`` when it is to be waited for no more."""
        ...

    def look(self, job_id: str) -> Flow[Job]:
        """Read a job's record."""
        ...


@dataclass(slots=True)
class _Entry:
    """What is kept of an order while it waits: ten thousand of them wait at once."""

    index: int
    request: Any
    label: str
    order: Order | None  # until there is a job
    job_id: str | None = None
    earlier: bool = False
    seen: Look | None = None


class Batch:
    """A schedule that asks for many films, and takes each job to its end.

    What it hands out is an :class:`Outcome` for each request, in the order in which they end, and, when ``watched``, the
    record of a job after each change.

    Args:
        orders: Makes orders of requests.
        handling: What is done for them.
        concurrency: So many jobs may be with their providers at once.
        until: When it is given up waiting, on the steady clock; ``None`` for never.
        timeout: The seconds that this was set by, for what is said then.
        since: When it was begun, seconds since 1970: an older job was there before.
        watched: Whether changes are handed out.
    """

    def __init__(  # noqa: PLR0913  how many jobs are waited for
        self,
        orders: Taking,
        handling: Handling,
        *,
        concurrency: int = CONCURRENCY,
        until: float | None = None,
        timeout: float | None = None,
        since: float = 0.0,
        watched: bool = False,
    ) -> None:
        self._orders = orders
        self._handling = handling
        self._concurrency = concurrency
        self._until = until
        self._running = 0
        self._timeout = timeout
        self._since = since
        self._watched = watched
        self._closed = False
        self._late = False
        self._entries: dict[int, _Entry] = {}
        self._turns = Turns()  # of what was not asked for yet
        self._fresh = 0
        self._flying = 0
        self._due: list[tuple[float, int]] = []
        self._placed_last = False

    @classmethod
    def of(  # noqa: PLR0913  how many requests are carried out
        cls,
        operations: Operations,
        *,
        defaults: Mapping[str, Any],
        name: str | None,
        concurrency: int,
        timeout: float | None,
        watched: bool,
    ) -> Batch:
        """Return the batch of a client's call; see :meth:`Client.map` for the arguments.

        Raises:
            InvalidRequest: One of them is not valid.
        """
        clerk, orders = reviewing(operations, defaults, name)
        clock, seconds = operations.lifecycle.clock, checked_timeout(timeout)
        return cls(
            orders,
            clerk,
            concurrency=checked_count("concurrency", concurrency),
            until=None if seconds is None else clock.steady() + seconds,
            timeout=seconds,
            since=clock.now(),
            watched=watched,
        )

    # --- the schedule -----------------------------------------------------------------------------------------

    def wants(self) -> bool:
        """Whether there is room for one more request."""
        ahead = min(self._concurrency, _AHEAD)
        return not (self._closed or self._late) and self._fresh < ahead

    def offer(self, request: Request) -> None:
        """Take a request in."""
        order = self._orders.take(request)
        self._entries[order.index] = _Entry(
            index=order.index, request=order.request, label=order.label, order=order
        )
        self._fresh += 1
        # What waits here is not to ask again, so it is never late.
        self._turns.ask(str(order.index), order.label, now=0.0)

    def close(self) -> None:
        """Learn that no more requests come."""
        self._closed = True

    def begin(self, now: float, hands: int) -> Sequence[Errand]:
        """Return what is to be begun: due steps and new requests in turn, so that neither waits for all of the other."""
        if self._until is not None and now >= self._until and not self._late:
            self._late = now > self._until or not self._has_work(now)
        if self._late:
            self._due = [(min(due, now), index) for due, index in self._due]
        errands = [*self._chosen(now, hands)]
        self._running += len(errands)
        return errands

    def ended(self, ticket: int, how: Ended, now: float) -> Sequence[Outcome | Job]:
        """Learn how an errand ended, and return what the caller is to get."""
        self._running -= 1
        entry = self._entries[ticket]
        if how.error is not None:
            return [self._over(entry, error=how.error, job=getattr(how.error, "job", None))]
        if how.value is None:
            return [self._over(entry, error=self._never_begun())]
        if isinstance(how.value, Job):
            return [self._over(entry, error=timed_out(how.value, self._timeout), job=how.value)]
        return [*self._stepped(entry, how.value, now)]

    def next_at(self) -> float | None:
        """Return when the next errand is due; ``None`` when none is before another one ends."""
        if self._may_place():
            return 0.0
        first = self._due[0][0] if self._due else None
        if first is None or self._until is None or self._late:
            return first
        return min(first, self._until)

    # --- what it decides --------------------------------------------------------------------------------------

    def _may_place(self) -> bool:
        return self._fresh > 0 and (self._late or self._flying < self._concurrency)

    def _has_work(self, now: float) -> bool:
        """Whether something is still to be done in the very last moment: a timeout of 0 means one look."""
        runs = self._flying > len(self._due)
        return runs or self.wants() or self._may_place() or self._is_due(now)

    def _is_due(self, now: float) -> bool:
        return bool(self._due) and self._due[0][0] <= now

    def _chosen(self, now: float, hands: int) -> Iterator[Errand]:
        for _ in range(hands):
            is_due = self._is_due(now)
            if self._may_place() and not (is_due and self._placed_last):
                yield self._placing()
            elif is_due:
                yield self._stepping()
            else:
                return

    def _placing(self) -> Errand:
        name = self._turns.next()
        assert name is not None, "somebody waits"
        entry = self._entries[int(name)]
        self._turns.begin(name, entry.label)
        self._turns.end(name, entry.label)  # only those that wait take turns here
        self._fresh -= 1
        self._flying += 1
        self._placed_last = True
        order, entry.order = entry.order, None
        assert order is not None, "an order is placed once"
        return Errand(ticket=entry.index, flow=_nothing() if self._late else self._handling.place(order))

    def _stepping(self) -> Errand:
        _, index = heapq.heappop(self._due)
        self._placed_last = False
        name = self._entries[index].job_id
        assert name is not None, "only jobs are due"
        return Errand(
            ticket=index, flow=self._handling.look(name) if self._late else self._handling.advance(name)
        )

    def _stepped(self, entry: _Entry, step: Step, now: float) -> Iterator[Outcome | Job]:
        job = step.job
        if entry.job_id is None:
            entry.earlier = job.created_at < self._since
        entry.job_id = job.id
        if self._watched:
            look = look_of(job)
            if look != entry.seen:
                entry.seen = look
                yield job
        if step.delay is None and job.done:
            yield self._ended(entry, job)
        elif step.delay is None or self._late:
            yield self._over(entry, error=timed_out(job, self._timeout), job=job)
        else:
            heapq.heappush(self._due, (now + step.delay, entry.index))

    def _ended(self, entry: _Entry, job: Job) -> Outcome:
        try:
            return self._over(entry, result=outcome(job), job=job)
        except Exception as error:  # noqa: BLE001  whatever says why there is no film is this outcome's error
            return self._over(entry, error=error, job=job)

    def _over(self, entry: _Entry, **facts: Any) -> Outcome:
        self._flying -= 1
        del self._entries[entry.index]
        return Outcome(index=entry.index, request=entry.request, earlier=entry.earlier, **facts)

    def _never_begun(self) -> JobTimeout:
        return JobTimeout(f"it was not asked for within {self._timeout:g} s; nothing was sent")


def look_of(job: Job) -> Look:
    """Return what of a job is worth telling when it changes."""
    return job.phase, job.percent, job.message


def _nothing() -> Flow[None]:
    yield from ()


def reviewing(operations: Operations, defaults: Mapping[str, Any], name: str | None) -> tuple[Clerk, Orders]:
    """Return who handles orders, and who makes them of requests.

    Args:
        operations: The verbs of a client.
        defaults: What counts where a request says nothing.
        name: What the requests are called together.

    Raises:
        InvalidRequest: It is no name.
    """
    if name is not None and (not isinstance(name, str) or not name.strip() or len(name) > _LONGEST_NAME):
        message = f"must be a text of at most {_LONGEST_NAME} characters, not {name!r:.80}"
        raise InvalidRequest([Problem(parameter="name", message=message)])
    return Clerk(operations=operations), Orders(defaults=defaults, name=name)


def reported(
    results: Generator[Outcome | Job], on_progress: Callable[[Job], None] | None
) -> Generator[Outcome]:
    """Hand on outcomes, and tell of changes.

    Args:
        results: What a batch hands out; it is closed in the end.
        on_progress: Told of changes.
    """
    with closing(results):
        for result in results:
            if not isinstance(result, Job):
                yield result
            elif on_progress is not None:
                on_progress(result)


def taken_at_once(requests: Requests[Request]) -> Iterable[Request]:
    """Return requests that need no awaiting.

    Raises:
        InvalidRequest: They do, or they are no iterable of requests.
    """
    if isinstance(requests, Iterable) and not isinstance(requests, str | Mapping):
        return requests
    message = "must be an iterable of prompts or mappings"
    if isinstance(requests, AsyncIterable):
        message = "must be awaited; AsyncClient.map takes them"
    raise InvalidRequest(
        [Problem(parameter="requests", message=f"{message}, not a {type(requests).__name__}")]
    )


def checked_count(name: str, value: Any) -> int:
    """Return how many of something there may be.

    Raises:
        InvalidRequest: It is no number from 1 up.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidRequest(
            [Problem(parameter=name, message=f"must be a number from 1 up, not {value!r:.80}")]
        )
    return value
