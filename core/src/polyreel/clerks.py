"""What is done for one order among many: it is asked for once, and the job that was made for it before is taken up."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from polyreel.documents.registry import parameters
from polyreel.errors import ModelNotFound, PolyreelError
from polyreel.fallback import key_behind
from polyreel.flows import Call, Flow
from polyreel.jobs.pacing import until_due
from polyreel.parameters.aliases import unified
from polyreel.steps import Step
from polyreel.types.cost import Estimate
from polyreel.types.job import Job, Notice, Phase
from polyreel.types.options import AUTO, Options

if TYPE_CHECKING:
    from polyreel.operations import Operations
    from polyreel.orders import Order

__all__ = ["Clerk", "Review", "is_worth_another"]

_ADDRESSES: Final = ("http://", "https://", "data:", "gs://", "s3://")


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """What would become of one of many requests.

    Attributes:
        index: The request's place among all, from 0.
        request: The request as it was handed in.
        model: The model that would be asked.
        estimate: What it should cost; ``None`` when it would not be asked for again, or not at all.
        warnings: What would not be done quite as asked.
        job: The job that was made for the same request before: it would be taken up, and nothing new paid.
        error: Why it would be refused.
    """

    index: int
    request: Any
    model: str
    estimate: Estimate | None = None
    warnings: tuple[Notice, ...] = ()
    job: Job | None = None
    error: PolyreelError | None = None

    @property
    def ok(self) -> bool:
        """Whether it would be asked for, or was."""
        return self.error is None


@dataclass(frozen=True, kw_only=True, slots=True)
class Clerk:
    """Does what is due for orders.

    Attributes:
        operations: The verbs of the client.
    """

    operations: Operations

    def place(self, order: Order) -> Flow[Step]:
        """Ask for a film, or take up the job that was made for the same order before.

        Raises:
            InvalidRequest: It is no valid request; nothing was sent.
            PolyreelError: It was not accepted.
        """
        order.check()
        options, asked = Options.take(order.arguments)
        if order.own_key is None and order.is_named:
            key, job = yield from self._earlier(order, options)
            if job is not None:
                self.operations.steps.own_keys.lend(job.id, options.byok_api_key)
                return self._next(job)
            options, _ = Options.take({**order.arguments, "idempotency_key": key})
        job = yield from self.operations.ask(order.prompt, order.model, asked, options)
        return self._next(job)

    def review(self, order: Order) -> Flow[Review]:
        """Judge an order; nothing is sent."""
        try:
            order.check()
            options, asked = Options.take(order.arguments)
            job = (yield from self._earlier(order, options))[1] if order.is_named else None
            if job is not None:
                return Review(index=order.index, request=order.request, model=job.model, job=job)
            ready = yield from self.operations.admit(order.prompt, order.model, asked, options)
            self.operations.desk.require_key(ready)
        except PolyreelError as error:
            return Review(index=order.index, request=order.request, model=order.model, error=error)
        return Review(
            index=order.index,
            request=order.request,
            model=ready.document.id,
            estimate=ready.estimate,
            warnings=ready.notices,
        )

    def advance(self, job_id: str) -> Flow[Step]:
        """Do the next thing that is due for a job."""
        step = yield from self.operations.steps.advance(job_id)
        return step if self.operations.goes_on(step.job) else Step(job=step.job, delay=None)

    def look(self, job_id: str) -> Flow[Job]:
        """Read a job's record."""
        return (yield from self.operations.get_job(job_id))

    def _next(self, job: Job) -> Step:
        if not self.operations.goes_on(job):
            return Step(job=job, delay=None)
        return Step(job=job, delay=until_due(job.next_at, now=self.operations.lifecycle.clock.now()))

    def _earlier(self, order: Order, options: Options) -> Flow[tuple[str, Job | None]]:
        if order.own_key is not None:
            return order.own_key, (yield from self.operations.keyed(order.own_key))
        contents = yield from self._contents(order)
        # A rehearsal with a simulator is no film of the real batch.
        told = ("simulated", *contents) if self.operations.desk.simulated else contents
        for attempt in count():
            key = order.key(attempt, told)
            job = yield from self._last(key, options)
            if job is None or not is_worth_another(job):
                return key, job
        raise AssertionError("counting does not end")

    def _last(self, key: str, options: Options) -> Flow[Job | None]:
        """Return the job of a key; when its model has none or refused, that of the last which was asked in its place."""
        job = yield from self.operations.keyed(key)
        if job is not None and not is_worth_another(job):
            return job
        # One that failed before it had a record left none, and the next one was asked all the same.
        for model in options.fallback:
            behind = yield from self.operations.keyed(key_behind(key, model) or key)
            job = behind or job
        return job

    def _contents(self, order: Order) -> Flow[tuple[str, ...]]:
        """Return a digest of each local file that the order names."""
        found = []
        for path in _paths(unified(order.arguments)[0], self._media(order)):
            digest: str = yield Call(function=partial(_digest, path))
            found.append(digest)
        return tuple(found)

    def _media(self, order: Order) -> frozenset[str]:
        desk = self.operations.desk
        if desk.catalogue.named(order.model) != AUTO:
            try:
                return frozenset(desk.model(order.model)[2].media_parameters)
            except ModelNotFound:
                return frozenset()  # it is said when the request is admitted
        # The registry says no more of a medium than its name.
        return frozenset(name for name, schema in parameters().items() if "type" not in schema)


def is_worth_another(job: Job) -> bool:
    """Whether a job is over without a film and was certainly not charged: asking again costs nothing twice."""
    if not job.done or job.phase in {Phase.STORED, Phase.UNKNOWN}:
        return False
    billed = job.failure.billed if job.failure is not None else job.cost.billed if job.cost else None
    return billed is False


def _paths(arguments: Mapping[str, Any], media: frozenset[str]) -> Iterator[Path]:
    for name in sorted(media & set(arguments)):
        values = arguments[name]
        for value in values if isinstance(values, list | tuple) else [values]:
            if isinstance(value, str | Path) and not str(value)[:8].lower().startswith(_ADDRESSES):
                yield Path(value)


def _digest(path: Path) -> str:
    try:
        with path.expanduser().open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError, RuntimeError):
        return (
            ""  # no file, or an earlier job's id: what is wrong with it is said when the request is admitted
        )
