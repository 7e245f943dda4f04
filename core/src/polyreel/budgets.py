"""Whether a request fits a budget, by what the books of the job store say. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Protocol

from polyreel.errors import BudgetExceeded
from polyreel.ledger import MICRO, Sum, day_named
from polyreel.types.budget import Budget
from polyreel.types.cost import Estimate

__all__ = ["Allowance", "Sums", "Tally", "check_agreed"]

_NAMED: Final = 3  # so many jobs are named in a message
_NONE: Final = Decimal(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """What a day, a project or everything comes to in one currency, in micro-units.

    Attributes:
        open: What is held for jobs that are not settled.
        spent: What was charged.
    """

    open: int = 0
    spent: int = 0


class Sums(Protocol):
    """The sums that the books keep, so that nothing is added up when a limit is asked for."""

    def sums(self, scope: str) -> Mapping[str, Tally]:
        """Return one sum of the real jobs, by currency; what is ``unpriced`` is counted in jobs.

        Args:
            scope: ``total``, ``day/YYYY-MM-DD`` in UTC, or ``project/LABEL``.
        """
        ...

    def obscure(self, scope: str, currency: str) -> Sequence[str]:
        """Return the jobs of a sum whose cost is not known in a currency.

        Args:
            scope: The sum.
            currency: ISO 4217.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowance:
    """One request against a budget. A job store calls it with its books, in the transaction that adds the job.

    Attributes:
        budget: The limits.
        estimate: What the request should cost.
        now: Seconds since 1970.
        project: The label that it is made under.
    """

    budget: Budget
    estimate: Estimate
    now: float
    project: str | None = None

    def __call__(self, books: Sums) -> None:
        """Refuse the request if a limit would not be kept.

        Args:
            books: What was spent and is held.

        Raises:
            BudgetExceeded: It names the limit, what was spent, and what this would cost.
        """
        limits = self.budget.binding(self.project)
        cost = self._cost(limits)
        if cost is None:
            return
        for name, limit in limits.items():
            if name == "per_job":
                if cost > limit:
                    raise self._exceeded(name, limit)
                continue
            tally = self._counted(name, limit, books)
            units = Sum.of(cost, self.budget.currency).units
            if tally.open + tally.spent + units > limit * MICRO:
                raise self._exceeded(name, limit, tally)

    def _cost(self, limits: Mapping[str, Decimal]) -> Decimal | None:
        """Return what counts; ``None`` when nothing binds, or an unknown price is allowed."""
        estimate, currency = self.estimate, self.budget.currency
        if not limits:
            return None
        name, limit = next(iter(limits.items()))
        # A price that no price can be is as good as none: it could not be booked.
        if estimate.amount is None or Sum.of(estimate.amount, estimate.currency).amount is None:
            if self.budget.unknown == "allow":
                return None
            raise BudgetExceeded(
                f"the price is not known ({estimate.rule}), so the budget {name} of {limit} {currency} "
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

    def _counted(self, name: str, limit: Decimal, books: Sums) -> Tally:
        """Return what counts against a limit; an amount that nobody knows is refused unless that is allowed."""
        scope = {
            "per_day": f"day/{day_named(self.now)}",
            "total": "total",
            "per_project": f"project/{self.project}",
        }[name]
        sums, currency = books.sums(scope), self.budget.currency
        others = (tally for each, tally in sums.items() if each != currency)
        if self.budget.unknown == "refuse" and any(tally.open or tally.spent for tally in others):
            obscure = books.obscure(scope, currency)
            ids = ", ".join(obscure[:_NAMED])
            more = f" and {len(obscure) - _NAMED} more" if len(obscure) > _NAMED else ""
            raise BudgetExceeded(
                f"what {ids}{more} did cost is not known in {currency}, so the budget {name} of {limit} cannot be kept; "
                "unknown='allow' leaves such jobs uncounted",
                estimate=self.estimate,
                budget=name,
            )
        return sums.get(currency, Tally())

    def _exceeded(self, name: str, limit: Decimal, tally: Tally | None = None) -> BudgetExceeded:
        currency = self.budget.currency
        already, spent = "", _NONE
        if tally is not None:
            total = Sum(units=tally.open + tally.spent, currency=currency)
            spent = total.amount or _NONE
            day = f"today ({day_named(self.now)}, UTC)"
            when = {"per_day": day, "total": "in all", "per_project": f"for {self.project!r}"}[name]
            held = Sum(units=tally.open, currency=currency).amount
            holds = f", {held} of it for jobs that are not settled yet" if tally.open else ""
            already = f" {total} are spent {when}{holds}."
        return BudgetExceeded(
            f"it costs {self.estimate.amount} {currency} ({self.estimate.rule}), more than the budget {name} of "
            f"{limit} {currency} allows.{already} Nothing was sent: shorten it, choose a cheaper model, or raise the budget",
            estimate=self.estimate,
            budget=name,
            limit=limit,
            spent=spent,
        )


def check_agreed(budget: Budget, estimate: Estimate, *, max_cost: Decimal | None, approved: bool) -> None:
    """Refuse what costs more than ``ask_above`` unless somebody agreed to it.

    Args:
        budget: Gives the threshold.
        estimate: What the request should cost. A price that nobody knows, or in another currency, counts as above it.
        max_cost: What the caller said it may cost; whoever says that was asked.
        approved: Whether somebody said yes.

    Raises:
        BudgetExceeded: Nobody did. Its ``budget`` is ``"ask_above"``.
    """
    threshold = budget.threshold
    if threshold is None or approved or max_cost is not None:
        return
    if estimate.amount is not None and estimate.currency == budget.currency and estimate.amount <= threshold:
        return
    price = (
        "nobody knows what it costs"
        if estimate.amount is None
        else f"it costs {estimate.amount} {estimate.currency}"
    )
    ways = "approved=True sends it"
    if estimate.amount is not None:
        ways = f"max_cost={str(estimate.amount)!r} says that it may cost that, and {ways}"
    raise BudgetExceeded(
        f"{price} ({estimate.rule}), and above {threshold} {budget.currency} (ask_above) somebody must agree first. "
        f"Nothing was sent: {ways}",
        estimate=estimate,
        budget="ask_above",
        limit=threshold,
    )
