"""What a rule sees, what it is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TypeAlias

from polyreel.documents.document import ModelDocument
from polyreel.documents.lint.requests import Requests

__all__ = ["Case", "Finding", "Place", "Rule", "day", "full_id"]

Place: TypeAlias = tuple[str, str]
"""Where something is wrong in a document, as a JSON Pointer, and the sentence about it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that is wrong with one document.

    Attributes:
        rule: The id of the rule: ``"default-valid"``.
        document: The id of the document, with its surface: ``"acme/film-1@cloud"``.
        where: The place in the document, as a JSON Pointer; empty for the whole.
        message: What is wrong, and what to do.
        origin: Where the document came from: a provider or a file.
    """

    rule: str
    document: str
    where: str
    message: str
    origin: str = ""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One document that is looked at, and what is known around it.

    Attributes:
        document: The document; the meta-schema accepts it.
        today: The day that counts as today.
        known: The ids of all models that exist, without their surfaces; ``None`` when nobody knows them.
        others: The other documents of the same set.
    """

    document: ModelDocument
    today: date
    known: frozenset[str] | None = None
    others: tuple[ModelDocument, ...] = ()

    @cached_property
    def requests(self) -> Requests:
        """The requests that the document takes."""
        return Requests(self.document)

    @cached_property
    def newest_reading(self) -> date:
        """The last day on which one of the facts about the model was read."""
        seen = (day(source.seen) for source in self.document.lifecycle.sources)
        return max((read for read in seen if read is not None), default=self.today)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One demand on documents.

    Attributes:
        id: Its name, in words with hyphens.
        demand: A sentence that says what it demands.
        check: Finds what is wrong.
    """

    id: str
    demand: str
    check: Callable[[Case], Iterable[Place]]


def day(text: object) -> date | None:
    """Return a date, or ``None`` for what is no day of the calendar."""
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None


def full_id(document: ModelDocument) -> str:
    """Return a document's id with its surface, as well as it can be told."""
    facts = document.json.get("x-model")
    if not isinstance(facts, dict) or not {"provider", "native_id"} <= set(facts):
        return str(document.json.get("$id", document.origin))
    return f"{document.id}@{document.surface}" if document.surface else document.id
