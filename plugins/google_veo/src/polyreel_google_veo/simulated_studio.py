"""What Gemini Omni makes of a well-formed order: the film, and the video tokens that are paid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from polyreel_google_veo.simulated_buckets import Buckets, split_address
from polyreel_google_veo.simulated_errors import InteractionError, Refused
from polyreel_google_veo.simulated_files import Files
from polyreel_google_veo.simulated_films import Film, FilmShelf
from polyreel_google_veo.simulated_inputs import (
    OMNI_IMAGE_TYPES,
    Source,
    checked_clip,
    checked_picture,
    resolution_of,
)
from polyreel_google_veo.simulated_interaction_orders import InteractionOrder
from polyreel_google_veo.simulated_models import DEVELOPER, OMNI_TOKENS, SIZES

__all__ = ["Studio", "Work"]

_DEFAULT: Final = 8.0  # seconds: an assumption
_RESOLUTION: Final = (
    "720p"  # of what is made of a film of another shape: that Omni takes any is an assumption
)
_LONGEST: Final = 40.0  # seconds of an extended film (sheet, section 8, limits)


@dataclass(frozen=True, kw_only=True)
class Work:
    """What an order comes to.

    Attributes:
        film: The film.
        tokens: Video tokens that are paid: of an extension those of the seconds that it adds.
    """

    film: Film
    tokens: int


class Studio:
    """Gemini Omni on both surfaces.

    Args:
        shelf: Keeps pictures and knows films.
        buckets: Where Vertex finds inputs.
        files: Where the developer API finds them.
    """

    def __init__(self, *, shelf: FilmShelf, buckets: Buckets, files: Files) -> None:
        self._shelf = shelf
        self._buckets = buckets
        self._files = files

    def work(self, order: InteractionOrder, previous: Film | None, *, restricted: bool) -> Work:
        """Return what comes of an order.

        Args:
            order: Well-formed.
            previous: The film of the interaction that it goes on from.
            restricted: Whether the caller is where films that are brought along cannot be used (EEA, CH, UK).

        Raises:
            InteractionError: An input cannot be used.
        """
        try:
            return self._work(order, previous, restricted=restricted)
        except Refused as refused:
            raise InteractionError(refused.message) from None

    def _work(self, order: InteractionOrder, previous: Film | None, *, restricted: bool) -> Work:
        pictures = [
            checked_picture(self._bytes(order, source), OMNI_IMAGE_TYPES) for source in order.pictures
        ]
        source = previous
        if order.film is not None:
            source = self._brought(order, order.film, restricted=restricted)
        if source is not None:
            return _of_a_film(order, source)
        still = self._shelf.keep_still(pictures[0] if pictures else None)
        resolution = order.resolution or "720p"
        film = Film(
            model=order.model.id,
            prompt=order.prompt,
            width=0,
            height=0,
            seconds=float(order.seconds or _DEFAULT),
            audio=True,
            resolution=resolution,
            caption="" if order.task == "text_to_video" else order.task,
            still=still,
            seed=order.seed,
            omni=True,
        )
        film = _sized(film, resolution, upright=order.aspect_ratio == "9:16")
        return Work(film=film, tokens=_tokens(film, film.seconds))

    def _bytes(self, order: InteractionOrder, source: Source) -> bytes:
        if source.content is not None:
            return source.content
        uri = source.uri or ""
        if order.surface == DEVELOPER:
            # Only films are files here: the double has no upload of files.
            raise Refused(f"The file {uri[:200]} is no image that can be used.")
        if split_address(uri) is None:
            raise Refused(f"On Vertex AI a uri of the input must be a gs:// address, but was {uri[:200]}.")
        return self._buckets.read(uri)

    def _brought(self, order: InteractionOrder, source: Source, *, restricted: bool) -> Film:
        """Return the film of the input as something to go on from."""
        own = self._files.film_id_at(source.uri) if source.uri and order.surface == DEVELOPER else None
        if own is not None:
            return self._shelf.find(own)
        if restricted:
            raise Refused("Uploaded videos cannot be used in your region.")
        if source.uri and order.surface == DEVELOPER:
            raise Refused(f"The file {source.uri[:200]} was not found.", code=5)
        clip = checked_clip(self._bytes(order, source), longest=None)
        resolution = resolution_of(clip.width, clip.height) or _RESOLUTION
        return Film(
            model=order.model.id,
            prompt=order.prompt,
            width=clip.width,
            height=clip.height,
            seconds=clip.seconds,
            audio=True,
            resolution=resolution,
        )


def _of_a_film(order: InteractionOrder, source: Film) -> Work:
    added = float(order.seconds or _DEFAULT)
    lengths = {"extend": source.seconds + added, "edit": float(order.seconds or source.seconds)}
    seconds = lengths.get(order.task, source.seconds)
    resolution = order.resolution or source.resolution
    if order.task == "extend" and seconds > _LONGEST:
        raise Refused(f"An extended video has at most {_LONGEST:g} seconds, but this would have {seconds:g}.")
    made = replace(
        source,
        model=order.model.id,
        prompt=order.prompt or source.prompt,
        seconds=seconds,
        audio=True,
        resolution=resolution,
        caption=order.task,
        seed=order.seed,
        omni=True,
    )
    film = _sized(made, resolution, upright=source.height > source.width)
    return Work(film=film, tokens=_tokens(film, added if order.task == "extend" else seconds))


def _sized(film: Film, resolution: str, *, upright: bool) -> Film:
    width, height = SIZES[resolution]
    return replace(film, width=height, height=width) if upright else replace(film, width=width, height=height)


def _tokens(film: Film, seconds: float) -> int:
    return round(OMNI_TOKENS[film.resolution] * seconds)
