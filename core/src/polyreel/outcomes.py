"""How a job ended: as a result, or as the error that says why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyreel.errors import ContentRefused, JobCancelled, JobFailed, JobTimeout, JobUncertain
from polyreel.types.job import Job, Phase

if TYPE_CHECKING:
    from polyreel.results import Result

__all__ = ["outcome", "timed_out"]


def outcome(job: Job) -> Result:
    """Return the result of a job that is over.

    Raises:
        ContentRefused: The provider's safety rules refused it.
        JobFailed: It failed or expired.
        JobCancelled: It was cancelled.
        JobUncertain: Its fate is unknown.
    """
    if job.phase is Phase.STORED:
        from polyreel.results import Result, Video

        return Result(job=job, videos=tuple(Video(asset=asset) for asset in job.videos))
    reason = job.failure.message if job.failure else job.message
    if job.phase is Phase.UNKNOWN:
        raise JobUncertain(f"{job.id}: {reason}. It is not sent again", job=job)
    if job.phase is Phase.CANCELLED:
        raise JobCancelled(f"{job.id} was cancelled", job=job)
    if job.failure is not None and job.failure.kind == "filtered":
        raise ContentRefused(
            f"{job.id}: {reason}",
            provider=job.provider,
            code=job.failure.code,
            billed=job.failure.billed,
            job=job,
        )
    raise JobFailed(f"{job.id} failed at {job.provider}: {reason}", job=job)


def timed_out(job: Job, timeout: float | None) -> JobTimeout:
    """Return the error of a job that is still running when the time to wait is over."""
    return JobTimeout(
        f"{job.id} is still {job.status} after {timeout:g} s; it goes on. "
        f"'polyreel jobs resume {job.id}' takes it up again",
        job=job,
    )
