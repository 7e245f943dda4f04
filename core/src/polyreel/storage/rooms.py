"""Whether a disk can hold the films that are under way, asked before another one is paid for."""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from polyreel.clock import Clock
from polyreel.errors import Problem

__all__ = ["Room", "expected_bytes"]

BITS_PER_PIXEL: Final = 0.25
"""Of a compressed film, for each pixel of each frame. Streaming services send about 0.1 as H.264, and vendors deliver for
further editing: what is expected here is rather too much than too little."""

FRAMES: Final = 30.0  # a second; most models make 24
LONGEST: Final = 10.0  # seconds, where a model has no such parameter
LARGEST: Final = 1920 * 1080  # pixels, where a model has no such parameter
LEAST: Final = 1024 * 1024  # bytes; no film is expected to be smaller

_SIZE: Final = re.compile(r"(\d{2,5})\s*[x:*\u00d7]\s*(\d{2,5})")
_LINES: Final = re.compile(r"(\d{3,4})p")
_WIDE: Final[Mapping[str, int]] = {"2k": 2560 * 1440, "4k": 3840 * 2160, "8k": 7680 * 4320}


COUNTED_EVERY: Final = 1.0
"""Seconds: between two counts, each request that is let in is counted by itself."""


class Room:
    """Compares a disk's free space with what is under way.

    Args:
        unfinished: Returns how many jobs still need a step; blocking.
        clock: Tells when to count again.
    """

    def __init__(self, *, unfinished: Callable[[], int], clock: Clock) -> None:
        self.unfinished = unfinished
        self.clock = clock
        self._count = 0
        self._until = -math.inf

    def problem(self, folder: Path, film_bytes: int) -> Problem | None:
        """Return why another film should not be asked for now; ``None`` when its disk has room for all of them.

        Every unfinished job counts as large as this one, and on the same disk: what else is known of them would have to
        be read for each of them.

        Args:
            folder: Where the film is to go; it need not be there yet.
            film_bytes: How large all films of the request may become.
        """
        if self.clock.steady() >= self._until:
            self._count, self._until = self.unfinished(), self.clock.steady() + COUNTED_EVERY
        waiting = self._count + 1
        free = _free(folder)
        if free is None or free >= waiting * film_bytes:
            self._count = waiting
            return None
        return Problem(
            parameter="output",
            message=(
                f"the disk of {folder} has {free:,} bytes free, and the {waiting:,} films that are under way may take "
                f"{waiting * film_bytes:,}; nothing was sent. Free some space, wait until some of them are here "
                "('polyreel jobs list'), or name a folder on another disk (output=, --output)"
            ),
        )


def expected_bytes(parameters: Mapping[str, Any]) -> int:
    """Return how large the films of a request may become together.

    Args:
        parameters: Its parameters under their unified names.
    """
    seconds = _number(parameters.get("duration"), LONGEST)
    frames = _number(parameters.get("fps"), FRAMES)
    count = max(int(_number(parameters.get("n"), 1.0)), 1)
    size = seconds * frames * _pixels(parameters) * BITS_PER_PIXEL / 8
    return count * max(int(size), LEAST)


def _number(value: Any, otherwise: float) -> float:
    with suppress(TypeError, ValueError):
        found = float(value)
        if 0 < found < 100_000:  # noqa: PLR2004  beyond any film, infinity and no number too
            return found
    return otherwise


def _pixels(parameters: Mapping[str, Any]) -> int:
    for name in ("size", "resolution"):
        text = str(parameters.get(name, "")).lower()
        if size := _SIZE.search(text):
            return int(size[1]) * int(size[2])
        if lines := _LINES.search(text):
            return int(lines[1]) ** 2 * 16 // 9
        if text in _WIDE:
            return _WIDE[text]
    return LARGEST


def _free(folder: Path) -> int | None:
    for place in (folder, *folder.parents):
        with suppress(OSError):
            return shutil.disk_usage(place).free
    return None
