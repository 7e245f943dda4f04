"""The durable record of a job: how it is begun, moved and charged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from polyreel.errors import PolyreelError, ProviderError
from polyreel.flows import Flow, Save
from polyreel.jobs.intents import packed
from polyreel.jobs.states import moved
from polyreel.rates import Place
from polyreel.types.cost import Cost
from polyreel.types.job import Cancellation, Failure, Job, Phase

if TYPE_CHECKING:
    from polyreel.clock import Clock
    from polyreel.jobs.almanac import Almanac
    from polyreel.jobs.turnstile import Turnstile
    from polyreel.providers import Provider
    from polyreel.storage.leases import Lease
    from polyreel.storage.store import Guard, JobStore
    from polyreel.types.task import Task

__all__ = ["Bound", "Records", "attach", "cost_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Bound:
    """A job with what is needed to work on it.

    Attributes:
        provider: The provider's hooks.
        task: The request; without its media after a restart.
        is_whole: Whether the request can be sent, with everything that belongs to it.
        lease: The right to the job's steps; ``None`` where nothing is written before it is over.
    """

    provider: Provider
    task: Task
    is_whole: bool = False
    lease: Lease | None = None

    @property
    def has_token(self) -> bool:
        """Whether the provider knows the job's token: the same request may be sent again, and is charged once."""
        return self.provider.info.idempotency != "none"

    @property
    def can_look(self) -> bool:
        """Whether the provider can be asked for a submit of which no receipt came."""
        return self.provider.has("find_submission")

    def place(self, job: Job) -> Place | None:
        """Return whose requests a job's are counted among; ``None`` when a simulator answers it."""
        if job.simulated:
            return None
        return Place(provider=job.provider, account=self.task.settings.key_sha256 or "")


@dataclass(frozen=True, kw_only=True)
class Records:
    """Writes what happens to jobs.

    Attributes:
        store: Where they are kept.
        clock: Tells the time.
        notify: Tells observers about each durable change.
        turnstile: Lets requests out at the rate of their account.
        almanac: Knows how long films take.
    """

    store: JobStore
    clock: Clock
    notify: Callable[[Job, Job | None], None]
    turnstile: Turnstile
    almanac: Almanac

    def add(self, job: Job, bound: Bound, guard: Guard | None = None) -> Flow[Job]:
        """Make a job durable.

        Args:
            job: The job.
            bound: Its task, which is kept until it has a receipt; and the lease of whoever takes its first step.
            guard: Asked by the store, in one transaction with the write, whether there is money left for it.

        Returns:
            The job; or the earlier one with the same ``idempotency_key``.

        Raises:
            BudgetExceeded: There is no money left.
        """
        intent = packed(bound.task)
        stored: Job = yield Save(
            function=lambda: self.store.add(job, guard=guard, lease=bound.lease, intent=intent),
            quick=self.store.quick,
        )
        if stored.id == job.id:
            self.notify(stored, None)
        return stored

    def move(self, job: Job, phase: Phase, message: str = "", **changes: Any) -> Flow[Job]:
        """Move a job to another phase, durably, and let go of its lease.

        Raises:
            ConcurrentWrite: Somebody else moved it in between.
        """
        return (yield from self._write(job, _after(job, phase, self.clock.now(), message, changes)))

    def move_under(
        self, lease: Lease | None, job: Job, phase: Phase, message: str = "", **changes: Any
    ) -> Flow[Job]:
        """Move a job to another phase, durably, under a lease: this step goes on."""
        after = _after(job, phase, self.clock.now(), message, changes)
        return (yield from self._write(job, after, lease=lease))

    def note(self, job: Job, phase: Phase, message: str = "", **changes: Any) -> Flow[Job]:
        """Write what a look at the provider learned: after a power cut one looks again."""
        after = _after(job, phase, self.clock.now(), message, changes)
        return (yield from self._write(job, after, durable=False))

    def _write(self, job: Job, after: Job, *, durable: bool = True, lease: Lease | None = None) -> Flow[Job]:
        yield Save(
            function=lambda: self.store.save(after, expected=job.version, durable=durable, lease=lease),
            quick=self.store.quick,
        )
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


def _after(job: Job, phase: Phase, now: float, message: str, changes: dict[str, Any]) -> Job:
    return moved(job, phase, now=now, message=message, version=job.version + 1, **changes)


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
