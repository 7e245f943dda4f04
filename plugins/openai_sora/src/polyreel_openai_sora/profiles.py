"""The dialects of ``/v1/videos``: what a server's spelling of the protocol is, as data.

A profile is chosen by the setting ``profile`` and never guessed from an address or an answer: a wrong guess
would pay for another film than the one that was asked for. What a profile does not have is refused before
anything is sent.

Unless a row says otherwise, its facts are from the project's fact sheet on the OpenAI Videos API, sections 0.2 to
0.4 and 9 (state of 2026-11-23), which names the file or page behind each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from polyreel.errors import ConfigurationError
from polyreel.types.provider import Settings

__all__ = ["DEFAULT_PROFILE", "PROFILES", "Operation", "Profile", "profile_of"]

Operation: TypeAlias = Literal["create", "edit", "extend", "remix"]

DEFAULT_PROFILE: Final = "openai"

_ALL_OPERATIONS: Final[frozenset[Operation]] = frozenset({"create", "edit", "extend", "remix"})
_CREATE_ONLY: Final[frozenset[Operation]] = frozenset({"create"})
_CREATE_AND_REMIX: Final[frozenset[Operation]] = frozenset({"create", "remix"})

# Where clones put the film's address when it is not (only) behind /content; sheet, sections 0.4 and 9.10.
_ADDRESSES: Final = ("/url", "/video_url", "/urls/0", "/metadata/url", "/videos/0/url")


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """One dialect.

    Attributes:
        name: The value of the setting.
        title: What it is, for people.
        key_header: Where the key goes: as a bearer token, or in the header ``api-key``.
        encoding: How a create is sent unless it needs JSON.
        seconds: The type of ``seconds`` in a JSON body; a form only has text.
        images: Whether a picture in memory has a place: a file part of a form, a data URL in JSON.
        image_url: How a picture is named by its address: as the object ``{"image_url": …}`` in JSON, as JSON text
            in the field ``image_reference``, in the field ``reference_url``, or not at all.
        file_ids: Whether a picture can be named by the id of an uploaded file.
        operations: What can be done.
        characters: Whether characters can be made and used.
        variants: Whether ``/content`` has a thumbnail and a sprite sheet.
        addresses: JSON pointers to the film's address in the job, tried after ``/content``.
        deletion: What ``DELETE`` does: removes a job, also stops a running one, or has no route.
        lists: Whether ``GET /videos`` shows the account's jobs reliably.
        durations: The only lengths it takes, in seconds; ``None`` for no limit beyond the model's.
        sizes: The only sizes it takes; ``None`` for no limit beyond the model's.
    """

    name: str
    title: str
    key_header: Literal["bearer", "api-key"] = "bearer"
    encoding: Literal["multipart", "json"] = "multipart"
    seconds: Literal["string", "integer"] = "string"
    images: bool = True
    image_url: Literal["object", "image_reference", "reference_url"] | None = None
    file_ids: bool = False
    operations: frozenset[Operation] = _CREATE_ONLY
    characters: bool = False
    variants: bool = False
    addresses: tuple[str, ...] = _ADDRESSES
    deletion: Literal["removes", "aborts"] | None = "removes"
    lists: bool = True
    durations: tuple[int, ...] | None = None
    sizes: tuple[str, ...] | None = None


_ROWS: Final = (
    Profile(
        name="openai",
        title="OpenAI's own service, and servers that follow it to the letter",
        image_url="object",
        file_ids=True,
        operations=_ALL_OPERATIONS,
        characters=True,
        variants=True,
        addresses=(),
    ),
    # The v1 route takes the key or an Entra token as a bearer, and the key in "api-key", which is what LiteLLM
    # sends there. This profile is the key; for an Entra token take the profile "openai" at the Azure address.
    # Limits, remix and the file-only picture: MicrosoftDocs/azure-ai-docs, articles/foundry/openai/concepts/
    # video-generation.md @ 12de3ab (read 2026-11-24); it documents neither variants, edits nor characters.
    Profile(
        name="azure",
        title="Azure OpenAI, https://RESOURCE.openai.azure.com/openai/v1; the model is the deployment's name",
        key_header="api-key",
        operations=_CREATE_AND_REMIX,
        addresses=(),
        durations=(4, 8, 12),
        sizes=("720x1280", "1280x720"),
    ),
    # A picture's URL depends on the provider behind it, so it is refused; variants are dropped and come back
    # as the film; there is no DELETE route; a list is not routed by model.
    Profile(
        name="litellm",
        title="LiteLLM proxy",
        operations=_ALL_OPERATIONS,
        characters=True,
        deletion=None,
        lists=False,
    ),
    Profile(
        name="vllm-omni",
        title="vLLM-Omni",
        image_url="image_reference",
        deletion="aborts",
    ),
    # `variant` is an output index here: variant=video is a 404.
    Profile(
        name="sglang",
        title="SGLang-diffusion",
        image_url="reference_url",
    ),
    # DELETE cancels the running task: NVIDIA/TensorRT-LLM, tensorrt_llm/serve/openai_video_routes.py @ 0509ccc
    # (read 2026-11-24).
    Profile(
        name="trtllm",
        title="TensorRT-LLM, trtllm-serve",
        deletion="aborts",
    ),
    # A relay: what its list and DELETE do is not known. DELETE may be tried, since an answer tells.
    Profile(
        name="new-api",
        title="new-api",
        operations=_CREATE_AND_REMIX,
        lists=False,
    ),
    Profile(
        name="json",
        title="A gateway that takes only JSON, spelt as OpenAI spells it",
        encoding="json",
        image_url="object",
    ),
    # Its sample has whole seconds as a number; media go in fields that depend on the route:
    # https://docs.merge.dev/merge-gateway/capabilities/multimodal/video-generation.md (read 2026-11-24).
    Profile(
        name="merge",
        title="Merge Gateway",
        encoding="json",
        seconds="integer",
        images=False,
    ),
)

PROFILES: Final[Mapping[str, Profile]] = MappingProxyType({row.name: row for row in _ROWS})


def profile_of(settings: Settings) -> Profile:
    """Return the profile that the settings name.

    Raises:
        ConfigurationError: There is no such profile.
    """
    name = settings.get("profile") or DEFAULT_PROFILE
    if name not in PROFILES:
        raise ConfigurationError(
            f"the provider 'openai' has no profile {name!r}; choose one of: {', '.join(PROFILES)}"
        )
    return PROFILES[name]
