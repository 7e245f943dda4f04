"""How a job ended: as a result, or as the error that says why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyreel.errors import ContentRefused, JobCancelled, JobError, JobFailed, JobTimeout
from polyreel.jobs.recovery import uncertainty
from polyreel.types.job import Cancellation, Job, Phase

if TYPE_CHECKING:
    from polyreel.results import Result

__all__ = ["cancelled_late", "outcome", "timed_out"]


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
        raise uncertainty(job)
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


def cancelled_late(job: Job, timeout: float | None, cancellation: Cancellation) -> JobError:
    """Return the error of a job that was to be cancelled when the time to wait was over.

    Args:
        job: The job as it is now.
        timeout: The time, in seconds.
        cancellation: What became of the wish.
    """
    if cancellation.outcome == "cancelled":
        billed = {True: "it is billed", False: "it is not billed", None: "whether it is billed is not known"}
        return JobCancelled(
            f"{job.id} took longer than {timeout:g} s and was cancelled; {billed[cancellation.billed]}",
            job=job,
        )
    goes_on = f"{job.id} is {job.status}" if job.done else f"{job.id} goes on"
    return JobTimeout(
        f"{job.id} took longer than {timeout:g} s and could not be cancelled ({cancellation.message}); {goes_on}. "
        f"'polyreel jobs resume {job.id}' takes it up again",
        job=job,
    )
