"""What is said of a batch before its first line is sent: which lines are not valid, and what the others cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from polyreel.batches import Outcome
from polyreel.cli import failures
from polyreel.cli.display import Display
from polyreel.cli.sheets import Row
from polyreel.cli.tallies import Entry
from polyreel.errors import BudgetExceeded, InvalidRequest
from polyreel.types.cost import Estimate
from polyreel.types.job import Notice

if TYPE_CHECKING:
    from polyreel.cli.worklists import Worklist
    from polyreel.client import Client

__all__ = ["Price", "Reviewed", "checked", "refused"]

_SHOWN: Final = 20  # lines; the others are counted


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """What all lines should cost together.

    Attributes:
        requests: How many would be asked for.
        earlier: How many were asked for before: they cost nothing more.
        sums: What the new ones cost, by currency.
        unknown: How many have a price that nobody knows; they are in no sum.
    """

    requests: int
    earlier: int
    sums: Mapping[str, Decimal]
    unknown: int

    def __str__(self) -> str:
        sums = " and ".join(f"{amount} {currency}" for currency, amount in self.sums.items())
        costs = [f"about {sums}"] if sums else []
        costs += [f"{self.unknown} of an unknown price"] if self.unknown else []
        told = [f"{self.requests} new {'request' if self.requests == 1 else 'requests'}", *costs]
        told += [f"{self.earlier} from before"] if self.earlier else []
        return ", ".join(told)

    @property
    def estimate(self) -> Estimate:
        """The whole as one estimate; its amount is ``None`` when it is in no sum."""
        if self.unknown or len(self.sums) != 1:
            return Estimate(amount=None, rule=str(self))
        ((currency, amount),) = self.sums.items()
        return Estimate(amount=amount, currency=currency, rule=str(self))

    def is_above(self, limit: Decimal, currency: str) -> bool:
        """Whether the whole costs more than a limit, or may."""
        if not self.requests:
            return False
        in_others = any(name != currency for name in self.sums)
        return bool(self.unknown) or in_others or self.sums.get(currency, Decimal(0)) > limit

    def check(self, limit: Decimal | None) -> None:
        """Refuse what may cost more than a limit in USD.

        Raises:
            BudgetExceeded: It may.
        """
        if limit is not None and self.is_above(limit, "USD"):
            raise BudgetExceeded(
                f"{self} is not certainly within max_total={limit} USD; nothing was sent",
                estimate=self.estimate,
                budget="max_total",
                limit=limit,
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Reviewed:
    """The lines of a batch, looked at.

    Attributes:
        good: Those that can be asked for.
        bad: Those that cannot, as what would become of them.
        price: What the good ones cost.
        warnings: What will not be done quite as asked.
    """

    good: Sequence[Row]
    bad: Sequence[Entry]
    price: Price
    warnings: Sequence[Notice]

    @classmethod
    def of(cls, client: Client, worklist: Worklist, defaults: Mapping[str, Any]) -> Reviewed:
        """Look at every line; nothing is sent.

        Args:
            client: The client.
            worklist: The lines.
            defaults: What counts for those that say nothing.
        """
        bad = [_bad(row, InvalidRequest(row.problems)) for row in worklist.rows if row.problems]
        good: list[Row] = []
        sums: dict[str, Decimal] = {}
        warnings: dict[Notice, None] = {}
        earlier = unknown = 0
        readable = worklist.requests
        values = (row.values for row in readable)
        for review in client.review(values, name=worklist.name, **{**defaults, "approved": True}):
            row = readable[review.index]
            if review.error is not None:
                bad.append(_bad(row, review.error))
                continue
            good.append(row)
            warnings |= dict.fromkeys(review.warnings)
            earlier += review.job is not None
            price = review.estimate
            if price is None:
                continue
            if price.amount is None:
                unknown += 1
            else:
                sums[price.currency] = sums.get(price.currency, Decimal(0)) + price.amount
        price_of_all = Price(requests=len(good) - earlier, earlier=earlier, sums=sums, unknown=unknown)
        return cls(good=good, bad=bad, price=price_of_all, warnings=[*warnings])


def _bad(row: Row, error: Exception) -> Entry:
    return Entry.of(Outcome(index=0, request=row.values, error=error), row.line)


def refused(display: Display, worklist: Worklist, reviewed: Reviewed) -> int:
    """Say which lines are not valid, and that nothing was begun; return the exit code.

    Args:
        display: Where to.
        worklist: The lines.
        reviewed: What was found.
    """
    bad = sorted(reviewed.bad, key=lambda entry: entry.line)
    display.say(
        f"error: {len(bad)} of {len(worklist.rows)} requests are not valid; nothing was sent (--skip-invalid leaves them out)"
    )
    for entry in bad[:_SHOWN]:
        display.say(f"  {worklist.source}:{entry.line}: {entry.sentence}")
    if len(bad) > _SHOWN:
        display.say(f"  and {len(bad) - _SHOWN} more; --json lists them all")
    if display.as_json:
        problems = [{"line": entry.line, "parameter": "line", "message": entry.sentence} for entry in bad]
        message = f"{len(bad)} of {len(worklist.rows)} requests are not valid; nothing was sent"
        display.document(
            {"error": {"type": "InvalidRequest", "message": message, "problems": problems, "job_id": None}}
        )
    return failures.NO_KEY if {entry.code for entry in bad} == {failures.NO_KEY} else failures.INVALID


def checked(display: Display, worklist: Worklist, reviewed: Reviewed) -> int:
    """Say what a batch would cost, of which nothing is begun; return the exit code.

    Args:
        display: Where to.
        worklist: The lines.
        reviewed: What was found.
    """
    price = reviewed.price
    if display.as_json:
        display.document(
            {
                "batch": worklist.name,
                "file": worklist.source,
                "requests": len(worklist.rows),
                "new": price.requests,
                "earlier": price.earlier,
                "invalid": len(reviewed.bad),
                "estimates": price.sums,
                "unknown_prices": price.unknown,
            }
        )
    else:
        display.out(f"{worklist.source}: {price}")
    return failures.DONE
