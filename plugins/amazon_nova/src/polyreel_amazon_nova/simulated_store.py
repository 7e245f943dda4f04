"""What the simulated service remembers of its jobs: JSON only, in the stage's ``state``; never a key."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from polyreel.simulation.charges import Charge
from polyreel.simulation.simulator import Stage

from polyreel_amazon_nova.simulated_jobs import SimulatedJob

__all__ = ["JobStore"]


class JobStore:
    """The jobs of one account in all regions.

    Args:
        stage: Its state is written, its clock read, its ledger charged.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    @property
    def _jobs(self) -> dict[str, Any]:
        jobs: dict[str, Any] = self._stage.state.setdefault("jobs", {})
        return jobs

    def add(self, job: SimulatedJob) -> None:
        """Accept a job and charge for it.

        That the whole price is due at once, and given back when the job fails, is an assumption: AWS publishes
        prices per second of film, but not when they are booked.
        """
        self._jobs[job.arn] = job.dump()
        reason = f"{job.model} {job.width}x{job.height} {job.seconds} s"
        self._charge(job, Decimal(job.cost), job.created, reason)

    def find(self, arn: str) -> SimulatedJob | None:
        """Return a job, ``None`` when there is none with this ARN."""
        record = self._jobs.get(arn)
        return None if record is None else SimulatedJob(**record)

    def all(self, region: str | None = None) -> list[SimulatedJob]:
        """Return the jobs of a region, or of all of them, in the order in which they were accepted."""
        jobs = (SimulatedJob(**record) for record in self._jobs.values())
        return [job for job in jobs if region in {None, job.region}]

    def with_token(self, token: str, region: str) -> SimulatedJob | None:
        """Return the job that was started with this token; a token is remembered for ever, which is assumed."""
        return next((job for job in self.all(region) if job.token == token), None)

    def running(self, model: str, region: str) -> int:
        """Return how many jobs of a model are in progress in a region."""
        now = self._stage.clock.now()
        return sum(job.model == model and now < job.ends for job in self.all(region))

    def settle(self) -> None:
        """Give back what was charged for jobs that have failed by now."""
        now = self._stage.clock.now()
        for job in self.all():
            if not job.refunded and job.failure and now >= job.ends:
                self._jobs[job.arn] = replace(job, refunded=True).dump()
                self._charge(job, -Decimal(job.cost), job.ends, f"refund: {job.failure[0]}")

    def _charge(self, job: SimulatedJob, amount: Decimal, at: float, reason: str) -> None:
        self._stage.charges.add(Charge(at=at, job=job.arn, amount=amount, reason=reason))
