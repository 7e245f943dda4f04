"""What one job means for the purse: the few facts that are summed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Literal, TypeAlias

from polyreel.types.cost import Cost, Estimate
from polyreel.types.job import Job
from polyreel.types.record import Record

__all__ = ["Expense", "Kind", "with_doubts"]

Kind: TypeAlias = Literal["billed", "estimated", "open", "free", "unknown", "simulated"]


class Expense(Record):
    """What a job costs, as far as it is known.

    Attributes:
        job_id: The job.
        created_at: Seconds since 1970; it counts for the day on which it was made.
        model: ``provider/model``.
        project: The label it was made under.
        simulated: Whether nothing was paid.
        estimate: What it should cost.
        cost: What it did cost; ``None`` while it runs.
    """

    job_id: str
    created_at: float
    model: str = ""
    project: str | None = None
    simulated: bool = False
    estimate: Estimate | None = None
    cost: Cost | None = None

    @classmethod
    def of(cls, job: Job) -> Expense:
        """Return those facts of a job."""
        return cls(
            job_id=job.id,
            created_at=job.created_at,
            model=job.model,
            project=job.project,
            simulated=job.simulated,
            estimate=job.estimate,
            cost=job.cost,
        )

    def in_doubt(self) -> Expense:
        """Return what an earlier request of the same job may have cost: nobody knows whether it was charged."""
        amount = None if self.estimate is None else self.estimate.amount
        currency = "USD" if self.estimate is None else self.estimate.currency
        doubt = Cost(amount=amount, currency=currency, billed=None, basis="estimate")
        return self.model_copy(update={"cost": doubt})

    @property
    def kind(self) -> Kind:
        """How sure the amount is.

        ``"billed"``: the provider reported it. ``"estimated"``: it was made, at the price list's price. ``"open"``: it
        runs, or nobody can know whether it was charged; the amount is held. ``"free"``: it was not charged.
        ``"unknown"``: no price is known. ``"simulated"``: nothing was paid.
        """
        if self.simulated:
            return "simulated"
        if self.cost is not None and self.cost.billed is False:
            return "free"
        if self.amount is None:
            return "unknown"
        if self.cost is None or self.cost.billed is None:
            return "open"
        return "billed" if self.cost.basis == "vendor" else "estimated"

    @property
    def amount(self) -> Decimal | None:
        """What it costs, as far as is known: its cost, else its estimate; ``None`` when nobody knows."""
        if self.cost is not None:
            return self.cost.amount
        return None if self.estimate is None else self.estimate.amount

    @property
    def currency(self) -> str:
        """ISO 4217."""
        money = self.cost or self.estimate
        return "USD" if money is None else money.currency


def with_doubts(expenses: Sequence[Expense], in_doubt: Iterable[str]) -> list[Expense]:
    """Return expenses with what earlier requests of their jobs may have cost, each behind its job.

    Args:
        expenses: One for each job.
        in_doubt: The ids of jobs that were sent again while nobody knew whether they were charged, once for each time.
    """
    times = Counter(in_doubt)
    return [each for one in expenses for each in (one, *[one.in_doubt()] * times[one.job_id])]
