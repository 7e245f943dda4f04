"""Two writers on one job: the second is told, and reads again."""

from __future__ import annotations

from polyreel.errors import StorageFailed

__all__ = ["ConcurrentWrite"]


class ConcurrentWrite(StorageFailed):
    """Somebody else wrote the job in between.

    Args:
        job_id: The job.
    """

    def __init__(self, job_id: str) -> None:
        super().__init__(f"the job {job_id} was changed by somebody else at the same time; read it again")
        self.job_id = job_id
