"""What a client may still spend: its budget, and what its job store says is gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from polyreel.budgets import Allowance
from polyreel.flows import Call, Flow
from polyreel.pricing import check_budget
from polyreel.types.budget import Budget
from polyreel.types.cost import Estimate
from polyreel.types.expense import Expense

if TYPE_CHECKING:
    from polyreel.clock import Clock
    from polyreel.storage.store import JobStore

__all__ = ["Purse"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Purse:
    """Money for requests.

    A request is looked at twice: when it is admitted, so that nothing is uploaded for it in vain, and once more when its
    record is written, by the store itself and in one transaction (see :meth:`JobStore.add`): two threads or processes that
    were both admitted cannot both take the last of a budget.

    Attributes:
        budget: Gives the limits; ``None`` for none.
        store: Knows what was spent.
        clock: Tells the day.
        rehearsing: Whether nothing will be paid: then only the limit for one job counts.
    """

    budget: Callable[[], Budget | None]
    store: JobStore
    clock: Clock
    rehearsing: bool = False

    def allowance(self, estimated: Estimate) -> Allowance | None:
        """Return the limits for a request; ``None`` when nothing binds it.

        Args:
            estimated: What it should cost.

        Raises:
            ConfigurationError: The configuration file has a budget that is none.
        """
        budget = self.budget()
        if budget is not None and self.rehearsing:
            budget = replace(budget, per_day=None, total=None)
        if budget is None or not budget.limits:
            return None
        return Allowance(budget=budget, estimate=estimated, now=self.clock.now())

    def afford(self, estimated: Estimate, max_cost: Decimal | None) -> Flow[None]:
        """Refuse a request that is dearer than it may be, or for which there is no money left now.

        Args:
            estimated: What it should cost.
            max_cost: The most that it may cost; ``None`` for any.

        Raises:
            BudgetExceeded: It is too dear, or nobody knows its price and there is a limit.
        """
        check_budget(estimated, max_cost)
        allowance = self.allowance(estimated)
        if allowance is None:
            return
        since, expenses = allowance.since, list[Expense]()
        if since is not None:
            first = since
            expenses = yield Call(function=lambda: self.store.expenses(first), quick=self.store.quick)
        allowance(expenses)
