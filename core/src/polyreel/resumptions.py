"""Taking up what is unfinished: the jobs of a store, many at once, over the same schedule as a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from polyreel.batches import Batch, Look, look_of
from polyreel.clerks import Clerk
from polyreel.errors import JobTimeout
from polyreel.flows import Flow
from polyreel.jobs.pacing import until_due
from polyreel.orders import Order
from polyreel.steps import Step
from polyreel.types.job import Job
from polyreel.types.options import checked_timeout

if TYPE_CHECKING:
    from polyreel.batches import Outcome
    from polyreel.operations import Operations

__all__ = ["Resumption"]


@dataclass(frozen=True, kw_only=True)
class Resumption:
    """Jobs that are taken up.

    Attributes:
        jobs: Their records, as they were found.
        batch: Their schedule; its requests are their ids.
        on_progress: Told of changes.
    """

    jobs: Sequence[Job]
    batch: Batch
    on_progress: Callable[[Job], None] | None
    _seen: dict[str, Look] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        operations: Operations,
        jobs: Sequence[Job],
        timeout: float | None,
        on_progress: Callable[[Job], None] | None,
    ) -> Resumption:
        """Return the taking up of jobs.

        Args:
            operations: The verbs of a client.
            jobs: The jobs.
            timeout: Seconds to go on; ``None`` for ever.
            on_progress: Told of changes.

        Raises:
            InvalidRequest: The timeout is none.
        """
        seconds = checked_timeout(timeout)
        until = None if seconds is None else operations.lifecycle.clock.steady() + seconds
        batch = Batch(
            _Names(),
            _Keeper(operations=operations, until=until),
            concurrency=max(len(jobs), 1),  # they are with their providers already
            until=until,
            timeout=seconds,
            watched=on_progress is not None,
        )
        return cls(
            jobs=jobs, batch=batch, on_progress=on_progress, _seen={job.id: look_of(job) for job in jobs}
        )

    @property
    def names(self) -> Iterable[str]:
        """What the schedule is offered."""
        return [job.id for job in self.jobs]

    def changed(self, job: Job) -> None:
        """Tell of a job that looks different than before."""
        look = look_of(job)
        if self.on_progress is not None and self._seen.get(job.id) != look:
            self._seen[job.id] = look
            self.on_progress(job)

    def records(self, outcomes: Iterable[Outcome]) -> list[Job]:
        """Return the jobs as they ended; what kept one from going on is its ``message``."""
        ended = {job.id: job for job in self.jobs}
        for outcome in outcomes:
            job = outcome.job or self.jobs[outcome.index]
            if not (outcome.ok or job.done or isinstance(outcome.error, JobTimeout)):
                job = job.model_copy(update={"message": str(outcome.error)})
                self.changed(job)
            ended[job.id] = job
        return list(ended.values())


class _Names:
    """Makes orders of the ids of jobs."""

    def __init__(self) -> None:
        self._numbers = count()

    def take(self, request: Any) -> Order:
        return Order(index=next(self._numbers), request=request)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Keeper(Clerk):
    """Knows the job of an order from the beginning, and does not wait for a step that is due too late."""

    until: float | None

    def place(self, order: Order) -> Flow[Step]:
        job = yield from self.operations.get_job(order.request)
        if not self.operations.is_worth_a_step(job):
            return Step(job=job, delay=None)
        pause = until_due(job.next_at, now=self.operations.lifecycle.clock.now())
        return self._in_time(Step(job=job, delay=pause))

    def advance(self, job_id: str) -> Flow[Step]:
        # Without super(): a class with slots is made anew, and super() would not know it.
        return self._in_time((yield from Clerk.advance(self, job_id)))

    def _in_time(self, step: Step) -> Step:
        now = self.operations.lifecycle.clock.steady()
        late = step.delay is not None and self.until is not None and now + step.delay > self.until
        return Step(job=step.job, delay=None) if late else step
