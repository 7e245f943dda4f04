"""A submit that left no receipt: found at the provider, or honestly unknown; never sent again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from polyreel.errors import AuthenticationFailed, ProviderError, TransportFailed
from polyreel.flows import Flow, Save
from polyreel.jobs.pacing import FIRST_LOOK
from polyreel.jobs.records import Bound, Records, attach, cost_of
from polyreel.types.job import Failure, Job, Notice, Phase, Receipt

__all__ = ["SUBMIT_WINDOW", "Recovery"]

SUBMIT_WINDOW: Final = 180.0
"""Seconds after which a submit that left no receipt is surely over, whoever made it."""


@dataclass(frozen=True, kw_only=True)
class Recovery(Records):
    """Settles jobs of which nobody knows whether they were accepted."""

    def recover(self, job: Job, bound: Bound) -> Flow[Job]:
        """Settle a job whose submit left no receipt: adopt it if the provider has it, else say it is unknown."""
        now = self.clock.now()
        if job.phase is Phase.CREATED:
            message = "it was interrupted before anything was sent; nothing was paid. Send it again"
            return (yield from self.stopped(job, message))
        over = (job.submitted_at or job.created_at) + SUBMIT_WINDOW
        if job.phase is Phase.SUBMITTING and now < over:
            # Whoever is submitting must find the record as it was left: nothing is written.
            return job.model_copy(update={"message": "a submit may still be under way", "next_at": over})
        if job.phase is Phase.SUBMITTING:
            job = yield from self.uncertain(job, "the process ended during the submit")
        try:
            return (yield from self.look_for(job, bound))
        except AuthenticationFailed as error:
            attach(error, job)
            raise
        except (TransportFailed, ProviderError) as error:
            return job.model_copy(update={"message": f"it could not be looked for: {error}"})

    def look_for(self, job: Job, bound: Bound) -> Flow[Job]:
        """Look for a job at its provider, and adopt it if exactly one can be it.

        Raises:
            TransportFailed: Nobody could be asked.
            ProviderError: The provider does not say.
        """
        if not bound.provider.has("find_submission"):
            return job
        since = job.submitted_at or job.created_at
        receipt = yield from bound.provider.find_submission(bound.task, since)
        if receipt is None or (yield from self._is_taken(job, receipt)):
            return job
        known_by = "token" if bound.provider.info.idempotency != "none" else "prompt, settings and time"
        evidence = Notice(
            parameter="job", message=f"its submit was cut off; it was found again by its {known_by}"
        )
        changes = {"failure": None, "cost": None, "completed_at": None, "warnings": (*job.warnings, evidence)}
        next_at = self.clock.now() + FIRST_LOOK
        return (
            yield from self.move(
                job, Phase.ACCEPTED, "found at the provider", receipt=receipt, next_at=next_at, **changes
            )
        )

    def _is_taken(self, job: Job, receipt: Receipt) -> Flow[bool]:
        # Two equal prompts at once: what was found may be the film of the other job.
        owner: Job | None = yield Save(
            function=lambda: self.store.owner(job.provider, receipt.id), quick=self.store.quick
        )
        return owner is not None and owner.id != job.id

    def uncertain(self, job: Job, message: str) -> Flow[Job]:
        """Record that nobody knows whether a job was accepted."""
        failure = Failure(kind="uncertain", message=message, billed=None)
        return (
            yield from self.move(job, Phase.UNKNOWN, message, failure=failure, cost=cost_of(job, billed=None))
        )
