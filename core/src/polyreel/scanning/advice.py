"""Which model is asked instead: the one that was chosen, or the living one at which most of a request survives."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from polyreel.documents.document import ModelDocument
from polyreel.errors import ConfigurationError, InvalidRequest, ModelNotFound
from polyreel.replacements import Mover
from polyreel.scanning.replacements import Request

if TYPE_CHECKING:
    from polyreel.requests import Desk

__all__ = ["Adviser"]


@dataclass(frozen=True, kw_only=True)
class Adviser:
    """Advises another model for each request.

    Attributes:
        desk: Knows the models, as this machine offers them.
        day: The day that counts.
        target: The model that is always advised; ``None`` for the best.
    """

    desk: Desk
    day: date
    target: str | None = None
    _known: dict[str, tuple[ModelDocument, str] | None] = field(default_factory=dict, init=False, repr=False)

    def __call__(self, request: Request) -> tuple[ModelDocument, str] | None:
        """Return the document of a model and how it is named; ``None`` when no living model can take the request."""
        if self.target is not None:
            return self.desk.model(self.target)[2], self.target
        source = request.asked.document
        if source is None:
            return None
        key = f"{source.reference} {dict(request.given)!r}"
        if key not in self._known:  # a project asks for the same again and again
            self._known[key] = self._best(source, request)
        return self._known[key]

    def _best(self, source: ModelDocument, request: Request) -> tuple[ModelDocument, str] | None:
        best = Mover(desk=self.desk).best(source.reference, request.given, self.day)
        if not best:
            return None
        _, _, document = self.desk.model(best[0].target)
        return document, self._name(document)

    def _name(self, document: ModelDocument) -> str:
        """Return the shortest name that chooses a document on this machine."""
        try:
            usual = self.desk.model(document.id)[2].reference
        except (ConfigurationError, InvalidRequest, ModelNotFound):
            usual = ""
        return document.id if usual == document.reference else document.reference
