"""How much may be spent: for one job, on one day, for a project, and in all; and from what price on somebody is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

from polyreel.errors import ConfigurationError
from polyreel.types.options import amount_of, label_of

__all__ = ["LIMITS", "Budget", "Money"]

Money: TypeAlias = Decimal | int | float | str
"""An amount as people write it; it is kept exactly as it is written."""

LIMITS: Final = ("per_job", "per_day", "total")
_KEYS: Final = (*LIMITS, "per_project", "ask_above", "currency", "unknown")
_CURRENCY_LETTERS: Final = 3  # ISO 4217


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """Limits that are kept before anything is sent. A limit that is left out does not bind.

    What was spent is read from the books of the job store: what finished jobs cost, and what is held for the others. So
    a limit holds for all clients and processes that share a store.

    Attributes:
        per_job: The most that one job may cost.
        per_day: The most that the jobs of one day may cost; a day begins at midnight UTC.
        total: The most that all jobs of the store may cost together.
        per_project: The most that all jobs of a project may cost together, by its label; other projects are not bound.
        ask_above: A request that costs more, or whose price nobody knows, is sent only when somebody agreed to it: at a
            terminal, which asks; by ``max_cost``, which says what it may cost; or by ``approved=True``. Else it is refused.
        currency: ISO 4217; a job that is priced in another one is refused, since nothing is converted.
        unknown: What a price that nobody knows does: ``"refuse"`` the request, or ``"allow"`` it, uncounted.

    Raises:
        ConfigurationError: One of them cannot be what was given.
    """

    per_job: Money | None = None
    per_day: Money | None = None
    total: Money | None = None
    per_project: Mapping[str, Money] = field(default_factory=dict, hash=False)
    ask_above: Money | None = None
    currency: str = "USD"
    unknown: Literal["refuse", "allow"] = "refuse"

    def __post_init__(self) -> None:
        _ = self.limits, self.threshold  # which are amounts of money, or refused here
        object.__setattr__(self, "per_project", _labelled(self.per_project))
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
        """Each limit for all jobs that binds, by its name."""
        given = ((name, getattr(self, name)) for name in LIMITS)
        return {name: _amount(name, value) for name, value in given if value is not None}

    @property
    def threshold(self) -> Decimal | None:
        """``ask_above`` as an amount; ``None`` when nobody is asked."""
        return None if self.ask_above is None else _amount("ask_above", self.ask_above)

    def binding(self, project: str | None) -> dict[str, Decimal]:
        """Return each limit that binds a job, by its name.

        Args:
            project: The label that the job is made under.
        """
        limit = None if project is None else self.per_project.get(project)
        return self.limits | ({} if limit is None else {"per_project": _amount("per_project", limit)})

    def over(self, other: Budget | None) -> Budget:
        """Return both together: a limit of this one wins, and one that it leaves out is the other's.

        ``currency`` and ``unknown`` are this one's.

        Args:
            other: What the configuration file says.

        Raises:
            ConfigurationError: They are in different currencies.
        """
        if other is None:
            return self
        names = (*LIMITS, "ask_above")
        left_out: dict[str, Any] = {
            name: getattr(other, name) for name in names if getattr(self, name) is None
        }
        left_out = {name: value for name, value in left_out.items() if value is not None}
        projects = {
            label: limit for label, limit in other.per_project.items() if label not in self.per_project
        }
        if not left_out and not projects:
            return self
        if not self.per_project and all(getattr(self, name) is None for name in names):
            return replace(other, unknown=self.unknown)
        if other.currency != self.currency:
            raise ConfigurationError(
                f"budget: the client's is in {self.currency} and that of the configuration file in {other.currency}; "
                "write both in one currency"
            )
        return replace(self, **left_out, per_project={**projects, **self.per_project})


def _labelled(given: Any) -> dict[str, Decimal]:
    """Return the limits of projects, by their labels."""
    if not isinstance(given, Mapping):
        raise ConfigurationError(
            f"budget: per_project={given!r} must give an amount for each label: per_project={{'spots': '50'}}"
        )
    limits = {}
    for label, value in given.items():
        try:
            limits[label_of(label)] = amount_of(value)
        except ValueError as error:
            raise ConfigurationError(f"budget: per_project[{label!r}] {error}") from None
    return limits


def _amount(name: str, value: Any) -> Decimal:
    try:
        return amount_of(value)
    except ValueError as error:
        raise ConfigurationError(f"budget: {name} {error}") from None
