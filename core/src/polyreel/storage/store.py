"""What a job store is: a place where a written job is found again, and where two writers cannot both win."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

from polyreel.storage.arrivals import Arrivals
from polyreel.storage.leases import Lease
from polyreel.storage.rates import Rates
from polyreel.types.expense import Expense
from polyreel.types.job import Job

if TYPE_CHECKING:
    from polyreel.audits import Books

__all__ = ["Guard", "JobStore"]


T = TypeVar("T")

Guard: TypeAlias = "Callable[[Books], None]"
"""Looks at the books before a new job is written; it raises ``BudgetExceeded`` to keep the job from being written."""


class JobStore(Protocol):
    """A store of jobs. Its methods block and may be called from any thread.

    A job's ``version`` is the fence: each claim and each save raises it, and a write that follows an older one is refused.

    Attributes:
        quick: Whether it answers from memory, so that async code need not use a thread.
        rates: The pace of accounts, shared by all that use the store.
        arrivals: The messages that providers sent.
    """

    quick: bool

    @property
    def rates(self) -> Rates:
        """The pace of accounts, shared by all that use the store."""
        ...

    @property
    def arrivals(self) -> Arrivals:
        """The messages that providers sent."""
        ...

    @property
    def me(self) -> str:
        """The name of this store's user in leases."""
        ...

    def add(
        self, job: Job, *, guard: Guard | None = None, lease: Lease | None = None, intent: bytes | None = None
    ) -> Job:
        """Write a new job, before anything is sent.

        The guard is asked in the same transaction: between its look at the books and the write no other writer,
        thread or process, can add a job, so two requests cannot both take the last of a budget.

        Args:
            job: The job.
            guard: Called with the books; what it raises is raised, and nothing is written.
            lease: Who takes its first step; ``None`` for whoever comes.
            intent: What of the request the record does not hold, so that the same request can be sent by another process.

        Returns:
            The job; or the earlier job with the same ``idempotency_key``, and nothing is written.

        Raises:
            StorageFailed: It cannot be written, or the id is taken.
        """
        ...

    def intent(self, job_id: str) -> bytes | None:
        """Return what was kept of a request beside its record; it is kept until the job has a receipt or is over."""
        ...

    def claim(self, job_id: str, lease: Lease, *, steady: float) -> Job | Lease | None:
        """Take the right to a job's next step, if nobody else has it.

        Args:
            job_id: The job.
            lease: The right that is wanted.
            steady: The steady clock now.

        Returns:
            The job; or the lease of somebody who works on it; or ``None`` when there is no such job.
        """
        ...

    def renew(self, job_id: str, lease: Lease, *, held: Lease) -> bool:
        """Hold a job's lease for longer.

        Args:
            job_id: The job.
            lease: The new lease.
            held: The one that it follows.

        Returns:
            Whether it was still held.
        """
        ...

    def release(self, job_id: str, lease: Lease) -> None:
        """Let go of a lease; nothing happens when it is held no more."""
        ...

    def save(self, job: Job, *, expected: int, durable: bool = True, lease: Lease | None = None) -> None:
        """Replace a job if its stored version is ``expected``.

        Args:
            job: The job as it is to be.
            expected: The version that the caller read.
            durable: Whether it must outlive a power cut; what a poll learned need not.
            lease: Who holds it from now on; ``None`` for nobody.

        Raises:
            StorageFailed: It cannot be written.
            ConcurrentWrite: Somebody else wrote it in between.
        """
        ...

    def get(self, job_id: str) -> Job | None:
        """Return a job, or ``None``."""
        ...

    def keyed(self, idempotency_key: str) -> Job | None:
        """Return the job that was made under an idempotency key, or ``None``."""
        ...

    def owner(self, provider: str, receipt_id: str) -> Job | None:
        """Return the job that holds a provider's receipt, or ``None``."""
        ...

    def orphans(self, provider: str, prompt: str) -> int:
        """Return how many jobs with the same prompt may own a film of which no receipt tells."""
        ...

    def find(self, *, unfinished: bool = False, limit: int | None = None) -> list[Job]:
        """Return jobs, newest first.

        Args:
            unfinished: Only those that still need a step.
            limit: At most so many.
        """
        ...

    def unfinished_count(self) -> int:
        """Return how many jobs need a step; asked before each new one, and quick also when there are many."""
        ...

    def wake(self, job_id: str, at: float) -> bool:
        """Let a job's next step be due earlier, at ``at`` (seconds since 1970); return whether it still needs one."""
        ...

    def consult(self, question: Callable[[Books], T]) -> T:
        """Return what a question to the books answers; what it raises is raised.

        Args:
            question: Called with the books, all at one moment; they cannot be used after it.
        """
        ...

    def expenses(self, since: float = 0.0) -> list[Expense]:
        """Return what each job costs that was made at ``since`` (seconds since 1970) or later, oldest first."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...
