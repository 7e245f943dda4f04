"""The durable record of a job: how it is begun, moved and charged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from polyreel.errors import PolyreelError, ProviderError
from polyreel.flows import Flow, Save
from polyreel.jobs.states import moved
from polyreel.types.cost import Cost
from polyreel.types.job import Cancellation, Failure, Job, Phase

if TYPE_CHECKING:
    from polyreel.clock import Clock
    from polyreel.providers import Provider
    from polyreel.storage.store import Guard, JobStore
    from polyreel.types.task import Task

__all__ = ["Bound", "Records", "attach", "cost_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Bound:
    """A job with what is needed to work on it.

    Attributes:
        provider: The provider's hooks.
        task: The request; without its media after a restart.
    """

    provider: Provider
    task: Task


@dataclass(frozen=True, kw_only=True)
class Records:
    """Writes what happens to jobs.

    Attributes:
        store: Where they are kept.
        clock: Tells the time.
        notify: Tells observers about each durable change.
    """

    store: JobStore
    clock: Clock
    notify: Callable[[Job, Job | None], None]

    def add(self, job: Job, guard: Guard | None = None) -> Flow[Job]:
        """Make a job durable.

        Args:
            job: The job.
            guard: Asked by the store, in one transaction with the write, whether there is money left for it.

        Raises:
            BudgetExceeded: There is not.
        """
        # Without a guard a store is asked as it always was.
        guarded = {} if guard is None else {"guard": guard}
        yield Save(function=lambda: self.store.add(job, **guarded), quick=self.store.quick)
        self.notify(job, None)
        return job

    def move(self, job: Job, phase: Phase, message: str = "", **changes: Any) -> Flow[Job]:
        """Move a job to another phase, durably.

        Raises:
            ConcurrentWrite: Somebody else moved it in between.
        """
        after = moved(job, phase, now=self.clock.now(), message=message, version=job.version + 1, **changes)
        yield Save(function=lambda: self.store.save(after, expected=job.version), quick=self.store.quick)
        self.notify(after, job)
        return after

    def stopped(self, job: Job, message: str) -> Flow[Job]:
        """Record that a job ended before anything was sent: nothing was paid."""
        failure = Failure(kind="rejected", message=message, billed=False)
        cost = cost_of(job, billed=False)
        return (yield from self.move(job, Phase.FAILED, message, failure=failure, cost=cost))

    def cancelled(self, job: Job, cancellation: Cancellation) -> Flow[Job]:
        """Record that the provider stopped a job, and what that costs."""
        cost = cost_of(job, billed=cancellation.billed)
        return (yield from self.move(job, Phase.CANCELLED, cancellation.message or "cancelled", cost=cost))


def cost_of(job: Job, *, billed: bool | None, unbilled: int = 0) -> Cost:
    """Return what a job costs by its estimate: nothing when it was simulated or is not billed.

    Args:
        job: The job.
        billed: Whether it is charged, or ``None`` when unknown.
        unbilled: How many of the films that were asked for are not charged.
    """
    currency = job.estimate.currency if job.estimate else "USD"
    if job.simulated:
        return Cost(amount=Decimal(0), currency=currency, billed=False, basis="simulated")
    if billed is False:
        return Cost(amount=Decimal(0), currency=currency, billed=False, basis="estimate")
    amount = job.estimate.amount if job.estimate else None
    asked = job.parameters.get("n", 1)
    if amount is not None and 0 < unbilled < asked:
        amount = amount * (asked - unbilled) / asked
    return Cost(amount=amount, currency=currency, billed=billed, basis="estimate")


def attach(error: PolyreelError, job: Job) -> None:
    """Let an error of the provider say which job it is about."""
    if isinstance(error, ProviderError):
        error.job = job
