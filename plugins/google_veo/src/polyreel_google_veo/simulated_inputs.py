"""Pictures and films that a request brings along, checked as Google's services do."""

from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from polyreel.media.mp4 import InvalidFilm, read_facts
from polyreel.media.sniffing import is_truncated, sniff

from polyreel_google_veo.simulated_errors import Refused
from polyreel_google_veo.simulated_models import SIZES

__all__ = [
    "IMAGE_TYPES",
    "OMNI_IMAGE_TYPES",
    "Clip",
    "Source",
    "checked_clip",
    "checked_picture",
    "resolution_of",
]

#: What models take as a picture (cards of the Veo models).
IMAGE_TYPES: Final = ("image/jpeg", "image/png")

#: What Gemini Omni takes (card of its preview, read on 2026-11-24).
OMNI_IMAGE_TYPES: Final = (*IMAGE_TYPES, "image/webp")

_MAX_IMAGE: Final = 20 * 2**20  # bytes: the cards say 20 MB
_FPS: Final = 24
_FPS_TOLERANCE: Final = 0.1  # 23.976 counts as 24
_TOLERANCE: Final = 0.1  # seconds: a film has a whole number of frames, its sound a whole number of packets


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the bytes of an input are: exactly one of the members is set.

    Attributes:
        content: In the request itself.
        uri: ``gs://…``, or the address of a file.
    """

    content: bytes | None = None
    uri: str | None = None


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A film that was brought along.

    Attributes:
        width: Pixels.
        height: Pixels.
        seconds: Its length.
        audio: Whether it has sound.
    """

    width: int
    height: int
    seconds: float
    audio: bool


def checked_picture(data: bytes, types: Collection[str] = IMAGE_TYPES) -> bytes:
    """Return a picture: of one of ``types``, whole, of at most 20 MB.

    Only what the bytes are counts, not the media type that is said beside them. The texts are ours.

    Args:
        data: The file.
        types: The media types that are taken.

    Raises:
        Refused: It cannot be used.
    """
    if len(data) > _MAX_IMAGE:
        raise Refused(f"The input image is too large: {len(data)} bytes; at most {_MAX_IMAGE} are supported.")
    media_type = sniff(data)
    if media_type is None or media_type not in types or is_truncated(data, media_type):
        named = ", ".join(types)
        raise Refused(f"Unable to process input image: it is none of {named}, or it is incomplete.")
    return data


def resolution_of(width: int, height: int) -> str | None:
    """Return the name of a size of 16:9 or 9:16, ``None`` when no model makes it.

    Args:
        width: Pixels.
        height: Pixels.
    """
    size = (max(width, height), min(width, height))
    return next((name for name, pixels in SIZES.items() if pixels == size), None)


def checked_clip(data: bytes, *, longest: float | None) -> Clip:
    """Return the facts of a film: MP4, whole; to be extended by Veo 24 frames a second and 1 to 30 seconds.

    Veo's input must be 720p, 1080p or 4k (page "extend videos"); that is :func:`resolution_of`'s to say. Texts are ours.

    Args:
        data: The file.
        longest: Seconds for a Veo input, ``None`` where no limits are known.

    Raises:
        Refused: It cannot be used.
    """
    try:
        facts = read_facts(io.BytesIO(data))
    except InvalidFilm as problem:
        raise Refused(f"Unable to process input video: {problem}") from None
    seconds = facts.duration or 0.0
    if longest is not None:
        if abs((facts.fps or 0.0) - _FPS) > _FPS_TOLERANCE:
            raise Refused(f"The input video must have {_FPS} frames per second, but has {facts.fps or 0:g}.")
        if not 1 - _TOLERANCE <= seconds <= longest + _TOLERANCE:
            raise Refused(
                f"The input video must be between 1 and {longest:g} seconds long, but is {seconds:.1f}."
            )
    return Clip(
        width=facts.width or 0,
        height=facts.height or 0,
        seconds=float(max(round(seconds), 1)),  # what is made of the shortest film still has a length
        audio=facts.has_audio,
    )
