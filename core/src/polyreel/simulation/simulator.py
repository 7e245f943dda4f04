"""What every simulator is: a server as a function, with a clock, a ledger of charges and a memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from polyreel.clock import Clock, SystemClock
from polyreel.http import Request, Response
from polyreel.simulation.charges import Charges
from polyreel.simulation.films import FilmSpec, render_film, render_spritesheet, render_thumbnail

__all__ = ["FilmStudio", "Simulator", "Stage"]


@dataclass(frozen=True, kw_only=True)
class FilmStudio:
    """Makes the films; a test may hand in something quicker.

    Attributes:
        film: MP4 bytes of a specification.
        thumbnail: WebP bytes.
        spritesheet: JPEG bytes.
    """

    film: Callable[[FilmSpec], bytes] = render_film
    thumbnail: Callable[[FilmSpec], bytes] = render_thumbnail
    spritesheet: Callable[[FilmSpec], bytes] = render_spritesheet


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What a simulator plays on.

    Attributes:
        clock: Its time; with a virtual clock an hour passes at once.
        charges: What it would have billed.
        studio: Makes the films.
        state: Its memory: JSON only, so that it outlives the process when it is kept.
        render_seconds: How long a film takes on the clock.
    """

    clock: Clock = field(default_factory=SystemClock)
    charges: Charges = field(default_factory=Charges)
    studio: FilmStudio = field(default_factory=FilmStudio)
    state: dict[str, Any] = field(default_factory=dict)
    render_seconds: float = 3.0


class Simulator(ABC):
    """A provider's wire protocol, answered locally and as strictly as the service answers it.

    Args:
        stage: The clock, the ledger, the films and the memory.
    """

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    #: Where the real service is; the in-process mount answers for this address.
    base_url: str

    #: The settings that a client needs to be accepted, for example ``{"api_key": "sk-simulated"}``.
    settings: dict[str, str]

    @abstractmethod
    def handle(self, request: Request) -> Response:
        """Answer one request.

        Args:
            request: ``url`` is absolute and holds the query; headers have lower-case names; the body is ``content``.
        """
