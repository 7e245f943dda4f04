"""What may be asked of Gemini Omni: the body of ``POST …/interactions``, read strictly.

Fields, tasks, lengths and limits: the sheet's section 8. Every text here is ours. Assumed, because nobody says: without
``duration`` a film has 8 seconds, one that is edited or upscaled its own; an extension's ``duration`` is what it adds;
without ``delivery`` the film comes inline; ``store`` is true unless it is said to be false, and a background interaction
must be stored; without a task a film in the input means an edit, one or two pictures a first and last frame, more of
them references.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from polyreel_google_veo.simulated_bodies import Fields
from polyreel_google_veo.simulated_buckets import split_address
from polyreel_google_veo.simulated_errors import InteractionError
from polyreel_google_veo.simulated_inputs import OMNI_IMAGE_TYPES, Source
from polyreel_google_veo.simulated_models import DEVELOPER, VERTEX, Model
from polyreel_google_veo.simulated_orders import check_webhook

__all__ = ["InteractionOrder", "interaction_fields", "read_interaction"]

_TOP: Final = (
    "model", "input", "background", "store", "stream", "generation_config", "response_format",
    "previous_interaction_id", "response_modalities", "service_tier",
)  # fmt: skip
_TASKS: Final = ("text_to_video", "image_to_video", "reference_to_video", "edit", "extend", "upscale")
_OF_A_FILM: Final = frozenset({"edit", "extend", "upscale"})
_TIERS: Final = ("standard", "flex", "priority", "deferred")
_DURATION: Final = re.compile(r"(\d{1,4})s")
_MAX_FRAMES: Final = 2


@dataclass(frozen=True, kw_only=True)
class InteractionOrder:
    """A request to Gemini Omni, well-formed.

    Attributes:
        model: The model.
        surface: Where it was asked for.
        task: One of the six tasks.
        prompt: All texts of the input.
        pictures: The pictures of the input in their order.
        film: The film of the input.
        previous: The id of the interaction that it goes on from.
        aspect_ratio: ``16:9`` or ``9:16``.
        seconds: The length, if it was said.
        resolution: If it was said.
        inline: Whether the film is answered as bytes.
        storage: Where it goes on Vertex: ``gs://…``.
        background: Whether the answer comes at once.
        store: Whether it is remembered.
        seed: The seed, if it was said.
    """

    model: Model
    surface: str
    task: str
    prompt: str
    pictures: tuple[Source, ...]
    film: Source | None
    previous: str | None
    aspect_ratio: str
    seconds: int | None
    resolution: str | None
    inline: bool
    storage: str | None
    background: bool
    store: bool
    seed: int | None


def interaction_fields(values: dict[str, Any]) -> Fields:
    """Return an object with the refusals of Interactions."""
    return Fields(
        values=values,
        error=InteractionError,
        unknown=lambda name: InteractionError(f"Unknown parameter: {name[:80]}"),
    )


def read_interaction(model: Model, surface: str, body: Fields) -> InteractionOrder:
    """Read the body of ``POST …/interactions``.

    Args:
        model: The model that it names.
        surface: Where it was asked for.
        body: The JSON.

    Raises:
        InteractionError: What is refused.
    """
    developer = surface == DEVELOPER
    body.allow((*_TOP, "webhook_config" if developer else "labels"))
    check_webhook(body.inner("webhook_config"))
    if body.flag("stream"):
        raise InteractionError("stream is not supported for video output.")
    _check_modalities(body)
    body.choice("service_tier", _TIERS)
    prompt, pictures, film = _input(body)
    previous = body.text("previous_interaction_id")
    task, seed = _config(body)
    task = task or _inferred(pictures, from_film=bool(film or previous))
    background, stored = bool(body.flag("background")), body.flag("store") is not False
    if background and not stored:
        raise InteractionError("background=true needs store=true.")
    order = InteractionOrder(
        model=model,
        surface=surface,
        task=task,
        prompt=prompt,
        pictures=pictures,
        film=film,
        previous=previous,
        background=background,
        store=stored,
        seed=seed,
        **_format(body, model, developer=developer),
    )
    _check_task(order)
    return order


def _check_modalities(body: Fields) -> None:
    modalities = body.values.get("response_modalities")
    if modalities is not None and (not isinstance(modalities, list) or "video" not in modalities):
        raise InteractionError("response_modalities must be a list that holds video.")


# --- the input ---------------------------------------------------------------------------------------------


def _input(body: Fields) -> tuple[str, tuple[Source, ...], Source | None]:
    texts, pictures, films = [], [], []
    for content in _contents(body):
        kind = content.choice("type", ("text", "image", "video"))
        if kind == "text":
            content.allow(("type", "text"))
            texts.append(content.text("text") or "")
        elif kind == "image":
            content.allow(("type", "data", "uri", "mime_type", "resolution"))
            pictures.append(_source(content, OMNI_IMAGE_TYPES))
        elif kind == "video":
            content.allow(("type", "data", "uri", "mime_type", "resolution", "name", "processing"))
            films.append(_source(content, ("video/mp4",)))
        else:
            raise InteractionError("Each content of the input needs a type.")
    if len(films) > 1:
        raise InteractionError("The input holds more than one video.")
    return "\n".join(texts), tuple(pictures), films[0] if films else None


def _contents(body: Fields) -> list[Fields]:
    """Return the contents of the input: a text, a content, or a list of contents or of ``user_input`` steps."""
    given = body.values.get("input")
    if isinstance(given, str):
        return [body.of({"type": "text", "text": given}, "input")]
    items = [body.of(item, "input") for item in (given if isinstance(given, list) else [given])]
    contents: list[Fields] = []
    for item in items:
        if item.values.get("type") == "user_input":
            item.allow(("type", "content"))
            contents += item.objects("content") or []
        else:
            contents.append(item)
    return contents


def _source(content: Fields, media_types: tuple[str, ...]) -> Source:
    data, uri = content.base64("data"), content.text("uri")
    media_type = content.choice("mime_type", media_types)
    if (data is None) == (uri is None) or (data is not None and media_type is None):
        raise InteractionError("A medium of the input needs data and mime_type, or uri.")
    return Source(content=data, uri=uri)


# --- the rest ----------------------------------------------------------------------------------------------


def _config(body: Fields) -> tuple[str | None, int | None]:
    """Return task and seed; Omni takes no temperature and the like (sheet, section 8, limits)."""
    config = body.inner("generation_config") or interaction_fields({})
    config.allow(("video_config", "seed"))
    video = config.inner("video_config") or interaction_fields({})
    video.allow(("task",))
    return video.choice("task", _TASKS), config.integer("seed")


def _format(body: Fields, model: Model, *, developer: bool) -> dict[str, Any]:
    values = body.inner("response_format") or interaction_fields({"type": "video"})
    values.allow(("type", "aspect_ratio", "delivery", "duration", "resolution", "gcs_uri"))
    if values.choice("type", ("video",)) is None:
        raise InteractionError("response_format needs the type video.")
    inline = values.choice("delivery", ("inline", "uri")) != "uri"
    storage = values.text("gcs_uri")
    if storage is not None and (developer or split_address(storage) is None):
        raise InteractionError(f"gcs_uri is not supported here, or is no gs:// address: {storage[:200]}")
    if not developer and not inline and storage is None:
        raise InteractionError("delivery uri needs gcs_uri.")
    return {
        "aspect_ratio": values.choice("aspect_ratio", ("16:9", "9:16")) or "16:9",
        "seconds": _seconds(values, model),
        "resolution": values.choice(
            "resolution", model.abilities.resolutions[DEVELOPER if developer else VERTEX]
        ),
        "inline": inline,
        "storage": None if inline else storage,
    }


def _seconds(values: Fields, model: Model) -> int | None:
    text = values.text("duration")
    if text is None:
        return None
    found = _DURATION.fullmatch(text)
    low, high = model.abilities.durations
    if found is None or not low <= int(found[1]) <= high:
        raise InteractionError(
            f'Invalid duration "{text[:40]}": it must be a text from "{low}s" to "{high}s".'
        )
    return int(found[1])


def _inferred(pictures: tuple[Source, ...], *, from_film: bool) -> str:
    if from_film:
        return "edit"
    if not pictures:
        return "text_to_video"
    return "image_to_video" if len(pictures) <= _MAX_FRAMES else "reference_to_video"


def _check_task(order: InteractionOrder) -> None:
    """Refuse a task that the model does not know, and inputs that a task does not take."""
    abilities = order.model.abilities
    if order.task not in abilities.modes[order.surface]:
        raise InteractionError(f"{order.task} for task is currently not supported.")
    if abilities.pictures is not None and len(order.pictures) > abilities.pictures:
        raise InteractionError(f"The input holds more than {abilities.pictures} images.")
    pictures, has_film = len(order.pictures), order.film is not None or order.previous is not None
    if order.film is not None and order.previous is not None:
        raise InteractionError("A video in the input and previous_interaction_id exclude each other.")
    if (order.task in _OF_A_FILM) != has_film:
        needs = "needs" if order.task in _OF_A_FILM else "takes no"
        raise InteractionError(
            f"The task {order.task} {needs} video in the input or previous_interaction_id."
        )
    fitting = {
        "text_to_video": pictures == 0,
        "image_to_video": 1 <= pictures <= _MAX_FRAMES,
        "reference_to_video": pictures >= 1,
        "upscale": pictures == 0,
    }
    if not fitting.get(order.task, True):
        raise InteractionError(f"The task {order.task} does not take {pictures} images.")
    if not order.prompt.strip() and order.task in {"text_to_video", "reference_to_video", "edit"}:
        raise InteractionError(f"The task {order.task} needs a text in the input.")
    if order.task == "upscale" and order.resolution is None:
        raise InteractionError("The task upscale needs a resolution in response_format.")
