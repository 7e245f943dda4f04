"""What a person decides about a job of which nobody knows whether it was accepted: adopted, sent again, or given up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from pydantic import ValidationError

from polyreel.errors import InvalidRequest, JobNotFound, Problem, RequestRejected, ResourceNotFound
from polyreel.flows import Flow, Save
from polyreel.jobs.records import cost_of
from polyreel.storage.conflicts import ConcurrentWrite
from polyreel.storage.leases import Lease
from polyreel.types.job import Failure, Job, Notice, Phase, Receipt, RemoteJob

if TYPE_CHECKING:
    from polyreel.jobs.records import Bound
    from polyreel.purse import Purse
    from polyreel.steps import Steps
    from polyreel.types.provider import Account

__all__ = ["Settling"]

LISTED: Final = 100
"""So many of the provider's jobs are looked through for the one that is adopted."""


@dataclass(frozen=True, kw_only=True)
class Settling:
    """Ends what cannot be known by what a person found out.

    Attributes:
        steps: Takes the steps of jobs.
        purse: Knows what may be spent.
    """

    steps: Steps
    purse: Purse

    def adopt(self, job_id: str, receipt: Receipt | Mapping[str, Any] | str) -> Flow[Job]:
        """Give a job the receipt that was found for it; from then on it goes its usual way.

        The provider is asked for it before anything is recorded.

        Args:
            job_id: An unknown job, or one that was given up as such.
            receipt: The provider's id of the job, or its whole receipt, also as JSON.

        Raises:
            InvalidRequest: The job is not unknown, or another job has this receipt.
            JobNotFound: There is no such job here, or not at the provider; nothing is changed.
            PolyreelError: The provider could not be asked; nothing is changed.
        """
        job = yield from self.steps.record(job_id)
        if job.phase is Phase.SUBMITTING:
            job = yield from self._left_behind(job)
        if not _is_open(job):
            _refuse("adopt", job, "only a job whose fate is unknown takes a receipt")
        bound = self.steps.bind(job)
        wanted = _receipt(receipt)
        listed = yield from self._listed(job, bound, wanted)
        wanted = wanted if listed is None or wanted.data else listed.receipt
        yield from self._check_free(job, wanted)
        try:
            yield from bound.provider.poll(bound.task, wanted)
        except ResourceNotFound as error:
            raise JobNotFound(
                f"{bound.provider.info.title} knows no job {wanted.id!r}: {error}. Nothing was changed",
                job=job,
            ) from error
        told = [Notice(parameter="job", message=f"somebody said that it is {wanted.id!r} at the provider")]
        if listed is not None and listed.prompt not in {None, job.prompt}:
            message = f"the provider shows another prompt for {wanted.id!r}: {listed.prompt!r}"
            told.append(Notice(parameter="prompt", message=message))
        return (
            yield from self._written(
                job,
                Phase.ACCEPTED,
                f"adopted as {wanted.id}",
                receipt=wanted,
                failure=None,
                cost=None,
                completed_at=None,
                misses=0,
                missing_since=None,
                next_at=self.steps.lifecycle.clock.now(),
                warnings=(*job.warnings, *told),
            )
        )

    def resubmit(self, job_id: str) -> Flow[Job]:
        """Send an unknown job once more, now; both attempts may be charged.

        Args:
            job_id: The job.

        Returns:
            The job after its submit.

        Raises:
            InvalidRequest: It is not unknown, or its pictures are not there any more.
            BudgetExceeded: There is no money left for another attempt.
            PolyreelError: It was not accepted.
        """
        job = yield from self.steps.record(job_id)
        if job.phase is not Phase.UNKNOWN:
            _refuse("resubmit", job, "only a job whose fate is unknown is sent again")
        bound = yield from self.steps.bound(job)
        if not bound.is_whole:
            _refuse("resubmit", job, "what belongs to its request is not kept any more; ask for it anew")
        if job.estimate is not None and not job.simulated:
            yield from self.purse.afford(job.estimate, None, job.project)
        while True:
            try:
                yield from self.steps.lifecycle.sent_again(job)
                break
            except ConcurrentWrite:
                job = yield from self.steps.record(job.id)
                if job.phase is not Phase.UNKNOWN:
                    _refuse("resubmit", job, "it was settled in between")
        return (yield from self.steps.advance(job.id)).job

    def abandon(self, job_id: str, *, billed: bool | None = None) -> Flow[Job]:
        """Give an unknown job up.

        Args:
            job_id: The job.
            billed: Whether it was charged, as the provider's bill says; ``None`` while nobody knows: then its price stays
                at risk.

        Raises:
            InvalidRequest: It is not unknown.
        """
        job = yield from self.steps.record(job_id)
        if not _is_open(job):
            _refuse("abandon", job, "only a job whose fate is unknown is given up")
        reason = job.failure.message if job.failure else job.message
        message = reason if reason.startswith("given up") else f"given up: {reason}"
        return (
            yield from self._written(
                job,
                Phase.FAILED,
                message,
                failure=Failure(kind="uncertain", message=message, billed=billed),
                cost=cost_of(job, billed=billed),
            )
        )

    def _left_behind(self, job: Job) -> Flow[Job]:
        """Take over a submit that nobody is at any more, so that nobody sends it again meanwhile.

        Raises:
            InvalidRequest: Somebody is at it.
        """
        lease = yield from self.steps.lease()
        store, clock = self.steps.store, self.steps.lifecycle.clock
        claimed: Job | Lease | None = yield Save(
            function=lambda: store.claim(job.id, lease, steady=clock.steady()), quick=store.quick
        )
        if not isinstance(claimed, Job):
            _refuse("adopt", job, "it is being sent right now; try again when that is over")
        if claimed.phase is not Phase.SUBMITTING:
            yield Save(function=lambda: store.release(job.id, lease), quick=store.quick)
            _refuse("adopt", claimed, "it was settled in between")
        reason = "the process ended during the submit"
        failure = Failure(kind="uncertain", message=reason, billed=None)
        cost = cost_of(claimed, billed=None)
        return (
            yield from self.steps.lifecycle.move(
                claimed, Phase.UNKNOWN, reason, failure=failure, cost=cost, next_at=None
            )
        )

    def _listed(self, job: Job, bound: Bound, wanted: Receipt) -> Flow[RemoteJob | None]:
        """Return the provider's own entry of a job, if it lists them and this one is among the last."""
        if not bound.provider.has("list_remote"):
            return None
        desk = self.steps.simulated_desk if job.simulated else self.steps.desk
        account: Account = desk.opening.account(bound.provider, bound.task.settings)
        try:
            rows = yield from bound.provider.list_remote(account, LISTED)
        except RequestRejected:
            return None  # this server has no list; that the job is there, a look at it shows
        return next((row for row in rows if row.receipt.id == wanted.id), None)

    def _check_free(self, job: Job, receipt: Receipt) -> Flow[None]:
        store = self.steps.store
        owner: Job | None = yield Save(
            function=lambda: store.owner(job.provider, receipt.id), quick=store.quick
        )
        if owner is not None and owner.id != job.id:
            _refuse("adopt", job, f"{receipt.id!r} is the receipt of {owner.id} already")

    def _written(self, job: Job, phase: Phase, message: str, **changes: Any) -> Flow[Job]:
        while True:
            try:
                return (yield from self.steps.lifecycle.move(job, phase, message, **changes))
            except ConcurrentWrite:
                job = yield from self.steps.record(job.id)
                if not _is_open(job):
                    _refuse("job", job, "it was settled in between")


def _is_open(job: Job) -> bool:
    """Whether a job's fate is unknown, also when it was given up for that."""
    given_up = job.phase is Phase.FAILED and job.failure is not None and job.failure.kind == "uncertain"
    return given_up or job.phase is Phase.UNKNOWN


def _refuse(verb: str, job: Job, why: str) -> NoReturn:
    message = f"{job.id} is {job.status} ({job.phase}); {why}. See 'polyreel jobs show {job.id}'"
    raise InvalidRequest([Problem(parameter=verb, message=message)])


def _receipt(given: Receipt | Mapping[str, Any] | str) -> Receipt:
    """Return a receipt as somebody wrote it.

    Raises:
        InvalidRequest: It is none.
    """
    if isinstance(given, Receipt):
        return given
    try:
        if isinstance(given, Mapping):
            return Receipt.model_validate(given)
        text = given.strip()
        if text.startswith("{"):
            return Receipt.model_validate(json.loads(text))
        if text and text.isprintable():
            return Receipt(id=text)
    except (ValueError, ValidationError, AttributeError):
        pass
    shown = repr(given)[:80]
    message = f"must be the provider's id of the job, or its receipt as JSON, not {shown}"
    raise InvalidRequest([Problem(parameter="adopt", message=message)])
