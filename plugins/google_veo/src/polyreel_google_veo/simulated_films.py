"""The films of Google's simulated services: what is remembered of each, and how it is made again when it is read."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections import OrderedDict
from dataclasses import asdict, dataclass
from typing import Any, Final

from polyreel.simulation.films import FilmSpec
from polyreel.simulation.simulator import Stage

__all__ = ["Film", "FilmShelf"]

_MAX_STILL: Final = 8 * 2**20  # bytes: a larger picture is checked, but not kept for the film
_MADE_FILMS: Final = 6  # kept in memory only, so that a film that is read in parts is made once


@dataclass(frozen=True, kw_only=True)
class Film:
    """What is remembered of a film.

    Attributes:
        model: The id of the model.
        prompt: The prompt.
        width: Pixels.
        height: Pixels.
        seconds: Its whole length.
        audio: Whether it has sound.
        resolution: As models name it: ``720p``.
        caption: What it says about its origin.
        still: The name of the picture that it begins with.
        seed: Chooses its looks.
        extensions: How often it was extended.
        omni: Whether Gemini Omni made it, not Veo.
    """

    model: str
    prompt: str
    width: int
    height: int
    seconds: float
    audio: bool
    resolution: str
    caption: str = ""
    still: str | None = None
    seed: int | None = None
    extensions: int = 0
    omni: bool = False

    def dump(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


class FilmShelf:
    """All films of one simulated account, as JSON in the stage's state.

    Args:
        stage: Its state is written, its studio makes the films.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._made: OrderedDict[str, bytes] = OrderedDict()

    @property
    def _films(self) -> dict[str, Any]:
        films: dict[str, Any] = self._stage.state.setdefault("films", {})
        return films

    @property
    def _stills(self) -> dict[str, str]:
        stills: dict[str, str] = self._stage.state.setdefault("stills", {})
        return stills

    def add(self, film: Film) -> str:
        """Remember a film; return its id."""
        film_id = secrets.token_hex(8)
        self._films[film_id] = film.dump()
        return film_id

    def find(self, film_id: str) -> Film:
        """Return a film that was added."""
        return Film(**self._films[film_id])

    def keep_still(self, data: bytes | None) -> str | None:
        """Remember a picture once; return its name, ``None`` when there is none or it is too large to be kept."""
        if data is None or len(data) > _MAX_STILL:
            return None
        name = hashlib.sha256(data).hexdigest()[:32]
        self._stills.setdefault(name, base64.b64encode(data).decode("ascii"))
        return name

    def mp4(self, film_id: str) -> bytes:
        """Return the film's file."""
        if film_id not in self._made:
            self._made[film_id] = self._stage.studio.film(self.spec(film_id))
        self._made.move_to_end(film_id)
        while len(self._made) > _MADE_FILMS:
            self._made.popitem(last=False)
        return self._made[film_id]

    def spec(self, film_id: str) -> FilmSpec:
        """Return what the film shows."""
        film = self.find(film_id)
        return FilmSpec(
            model=f"google/{film.model}",
            prompt=film.prompt,
            width=film.width,
            height=film.height,
            duration=film.seconds,
            fps=24,  # all cards
            audio=film.audio,
            caption=film.caption,
            still=None if film.still is None else base64.b64decode(self._stills[film.still]),
            seed=film.seed,
        )
