"""What a simulator would have billed: the only judge of "paid twice"."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

__all__ = ["Charge", "Charges"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Charge:
    """One line: positive when billed, negative when refunded.

    Attributes:
        at: Seconds since 1970 on the simulator's clock.
        job: The provider's id of the job.
        amount: The sum.
        currency: ISO 4217.
        reason: For people.
    """

    at: float
    job: str
    amount: Decimal
    currency: str = "USD"
    reason: str = ""


class Charges:
    """An append-only list of charges."""

    def __init__(self) -> None:
        self._entries: list[Charge] = []

    def add(self, charge: Charge) -> None:
        """Write a line."""
        self._entries.append(charge)

    @property
    def entries(self) -> tuple[Charge, ...]:
        """All lines, oldest first."""
        return tuple(self._entries)

    @property
    def total(self) -> Decimal:
        """The sum of all lines."""
        return sum((charge.amount for charge in self._entries), Decimal(0))

    @property
    def billed_jobs(self) -> tuple[str, ...]:
        """The job of each positive line, repeated if it was billed repeatedly."""
        return tuple(charge.job for charge in self._entries if charge.amount > 0)

    def dump(self) -> list[dict[str, Any]]:
        """Return the lines as JSON."""
        return [
            {"at": c.at, "job": c.job, "amount": str(c.amount), "currency": c.currency, "reason": c.reason}
            for c in self._entries
        ]

    def load(self, lines: list[dict[str, Any]]) -> None:
        """Replace the lines by what :meth:`dump` returned."""
        self._entries = [Charge(**{**line, "amount": Decimal(line["amount"])}) for line in lines]
