"""How much may be spent: for one job, on one day, and in all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

from polyreel.errors import ConfigurationError
from polyreel.types.options import amount_of

__all__ = ["LIMITS", "Budget", "Money"]

Money: TypeAlias = Decimal | int | float | str
"""An amount as people write it; it is kept exactly as it is written."""

LIMITS: Final = ("per_job", "per_day", "total")
_KEYS: Final = (*LIMITS, "currency", "unknown")
_CURRENCY_LETTERS: Final = 3  # ISO 4217


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """Limits that are kept before anything is sent. A limit that is left out does not bind.

    What was spent is read from the job store: what finished jobs cost, and what unfinished ones are expected to cost. So
    a limit holds for all clients and processes that share a store.

    Attributes:
        per_job: The most that one job may cost.
        per_day: The most that the jobs of one day may cost; a day begins at midnight UTC.
        total: The most that all jobs of the store may cost together.
        currency: ISO 4217; a job that is priced in another one is refused, since nothing is converted.
        unknown: What a price that nobody knows does: ``"refuse"`` the request, or ``"allow"`` it, uncounted.

    Raises:
        ConfigurationError: One of them cannot be what was given.
    """

    per_job: Money | None = None
    per_day: Money | None = None
    total: Money | None = None
    currency: str = "USD"
    unknown: Literal["refuse", "allow"] = "refuse"

    def __post_init__(self) -> None:
        _ = self.limits  # which are amounts of money, or refused here
        if not isinstance(self.currency, str) or not (
            self.currency.isascii()
            and self.currency.isalpha()
            and self.currency.isupper()
            and len(self.currency) == _CURRENCY_LETTERS
        ):
            raise ConfigurationError(
                f"budget: currency={self.currency!r} must be three capital letters, such as 'USD'"
            )
        if self.unknown not in {"refuse", "allow"}:
            raise ConfigurationError(f"budget: unknown={self.unknown!r} must be 'refuse' or 'allow'")

    @classmethod
    def of_table(cls, table: Mapping[str, Any]) -> Budget:
        """Return what a configuration file says.

        Args:
            table: Its table ``[budget]``.

        Raises:
            ConfigurationError: It says something else than a budget can.
        """
        for name in table:
            if name not in _KEYS:
                raise ConfigurationError(f"budget: there is no {name!r}; it has {', '.join(_KEYS)}")
        return cls(**table)

    @property
    def limits(self) -> dict[str, Decimal]:
        """Each limit that binds, by its name."""
        given = ((name, getattr(self, name)) for name in LIMITS)
        return {name: _amount(name, value) for name, value in given if value is not None}

    def over(self, other: Budget | None) -> Budget:
        """Return both together: a limit of this one wins, and one that it leaves out is the other's.

        ``currency`` and ``unknown`` are this one's.

        Args:
            other: What the configuration file says.

        Raises:
            ConfigurationError: They are in different currencies.
        """
        theirs = {} if other is None else other.limits
        left_out: dict[str, Any] = {name: theirs[name] for name in theirs if getattr(self, name) is None}
        if other is None or not left_out:
            return self
        if not self.limits:
            return replace(other, unknown=self.unknown)
        if other.currency != self.currency:
            raise ConfigurationError(
                f"budget: the client's is in {self.currency} and that of the configuration file in {other.currency}; "
                "write both in one currency"
            )
        return replace(self, **left_out)


def _amount(name: str, value: Any) -> Decimal:
    try:
        return amount_of(value)
    except ValueError as error:
        raise ConfigurationError(f"budget: {name} {error}") from None
