"""Stopping a job, with an honest outcome; and what is left of one whose caller was interrupted."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from polyreel.errors import PolyreelError, StorageFailed
from polyreel.flows import Flow, Sleep
from polyreel.jobs.states import allows
from polyreel.storage.conflicts import ConcurrentWrite
from polyreel.types.job import Cancellation, Job, Phase

if TYPE_CHECKING:
    from polyreel.jobs.lifecycle import Lifecycle
    from polyreel.steps import Steps

__all__ = ["Stopping", "interrupted"]

PATIENCE: Final = 5
"""So many times, a second apart, a submit that is under way elsewhere is waited for."""

_WITH_PROVIDER: Final = frozenset({Phase.ACCEPTED, Phase.RUNNING})


@dataclass(frozen=True, kw_only=True)
class Stopping:
    """Stops jobs.

    Attributes:
        steps: Takes the steps of jobs.
    """

    steps: Steps

    def cancel(self, job_id: str) -> Flow[Cancellation]:
        """Stop a job, and say honestly what became of it.

        One that was not sent yet is stopped here and costs nothing. One that is being sent, by another process or by one that
        died, is settled first. One that its provider has is stopped there, if the provider can; after a "too late" it is
        looked at once more, so that the outcome says what it has become.

        Args:
            job_id: The job.

        Raises:
            JobNotFound: There is no such job.
            PolyreelError: The provider could not be asked; the job goes on.
        """
        job = yield from self.steps.record(job_id)
        for _ in range(PATIENCE):
            if job.phase is Phase.CREATED:
                stopped = yield from self._unsent(job)
                if stopped:
                    return _not_sent(job)
            elif job.phase in {Phase.SUBMITTING, Phase.UNKNOWN}:
                after = yield from self._settled(job)
                if job.phase is after.phase is Phase.UNKNOWN:
                    return _nowhere(job)
                if after.phase is Phase.SUBMITTING:
                    yield Sleep(seconds=1.0)
            else:
                return (yield from self._at_provider(job))
            job = yield from self.steps.record(job.id)
        return Cancellation(
            outcome="too_late",
            message=f"{job.id} is being sent to {job.provider} right now; cancel it again when it is accepted",
        )

    def delete(self, job_id: str) -> Flow[Cancellation]:
        """Delete a job and its files at the provider; the local record and films stay."""
        job = yield from self.steps.record(job_id)
        bound = self.steps.bind(job)
        if job.receipt is None or not bound.provider.has("delete"):
            return Cancellation(
                outcome="not_supported", message=f"{bound.provider.info.title} has no way to delete {job.id}"
            )
        return (yield from bound.provider.delete(bound.task, job.receipt))

    def unsent(self, job: Job, error: BaseException) -> Flow[Job]:
        """Bring a job to order whose caller was stopped by ``error`` between its record and its receipt.

        If nothing was sent, nobody will expect it to be sent later: it ends here, and nothing is paid. One with an
        ``idempotency_key`` stays as it is after an interruption: the same call takes it up.

        Args:
            job: The job, as it was added.
            error: What the caller sees.

        Returns:
            The job as it is now.
        """
        was_interrupted = not isinstance(error, Exception)
        with suppress(ConcurrentWrite, StorageFailed):  # who took it, or a full disk, shows in the record
            job = yield from self.steps.record(job.id)
            if job.phase is not Phase.CREATED or (was_interrupted and job.idempotency_key is not None):
                return job
            if was_interrupted:
                return (yield from self._lifecycle.cancelled(job, _not_sent(job)))
            return (yield from self._lifecycle.stopped(job, f"stopped before anything was sent: {error!r}"))
        return job

    def at_timeout(self, job: Job) -> Flow[tuple[Job, Cancellation]]:
        """Cancel a job that took too long; return what it is now, and what became of the wish."""
        try:
            outcome = yield from self.cancel(job.id)
        except PolyreelError as error:
            outcome = Cancellation(outcome="too_late", message=f"it could not be cancelled: {error}")
        return (yield from self.steps.record(job.id)), outcome

    def _unsent(self, job: Job) -> Flow[bool]:
        """Stop a job before it is sent; whoever is about to send it finds its record changed, and does not."""
        try:
            yield from self._recorded(job, _not_sent(job))
        except ConcurrentWrite:
            return False
        return True

    def _settled(self, job: Job) -> Flow[Job]:
        """Let a submit that was cut off be settled, if nobody else is at it."""
        try:
            return (yield from self.steps.advance(job.id)).job
        except PolyreelError:
            return (yield from self.steps.record(job.id))  # what the step met is in the record

    def _at_provider(self, job: Job) -> Flow[Cancellation]:
        if job.phase not in _WITH_PROVIDER:
            return Cancellation(outcome="too_late", message=f"{job.id} is {_state(job)} already")
        bound = self.steps.bind(job)
        if job.receipt is None or not bound.provider.has("cancel"):
            return Cancellation(
                outcome="not_supported",
                message=f"{bound.provider.info.title} has no way to cancel; {job.id} goes on and is billed",
            )
        cancellation = yield from bound.provider.cancel(bound.task, job.receipt)
        if cancellation.outcome == "cancelled":
            return (yield from self._kept(job, cancellation))
        if cancellation.outcome == "too_late":
            job = yield from self._settled(job)
            message = f"{cancellation.message or 'it is too late'}; {job.id} is {_state(job)}"
            return cancellation.model_copy(update={"message": message})
        return cancellation

    def _kept(self, job: Job, cancellation: Cancellation) -> Flow[Cancellation]:
        """Record that the provider stopped a job, whatever others write in between."""
        while allows(job, Phase.CANCELLED):
            try:
                yield from self._recorded(job, cancellation)
            except ConcurrentWrite:
                job = yield from self.steps.record(job.id)
            else:
                return cancellation
        message = f"{cancellation.message or 'cancelled'}; but {job.id} was found {_state(job)} meanwhile"
        outcome = cancellation.outcome if job.phase is Phase.CANCELLED else "too_late"
        return cancellation.model_copy(update={"outcome": outcome, "message": message})

    def _recorded(self, job: Job, cancellation: Cancellation) -> Flow[None]:
        yield from self._lifecycle.cancelled(job, cancellation)
        place = None if job.simulated else self.steps.bind(job).place(job)
        if place is not None:
            self._lifecycle.turnstile.over(place, job.id, job.project)

    @property
    def _lifecycle(self) -> Lifecycle:
        return self.steps.lifecycle


def interrupted(error: BaseException, job: Job) -> None:
    """Let what interrupted a caller (Ctrl-C, a cancelled task) say which job it was about.

    Args:
        error: It gets an attribute ``job``, and a note. An error of ours says it by itself.
        job: The job as it was last seen.
    """
    if isinstance(error, Exception):
        return
    error.job = job  # type: ignore[attr-defined]  # the interpreter's own exceptions take any attribute
    if job.phase is Phase.CANCELLED:
        error.add_note(f"{job.id} was cancelled before anything was sent")
    elif not job.done or job.phase is Phase.UNKNOWN:
        error.add_note(f"{job.id} goes on; 'polyreel jobs resume {job.id}' takes it up again")


def _not_sent(job: Job) -> Cancellation:
    # A job that is sent once more may have been charged for the first time.
    billed = False if job.attempts <= 1 else None
    again = "" if billed is False else "; an earlier attempt may have been accepted and charged"
    return Cancellation(
        outcome="cancelled", billed=billed, message=f"cancelled before anything was sent{again}"
    )


def _nowhere(job: Job) -> Cancellation:
    return Cancellation(
        outcome="not_supported",
        message=f"nobody knows whether {job.provider} accepted {job.id}, so there is nothing to cancel; "
        f"'polyreel jobs resolve {job.id}' settles it",
    )


def _state(job: Job) -> str:
    return f"{job.status}, its film is ready" if job.phase is Phase.RENDERED else job.status
