"""Whether a model lives, by date: a document turns from fine to a warning to a refusal without a release."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

__all__ = ["Lifecycle", "Source", "Standing"]

NOTICE = timedelta(days=90)
"""So long before its end a model is used with a warning even if its vendor did not announce the end."""


class Standing(StrEnum):
    """Where a model stands on a day."""

    LIVING = "living"
    ENDING = "ending"
    RETIRED = "retired"


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where a fact was read.

    Attributes:
        url: The page.
        seen: The date on which it was read, ``YYYY-MM-DD``.
        fact: What it says.
    """

    url: str
    seen: str
    fact: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lifecycle:
    """The dates of a model, as its document has them.

    Attributes:
        stage: The vendor's word: ``preview``, ``ga``, ``deprecated`` or ``retired``.
        released: First day.
        deprecated_on: The day on which the end was announced.
        retires_on: The first day on which it no longer answers.
        replaced_by: What the vendor names instead.
        alternatives: What polyreel advises instead.
        sources: Where this was read.
    """

    stage: str
    released: date | None = None
    deprecated_on: date | None = None
    retires_on: date | None = None
    replaced_by: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()

    def standing(self, today: date) -> Standing:
        """Return where the model stands on ``today``; only dates count, never the stage alone."""
        if self.retires_on is None:
            return Standing.LIVING
        if today >= self.retires_on:
            return Standing.RETIRED
        announced = self.deprecated_on is not None and today >= self.deprecated_on
        return Standing.ENDING if announced or self.retires_on - today <= NOTICE else Standing.LIVING

    def days_left(self, today: date) -> int | None:
        """Return the number of days until it ends; negative when it has, ``None`` when no end is known."""
        return None if self.retires_on is None else (self.retires_on - today).days

    @property
    def advice(self) -> tuple[str, ...]:
        """What to use instead: the vendor's own replacements, else polyreel's advice."""
        return self.replaced_by or self.alternatives
