"""Holding a job's lease while a long fetch is under way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from polyreel.storage.conflicts import ConcurrentWrite
from polyreel.storage.leases import Lease

if TYPE_CHECKING:
    from polyreel.clock import Clock
    from polyreel.storage.store import JobStore

__all__ = ["Hold"]

HELD_FOR: Final = 360.0
"""Seconds for which a fetch may be silent: twice its tries with their pauses."""

RENEWED_EVERY: Final = 30.0
"""Seconds: a lease that was taken or renewed so lately is held, whoever asks."""


class Hold:
    """A job's lease, held on to.

    Args:
        store: Where the job is kept.
        clock: Tells the time.
        job_id: The job.
        lease: The lease as it is now; ``None`` where nobody else can come.
    """

    def __init__(self, *, store: JobStore, clock: Clock, job_id: str, lease: Lease | None) -> None:
        self.store = store
        self.clock = clock
        self.job_id = job_id
        self.lease = lease

    def renew(self) -> None:
        """Hold it for longer. Blocks.

        Raises:
            ConcurrentWrite: It is over, and another process took the job.
        """
        held = self.lease
        now = self.clock.steady()
        if held is None or held.until >= now + HELD_FOR - RENEWED_EVERY:
            return
        renewed = Lease(owner=held.owner, until=now + HELD_FOR)
        if not self.store.renew(self.job_id, renewed, held=held):
            raise ConcurrentWrite(self.job_id)
        self.lease = renewed

    def release(self) -> None:
        """Let go of it. Blocks."""
        if self.lease is not None:
            self.store.release(self.job_id, self.lease)
