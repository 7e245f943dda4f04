"""What a client may still spend: its budget, and what its job store says is gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from polyreel.budgets import Allowance, check_agreed
from polyreel.flows import Call, Flow
from polyreel.pricing import check_budget
from polyreel.types.budget import Budget
from polyreel.types.cost import Estimate

if TYPE_CHECKING:
    from polyreel.clock import Clock
    from polyreel.storage.store import JobStore
    from polyreel.types.job import Job

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

    def allowance(self, estimated: Estimate, project: str | None = None) -> Allowance | None:
        """Return the limits for a request; ``None`` when nothing binds it.

        Args:
            estimated: What it should cost.
            project: The label that it is made under.

        Raises:
            ConfigurationError: The configuration file has a budget that is none.
        """
        budget = self.budget()
        if budget is not None and self.rehearsing:
            budget = replace(budget, per_day=None, total=None, per_project={})
        if budget is None or not budget.binding(project):
            return None
        return Allowance(budget=budget, estimate=estimated, now=self.clock.now(), project=project)

    def afford(self, estimated: Estimate, max_cost: Decimal | None, project: str | None = None) -> Flow[None]:
        """Refuse a request that is dearer than it may be, or for which there is no money left now.

        Args:
            estimated: What it should cost.
            max_cost: The most that it may cost; ``None`` for any.
            project: The label that it is made under.

        Raises:
            BudgetExceeded: It is too dear, or nobody knows its price and there is a limit.
        """
        check_budget(estimated, max_cost)
        allowance = self.allowance(estimated, project)
        if allowance is None:
            return
        yield Call(function=lambda: self.store.consult(allowance), quick=self.store.quick)

    def once_more(self, job: Job) -> Flow[None]:
        """Refuse that a job is sent once more, when there is no money left for another attempt.

        Raises:
            BudgetExceeded: There is none.
        """
        if job.estimate is not None and not job.simulated:
            yield from self.afford(job.estimate, None, job.project)

    def agree(self, estimated: Estimate, *, max_cost: Decimal | None, approved: bool) -> None:
        """Refuse a request above ``ask_above`` that nobody agreed to; nothing is uploaded for it.

        Args:
            estimated: What it should cost.
            max_cost: What the caller said it may cost.
            approved: Whether somebody said yes.

        Raises:
            BudgetExceeded: Nobody did.
        """
        budget = self.budget()
        if budget is not None and not self.rehearsing:
            check_agreed(budget, estimated, max_cost=max_cost, approved=approved)
