"""What is wrong with a request beyond what its document can say: pictures, sources, and what the server has.

Limits: fact sheet on the OpenAI Videos API, section 2 (2026-11-23), each from OpenAI's guide or API description.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any, Final

from polyreel.errors import Problem
from polyreel.types.media import Media, MediaRef
from polyreel.types.task import Task

from polyreel_openai_sora.profiles import Operation, Profile
from polyreel_openai_sora.wire import data_url_length, needs_json, operation_of

__all__ = ["problems"]

MAX_DATA_URL: Final = 20_971_520  # characters; OpenAI's API description, image_url of input_reference
CLIP_SECONDS: Final = (2.0, 4.0)
CLIP_SIDES: Final = (720, 1080)
_TOLERANCE: Final = 0.1  # a "4 s" clip ends with its last frame, not exactly at 4 s
_KEPT_FROM_SOURCE: Final[Mapping[Operation, tuple[str, ...]]] = {
    "create": (),
    "edit": ("duration", "size", "aspect_ratio", "resolution"),
    "remix": ("duration", "size", "aspect_ratio", "resolution"),
    "extend": ("size", "aspect_ratio", "resolution"),
}
_NOUNS: Final[Mapping[Operation, str]] = {
    "create": "a new film",
    "edit": "an edit",
    "remix": "a remix",
    "extend": "an extension",
}


def problems(task: Task, profile: Profile) -> Iterator[Problem]:
    """Yield everything that is wrong with a task, in the order in which it should be read."""
    operation = operation_of(task)
    if operation not in profile.operations:
        yield _missing_operation(operation, profile)
    elif operation == "create":
        yield from _limits(task, profile)
        yield from _image(task, profile)
        yield from _characters(task, profile)
    else:
        yield from _source(task, operation)


def _missing_operation(operation: Operation, profile: Profile) -> Problem:
    offered = sorted(profile.operations - {"create"})
    return Problem(
        parameter="openai_operation",
        message=(
            f"this server's profile {profile.name!r} has no {operation}; it has "
            f"{' and '.join(offered) if offered else 'only new films'}. If your server is another one, say so "
            "with the setting 'profile'"
        ),
        value=operation,
        allowed=tuple(offered),
        suggestion=offered[0] if offered else None,
    )


def _limits(task: Task, profile: Profile) -> Iterator[Problem]:
    for name, allowed in (("duration", profile.durations), ("size", profile.sizes)):
        value = task.parameters.get(name)
        if allowed is not None and value is not None and value not in allowed:
            yield Problem(
                parameter=name,
                message=(
                    f"{value!r} is not offered by this server's profile {profile.name!r}; "
                    f"allowed: {', '.join(map(str, allowed))}"
                ),
                value=value,
                allowed=allowed,
                suggestion=_nearest(value, allowed),
            )


def _nearest(value: Any, allowed: tuple[Any, ...]) -> Any:
    if isinstance(value, int | float):
        return min(allowed, key=lambda option: abs(option - value))
    return allowed[0]


def _source(task: Task, operation: Operation) -> Iterator[Problem]:
    for name in _KEPT_FROM_SOURCE[operation]:
        if name in task.requested:
            yield Problem(
                parameter=name,
                message=f"{_NOUNS[operation]} keeps the {name} of its source; leave it out",
                value=task.parameters.get(name),
            )
    source = task.parameters.get("video")
    if operation == "remix" and isinstance(source, Media):
        yield Problem(
            parameter="video",
            message="a remix needs an earlier film of this server, by its id; to change a file use "
            "openai_operation='edit'",
        )
    if isinstance(source, MediaRef) and not source.id:
        yield Problem(
            parameter="video",
            message="the server does not fetch a film from an address; give a file, or the id of an earlier film",
        )


def _image(task: Task, profile: Profile) -> Iterator[Problem]:
    image = task.parameters.get("input_image")
    if isinstance(image, MediaRef):
        yield from _image_reference(image, profile)
    elif isinstance(image, Media):
        yield from _image_file(image, task, profile)


def _image_reference(image: MediaRef, profile: Profile) -> Iterator[Problem]:
    if image.id and not profile.file_ids:
        yield Problem(
            parameter="input_image",
            message=f"this server's profile {profile.name!r} does not know files by their id; give the file",
        )
    elif not image.id and profile.image_url is None:
        yield Problem(
            parameter="input_image",
            message=f"this server's profile {profile.name!r} does not fetch a picture from an address; "
            + ("download it and give its path" if profile.images else "see its own fields for media"),
        )


def _image_file(image: Media, task: Task, profile: Profile) -> Iterator[Problem]:
    in_json = needs_json(task, profile)
    if not profile.images:
        yield Problem(
            parameter="input_image",
            message=f"this server's profile {profile.name!r} has no place for a picture; pass what the model "
            "takes as a native field",
        )
    elif in_json and profile.image_url != "object":
        yield Problem(
            parameter="input_image",
            message=f"this server's profile {profile.name!r} cannot take a picture together with characters",
        )
    elif in_json and data_url_length(image) > MAX_DATA_URL:
        yield Problem(
            parameter="input_image",
            message=f"as text it has {data_url_length(image):,} characters; at most {MAX_DATA_URL:,} are taken. "
            "Use a smaller picture",
        )
    yield from _image_pixels(image, task)


def _image_pixels(image: Media, task: Task) -> Iterator[Problem]:
    fit = task.document["properties"].get("input_image", {}).get("x-media", {}).get("fit")
    size = task.parameters.get("size")
    if fit != "size" or not size or image.width is None or image.height is None:
        return
    actual = f"{image.width}x{image.height}"
    if actual != size:
        yield Problem(
            parameter="input_image",
            message=f"the picture has {actual} pixels and must have exactly those of the film, {size}; "
            "scale or crop it",
            value=actual,
            allowed=(size,),
            suggestion=size,
        )


def _characters(task: Task, profile: Profile) -> Iterator[Problem]:
    given = task.parameters.get("openai_characters") or ()
    if given and not profile.characters:
        yield Problem(
            parameter="openai_characters", message=f"this server's profile {profile.name!r} has no characters"
        )
        return
    prompt = str(task.parameters["prompt"])
    for index, character in enumerate(given):
        name = character.get("name")
        if name and name not in prompt:
            yield Problem(
                parameter=f"openai_characters.{index}.name",
                message=f"{name!r} must occur in the prompt exactly so, or the character does not appear",
                value=name,
            )
        yield from _clip(character.get("video"), f"openai_characters.{index}.video")


def _clip(clip: Any, parameter: str) -> Iterator[Problem]:
    """OpenAI's guide: an MP4 of 2 to 4 s, 16:9 or 9:16, 720p to 1080p."""
    if isinstance(clip, MediaRef) and not clip.id:
        yield Problem(
            parameter=parameter, message="a character's clip cannot be named by its address; give the file"
        )
    if not isinstance(clip, Media):
        return
    from polyreel.media.mp4 import InvalidFilm, read_facts

    try:
        film = read_facts(io.BytesIO(clip.content))
    except InvalidFilm as problem:
        yield Problem(parameter=parameter, message=str(problem))
        return
    shortest, longest = CLIP_SECONDS
    if film.duration is not None and not shortest - _TOLERANCE <= film.duration <= longest + _TOLERANCE:
        yield Problem(
            parameter=parameter,
            message=f"the clip takes {film.duration:.1f} s; a character needs {shortest:.0f} to {longest:.0f} s",
        )
    if film.width is None or film.height is None:
        return
    short, long = sorted((film.width, film.height))
    # Encoders round a side to an even number, so 16:9 is met to the pixel.
    if not CLIP_SIDES[0] <= short <= CLIP_SIDES[1] or abs(long - short * 16 / 9) > 2:  # noqa: PLR2004
        yield Problem(
            parameter=parameter,
            message=f"the clip has {film.width}x{film.height} pixels; a character needs 16:9 or 9:16 from 720p to 1080p",
        )
