"""Whether a request fits a budget, by what the job store says was spent. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from polyreel.errors import BudgetExceeded
from polyreel.types.budget import Budget
from polyreel.types.cost import Estimate
from polyreel.types.expense import Expense

__all__ = ["Allowance", "midnight"]

_NAMED: Final = 3  # so many jobs are named in a message


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowance:
    """One request against a budget. A job store calls it with what was spent, in the transaction that adds the job.

    Attributes:
        budget: The limits.
        estimate: What the request should cost.
        now: Seconds since 1970.
    """

    budget: Budget
    estimate: Estimate
    now: float

    @property
    def since(self) -> float | None:
        """From when on expenses count, seconds since 1970; ``None`` when no limit needs them."""
        if "total" in self.budget.limits:
            return 0.0
        return midnight(self.now) if "per_day" in self.budget.limits else None

    def __call__(self, expenses: Sequence[Expense]) -> None:
        """Refuse the request if a limit would not be kept.

        Args:
            expenses: What was spent since :attr:`since`.

        Raises:
            BudgetExceeded: It names the limit, what was spent, and what this would cost.
        """
        limits = self.budget.limits
        cost = self._cost(next(iter(limits), ""))
        if cost is None:
            return
        for name, limit in limits.items():
            counted = () if name == "per_job" else self._counted(name, expenses)
            spent = sum((expense.amount or Decimal(0) for expense in counted), Decimal(0))
            if spent + cost > limit:
                raise self._exceeded(name, limit, spent, counted)

    def _cost(self, name: str) -> Decimal | None:
        """Return what counts; ``None`` when an unknown price is allowed."""
        estimate, currency = self.estimate, self.budget.currency
        if not name:
            return None
        if estimate.amount is None:
            if self.budget.unknown == "allow":
                return None
            raise BudgetExceeded(
                f"the price is not known ({estimate.rule}), so the budget {name} of {self.budget.limits[name]} {currency} "
                "cannot be kept; Budget(unknown='allow'), or unknown = \"allow\" under [budget] in config.toml, lets such "
                "requests through, uncounted",
                estimate=estimate,
                budget=name,
            )
        if estimate.currency != currency:
            raise BudgetExceeded(
                f"it costs {estimate.amount} {estimate.currency} ({estimate.rule}), and the budget {name} is in {currency}; "
                "nothing is converted: write the budget in that currency, or use another model",
                estimate=estimate,
                budget=name,
            )
        return estimate.amount

    def _counted(self, name: str, expenses: Sequence[Expense]) -> list[Expense]:
        """Return what counts against a limit; an amount that nobody knows is refused unless that is allowed."""
        first = midnight(self.now) if name == "per_day" else 0.0
        paid = [e for e in expenses if e.created_at >= first and e.kind not in {"simulated", "free"}]
        obscure = [e for e in paid if e.amount is None or e.currency != self.budget.currency]
        if obscure and self.budget.unknown == "refuse":
            ids = ", ".join(expense.job_id for expense in obscure[:_NAMED])
            more = f" and {len(obscure) - _NAMED} more" if len(obscure) > _NAMED else ""
            raise BudgetExceeded(
                f"what {ids}{more} did cost is not known in {self.budget.currency}, so the budget {name} of "
                f"{self.budget.limits[name]} cannot be kept; unknown='allow' leaves such jobs uncounted",
                estimate=self.estimate,
                budget=name,
            )
        return [expense for expense in paid if expense not in obscure]

    def _exceeded(
        self, name: str, limit: Decimal, spent: Decimal, counted: Sequence[Expense]
    ) -> BudgetExceeded:
        currency = self.budget.currency
        held = sum((e.amount or Decimal(0) for e in counted if e.kind == "open"), Decimal(0))
        day = f"today ({datetime.fromtimestamp(self.now, UTC).date()}, UTC)"
        when = {"per_job": "", "per_day": f" {day}", "total": " in all"}[name]
        holds = f", {held} of it for jobs that are not settled yet" if held else ""
        already = f" {spent} {currency} are spent{when}{holds}." if when else ""
        return BudgetExceeded(
            f"it costs {self.estimate.amount} {currency} ({self.estimate.rule}), more than the budget {name} of "
            f"{limit} {currency} allows.{already} Nothing was sent: shorten it, choose a cheaper model, or raise the budget",
            estimate=self.estimate,
            budget=name,
            limit=limit,
            spent=spent,
        )


def midnight(now: float) -> float:
    """Return when the UTC day of ``now`` began, seconds since 1970."""
    start = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return start.timestamp()
