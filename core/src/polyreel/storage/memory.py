"""Jobs in memory: gone with the process."""

from __future__ import annotations

import threading

from polyreel.errors import StorageFailed
from polyreel.storage.conflicts import ConcurrentWrite
from polyreel.storage.store import Guard
from polyreel.types.expense import Expense
from polyreel.types.job import Job

__all__ = ["MemoryStore"]


class MemoryStore:
    """A dictionary of jobs. For tests, benchmarks, and programs that keep their own records."""

    quick = True

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def add(self, job: Job, *, guard: Guard | None = None) -> None:
        """Write a new job, if the guard lets it."""
        with self._lock:
            if job.id in self._jobs:
                raise StorageFailed(f"the job {job.id} exists already")
            if guard is not None and guard.since is not None:
                guard(self._expenses(guard.since))
            self._jobs[job.id] = job

    def save(self, job: Job, *, expected: int) -> None:
        """Replace a job if its stored version is ``expected``."""
        with self._lock:
            stored = self._jobs.get(job.id)
            if stored is None or stored.version != expected:
                raise ConcurrentWrite(job.id)
            self._jobs[job.id] = job

    def get(self, job_id: str) -> Job | None:
        """Return a job, or ``None``."""
        return self._jobs.get(job_id)

    def owner(self, provider: str, receipt_id: str) -> Job | None:
        """Return the job that holds a provider's receipt, or ``None``."""
        with self._lock:
            jobs = list(self._jobs.values())
        owned = (job for job in jobs if job.provider == provider and job.receipt is not None)
        return next((job for job in owned if job.receipt is not None and job.receipt.id == receipt_id), None)

    def find(self, *, unfinished: bool = False, limit: int | None = None) -> list[Job]:
        """Return jobs, newest first."""
        with self._lock:
            jobs = sorted(self._jobs.values(), key=lambda job: (job.created_at, job.id), reverse=True)
        wanted = [job for job in jobs if not (unfinished and job.done)]
        return wanted[:limit]

    def expenses(self, since: float = 0.0) -> list[Expense]:
        """Return what each job since then costs, oldest first."""
        with self._lock:
            return self._expenses(since)

    def _expenses(self, since: float) -> list[Expense]:
        jobs = (job for job in self._jobs.values() if job.created_at >= since)
        return [Expense.of(job) for job in sorted(jobs, key=lambda job: (job.created_at, job.id))]

    def close(self) -> None:
        """Nothing to let go of."""
