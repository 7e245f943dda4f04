"""Money: always decimal, always with a currency, and ``None`` where nobody knows."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from polyreel.types.record import Record

__all__ = ["Cost", "Estimate"]


class Estimate(Record):
    """What a request should cost by the model's document.

    Attributes:
        amount: The sum; ``None`` when the document has no price for this request. Unknown is never zero.
        currency: ISO 4217.
        rule: The rule in words: ``"4 s x 0.10 USD per second"``.
        as_of: The date on which the price was read, ``YYYY-MM-DD``.
    """

    amount: Decimal | None
    currency: str = "USD"
    rule: str = "no price is known"
    as_of: str | None = None


class Cost(Record):
    """What a job did cost.

    Attributes:
        amount: The sum; ``None`` when unknown.
        currency: ISO 4217.
        billed: Whether the provider charges for it: yes, no, or ``None`` when nobody can know.
        basis: ``"vendor"``: the provider said so; ``"estimate"``: by the model's document; ``"simulated"``: nothing was paid.
    """

    amount: Decimal | None
    currency: str = "USD"
    billed: bool | None
    basis: Literal["vendor", "estimate", "simulated"]
