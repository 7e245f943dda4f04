"""Requests that ask for a film: what is sent where, for Veo and for Omni, on either surface.

Bodies are those that Google's own SDK was recorded with: fact sheet on Google, sections 7.1, 7.2 and 8 (2026-11-23).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from polyreel.parameters.native import merged, native_body
from polyreel.types.media import MediaRef
from polyreel.types.task import Task

from polyreel_google_veo.media import content, film_source, is_interaction, picture
from polyreel_google_veo.surfaces import Place, place_of

__all__ = ["Submission", "submission", "task_word"]

_PLACED_HERE: Final = (
    "input_image",
    "last_frame",
    "reference_images",
    "reference_image",
    "video",
    "google_mask",
)
_SHAPE: Final = frozenset({"duration", "aspect_ratio", "resolution"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """A request that asks for a film.

    Attributes:
        place: The model and where it is asked for.
        json: The body.
    """

    place: Place
    json: dict[str, Any]


def submission(task: Task) -> Submission:
    """Return the request for a task."""
    place = place_of(task.settings, task.native_model)
    body = (
        _operation_body(task, place.surface)
        if place.kind == "operation"
        else _interaction_body(task, place.surface)
    )
    return Submission(place=place, json=merged(body, task.native))


def task_word(parameters: Mapping[str, Any]) -> str | None:
    """Return what Omni is to do: what the caller says, or what the pictures are for.

    A picture alone may be a first frame or a reference; here the parameter says which, so the word is sent. For words
    alone, and for a film, Google infers it.
    """
    named: str | None = parameters.get("google_task")
    if named or "video" in parameters:
        return named
    if "reference_images" in parameters:
        return "reference_to_video"
    return "image_to_video" if "input_image" in parameters else None


def _operation_body(task: Task, surface: str) -> dict[str, Any]:
    given = task.parameters
    body = native_body(task.document, _placed(task), without=_PLACED_HERE)
    instance: dict[str, Any] = body.setdefault("instances", [{}])[0]
    if "input_image" in given:
        instance["image"] = picture(given["input_image"])
    if "last_frame" in given:
        instance["lastFrame"] = picture(given["last_frame"])
    references = [("ASSET", image) for image in given.get("reference_images", ())]
    if "reference_image" in given:
        references.append(("STYLE", given["reference_image"]))
    if references:
        instance["referenceImages"] = [
            {"image": picture(image), "referenceType": word} for word, image in references
        ]
    if "video" in given:
        instance["video"] = film_source(given["video"], surface)
    if "google_mask" in given:
        instance["mask"] = {**picture(given["google_mask"]), **instance.get("mask", {})}
    return body


def _interaction_body(task: Task, surface: str) -> dict[str, Any]:
    given = task.parameters
    placed = native_body(task.document, _placed(task), without=_PLACED_HERE)
    body = {
        # Without background Google holds the request open until the film is there; only what it stores can be asked
        # for later.
        "store": True,
        **placed,
        "model": task.native_model,
        "background": True,
        "input": _input(task),
        "response_format": _response_format(placed.get("response_format", {}), surface),
    }
    word = task_word(given)
    if word is not None:
        body["generation_config"] = merged(
            placed.get("generation_config", {}), {"video_config": {"task": word}}
        )
    source = given.get("video")
    if isinstance(source, MediaRef) and is_interaction(source):
        body["previous_interaction_id"] = source.id
    return body


def _input(task: Task) -> str | list[dict[str, Any]]:
    given, prompt = task.parameters, str(task.parameters["prompt"])
    pictures = [given[name] for name in ("input_image", "last_frame") if name in given]
    parts = [content(medium, "image") for medium in (*pictures, *given.get("reference_images", ()))]
    source = given.get("video")
    if source is not None and not (isinstance(source, MediaRef) and is_interaction(source)):
        parts.append(content(source, "video"))
    if not parts:
        return prompt
    return [{"type": "user_input", "content": [*parts, {"type": "text", "text": prompt}]}]


def _response_format(placed: Mapping[str, Any], surface: str) -> dict[str, Any]:
    wanted = {"type": "video", **placed}
    duration = wanted.get("duration")
    if isinstance(duration, int | float):
        wanted["duration"] = f"{duration:g}s"  # a bare number is refused
    # Vertex AI gives an address only to what it may put into a bucket.
    wanted["delivery"] = "inline" if surface == "vertex" and "gcs_uri" not in wanted else "uri"
    return wanted


def _placed(task: Task) -> dict[str, Any]:
    """The values in the document's order; of a film that is worked from, only the shape that was asked for.

    A default would contradict the source: an extension keeps its shape, and has a length of its own.
    """
    values = {name: task.parameters[name] for name in task.document["properties"] if name in task.parameters}
    if "video" not in values:
        return values
    chosen = task.requested | (_SHAPE - {"duration"} if "size" in task.requested else set())
    return {name: value for name, value in values.items() if name not in _SHAPE or name in chosen}
