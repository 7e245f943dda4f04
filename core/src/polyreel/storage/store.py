"""What a job store is: a place where a written job is found again, and where two writers cannot both win."""

from __future__ import annotations

from typing import Protocol

from polyreel.types.job import Job

__all__ = ["JobStore"]


class JobStore(Protocol):
    """A store of jobs. Its methods block and may be called from any thread.

    Attributes:
        quick: Whether it answers from memory, so that async code need not use a thread.
    """

    quick: bool

    def add(self, job: Job) -> None:
        """Write a new job, durably, before anything is sent.

        Raises:
            StorageFailed: It cannot be written, or the id is taken.
        """
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
