"""Pictures and clips that a request to the simulated ``/v1/videos`` brings along, checked as the service did."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

from polyreel.http import Part
from polyreel.media.data_uri import parse_data_uri
from polyreel.media.mp4 import FilmFacts, InvalidFilm, read_facts
from polyreel.media.sniffing import image_size, is_truncated, sniff
from polyreel.redaction import without_query
from polyreel.simulation.films import FilmSpec

from polyreel_openai_sora import simulated_errors as errors
from polyreel_openai_sora.simulated_bodies import Body

__all__ = ["Clip", "character_clip", "input_image", "uploaded_clip"]

IMAGE_TYPES: Final = ("image/jpeg", "image/png", "image/webp")
CLIP_TYPES: Final = ("video/mp4",)

_MAX_IMAGE_URL = 20_971_520  # characters: openapi.yaml (f85dbe2)
_LONGEST_CLIP = 120  # seconds: no film of the service was longer (guide, August 2026)
_CHARACTER_SECONDS = (2.0, 4.0)
_CHARACTER_SIDE = (720, 1080)
_TOLERANCE = 0.05  # seconds: a film has a whole number of frames, its sound a whole number of packets


@dataclass(frozen=True, kw_only=True)
class Clip:
    """An uploaded film.

    Attributes:
        filename: As the client called it.
        size: Pixels, ``1280x720``.
        seconds: Its length, rounded.
    """

    filename: str
    size: str
    seconds: int


def input_image(body: Body, size: str) -> bytes | None:
    """Return the image that ``input_reference`` gives, ``None`` when there is none.

    JPEG, PNG or WebP whose pixels equal ``size`` exactly (MicrosoftLearning/mslearn-ai-vision pull 78). It is a
    file part with an image's media type, or an object with exactly one of ``image_url`` and ``file_id``.

    Args:
        body: The request.
        size: The size that is asked for.
    """
    name = "input_reference"
    part = body.file(name, IMAGE_TYPES)
    if part is not None:
        return _checked_image(name, _bytes(part), size)
    reference = body.reference(name, ("image_url", "file_id"))
    if reference is None:
        return None
    if len(reference) != 1:
        raise errors.ApiError(
            message=f"Invalid value for '{name}': expected exactly one of 'image_url' or 'file_id'.",
            param=name,
            code="invalid_value",
        )
    if "file_id" in reference:
        raise errors.file_not_found(f"{name}.file_id", reference["file_id"])
    return _checked_image(name, _image_at(f"{name}.image_url", reference["image_url"]), size)


def _image_at(name: str, address: str) -> bytes:
    if len(address) > _MAX_IMAGE_URL:
        raise errors.string_too_long(name, _MAX_IMAGE_URL, len(address))
    if address[:5].lower() != "data:":
        raise errors.image_not_fetched(name, without_query(address)[:200])
    try:
        data, media_type = parse_data_uri(address, max_bytes=_MAX_IMAGE_URL)
    except ValueError as problem:
        raise errors.ApiError(
            message=f"Invalid value for '{name}': {problem}", param=name, code="invalid_image_url"
        ) from None
    if media_type not in IMAGE_TYPES:
        raise errors.unsupported_mimetype(name, media_type, IMAGE_TYPES)
    return data


def _checked_image(name: str, data: bytes, size: str) -> bytes:
    media_type = sniff(data)
    pixels = image_size(data)
    if media_type not in IMAGE_TYPES or pixels is None or is_truncated(data, media_type):
        raise errors.invalid_image(name)
    if f"{pixels[0]}x{pixels[1]}" != size:
        raise errors.image_of_other_size()
    return data


def uploaded_clip(body: Body) -> Clip | None:
    """Return the film that is uploaded as ``video``, ``None`` when the field is not a file.

    An MP4 of a size that can be filmed here; more is not documented. The guide lets only approved customers edit
    uploaded films: the simulated account is one.

    Args:
        body: The request.
    """
    part = body.file("video", CLIP_TYPES)
    if part is None:
        return None
    facts = _facts(part)
    width, height, seconds = facts.width or 0, facts.height or 0, max(1, round(facts.duration or 0.0))
    if seconds > _LONGEST_CLIP:
        raise errors.invalid_clip("video", f"it must not be longer than {_LONGEST_CLIP} seconds.")
    try:
        FilmSpec(model="upload", prompt="", width=width, height=height, duration=seconds)
    except ValueError as problem:
        raise errors.invalid_clip("video", f"{problem}.") from None
    return Clip(filename=part.filename or "video", size=f"{width}x{height}", seconds=seconds)


def character_clip(body: Body) -> None:
    """Check the film of a character: MP4, 2 to 4 seconds, 16:9 or 9:16, 720p to 1080p (guide, August 2026).

    Args:
        body: The request.
    """
    part = body.file("video", CLIP_TYPES)
    if part is None:
        if "video" not in body.fields:
            raise errors.missing_parameter("video")
        raise errors.invalid_type("video", "a file", body.fields["video"])
    facts = _facts(part)
    shortest, longest = _CHARACTER_SECONDS
    if not shortest - _TOLERANCE <= (facts.duration or 0.0) <= longest + _TOLERANCE:
        raise errors.invalid_clip("video", "a character needs between 2 and 4 seconds.")
    sides = sorted((facts.width or 0, facts.height or 0))
    if not _CHARACTER_SIDE[0] <= sides[0] <= _CHARACTER_SIDE[1] or abs(sides[1] - sides[0] * 16 / 9) > 1:
        raise errors.invalid_clip("video", "a character needs 16:9 or 9:16 with 720p to 1080p.")


def _facts(part: Part) -> FilmFacts:
    try:
        return read_facts(io.BytesIO(_bytes(part)))
    except InvalidFilm as problem:
        raise errors.invalid_clip("video", str(problem)) from None


def _bytes(part: Part) -> bytes:
    return part.content.encode() if isinstance(part.content, str) else part.content
