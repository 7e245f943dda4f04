"""What a request to Veo says, read strictly: everything that is refused before a model looks at it.

Both surfaces answer 400 at once for what is refused here: members that the method or the model does not know, wrong
types, values outside an enumeration or a range, broken base64, and inputs that exclude each other (sheet, sections 1.3
to 1.5). What a model cannot do is told in :mod:`.simulated_rules`, on Vertex only when the operation fails.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from polyreel_google_veo import simulated_errors as errors
from polyreel_google_veo.simulated_bodies import Fields
from polyreel_google_veo.simulated_buckets import split_address
from polyreel_google_veo.simulated_errors import ApiError
from polyreel_google_veo.simulated_inputs import IMAGE_TYPES, Source
from polyreel_google_veo.simulated_models import DEVELOPER, Model

__all__ = ["Order", "check_webhook", "read_order"]

_ENVELOPE: Final = {
    True: ("instances", "parameters", "webhookConfig"),
    False: ("instances", "parameters", "labels"),
}
_INSTANCE: Final = ("prompt", "image", "lastFrame", "video", "referenceImages")
_PARAMETERS: Final = (
    "aspectRatio", "durationSeconds", "resolution", "negativePrompt", "personGeneration", "sampleCount", "seed",
    "enhancePrompt",
)  # fmt: skip
_VERTEX_PARAMETERS: Final = (
    *_PARAMETERS, "generateAudio", "fps", "compressionQuality", "resizeMode", "storageUri", "pubsubTopic", "task",
)  # fmt: skip
_TASKS: Final = ("textToVideo", "imageToVideo", "referenceToVideo", "edit", "extend", "upscale")
_MASK_MODES: Final = ("insert", "remove", "remove_static", "outpaint")
# "allowAll" and "disallow" stand on one official page each: Vertex's pages disagree, and all are taken.
_PEOPLE: Final = ("allow_all", "allow_adult", "dont_allow")
_VERTEX_PEOPLE: Final = (*_PEOPLE, "allowAll", "disallow")
_MAX_TOKENS: Final = 1024
_CHARACTERS_PER_TOKEN: Final = 64
_METADATA: Final = ("user_metadata", "userMetadata")  # proto JSON takes both; the SDK sends the first
_MAX_LABEL: Final = 63
_MAX_ASSETS: Final = 3
_MAX_VERTEX_SAMPLES: Final = 4
_TOPIC: Final = re.compile(r"projects/[^/]+/topics/[^/]+")


@dataclass(frozen=True, kw_only=True)
class Order:
    """A request to Veo, well-formed.

    Attributes:
        model: The model of the path.
        surface: Where it was asked for.
        mode: ``text``, ``image``, ``frames``, ``references``, ``style``, ``extension`` or ``mask``.
        prompt: The prompt, which may be empty beside an input.
        pictures: The input pictures in their order.
        film: The input film.
        camera: Whether it asks for a movement of the camera.
        aspect_ratio: ``16:9`` or ``9:16``.
        seconds: The length, if it was said.
        resolution: ``720p``, if it was said.
        person: ``personGeneration``, if it was said.
        samples: How many films.
        seed: The seed, if it was said.
        enhance: ``enhancePrompt``, if it was said.
        audio: ``generateAudio``, if it was said.
        fps: Frames per second, if they were said.
        task: ``task``, if it was said.
        storage: Where the films go: ``gs://…``.
    """

    model: Model
    surface: str
    mode: str
    prompt: str
    pictures: tuple[Source, ...]
    film: Source | None
    camera: bool
    aspect_ratio: str
    seconds: int | None
    resolution: str | None
    person: str | None
    samples: int
    seed: int | None
    enhance: bool | None
    audio: bool | None
    fps: int | None
    task: str | None
    storage: str | None


def read_order(model: Model, surface: str, body: dict[str, Any]) -> Order:
    """Read the body of ``:predictLongRunning``.

    Args:
        model: The model of the path.
        surface: Where it was asked for.
        body: The JSON.

    Raises:
        ApiError: What is refused at once.
    """
    developer = surface == DEVELOPER
    envelope = Fields(values=body, unknown=errors.unknown_name)
    envelope.allow(_ENVELOPE[developer])
    instances = Fields(values=body).objects("instances") or []
    if len(instances) != 1:
        raise ApiError(f"`instances` must hold exactly one instance, but holds {len(instances)}.")
    parameters = Fields(values=body).inner("parameters") or Fields(values={})
    check_webhook(envelope.inner("webhookConfig"))
    _check_labels(envelope.inner("labels"))
    return Order(
        model=model,
        surface=surface,
        **_instance(instances[0], developer=developer),
        **_parameters(parameters, developer=developer),
    )


def check_webhook(config: Fields | None) -> None:
    """Check a ``webhookConfig``: HTTPS addresses, and an object of the caller's (sheet, section 1.5).

    Args:
        config: The object, if there is one.

    Raises:
        ApiError: It is malformed.
    """
    if config is None:
        return
    for name in _METADATA:
        config.inner(name)
    config.allow(("uris", *_METADATA))
    uris = config.values.get("uris")
    well_formed = isinstance(uris, list) and uris
    if not well_formed or not all(isinstance(uri, str) and uri.startswith("https://") for uri in uris or ()):
        raise config.error("`uris` of the webhook configuration must be a list of https:// addresses.")


def _check_labels(labels: Fields | None) -> None:
    if labels is None:
        return
    for key in labels.values:
        if max(len(key), len(labels.text(key) or "")) > _MAX_LABEL:
            raise ApiError(
                f"The label `{key[:80]}` is invalid: keys and values have at most {_MAX_LABEL} characters."
            )


# --- the instance ------------------------------------------------------------------------------------------


def _instance(instance: Fields, *, developer: bool) -> dict[str, Any]:
    instance.allow(_INSTANCE if developer else (*_INSTANCE, "mask", "cameraControl"))
    prompt = _prompt(instance)
    pictures = [
        _picture(f, name, developer=developer)
        for name in ("image", "lastFrame")
        if (f := instance.inner(name))
    ]
    kinds, references = _references(instance, developer=developer)
    film = _film(instance.inner("video"), developer=developer)
    _check_mask(instance)
    _check_exclusions(instance)
    mode = _mode(instance, kinds)
    if not prompt.strip() and mode in {"text", "references", "style", "mask"}:
        raise ApiError("A `prompt` is required for this kind of request.")
    return {
        "mode": mode,
        "prompt": prompt,
        "pictures": tuple(pictures + references),
        "film": film,
        "camera": instance.text("cameraControl") is not None,
    }


def _prompt(instance: Fields) -> str:
    """Return the prompt.

    No tokenizer is here: a text counts as too long when it surely is, with more words than tokens are allowed, or
    more than 64 characters for each of them.
    """
    prompt = instance.text("prompt") or ""
    if len(prompt.split()) > _MAX_TOKENS or len(prompt) > _CHARACTERS_PER_TOKEN * _MAX_TOKENS:
        raise ApiError(f"The `prompt` is too long: at most {_MAX_TOKENS} tokens are supported.")
    return prompt


def _mode(instance: Fields, kinds: Collection[str]) -> str:
    if kinds:
        return "style" if "style" in kinds else "references"
    if "mask" in instance:
        return "mask"
    if "video" in instance:
        return "extension"
    if "lastFrame" in instance:
        return "frames"
    return "image" if "image" in instance else "text"


def _check_exclusions(instance: Fields) -> None:
    """Refuse inputs that exclude each other (sheet, section 1.4); the texts are ours."""
    inputs = instance.names(("image", "video", "referenceImages"))
    if len(inputs) > 1:
        raise ApiError(f"`{inputs[0]}` and `{inputs[1]}` cannot be combined in one request.")
    for name, needed in (("lastFrame", "image"), ("mask", "video"), ("cameraControl", "image")):
        if name in instance and needed not in instance:
            raise ApiError(f"`{name}` needs `{needed}` in the same instance.")


def _picture(fields: Fields, name: str, *, developer: bool) -> Source:
    fields.allow(
        ("bytesBase64Encoded", "mimeType") if developer else ("bytesBase64Encoded", "gcsUri", "mimeType")
    )
    return _source(fields, name, IMAGE_TYPES)


def _source(fields: Fields, name: str, media_types: Collection[str]) -> Source:
    """Return an input that is in the request or in a bucket, with its media type."""
    content, uri = fields.base64("bytesBase64Encoded"), fields.text("gcsUri")
    media_type = fields.text("mimeType")
    if (content is None) == (uri is None) or media_type is None:
        raise ApiError(
            f"Input instance with `{name}` should contain both `bytesBase64Encoded` and `mimeType` (on Vertex AI "
            "also: `gcsUri` and `mimeType`)."
        )
    if media_type not in media_types:
        raise ApiError(
            f"Unsupported mime type {media_type[:64]} for `{name}`. Allowed: {', '.join(media_types)}."
        )
    if uri is not None:
        _address(uri, name, whole=True)
    return Source(content=content, uri=uri)


def _address(uri: str, name: str, *, whole: bool) -> str:
    found = split_address(uri)
    if found is None or (whole and not found[1]):
        raise ApiError(f"`{name}` is no valid Cloud Storage address: {uri[:200]}")
    return uri


def _references(instance: Fields, *, developer: bool) -> tuple[set[str], list[Source]]:
    items = instance.objects("referenceImages")
    if items is None:
        return set(), []
    kinds, pictures = [], []
    for item in items:
        item.allow(("image", "referenceType"))
        kind = item.choice("referenceType", ("asset",) if developer else ("asset", "style"), any_case=True)
        image = item.inner("image")
        if kind is None or image is None:
            raise ApiError("Each of `referenceImages` needs an `image` and a `referenceType`.")
        kinds.append(kind)
        pictures.append(_picture(image, "referenceImages", developer=developer))
    if kinds != ["style"] and kinds not in (["asset"] * n for n in range(1, _MAX_ASSETS + 1)):
        raise ApiError(f"`referenceImages` takes 1 to {_MAX_ASSETS} assets, or exactly 1 style.")
    return set(kinds), pictures


def _film(video: Fields | None, *, developer: bool) -> Source | None:
    """Return the input film: by its address alone on the developer API, as bytes or object on Vertex."""
    if video is None:
        return None
    if not developer:
        video.allow(("bytesBase64Encoded", "gcsUri", "mimeType"))
        return _source(video, "video", ("video/mp4",))
    video.allow(("uri",))
    uri = video.text("uri")
    if uri is None:
        raise ApiError("`video` needs the `uri` of a video that was generated by Veo.")
    return Source(uri=uri)


def _check_mask(instance: Fields) -> None:
    mask = instance.inner("mask")
    if mask is not None:
        mask.allow(("bytesBase64Encoded", "gcsUri", "mimeType", "maskMode"))
        _source(mask, "mask", (*IMAGE_TYPES, "video/mp4"))
        if mask.choice("maskMode", _MASK_MODES, any_case=True) is None:
            raise ApiError("`mask` needs a `maskMode`.")


# --- the parameters ----------------------------------------------------------------------------------------


def _parameters(fields: Fields, *, developer: bool) -> dict[str, Any]:
    fields.allow(_PARAMETERS if developer else _VERTEX_PARAMETERS)
    fields.text("negativePrompt")
    fields.choice("compressionQuality", ("optimized", "lossless"), any_case=True)
    fields.choice("resizeMode", ("pad", "crop"), any_case=True)
    topic, storage = fields.text("pubsubTopic"), fields.text("storageUri")
    if topic is not None and not _TOPIC.fullmatch(topic):
        raise ApiError(f"`pubsubTopic` must be projects/PROJECT/topics/TOPIC, but was {topic[:200]}.")
    return {
        "aspect_ratio": fields.choice("aspectRatio", ("16:9", "9:16")) or "16:9",
        "seconds": fields.integer("durationSeconds", high=1000),
        "resolution": fields.choice("resolution", ("720p", "1080p", "4k")),
        "person": fields.choice("personGeneration", _PEOPLE if developer else _VERTEX_PEOPLE),
        "samples": fields.integer("sampleCount", low=1, high=_MAX_VERTEX_SAMPLES) or 1,
        "seed": fields.integer("seed"),
        "enhance": fields.flag("enhancePrompt"),
        "audio": fields.flag("generateAudio"),
        "fps": fields.integer("fps", low=1, high=1000),
        "task": fields.choice("task", _TASKS),
        "storage": None if storage is None else _address(storage, "storageUri", whole=False),
    }
