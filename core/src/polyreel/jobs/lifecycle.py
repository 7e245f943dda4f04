"""The one flow of a job, step by step.

:meth:`Lifecycle.step` does the next thing that is due and returns; waiting belongs to whoever drives. Every
step ends in a record, so after any crash the next step begins where the record stands. The intent is durable before the
first byte of the request that costs money, and the receipt before anything else happens.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from polyreel.errors import (
    AuthenticationFailed,
    ContentRefused,
    FetchFailed,
    PolyreelError,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    ResourceNotFound,
    StorageFailed,
    TransportFailed,
    UnexpectedAnswer,
)
from polyreel.flows import Flow, Save, mapped
from polyreel.http import Response
from polyreel.jobs.delivery import Delivery
from polyreel.jobs.pacing import advice, next_look, pause_after_miss
from polyreel.jobs.receipts import Receipts
from polyreel.jobs.records import Bound, attach, cost_of
from polyreel.jobs.recovery import Recovery, uncertainty
from polyreel.jobs.sending import Sending, TooLate
from polyreel.jobs.turnstile import Later
from polyreel.ledger import overrun
from polyreel.rates import Place
from polyreel.storage.leases import Lease
from polyreel.types.job import Failure, FailureKind, Finished, Job, Notice, Phase, Progress

__all__ = ["Lifecycle"]

SEND_WITHIN: Final = 60.0
"""Seconds on the steady clock, from the record of the intent, in which the request must have left, or it stays here."""

FORGOTTEN_AFTER: Final = 600.0
"""So many seconds long every poll must say "no such job" before it is believed: servers restart, and a fresh job may
not be visible at once."""


@dataclass(frozen=True, kw_only=True)
class Lifecycle(Recovery, Delivery, Receipts):
    """Takes jobs through their life."""

    def step(self, job: Job, bound: Bound) -> Flow[Job]:
        """Do the next thing that is due. Whoever asks holds the job's lease: nobody else is at it.

        Returns:
            The job after it; ``next_at`` says when to come again, ``done`` that it is over.

        Raises:
            AuthenticationFailed: The key no longer works; the job is kept.
            FetchFailed: The film is there and did not arrive; the job is kept.
            PolyreelError: Why the job was not accepted; the job says the same.
        """
        place = bound.place(job)
        if place is None:
            return (yield from self._due(job, bound, place))
        try:
            yield from self._let_out(job, bound, place)
        except Later as later:
            next_at = self.clock.now() + later.seconds
            return (yield from self.note(job, job.phase, f"waits for its turn: {later}", next_at=next_at))
        try:
            after = yield from self._due(job, bound, place)
        except BaseException:
            if job.receipt is None:
                self.turnstile.over(place, job.id, job.project)
            raise
        if after.done:
            self.turnstile.over(place, job.id, job.project)
        return after

    def _let_out(self, job: Job, bound: Bound, place: Place) -> Flow[None]:
        match job.phase:
            case Phase.CREATED:
                yield from self.turnstile.turn(place, job.id, job.project)
            case Phase.SUBMITTING if self._may_repeat(job, bound):
                yield from self.turnstile.turn(place, job.id, job.project)
            case Phase.ACCEPTED | Phase.RUNNING | Phase.UNKNOWN:
                yield from self.turnstile.enter(place, "poll")
                self.turnstile.runs(place, job.id, job.project)
            case Phase.RENDERED:
                yield from self.turnstile.enter(place, "fetch")

    def _due(  # noqa: PLR0911  one for each phase
        self, job: Job, bound: Bound, place: Place | None
    ) -> Flow[Job]:
        match job.phase:
            case Phase.CREATED:
                return (yield from self.submit(job, bound))
            case Phase.SUBMITTING:
                return (yield from self._taken_over(job, bound))
            case Phase.UNKNOWN:
                return (yield from self.turnstile.through(self.look_again(job, bound), place, "poll"))
            case Phase.EXPIRED if job.receipt is None:
                return job
            case Phase.ACCEPTED | Phase.RUNNING | Phase.EXPIRED:
                return (yield from self._poll(job, bound, place))
            case Phase.RENDERED:
                return (yield from self.turnstile.through(self.deliver(job, bound), place, "fetch"))
            case _:
                return job

    # --- submit ---------------------------------------------------------------------------------------------

    def submit(self, job: Job, bound: Bound) -> Flow[Job]:
        """Send the one request that costs money; that it is being sent is durable before its first byte.

        Returns:
            The job: accepted; or to be sent again, if nothing was sent, or by its token; or ``unknown``.

        Raises:
            PolyreelError: Why it was not accepted; the job says the same.
        """
        if not bound.is_whole:
            gone = "what belongs to the request is not there any more"
            if job.attempts > 1:
                return (yield from self.refused_later(job, bound, gone))
            return (yield from self.stopped(job, f"{gone}; nothing was paid. Ask again"))
        early = yield from self.almanac.early(job)  # between the answer and its record nothing may fail
        deadline = self.clock.steady() + SEND_WITHIN
        now = self.clock.now()
        # A token's life is counted from its first use.
        begun = job.submitted_at if job.phase is Phase.SUBMITTING else now
        job = yield from self._intended(job, bound, submitted_at=begun, next_at=now)
        sending = Sending(clock=self.clock, deadline=deadline)
        place, sent_at = bound.place(job), self.clock.steady()
        try:
            answer = yield from mapped(bound.provider.submit(bound.task), sending.watched)
        except PolyreelError as error:
            if place is not None and isinstance(error, RateLimited):
                advised = error.retry_after
                with suppress(StorageFailed):  # what became of the job is written in any case
                    yield from self.turnstile.refused(place, "submit", sent_at=sent_at, advised=advised)
            return (yield from self._unanswered(job, bound, sending, error))
        except GeneratorExit:
            raise  # a flow that is being closed cannot yield; the record says "submitting", as it is
        except BaseException:
            if sending.begun:
                yield from self.in_doubt(job, bound, "interrupted during the submit")
            else:
                yield from self.move(job, Phase.CREATED, "interrupted before anything was sent")
            raise
        if isinstance(answer, Finished):
            return (yield from self._finished(job, bound, answer))
        next_at = self.clock.now() + next_look(elapsed=0.0, early=early)
        job = yield from self.keep_receipt(job, None, "accepted", receipt=answer, next_at=next_at)
        return (yield from self._told(job, since=0.0))

    def _intended(self, job: Job, bound: Bound, **changes: Any) -> Flow[Job]:
        """Record that the request is about to be sent. Whoever is interrupted while that is written has sent nothing."""
        try:
            return (yield from self.move_under(bound.lease, job, Phase.SUBMITTING, "submitting", **changes))
        except (Exception, GeneratorExit):
            raise
        except BaseException:
            stored: Job | None = yield Save(function=lambda: self.store.get(job.id), quick=self.store.quick)
            is_ours = stored is not None and stored.version == job.version + 1
            if (
                stored is not None
                and is_ours
                and (job.phase, stored.phase) == (Phase.CREATED, Phase.SUBMITTING)
            ):
                yield from self.move(stored, Phase.CREATED, "interrupted before anything was sent")
            raise

    def _told(self, job: Job, *, since: float) -> Flow[Job]:
        """Let a job be due at once if a message about it came before its record could be woken."""
        now, receipt = self.clock.now(), job.receipt
        if receipt is None or not (yield from self.almanac.was_told(job, receipt.id, since)):
            return job
        yield Save(function=lambda: self.store.wake(job.id, now), quick=self.store.quick)
        return job.model_copy(update={"next_at": now})

    def _unanswered(self, job: Job, bound: Bound, sending: Sending, error: PolyreelError) -> Flow[Job]:
        if isinstance(error, TooLate) and not sending.doubtful:
            return (yield from self.move(job, Phase.CREATED, str(error), next_at=self.clock.now()))
        if not sending.excludes(error):
            return (yield from self._cut_off(job, bound, error))
        if job.patient and isinstance(error, RateLimited):
            pause = pause_after_miss(job.misses + 1, advised=error.retry_after)
            later = self.clock.now() + pause
            return (
                yield from self.move(job, Phase.CREATED, str(error), misses=job.misses + 1, next_at=later)
            )
        if job.attempts > 1:
            return self._in_doubt_still((yield from self.refused_later(job, bound, str(error))), bound, error)
        yield from self._refused(job, error)
        raise error

    def _taken_over(self, job: Job, bound: Bound) -> Flow[Job]:
        """Settle a submit that somebody began and will not end: their lease is over, or their process is."""
        if self._may_repeat(job, bound):
            job = yield from self.look_before(job, bound)
            return job if job.receipt is not None else (yield from self.submit(job, bound))
        return (yield from self.uncertain(job, bound, "the process ended during the submit"))

    def _finished(self, job: Job, bound: Bound, answer: Finished) -> Flow[Job]:
        now, lease = self.clock.now(), bound.lease
        assert lease is not None, "a submit is made under a lease"
        job = yield from self.keep_receipt(
            job, lease, "finished at once", receipt=answer.receipt, next_at=now
        )
        seen = Progress(state="succeeded", payload=answer.payload)
        job = yield from self._rendered(job, bound, seen, lease)
        if any(asset.content is not None for asset in job.assets):
            return (yield from self.deliver(job, bound))  # bytes that came inline are in no record
        if not job.done:  # the fetch is a step of its own
            yield Save(function=lambda: self.store.release(job.id, lease), quick=self.store.quick)
        return job

    def _refused(self, job: Job, error: PolyreelError) -> Flow[None]:
        kind: FailureKind = "filtered" if isinstance(error, ContentRefused) else "rejected"
        billed = error.billed if isinstance(error, ProviderError) else False
        failure = Failure(kind=kind, message=str(error), code=getattr(error, "code", None), billed=billed)
        failed = yield from self.move(
            job, Phase.FAILED, str(error), failure=failure, cost=cost_of(job, billed=billed)
        )
        attach(error, failed)

    def _cut_off(self, job: Job, bound: Bound, error: PolyreelError) -> Flow[Job]:
        job = yield from self.in_doubt(job, bound, f"the submit was cut off: {error}")
        if job.phase is Phase.SUBMITTING:
            job = yield from self.look_before(job, bound)
        if job.phase is Phase.UNKNOWN and bound.can_look:
            with suppress(AuthenticationFailed):  # looked for again later
                search = self.look_again(job, bound)
                job = yield from self.turnstile.through(search, bound.place(job), "poll")
        return self._in_doubt_still(job, bound, error)

    def _in_doubt_still(self, job: Job, bound: Bound, error: PolyreelError) -> Job:
        """Return a job that may still show up; raise what there is to say about one that will not."""
        attach(error, job)
        if job.phase is Phase.UNKNOWN and not self.is_looking(job, bound):
            raise uncertainty(job) from error
        return job

    # --- poll -------------------------------------------------------------------------------------------------

    def _poll(self, job: Job, bound: Bound, place: Place | None) -> Flow[Job]:
        assert job.receipt is not None, "an accepted job has a receipt"
        heard: list[Response] = []
        began = self.clock.now()
        look = bound.provider.poll(bound.task, job.receipt)
        try:
            progress = yield from self.turnstile.through(look, place, "poll", heard.append)
        except ResourceNotFound as error:
            return (yield from self._forgotten(job, bound, error))
        except (TransportFailed, FetchFailed, ProviderUnavailable, RateLimited, UnexpectedAnswer) as error:
            return (yield from self._missed(job, error))
        except PolyreelError as error:
            attach(error, job)
            raise
        match progress.state:
            case "succeeded":
                return (yield from self._rendered(job, bound, progress, None))
            case "failed":
                return (yield from self._gave_up(job, progress))
            case "cancelled":
                return (
                    yield from self.move(
                        job, Phase.CANCELLED, progress.message or "cancelled", cost=cost_of(job, billed=None)
                    )
                )
        now = self.clock.now()
        stretch = yield from self.almanac.stretch(bound.task.settings)
        pause = next_look(
            elapsed=now - (job.submitted_at or job.created_at),
            looks=job.polls,
            advised=advice(heard[-1].headers if heard else {}, now=now, own=progress.retry_in),
            early=(yield from self.almanac.early(job)),
            stretch=stretch,
        )
        after = yield from self.note(
            job,
            Phase.RUNNING if progress.state == "running" else Phase.ACCEPTED,
            progress.message or progress.state,
            percent=job.percent if progress.percent is None else progress.percent,
            polls=job.polls + 1,
            misses=0,
            missing_since=None,
            next_at=now + pause,
        )
        return after if stretch == 1 else (yield from self._told(after, since=began))

    def _missed(self, job: Job, error: PolyreelError, **changes: Any) -> Flow[Job]:
        if job.done:
            return job  # given up before, and this look says nothing new
        misses = job.misses + 1
        pause = pause_after_miss(misses, advised=getattr(error, "retry_after", None))
        return (
            yield from self.note(
                job,
                job.phase,
                f"looking failed, again later: {error}",
                misses=misses,
                next_at=self.clock.now() + pause,
                **changes,
            )
        )

    def _forgotten(self, job: Job, bound: Bound, error: ResourceNotFound) -> Flow[Job]:
        now_used = bound.task.settings.key_sha256
        if job.key_sha256 not in {None, now_used} and now_used is not None:
            raise AuthenticationFailed(
                f"{job.provider} does not know {job.id}: {error}. It was made with another key than the one that is set "
                "now; if that is another account's, set the key of the account that made it",
                provider=job.provider,
                job=job,
            ) from error
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

    def _rendered(self, job: Job, bound: Bound, seen: Progress, lease: Lease | None) -> Flow[Job]:
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
        with suppress(StorageFailed):  # what was not learned is learned from the next film
            yield from self.almanac.learn(job)
        cost = cost or cost_of(job, billed=True, unbilled=seen.unbilled)
        dearer = overrun(job.model_copy(update={"phase": Phase.RENDERED, "cost": cost}))
        told = (*told, *left, *([] if dearer is None else [dearer]))
        return (
            yield from self.move_under(
                lease,
                job,
                Phase.RENDERED,
                "rendered",
                percent=100.0,
                rendered_at=job.rendered_at or self.clock.now(),
                assets=assets,
                cost=cost,
                warnings=tuple(dict.fromkeys((*job.warnings, *told))),
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
