"""The calls of other packages that ask Veo or Gemini Omni for a film.

Sources: the signatures in PyPI ``google-genai`` 3.4.0, ``models.py``, ``types.py`` and ``_gaos/interactions.py``;
``litellm`` 1.109.1, ``videos/main.py``; ``indoxrouter`` 0.1.39, ``client.py``; all read 2026-11-24.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from polyreel.types.foreign import ForeignCall, ForeignParameter

__all__ = ["CALLS"]

_CONFIG: Final = {
    "number_of_videos": "n",
    "duration_seconds": "duration",
    "aspect_ratio": "aspect_ratio",
    "resolution": "resolution",
    "fps": "fps",
    "seed": "seed",
    "negative_prompt": "negative_prompt",
    "person_generation": "person_generation",
    "generate_audio": "generate_audio",
    "enhance_prompt": "google_enhance_prompt",
    "output_gcs_uri": "google_storage_uri",
    "pubsub_topic": "google_pubsub_topic",
    "compression_quality": "google_compression_quality",
    "resize_mode": "google_resize_mode",
    "labels": "google_labels",
}
_PEOPLE: Final = {
    "ALLOW_ALL": "allow_all",
    "ALLOW_ADULT": "allow_adult",
    "DONT_ALLOW": "dont_allow",
}
_UNIFIED: Final = (
    "prompt",
    "aspect_ratio",
    "resolution",
    "duration",
    "n",
    "size",
    "input_image",
    "reference_image",
    "reference_images",
    "generate_audio",
    "negative_prompt",
    "person_generation",
    "last_frame",
    "video",
    "seed",
    "fps",
)
_OTHER_NAMES: Final = {"seconds": "duration", "input_reference": "input_image"}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _spelled(name: str, *path: str) -> Iterator[ForeignParameter]:
    """Yield a parameter under both spellings that the SDK takes in dictionaries."""
    for words in dict.fromkeys((path, tuple(map(_camel, path)))):
        values = _PEOPLE if name == "person_generation" else {}
        yield ForeignParameter(name=name, path=".".join(words), values=values)


def _picture(name: str, *path: str) -> Iterator[ForeignParameter]:
    """Yield the forms of a picture: a file, an address in Cloud Storage, bytes."""
    for form in ("location", "gcs_uri", "image_bytes"):
        yield from _spelled(name, *path, form)
    if "*" not in path:
        yield ForeignParameter(name=name, path=".".join(path), attribute="image_bytes")


_PARAMETERS: Final = (
    ForeignParameter(name="prompt", path="prompt"),
    ForeignParameter(name="prompt", path="source.prompt"),
    *_picture("input_image", "image"),
    *_picture("input_image", "source", "image"),
    *_picture("last_frame", "config", "last_frame"),
    *_picture("reference_images", "config", "reference_images", "*", "image"),
    *(parameter for path, name in _CONFIG.items() for parameter in _spelled(name, "config", path)),
    ForeignParameter(name="google_webhook_uris", path="config.webhook_config.uris"),
    *(
        ForeignParameter(name="video", path=f"{place}.{form}")
        for place in ("video", "source.video")
        for form in ("location", "video_bytes", "videoBytes")
    ),
)
_VERTEX: Final = ForeignCall(
    packages=("google.genai",),
    calls=("models.generate_videos",),
    prefixes=("google/", "publishers/google/models/", "projects/*models/"),
    surface="vertex",
    having={"vertexai": True},
    parameters=_PARAMETERS,
    addresses=("http_options.base_url", "http_options.baseUrl"),
    ignored=(
        "image.mime_type",
        "source.image.mime_type",
        "config.last_frame.mime_type",
        "config.reference_images.*.image.mime_type",
        "config.reference_images.*.reference_type",
        "config.http_options",
        "video.mime_type",
        "source.video.mime_type",
    ),
)
_INTERACTION: Final = ForeignCall(
    packages=("google.genai",),
    calls=("interactions.create",),
    prefixes=("models/", "google/"),
    surface="vertex",
    having={"vertexai": True},
    parameters=(
        ForeignParameter(name="prompt", path="input"),
        ForeignParameter(name="duration", path="response_format.duration", reads="seconds"),
        ForeignParameter(name="aspect_ratio", path="response_format.aspect_ratio"),
        ForeignParameter(name="resolution", path="response_format.resolution"),
        ForeignParameter(name="google_task", path="generation_config.video_config.task"),
        ForeignParameter(name="google_store", path="store"),
    ),
    addresses=_VERTEX.addresses,
    ignored=("background", "stream", "response_format.type", "response_format.delivery", "timeout"),
    shared=True,
)
_LITELLM: Final = ForeignCall(
    packages=("litellm",),
    calls=("video_generation", "avideo_generation"),
    positional=("prompt", "model", "input_reference", "seconds", "size", "user"),
    prefixes=("gemini/",),
    surface="gemini",
    parameters=(
        ForeignParameter(name="prompt", path="prompt"),
        ForeignParameter(name="duration", path="seconds", reads="number"),
        ForeignParameter(name="size", path="size"),
        ForeignParameter(name="input_image", path="input_reference.1"),  # (name, content, type)
        ForeignParameter(name="input_image", path="input_reference"),
    ),
    addresses=("api_base", "base_url"),
    ignored=(
        "timeout",
        "extra_headers",
        "input_reference.0",
        "input_reference.2",
        "user",
        "api_key",
        "custom_llm_provider",
        "num_retries",
        "metadata",
        "vertex_project",
        "vertex_location",
        "vertex_credentials",
    ),
    shared=True,
)

CALLS: Final = (
    _VERTEX,
    replace(_VERTEX, surface="gemini", having={}, prefixes=("models/", *_VERTEX.prefixes)),
    _INTERACTION,
    replace(_INTERACTION, surface="gemini", having={}),
    _LITELLM,
    replace(_LITELLM, prefixes=("vertex_ai/",), surface="vertex"),
    ForeignCall(
        packages=("indoxrouter", "indoxhub"),
        calls=("videos",),
        positional=("prompt", "model", *_UNIFIED[1:14]),
        prefixes=("google/",),
        default_model="google/veo-3.0-generate-001",
        surface="gemini",
        parameters=(
            *(ForeignParameter(name=name, path=name) for name in _UNIFIED),
            *(ForeignParameter(name=name, path=path) for path, name in _OTHER_NAMES.items()),
        ),
        addresses=("base_url",),
        ignored=("response_format", "byok_api_key", "return_generator"),
        shared=True,
    ),
)
"""What ``polyreel migrate scan`` looks for."""
