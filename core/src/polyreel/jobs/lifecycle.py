"""The one flow of a job, step by step.

:meth:`Lifecycle.step` does the next thing that is due and returns; waiting belongs to whoever drives. Every
step ends in a durable record, so after any crash the next step begins where the record stands. The intent is
durable before the first byte of the request that costs money, and the receipt before anything else happens.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from polyreel.errors import (
    ContentRefused,
    FetchFailed,
    JobUncertain,
    MissingExtra,
    MissingKey,
    PolyreelError,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    RequestRejected,
    ResourceNotFound,
    StorageFailed,
    TransportFailed,
    UnexpectedAnswer,
)
from polyreel.flows import Effect, Flow, Save, Send, Sleep, mapped
from polyreel.jobs.delivery import Delivery
from polyreel.jobs.pacing import FIRST_LOOK, next_look, pause_after_miss
from polyreel.jobs.records import Bound, attach, cost_of
from polyreel.jobs.recovery import Recovery
from polyreel.jobs.states import MOVES
from polyreel.storage.conflicts import ConcurrentWrite
from polyreel.types.job import Failure, FailureKind, Finished, Job, Notice, Phase, Progress, Receipt

__all__ = ["Lifecycle"]

RECEIPT_TRIES: Final = 5
"""So often a store that refuses a receipt is asked, over ten seconds."""

FORGOTTEN_AFTER: Final = 600.0
"""So many seconds long every poll must say "no such job" before it is believed: servers restart, and a fresh job may
not be visible at once."""


@dataclass(frozen=True, kw_only=True)
class Lifecycle(Recovery, Delivery):
    """Takes jobs through their life."""

    def step(self, job: Job, bound: Bound) -> Flow[Job]:
        """Do the next thing that is due for a job that has been submitted.

        Returns:
            The job after it; ``next_at`` says when to come again, ``done`` that it is over.

        Raises:
            AuthenticationFailed: The key no longer works; the job is kept.
            FetchFailed: The film is there and did not arrive; the job is kept.
        """
        match job.phase:
            case Phase.CREATED | Phase.SUBMITTING | Phase.UNKNOWN:
                return (yield from self.recover(job, bound))
            case Phase.EXPIRED if job.receipt is None:
                return job
            case Phase.ACCEPTED | Phase.RUNNING | Phase.EXPIRED:
                return (yield from self._poll(job, bound))
            case Phase.RENDERED:
                return (yield from self.deliver(job, bound))
            case _:
                return job

    # --- submit ---------------------------------------------------------------------------------------------

    def submit(self, job: Job, bound: Bound) -> Flow[Job]:
        """Send the one request that costs money. The job is durable in phase ``submitting`` before.

        Returns:
            The job, accepted, or ``failed`` or ``unknown`` when it was not.

        Raises:
            PolyreelError: Why it was not accepted; the job says the same.
        """
        sending = doubtful = False

        def doubt() -> None:
            nonlocal doubtful
            doubtful = True

        def watched(effect: Effect) -> Effect:
            nonlocal sending
            if not isinstance(effect, Send):
                return effect
            sending = True
            return replace(effect, in_doubt=doubt)

        try:
            answer = yield from mapped(bound.provider.submit(bound.task), watched)
        except PolyreelError as error:
            if not sending or (_refuses(error) if doubtful else _certainly_not_accepted(error)):
                yield from self._refused(job, error)
                raise
            return (yield from self._cut_off(job, bound, error))
        except GeneratorExit:
            raise  # a flow that is being closed cannot yield; the record says "submitting", as it is
        except BaseException:
            if sending:
                yield from self.uncertain(job, "interrupted during the submit")
            else:
                yield from self.stopped(job, "interrupted before anything was sent")
            raise
        if isinstance(answer, Finished):
            return (yield from self._finished(job, bound, answer))
        first = self.clock.now() + FIRST_LOOK
        return (yield from self._keep(job, Phase.ACCEPTED, "accepted", receipt=answer, next_at=first))

    def _finished(self, job: Job, bound: Bound, answer: Finished) -> Flow[Job]:
        first = self.clock.now() + FIRST_LOOK
        job = yield from self._keep(
            job, Phase.ACCEPTED, "finished at once", receipt=answer.receipt, next_at=first
        )
        job = yield from self._rendered(job, bound, Progress(state="succeeded", payload=answer.payload))
        if any(asset.content is not None for asset in job.assets):
            job = yield from self.deliver(job, bound)  # bytes that came inline are in no record
        return job

    def _keep(self, job: Job, phase: Phase, message: str, *, receipt: Receipt, **changes: Any) -> Flow[Job]:
        """Record a receipt. It is paid for and only here: a store that refuses is asked again."""
        name, tries = job.id, 0
        while True:
            tries += 1
            try:
                return (yield from self.move(job, phase, message, receipt=receipt, **changes))
            except ConcurrentWrite:
                stored: Job | None = yield Save(function=lambda: self.store.get(name), quick=self.store.quick)
                if stored is None or stored.receipt is not None or phase not in MOVES[stored.phase]:
                    raise
                job = stored  # somebody gave it up in between
                changes |= {"failure": None, "cost": None}
            except StorageFailed as error:
                if tries == RECEIPT_TRIES:
                    raise StorageFailed(
                        f"{job.provider} accepted {job.id} as {receipt.id!r}, which could not be recorded: {error}"
                    ) from error
                yield Sleep(seconds=float(tries))
            except GeneratorExit:
                raise  # a flow that is being closed cannot yield
            except BaseException:
                # Ctrl-C in the very moment: the receipt is worth one more try.
                yield from self.move(job, phase, message, receipt=receipt, **changes)
                raise

    def _refused(self, job: Job, error: PolyreelError) -> Flow[None]:
        kind: FailureKind = "filtered" if isinstance(error, ContentRefused) else "rejected"
        billed = error.billed if isinstance(error, ProviderError) else False
        failure = Failure(kind=kind, message=str(error), code=getattr(error, "code", None), billed=billed)
        failed = yield from self.move(
            job, Phase.FAILED, str(error), failure=failure, cost=cost_of(job, billed=billed)
        )
        attach(error, failed)

    def _cut_off(self, job: Job, bound: Bound, error: PolyreelError) -> Flow[Job]:
        uncertain = yield from self.uncertain(job, f"the submit was cut off: {error}")
        found = uncertain
        with suppress(TransportFailed, ProviderError):
            found = yield from self.look_for(uncertain, bound)
        if found.receipt is not None:
            return found
        attach(error, found)
        raise JobUncertain(
            f"{error} Whether {job.provider} accepted the job cannot be known, so it is not sent again. "
            + (
                f"'polyreel jobs resume {job.id}' looks for it at the provider."
                if bound.provider.has("find_submission")
                else f"{bound.provider.info.title} has no way to look for it: see its own console, and 'polyreel jobs show {job.id}'."
            ),
            job=found,
        ) from error

    # --- poll -------------------------------------------------------------------------------------------------

    def _poll(self, job: Job, bound: Bound) -> Flow[Job]:
        assert job.receipt is not None, "an accepted job has a receipt"
        try:
            progress = yield from bound.provider.poll(bound.task, job.receipt)
        except ResourceNotFound as error:
            return (yield from self._forgotten(job, error))
        except (TransportFailed, FetchFailed, ProviderUnavailable, RateLimited, UnexpectedAnswer) as error:
            return (yield from self._missed(job, error))
        except PolyreelError as error:
            attach(error, job)
            raise
        match progress.state:
            case "succeeded":
                return (yield from self._rendered(job, bound, progress))
            case "failed":
                return (yield from self._gave_up(job, progress))
            case "cancelled":
                return (
                    yield from self.move(
                        job, Phase.CANCELLED, progress.message or "cancelled", cost=cost_of(job, billed=None)
                    )
                )
        now = self.clock.now()
        pause = next_look(elapsed=now - (job.submitted_at or job.created_at), advised=progress.retry_in)
        return (
            yield from self.move(
                job,
                Phase.RUNNING if progress.state == "running" else Phase.ACCEPTED,
                progress.message or progress.state,
                percent=job.percent if progress.percent is None else progress.percent,
                polls=job.polls + 1,
                misses=0,
                missing_since=None,
                next_at=now + pause,
            )
        )

    def _missed(self, job: Job, error: PolyreelError, **changes: Any) -> Flow[Job]:
        if job.done:
            return job  # given up before, and this look says nothing new
        misses = job.misses + 1
        pause = pause_after_miss(misses, advised=getattr(error, "retry_after", None))
        return (
            yield from self.move(
                job,
                job.phase,
                f"looking failed, again later: {error}",
                misses=misses,
                next_at=self.clock.now() + pause,
                **changes,
            )
        )

    def _forgotten(self, job: Job, error: ResourceNotFound) -> Flow[Job]:
        since = job.missing_since or self.clock.now()
        if job.done or self.clock.now() - since < FORGOTTEN_AFTER:
            return (yield from self._missed(job, error, missing_since=since))
        failure = Failure(kind="expired", message=str(error), code=error.code, billed=None)
        return (
            yield from self.move(
                job, Phase.EXPIRED, str(error), failure=failure, cost=cost_of(job, billed=None)
            )
        )

    def _gave_up(self, job: Job, progress: Progress) -> Flow[Job]:
        failure = progress.failure or Failure(message=progress.message or "the provider gave no reason")
        phase = Phase.EXPIRED if failure.kind == "expired" else Phase.FAILED
        cost = cost_of(job, billed=failure.billed)
        return (yield from self.move(job, phase, failure.message, failure=failure, cost=cost))

    def _rendered(self, job: Job, bound: Bound, seen: Progress) -> Flow[Job]:
        payload = seen.payload or {}
        try:
            assets = tuple(bound.provider.normalise_result(bound.task, payload))
        except PolyreelError as error:
            attach(error, job)
            raise
        if not any(asset.role == "video" for asset in assets):
            failure = Failure(message=f"{job.provider} reported success without a film", billed=None)
            return (
                yield from self.move(
                    job, Phase.FAILED, failure.message, failure=failure, cost=cost_of(job, billed=None)
                )
            )
        cost = None if job.simulated else bound.provider.settle(bound.task, payload)
        films = sum(asset.role == "video" for asset in assets)
        told = seen.warnings or _missing(job, films)
        left = (
            Notice(parameter=asset.role, message=f"{asset.url} stays where it is: {asset.stays}")
            for asset in assets
            if asset.stays is not None
        )
        return (
            yield from self.move(
                job,
                Phase.RENDERED,
                "rendered",
                percent=100.0,
                assets=assets,
                cost=cost or cost_of(job, billed=True, unbilled=seen.unbilled),
                warnings=tuple(dict.fromkeys((*job.warnings, *told, *left))),
                next_at=self.clock.now(),
                misses=0,
            )
        )


def _missing(job: Job, films: int) -> tuple[Notice, ...]:
    """Return a warning when fewer films came than were asked for, and the provider gave no reason."""
    asked = job.parameters.get("n", 1)
    if not isinstance(asked, int) or films >= asked:
        return ()
    message = (
        f"{films} of {asked} films came, and {job.provider} gives no reason; what it charges is not known"
    )
    return (Notice(parameter="n", message=message),)


def _refuses(error: PolyreelError) -> bool:
    """Whether an error is about the request itself, so that an equal one that went before was refused too."""
    return isinstance(error, RequestRejected | ContentRefused)


def _certainly_not_accepted(error: PolyreelError) -> bool:
    if isinstance(error, TransportFailed):
        return not error.request_sent
    if isinstance(error, ProviderUnavailable | UnexpectedAnswer):
        return False
    # The last two are raised while a request is being signed: it never left.
    return isinstance(error, ProviderError | MissingKey | MissingExtra)
