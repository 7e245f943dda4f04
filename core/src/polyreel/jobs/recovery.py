"""A submit that left no receipt: sent again by its token, found at the provider, or honestly unknown.

What may be done follows from what the provider offers, and never from a guess. With a token the same request is sent
again: the provider charges once. With a way to look, the job is looked for; that it is in no list is no proof that it
does not exist, so it is looked for again and again, and stays unknown. With neither it is unknown at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from polyreel.errors import (
    AuthenticationFailed,
    BudgetExceeded,
    JobUncertain,
    ProviderError,
    RequestRejected,
    TransportFailed,
)
from polyreel.flows import Flow, Save
from polyreel.jobs.pacing import ADVICE_CAP, FIRST_LOOK
from polyreel.jobs.records import Bound, Records, attach, cost_of
from polyreel.jobs.sweeping import Sweep
from polyreel.types.job import Failure, Job, Notice, Phase, Receipt

__all__ = ["LOOK_WINDOW", "MOST_ATTEMPTS", "SEARCH_ENDS", "TOKEN_LIFE", "Recovery", "uncertainty"]

LOOK_WINDOW: Final = 120.0
"""Seconds after a submit in which a job that is not found yet is waited for: lists lag."""

SEARCH_ENDS: Final = 48 * 3600.0
"""Seconds after a submit until which an unknown job is looked for: providers keep films for a day or two."""

TOKEN_LIFE: Final = 3600.0
"""Seconds in which a token is trusted. No vendor here documents how long it keeps one: an hour is an assumption."""

MOST_ATTEMPTS: Final = 3
"""So many times at most a request is sent when ``on_unknown="resubmit"``: each may be charged, and a server that hangs up
after each would be paid for ever. Then it is held."""

UNLISTED: Final = "not_supported"
"""The code of the error with which a provider says that this server has no list in which a job could be looked for."""

_LONGEST_PAUSE: Final = ADVICE_CAP  # a time that is further ahead is not believed, and would be due at once


@dataclass(frozen=True, kw_only=True)
class Recovery(Records):
    """Settles jobs of which nobody knows whether they were accepted.

    Attributes:
        afford: Refuses that a job is sent once more when there is no money left for it.
        sweep: The pages of lists that were just read, for all that are looked for.
    """

    afford: Callable[[Job], Flow[None]]
    sweep: Sweep = field(default_factory=Sweep, repr=False)

    def in_doubt(self, job: Job, bound: Bound, reason: str) -> Flow[Job]:
        """Record that a submit ended without an answer: to be sent again by its token, or unknown.

        Args:
            job: The job, submitting.
            bound: Its provider and task.
            reason: What happened, for people.
        """
        if self._may_repeat(job, bound):
            message = f"{reason}; it is sent again with the same token, which is charged once"
            later = self._later(job)
            return (
                yield from self.move(job, Phase.SUBMITTING, message, misses=job.misses + 1, next_at=later)
            )
        return (yield from self.uncertain(job, bound, reason))

    def _may_repeat(self, job: Job, bound: Bound) -> bool:
        young = abs(self.clock.now() - _begun(job)) < TOKEN_LIFE  # either way, if the clock was set
        return bound.has_token and bound.is_whole and young

    def uncertain(self, job: Job, bound: Bound, reason: str) -> Flow[Job]:
        """Record that nobody knows whether a job was accepted, and do what it says for this case."""
        unknown = yield from self._doubted(
            job, bound, reason, None if _stays(job, bound) else self._later(job)
        )
        return unknown if bound.can_look else (yield from self._by_policy(unknown, bound))

    def refused_later(self, job: Job, bound: Bound, reason: str) -> Flow[Job]:
        """Record that a later attempt was not accepted: about the earlier ones nobody knows more than before.

        Args:
            job: The job, of more than one attempt.
            bound: Its provider and task.
            reason: Why the last one was not accepted.
        """
        told = f"attempt {job.attempts} was not accepted ({reason}), and an earlier one may have been"
        return (yield from self._doubted(job, bound, told, None))

    def _doubted(self, job: Job, bound: Bound, reason: str, next_at: float | None) -> Flow[Job]:
        failure = Failure(kind="uncertain", message=reason, billed=None)
        if bound.can_look:
            next_at = self.clock.now()  # the first look is due, however long ago the submit was
        changes = {"failure": failure, "cost": cost_of(job, billed=None), "misses": 0, "next_at": next_at}
        return (yield from self.move(job, Phase.UNKNOWN, reason, **changes))

    def look_again(self, job: Job, bound: Bound) -> Flow[Job]:
        """Look for an unknown job once more; what cannot be found in time is done as it says for this case.

        Raises:
            AuthenticationFailed: The key does not open the list; the job is kept.
        """
        try:
            found = yield from self._looked_for(job, bound)
        except RequestRejected as error:
            if job.on_unknown != "hold":
                return (yield from self._by_policy(job, bound))
            return (yield from self.note(job, job.phase, f"it cannot be looked for: {error}", next_at=None))
        if found.receipt is not None or self.is_looking(found, bound):
            return found
        return (yield from self._by_policy(found, bound))

    def is_looking(self, job: Job, bound: Bound) -> bool:
        """Whether an unknown job was not looked for yet, or may still show up soon, so that waiting for it makes sense."""
        waits = job.phase is Phase.UNKNOWN and bound.can_look and job.next_at is not None
        return waits and (not job.misses or 0 <= self.clock.now() - _begun(job) < LOOK_WINDOW)

    def look_before(self, job: Job, bound: Bound) -> Flow[Job]:
        """Look for a job that is about to be sent again with its token: what is found need not be sent."""
        if not bound.can_look:
            return job
        with suppress(TransportFailed, ProviderError):  # the token keeps it from being charged twice
            found = yield from self._at_provider(job, bound)
            return job if found is None else (yield from self._adopt(job, bound, found))
        return job

    def _looked_for(self, job: Job, bound: Bound) -> Flow[Job]:
        if not bound.can_look:
            return job
        try:
            found = yield from self._at_provider(job, bound)
        except AuthenticationFailed as error:
            attach(error, job)
            raise
        except (TransportFailed, ProviderError) as error:
            if isinstance(error, RequestRejected) and error.code == UNLISTED:
                raise
            return (yield from self._not_found(job, bound, f"it could not be looked for: {error}"))
        if found is None:
            return (
                yield from self._not_found(job, bound, "the provider does not show it, which proves nothing")
            )
        return (yield from self._adopt(job, bound, found))

    def _adopt(self, job: Job, bound: Bound, found: Receipt) -> Flow[Job]:
        known_by = "token" if bound.has_token else "prompt, settings and time"
        evidence = Notice(
            parameter="job", message=f"its submit was cut off; it was found again by its {known_by}"
        )
        changes: dict[str, Any] = {"failure": None, "cost": None, "completed_at": None}
        changes |= {"receipt": found, "warnings": (*job.warnings, evidence)}
        changes["next_at"] = self.clock.now() + FIRST_LOOK
        return (yield from self.move(job, Phase.ACCEPTED, "found at the provider", **changes))

    def _not_found(self, job: Job, bound: Bound, message: str) -> Flow[Job]:
        # What is still to be decided by policy needs another step, should this process end between the two records.
        ends = _stays(job, bound) and self.clock.now() - _begun(job) > SEARCH_ENDS
        next_at = None if ends else self._later(job)
        return (yield from self.note(job, job.phase, message, misses=job.misses + 1, next_at=next_at))

    def _at_provider(self, job: Job, bound: Bound) -> Flow[Receipt | None]:
        """Return the receipt of a job, if it is certain which one it is."""
        # Counted before anything else: whoever gets its receipt meanwhile was an orphan when the list was read.
        orphans: int = yield Save(
            function=lambda: self.store.orphans(job.provider, job.prompt), quick=self.store.quick
        )
        looking = bound.provider.find_submission(bound.task, _begun(job))
        found = yield from self.sweep.shared(looking, self.clock)
        if found is None:
            return None
        certain = isinstance(found, Receipt)
        candidates: Sequence[Receipt] = [found] if isinstance(found, Receipt) else found
        free: list[Receipt] = []
        for receipt in candidates:
            taken = yield from self._is_taken(job, receipt)
            free += [] if taken else [receipt]
        # Two requests that a list cannot tell apart, one film that could be either's: nobody can tell whose it is. A list
        # shows no picture and no seed, so whoever has the same prompt counts.
        return free[0] if len(free) == 1 and (certain or orphans <= 1) else None

    def _is_taken(self, job: Job, receipt: Receipt) -> Flow[bool]:
        owner: Job | None = yield Save(
            function=lambda: self.store.owner(job.provider, receipt.id), quick=self.store.quick
        )
        return owner is not None and owner.id != job.id

    def _by_policy(self, job: Job, bound: Bound) -> Flow[Job]:
        match job.on_unknown:
            case "hold":
                return job
            case "resubmit" if job.attempts >= MOST_ATTEMPTS:
                return (
                    yield from self._held(job, bound, f"it was sent {job.attempts} times, and that is enough")
                )
            case "resubmit" if bound.is_whole:
                try:
                    yield from self.afford(job)
                except BudgetExceeded as error:
                    return (yield from self._held(job, bound, f"it is not sent again: {error}"))
                return (yield from self.sent_again(job))
            case "resubmit":
                message = "it cannot be sent again: what belongs to the request is not there any more"
                return (yield from self._held(job, bound, message))
            case "fail":
                return (yield from self.move(job, Phase.FAILED, "given up: its fate is unknown"))

    def _held(self, job: Job, bound: Bound, message: str) -> Flow[Job]:
        """Leave a job unknown, and say why; it is looked for as long as it can be."""
        next_at = job.next_at if bound.can_look else None
        if (job.message, job.next_at) == (message, next_at):
            return job
        return (yield from self.note(job, job.phase, message, next_at=next_at))

    def sent_again(self, job: Job) -> Flow[Job]:
        """Let an unknown job be sent once more, as somebody decided; both may be charged."""
        warning = Notice(
            parameter="job",
            message=f"attempt {job.attempts} may have been accepted and charged besides: {job.message}",
        )
        changes: dict[str, Any] = {"failure": None, "cost": None, "completed_at": None}
        changes |= {"attempts": job.attempts + 1, "misses": 0, "next_at": self.clock.now()}
        changes["warnings"] = (*job.warnings, warning)
        return (yield from self.move(job, Phase.CREATED, "to be sent again", **changes))

    def _later(self, job: Job) -> float:
        """Return when to look next: after 2 s, and ever later."""
        return self.clock.now() + min(2.0 * 1.5 ** min(job.misses, 30), _LONGEST_PAUSE)


def uncertainty(job: Job) -> JobUncertain:
    """Return the error that says that nobody knows whether a job was accepted, and what can be done."""
    reason = job.failure.message if job.failure else job.message
    return JobUncertain(
        f"{job.id}: {reason}. Whether {job.provider} accepted it cannot be known, so it is not sent again by itself. "
        f"'polyreel jobs resume {job.id}' looks for it at the provider, where that is possible; "
        f"'polyreel jobs resolve {job.id}' settles it by what you found in the provider's own console",
        job=job,
    )


def _stays(job: Job, bound: Bound) -> bool:
    """Whether an unknown job stays as it is, however long it is looked for."""
    is_spent = not bound.is_whole or job.attempts >= MOST_ATTEMPTS
    return job.on_unknown == "hold" or (job.on_unknown == "resubmit" and is_spent)


def _begun(job: Job) -> float:
    return job.submitted_at or job.created_at
