"""The calls of other packages that ask Sora for a film.

Sources: the signatures in PyPI ``openai`` 3.54.0, ``resources/videos.py``; ``litellm`` 1.109.1, ``videos/main.py``, and
``DEFAULT_VIDEO_ENDPOINT_MODEL`` in its ``constants.py``; ``indoxrouter`` 0.1.39, ``client.py``; all read 2026-11-24.
"""

from __future__ import annotations

from typing import Final

from polyreel.types.foreign import ForeignCall, ForeignParameter

__all__ = ["CALLS"]

_ADDRESSES: Final = ("base_url", "azure_endpoint", "websocket_base_url")
_TRANSPORT: Final = (
    "timeout",
    "extra_headers",
    "extra_query",
    "poll_interval_ms",
    "input_reference.0",
    "input_reference.2",
)
_PARAMETERS: Final = (
    ForeignParameter(name="prompt", path="prompt"),
    ForeignParameter(name="duration", path="seconds", reads="number"),
    ForeignParameter(name="size", path="size"),
    ForeignParameter(name="input_image", path="input_reference.image_url"),
    ForeignParameter(name="input_image", path="input_reference.1"),  # (name, content, type)
    ForeignParameter(name="input_image", path="input_reference"),
    ForeignParameter(name="openai_characters", path="extra_body.characters"),
)
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

CALLS: Final = (
    ForeignCall(
        packages=("openai",),
        calls=(
            "videos.create",
            "videos.create_and_poll",
            "videos.with_raw_response.create",
            "videos.with_streaming_response.create",
        ),
        default_model="sora-2",
        parameters=_PARAMETERS,
        addresses=_ADDRESSES,
        ignored=_TRANSPORT,
    ),
    # They work on a film that OpenAI keeps, which no other vendor has: it is left for people to see.
    ForeignCall(
        packages=("openai",),
        calls=("videos.remix", "videos.edit", "videos.extend"),
        positional=("video_id",),
        default_model="sora-2",
        parameters=_PARAMETERS[:2],
        addresses=_ADDRESSES,
        ignored=_TRANSPORT,
    ),
    ForeignCall(
        packages=("litellm",),
        calls=("video_generation", "avideo_generation"),
        positional=("prompt", "model", "input_reference", "seconds", "size", "user"),
        prefixes=("openai/",),
        default_model="sora-2",
        parameters=_PARAMETERS,
        addresses=("api_base", "base_url"),
        ignored=(*_TRANSPORT, "user", "api_key", "custom_llm_provider", "num_retries", "metadata"),
        shared=True,
    ),
    ForeignCall(
        packages=("indoxrouter", "indoxhub"),
        calls=("videos",),
        positional=("prompt", "model", *_UNIFIED[1:14]),
        prefixes=("openai/",),
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
