"""Jobs in memory: gone with the process."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from polyreel.errors import StorageFailed
from polyreel.storage.arrivals import ArrivalsInMemory
from polyreel.storage.conflicts import ConcurrentWrite
from polyreel.storage.leases import Lease, boot_id
from polyreel.storage.memory_books import MemoryBooks
from polyreel.storage.rates import RatesInMemory
from polyreel.storage.store import Guard
from polyreel.types.expense import Expense, with_doubts
from polyreel.types.job import Job

if TYPE_CHECKING:
    from polyreel.audits import Books

__all__ = ["MemoryStore"]

T = TypeVar("T")


class MemoryStore:
    """A dictionary of jobs. For tests, benchmarks, and programs that keep their own records."""

    quick = True

    def __init__(self) -> None:
        self.me = f"{boot_id()}:memory-{secrets.token_hex(6)}"
        self._jobs: dict[str, Job] = {}
        self._unfinished: set[str] = set()
        self._keys: dict[str, str] = {}
        self._leases: dict[str, Lease] = {}
        self._intents: dict[str, bytes] = {}
        self._books = MemoryBooks(self._jobs)
        self._lock = threading.Lock()
        self.rates = RatesInMemory()
        self.arrivals = ArrivalsInMemory(find=self._owner_id, wake=self.wake)

    def add(
        self, job: Job, *, guard: Guard | None = None, lease: Lease | None = None, intent: bytes | None = None
    ) -> Job:
        """Write a new job, if the guard lets it; or return the earlier one with the same key."""
        with self._lock:
            if job.id in self._jobs:
                raise StorageFailed(f"the job {job.id} exists already")
            if job.idempotency_key in self._keys:
                return self._jobs[self._keys[job.idempotency_key]]
            if guard is not None:
                guard(self._books)
            self._put(job, lease)
            self._books.place(job)
            if job.idempotency_key is not None:
                self._keys[job.idempotency_key] = job.id
            if intent is not None:
                self._intents[job.id] = intent
            return job

    def intent(self, job_id: str) -> bytes | None:
        """Return what was kept of a request beside its record."""
        return self._intents.get(job_id)

    def claim(self, job_id: str, lease: Lease, *, steady: float) -> Job | Lease | None:
        """Take the right to a job's next step, if nobody else has it."""
        with self._lock:
            job, held = self._jobs.get(job_id), self._leases.get(job_id)
            if job is None:
                return None
            if held is not None and held.holds(steady=steady):
                return held
            claimed = job.model_copy(update={"version": job.version + 1})
            self._put(claimed, lease)
            return claimed

    def renew(self, job_id: str, lease: Lease, *, held: Lease) -> bool:
        """Hold a job's lease for longer."""
        with self._lock:
            if self._leases.get(job_id) != held:
                return False
            self._leases[job_id] = lease
            return True

    def release(self, job_id: str, lease: Lease) -> None:
        """Let go of a lease."""
        with self._lock:
            if self._leases.get(job_id) == lease:
                del self._leases[job_id]

    def save(self, job: Job, *, expected: int, durable: bool = True, lease: Lease | None = None) -> None:
        """Replace a job if its stored version is ``expected``."""
        del durable
        with self._lock:
            stored = self._jobs.get(job.id)
            if stored is None or stored.version != expected:
                raise ConcurrentWrite(job.id)
            self._put(job, lease)
            self._books.follow(job)

    def _put(self, job: Job, lease: Lease | None) -> None:
        self._jobs[job.id] = job
        (self._unfinished.add if job.needs_step else self._unfinished.discard)(job.id)
        if lease is None:
            self._leases.pop(job.id, None)
        else:
            self._leases[job.id] = lease
        if not job.may_be_sent:
            self._intents.pop(job.id, None)

    def get(self, job_id: str) -> Job | None:
        """Return a job, or ``None``."""
        return self._jobs.get(job_id)

    def keyed(self, idempotency_key: str) -> Job | None:
        """Return the job that was made under an idempotency key, or ``None``."""
        with self._lock:
            name = self._keys.get(idempotency_key)
            return None if name is None else self._jobs[name]

    def owner(self, provider: str, receipt_id: str) -> Job | None:
        """Return the job that holds a provider's receipt, or ``None``."""
        owned = (job for job in self._all() if job.provider == provider and job.receipt is not None)
        return next((job for job in owned if job.receipt is not None and job.receipt.id == receipt_id), None)

    def _owner_id(self, provider: str, receipt_id: str) -> str | None:
        owner = self.owner(provider, receipt_id)
        return None if owner is None else owner.id

    def orphans(self, provider: str, prompt: str) -> int:
        """Return how many jobs with the same prompt may own a film of which no receipt tells."""
        return sum(
            job.provider == provider and job.prompt == prompt and job.may_own_unnamed for job in self._all()
        )

    def find(self, *, unfinished: bool = False, limit: int | None = None) -> list[Job]:
        """Return jobs, newest first."""
        jobs = sorted(self._all(), key=lambda job: (job.created_at, job.id), reverse=True)
        return [job for job in jobs if job.needs_step or not unfinished][:limit]

    def unfinished_count(self) -> int:
        """Return how many jobs need a step."""
        return len(self._unfinished)

    def wake(self, job_id: str, at: float) -> bool:
        """Let a job's next step be due earlier."""
        with self._lock:
            job = self._jobs.get(job_id)
            if job is None or not job.needs_step:
                return False
            if job.next_at is None or job.next_at > at:
                self._jobs[job_id] = job.model_copy(update={"next_at": at})
            return True

    def consult(self, question: Callable[[Books], T]) -> T:
        """Return what a question to the books answers."""
        with self._lock:
            return question(self._books)

    def expenses(self, since: float = 0.0) -> list[Expense]:
        """Return what each job since then costs, oldest first."""
        with self._lock:
            return self._expenses(since)

    def _expenses(self, since: float) -> list[Expense]:
        jobs = (job for job in self._jobs.values() if job.created_at >= since)
        expenses = [Expense.of(job) for job in sorted(jobs, key=lambda job: (job.created_at, job.id))]
        return with_doubts(expenses, self._books.in_doubt())

    def _all(self) -> Iterator[Job]:
        with self._lock:
            jobs = list(self._jobs.values())
        return iter(jobs)

    def close(self) -> None:
        """Nothing to let go of."""
