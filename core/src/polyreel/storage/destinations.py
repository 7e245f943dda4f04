"""Whether a film could be put where it is to go, found out before it is paid for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from polyreel.clock import Clock
from polyreel.errors import Problem, StorageFailed
from polyreel.storage.files import destination_problem
from polyreel.types.location import Location

__all__ = ["Destinations"]

_REMEMBERED: Final = 60.0  # seconds; a thousand jobs for one folder do not ask its store a thousand times


@dataclass(frozen=True, kw_only=True)
class Destinations:
    """Looks at the places that films are to go to. Its methods block.

    Attributes:
        clock: Tells for how long an answer is remembered.
    """

    clock: Clock
    _admitted: dict[Location, float] = field(default_factory=dict, repr=False)

    def problem(self, where: Path | Location, *, overwrite: bool) -> Problem | None:
        """Return why a film could not be put somewhere; ``None`` when it could.

        In an object store this writes a few words beside the film's place: only a put proves the right to put.

        Args:
            where: The film's place.
            overwrite: Whether what is there may be replaced.

        Raises:
            ConfigurationError: What speaks to object stores is not installed, or the store has no conditional writes.
        """
        if isinstance(where, Path):
            return destination_problem(where, overwrite=overwrite)
        if not where.key:
            return _problem(f"{where} is a bucket; name the film: {where / 'film.mp4'}")
        from polyreel.storage.objects import Bucket

        bucket = Bucket.at(where)
        try:
            if not self._is_admitted(where.parent):
                bucket.admit(where.parent.key)
                self._admitted[where.parent] = self.clock.steady() + _REMEMBERED
            taken = not overwrite and bucket.has(where.key)
        except StorageFailed as error:
            return _problem(str(error))
        if taken:
            return _problem(
                f"{where} exists already; name another object, or pass overwrite=True (--overwrite)"
            )
        return None

    def _is_admitted(self, folder: Location) -> bool:
        return self._admitted.get(folder, 0.0) > self.clock.steady()


def _problem(message: str) -> Problem:
    return Problem(parameter="output", message=message)
