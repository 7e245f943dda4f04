"""What a job store is: a place where a written job is found again, and where two writers cannot both win."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from polyreel.types.expense import Expense
from polyreel.types.job import Job

__all__ = ["Guard", "JobStore"]


class Guard(Protocol):
    """Decides whether a new job may be written, by what was spent before.

    Attributes:
        since: From when on expenses count, seconds since 1970; ``None`` when it needs none.
    """

    @property
    def since(self) -> float | None:
        """From when on expenses count."""
        ...

    def __call__(self, expenses: Sequence[Expense]) -> None:
        """Raise to keep the job from being written.

        Args:
            expenses: What was spent since :attr:`since`, in any order.

        Raises:
            BudgetExceeded: It would be too much.
        """
        ...


class JobStore(Protocol):
    """A store of jobs. Its methods block and may be called from any thread.

    Attributes:
        quick: Whether it answers from memory, so that async code need not use a thread.
    """

    quick: bool

    def add(self, job: Job, *, guard: Guard | None = None) -> None:
        """Write a new job, durably, before anything is sent.

        The guard is asked in the same transaction: between its look at the expenses and the write no other writer,
        thread or process, can add a job, so two requests cannot both take the last of a budget.

        Args:
            job: The job.
            guard: Called with what was spent so far; what it raises is raised, and nothing is written.

        Raises:
            StorageFailed: It cannot be written, or the id is taken.
        """
        ...

    def expenses(self, since: float = 0.0) -> list[Expense]:
        """Return what each job costs that was made at ``since`` (seconds since 1970) or later, oldest first."""
        ...

    def save(self, job: Job, *, expected: int) -> None:
        """Replace a job if its stored version is ``expected``.

        Args:
            job: The job as it is to be.
            expected: The version that the caller read.

        Raises:
            StorageFailed: It cannot be written.
            ConcurrentWrite: Somebody else wrote it in between.
        """
        ...

    def get(self, job_id: str) -> Job | None:
        """Return a job, or ``None``."""
        ...

    def owner(self, provider: str, receipt_id: str) -> Job | None:
        """Return the job that holds a provider's receipt, or ``None``."""
        ...

    def find(self, *, unfinished: bool = False, limit: int | None = None) -> list[Job]:
        """Return jobs, newest first.

        Args:
            unfinished: Only those that still need a step.
            limit: At most so many.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...
