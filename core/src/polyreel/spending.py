"""What was spent, by day, model or project: billed, estimated, open and unknown apart. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from polyreel.errors import InvalidRequest, Problem
from polyreel.types.expense import Expense

__all__ = ["By", "Spending", "summed"]

By: TypeAlias = Literal["day", "model", "project"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Spending:
    """The jobs of one day, model or project in one currency.

    Attributes:
        key: The day as ``YYYY-MM-DD`` in UTC, the model's id, or the project; ``None`` for jobs without one, and for a
            total.
        currency: ISO 4217.
        jobs: How many were paid for, or tried, each counted once; simulated ones are not among them.
        billed: The sum that providers reported.
        estimated: The sum of jobs that were made and not reported, at the price list's prices.
        open: The sum of jobs that run, or of which nobody can know whether they were charged.
        unknown: How many jobs have a price that nobody knows; they are in no sum.
        simulated: How many were simulated: nothing was paid.
    """

    key: str | None
    currency: str
    jobs: int = 0
    billed: Decimal = Decimal(0)
    estimated: Decimal = Decimal(0)
    open: Decimal = Decimal(0)
    unknown: int = 0
    simulated: int = 0


def summed(expenses: Iterable[Expense], by: By | None) -> list[Spending]:
    """Return what was spent, sorted by key.

    Args:
        expenses: The jobs.
        by: What they are grouped by; ``None`` for one total in each currency.

    Raises:
        InvalidRequest: They cannot be grouped by that.
    """
    if by not in _KEYS:
        allowed = tuple(name for name in _KEYS if name)
        message = f"{by!r} is none of {', '.join(allowed)}"
        raise InvalidRequest([Problem(parameter="by", message=message, value=by, allowed=allowed)])
    groups: dict[tuple[str | None, str], list[Expense]] = {}
    for expense in expenses:
        groups.setdefault((_KEYS[by](expense), expense.currency), []).append(expense)
    ordered = sorted(groups, key=lambda group: (group[0] is not None, group[0] or "", group[1]))
    return [_sum(key, currency, groups[key, currency]) for key, currency in ordered]


def _sum(key: str | None, currency: str, expenses: list[Expense]) -> Spending:
    def amount(kind: str) -> Decimal:
        return sum((e.amount or Decimal(0) for e in expenses if e.kind == kind), Decimal(0))

    def count(kind: str) -> int:
        return sum(e.kind == kind for e in expenses)

    return Spending(
        key=key,
        currency=currency,
        jobs=len({expense.job_id for expense in expenses if not expense.simulated}),
        billed=amount("billed"),
        estimated=amount("estimated"),
        open=amount("open"),
        unknown=count("unknown"),
        simulated=count("simulated"),
    )


_KEYS: Final[Mapping[By | None, Callable[[Expense], str | None]]] = {
    "day": lambda expense: str(datetime.fromtimestamp(expense.created_at, UTC).date()),
    "model": lambda expense: expense.model,
    "project": lambda expense: expense.project,
    None: lambda _: None,
}
