"""What may be ordered from the simulated ``/v1/videos``: the rules for each body that makes a film."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from polyreel.http import Part

from polyreel_openai_sora import simulated_errors as errors
from polyreel_openai_sora.simulated_bodies import JSON, MULTIPART, Body
from polyreel_openai_sora.simulated_inputs import input_image, uploaded_clip
from polyreel_openai_sora.simulated_store import VideoStore
from polyreel_openai_sora.simulated_videos import MODELS, SECONDS, SimulatedVideo

__all__ = ["MAX_PROMPT", "create_order", "edit_order", "extension_order", "remix_order"]

MAX_PROMPT: Final = 32_000  # openapi.yaml (f85dbe2), line 71896

_DEFAULT_MODEL, _DEFAULT_SECONDS, _DEFAULT_SIZE = "sora-2", "4", "720x1280"
_MAX_CHARACTERS = 2
_MAX_EXTENSIONS = 6  # guide, August 2026
_MAX_STITCHED = 120  # seconds, the same
_ENUMERATION_IN_2025 = ("4", "8", "12")


def create_order(body: Body, store: VideoStore) -> dict[str, Any]:
    """Read ``POST /videos``.

    Fields, defaults and limits: ``openapi.yaml`` (f85dbe2), the guide of March to August 2026 (lengths, sizes,
    ``characters``, which only JSON takes) and the published answers in :mod:`.simulated_errors`.

    Args:
        body: The request.
        store: Knows the characters.

    Returns:
        The arguments of :meth:`VideoStore.add`.

    Raises:
        ApiError: What the service would refuse.
    """
    known = ("prompt", "model", "seconds", "size", "input_reference")
    body.allow(known if body.encoding == MULTIPART else (*known, "characters"))
    prompt = body.text("prompt", limit=MAX_PROMPT)
    model = _model(body)
    seconds = int(_seconds(body, _DEFAULT_SECONDS))
    size = _choice(body, "size", MODELS[model].sizes, _DEFAULT_SIZE)
    still = input_image(body, size)
    _check_characters(body, store, prompt)
    return {
        "prompt": prompt,
        "model": model,
        "seconds": seconds,
        "size": size,
        "still": still,
        "cost": MODELS[model].price(size, seconds),
    }


def remix_order(body: Body, source: SimulatedVideo, now: float) -> dict[str, Any]:
    """Read ``POST /videos/{id}/remix``: only ``prompt``; all else is the source's.

    That the source must be completed is documented; that its content may have expired is assumed.

    Args:
        body: The request.
        source: The video of the address.
        now: The clock.

    Returns:
        The arguments of :meth:`VideoStore.add`.

    Raises:
        ApiError: What the service would refuse.
    """
    body.allow(("prompt",))
    prompt = body.text("prompt", limit=MAX_PROMPT)
    _check_completed(source, now)
    return {**_same(source, f"remix of {source.id}"), "prompt": prompt, "remixed_from": source.id}


def edit_order(body: Body, store: VideoStore, now: float) -> dict[str, Any]:
    """Read ``POST /videos/edits``: ``prompt`` and ``video``, an id or an uploaded MP4.

    ``model`` comes with an upload only, and only the guide has it. Only a remix is documented to set
    ``remixed_from_video_id``, so an edit leaves it null.

    Args:
        body: The request.
        store: Knows the source.
        now: The clock.

    Returns:
        The arguments of :meth:`VideoStore.add`.

    Raises:
        ApiError: What the service would refuse.
    """
    uploaded = isinstance(body.fields.get("video"), Part)
    body.allow(("prompt", "video", "model") if uploaded else ("prompt", "video"))
    prompt = body.text("prompt", limit=MAX_PROMPT)
    facts = _source(body, store, now, "edit")
    if "model" in body.fields:
        facts["model"] = _model(body)
        facts["cost"] = MODELS[facts["model"]].price(facts["size"], facts["seconds"])
    return {**facts, "prompt": prompt, "extensions": 0}


def extension_order(body: Body, store: VideoStore, now: float) -> dict[str, Any]:
    """Read ``POST /videos/extensions``: ``prompt``, ``video`` and the ``seconds`` to add.

    The answer's ``seconds`` is the stitched total, of at most 120 seconds in at most six extensions (guide, August
    2026). That only the added seconds are paid is an assumption.

    Args:
        body: The request.
        store: Knows the source.
        now: The clock.

    Returns:
        The arguments of :meth:`VideoStore.add`.

    Raises:
        ApiError: What the service would refuse.
    """
    body.allow(("prompt", "video", "seconds"))
    prompt = body.text("prompt", limit=MAX_PROMPT)
    if "seconds" not in body.fields:
        raise errors.missing_parameter("seconds")
    added = int(_seconds(body, _DEFAULT_SECONDS))
    facts = _source(body, store, now, "extension")
    total = facts["seconds"] + added
    if facts["extensions"] >= _MAX_EXTENSIONS:
        raise errors.not_extendable(f"A video can be extended at most {_MAX_EXTENSIONS} times.")
    if total > _MAX_STITCHED:
        raise errors.not_extendable(
            f"An extended video can be at most {_MAX_STITCHED} seconds long, but this one would be {total}."
        )
    return {
        **facts,
        "prompt": prompt,
        "seconds": total,
        "extensions": facts["extensions"] + 1,
        "cost": MODELS[facts["model"]].price(facts["size"], added),
    }


def _model(body: Body) -> str:
    model = body.fields.get("model", _DEFAULT_MODEL)
    if not isinstance(model, str):
        raise errors.invalid_type("model", "a string", model)
    if model not in MODELS:
        raise errors.model_not_found(model)
    return model


def _seconds(body: Body, default: str) -> str:
    value = body.fields.get("seconds", default)
    if isinstance(value, int) and not isinstance(value, bool):
        # The only text that was published is from before the longer lengths: THU-MAIC/OpenMAIC pull 98.
        raise errors.invalid_type("seconds", f"one of {errors.listed(_ENUMERATION_IN_2025, 'or')}", value)
    return _choice(body, "seconds", SECONDS, default)


def _choice(body: Body, name: str, allowed: Sequence[str], default: str) -> str:
    value = body.fields.get(name, default)
    if not isinstance(value, str):
        raise errors.invalid_type(name, f"one of {errors.listed(allowed, 'or')}", value)
    if value not in allowed:
        raise errors.invalid_value(name, value, allowed)
    return value


def _check_characters(body: Body, store: VideoStore, prompt: str) -> None:
    characters = body.fields.get("characters", [])
    if not isinstance(characters, list):
        raise errors.invalid_type("characters", "an array", characters)
    if len(characters) > _MAX_CHARACTERS:
        raise errors.ApiError(
            message=f"Invalid 'characters': array too long. Expected an array with maximum length "
            f"{_MAX_CHARACTERS}, but got an array with length {len(characters)} instead.",
            param="characters",
            code="array_above_max_length",
        )
    for number, item in enumerate(characters):
        _check_character(f"characters[{number}]", item, store, prompt)


def _check_character(name: str, item: Any, store: VideoStore, prompt: str) -> None:
    if not isinstance(item, dict):
        raise errors.invalid_type(name, "an object", item)
    Body(encoding=JSON, fields={f"{name}.{key}": value for key, value in item.items()}).allow((f"{name}.id",))
    if "id" not in item:
        raise errors.missing_parameter(f"{name}.id")
    if not isinstance(item["id"], str):
        raise errors.invalid_type(f"{name}.id", "a string", item["id"])
    character = store.character(item["id"])
    if character is None:
        raise errors.ApiError(
            message=f"Character with id '{item['id'][:64]}' not found.",
            param=f"{name}.id",
            code="invalid_value",
        )
    if character["name"] not in prompt:
        raise errors.ApiError(
            message=f"The prompt must mention the character '{character['name']}' by its name.",
            param="prompt",
            code="invalid_value",
        )


def _source(body: Body, store: VideoStore, now: float, what: str) -> dict[str, Any]:
    clip = uploaded_clip(body)
    if clip is not None:
        return {
            "model": _DEFAULT_MODEL,
            "size": clip.size,
            "seconds": clip.seconds,
            "extensions": 0,
            "caption": f"{what} of the upload {clip.filename[:80]}",
            "cost": MODELS[_DEFAULT_MODEL].price(clip.size, clip.seconds),
        }
    reference = body.reference("video", ("id",))
    if reference is None:
        raise errors.missing_parameter("video")
    if "id" not in reference:
        raise errors.missing_parameter("video.id")
    source = store.find(reference["id"])
    _check_completed(source, now)
    return {**_same(source, f"{what} of {source.id}"), "extensions": source.extensions}


def _same(source: SimulatedVideo, caption: str) -> dict[str, Any]:
    cost: Decimal = MODELS[source.model].price(source.size, source.seconds)
    facts = {"model": source.model, "size": source.size, "seconds": source.seconds, "cost": cost}
    return {**facts, "caption": caption, "still": source.still_bytes}


def _check_completed(source: SimulatedVideo, now: float) -> None:
    if source.status(now) != "completed":
        raise errors.ApiError(
            message=f"Video with id '{source.id}' is not completed: its status is '{source.status(now)}'.",
            param="video",
            code="invalid_value",
        )
