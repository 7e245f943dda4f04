"""What a request costs by its model's document: exact decimal money, and never zero for "unknown"."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from polyreel.documents.document import ModelDocument
from polyreel.documents.validation import accepts
from polyreel.errors import BudgetExceeded
from polyreel.types.cost import Estimate

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["check_budget", "estimate"]


def estimate(document: ModelDocument, values: Mapping[str, Any]) -> Estimate:
    """Return what a request costs: the first rule whose ``when`` accepts it.

    Args:
        document: The model's document.
        values: The request, with defaults.
    """
    prices = document.prices
    if prices is None:
        return Estimate(amount=None, rule=f"{document.id} has no known price")
    for rule in prices["rules"]:
        if "when" in rule and not accepts(rule["when"], values):
            continue
        quantity, words = _quantity(rule, values)
        if quantity is None:
            return Estimate(amount=None, currency=prices["currency"], rule=words, as_of=prices["as_of"])
        amount = Decimal(rule["amount"]) * quantity
        return Estimate(
            amount=amount,
            currency=prices["currency"],
            rule=f"{words} x {rule['amount']} {prices['currency']} per {rule['per']}",
            as_of=prices["as_of"],
        )
    return Estimate(
        amount=None, currency=prices["currency"], rule="no price rule fits", as_of=prices["as_of"]
    )


def check_budget(estimated: Estimate, max_cost: Decimal | None) -> None:
    """Refuse a request that may cost more than allowed.

    Args:
        estimated: What it should cost.
        max_cost: The most it may cost, in the estimate's currency; ``None`` for any.

    Raises:
        BudgetExceeded: It is dearer, or nobody knows the price.
    """
    if max_cost is None:
        return
    if estimated.amount is None:
        raise BudgetExceeded(
            f"the price is not known ({estimated.rule}), so a limit of {max_cost} {estimated.currency} cannot be "
            "kept; leave the limit out to send it all the same",
            estimate=estimated,
        )
    if estimated.amount > max_cost:
        raise BudgetExceeded(
            f"it costs {estimated.amount} {estimated.currency} ({estimated.rule}), more than the allowed "
            f"{max_cost}; shorten it, choose a cheaper model, or raise the limit",
            estimate=estimated,
            limit=max_cost,
        )


def _quantity(rule: Mapping[str, Any], values: Mapping[str, Any]) -> tuple[Decimal | None, str]:
    if "unknown" in rule:
        return None, str(rule["unknown"])
    films = _number(values.get("n", 1))
    if films is None:
        return None, "the number of films is no number"
    if rule["per"] == "video":
        return films, f"{films} film{'s' if films != 1 else ''}"
    if rule["per"] == "item":
        items = films * len(values.get(rule["of"], ()))
        return items, f"{items} {rule['of']}"
    return _seconds(films, values)


def _seconds(films: Decimal, values: Mapping[str, Any]) -> tuple[Decimal | None, str]:
    duration = values.get("duration")
    if duration is None:
        return None, "the price goes by the second, and no duration was given"
    seconds = _number(duration)
    if seconds is None:
        return None, "the duration is no number of seconds"
    return seconds * films, f"{seconds * films} s"


def _number(value: Any) -> Decimal | None:
    if isinstance(value, float):
        return Decimal(str(value)) if math.isfinite(value) else None
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else None
