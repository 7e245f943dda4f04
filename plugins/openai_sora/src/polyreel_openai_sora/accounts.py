"""Who we are to a server: its settings, and how requests are signed."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Any, Final

from polyreel.hookspecs import API
from polyreel.http import Auth, BearerAuth, HeaderAuth, NoAuth, Request
from polyreel.types.provider import ProviderInfo, Setting, Settings

from polyreel_openai_sora.profiles import DEFAULT_PROFILE, PROFILES, profile_of

__all__ = ["INFO", "OPENAI_URL", "WEBHOOK_VARIABLES", "auth_of"]

OPENAI_URL: Final = "https://api.openai.com/v1"
WEBHOOK_VARIABLES: Final = ("OPENAI_WEBHOOK_SECRET",)

# The variables are those of OpenAI's own SDK.
INFO: Final = ProviderInfo(
    id="openai",
    title="OpenAI Videos API",
    api=API,
    documentation="https://developers.openai.com/api/docs/guides/video-generation",
    settings=(
        Setting(
            name="api_key",
            description="The key of the server at base_url",
            environment=("OPENAI_API_KEY",),
            secret=True,
            required=True,
        ),
        Setting(
            name="base_url",
            description="Where the API is; OpenAI's own was shut down on 2026-09-24",
            environment=("OPENAI_BASE_URL",),
            default=OPENAI_URL,
        ),
        Setting(
            name="profile",
            description="The dialect that the server speaks",
            default=DEFAULT_PROFILE,
            choices=tuple(PROFILES),
        ),
        Setting(
            name="organization",
            description="The organization that is billed",
            environment=("OPENAI_ORG_ID",),
        ),
        Setting(
            name="project",
            description="The project that is billed",
            environment=("OPENAI_PROJECT_ID",),
        ),
        Setting(
            name="webhook_secret",
            description="The secret of the webhook; several are separated by spaces",
            environment=WEBHOOK_VARIABLES,
            secret=True,
        ),
    ),
    # OpenAI's SDK makes a key and never sends it; a create that is sent twice is made and billed twice.
    idempotency="none",
)


class _AccountAuth(Auth):
    """A key, and headers that say for whom."""

    def __init__(self, key: Auth, headers: Mapping[str, str]) -> None:
        self._key = key
        self._headers = dict(headers)

    def sign(self, request: Request) -> Generator[Any, Any, Request]:
        signed = yield from self._key.sign(request)
        return replace(signed, headers={**signed.headers, **self._headers})


def auth_of(settings: Settings) -> Auth:
    """Return how an account's requests are signed."""
    key = settings.secret("api_key")
    in_header = profile_of(settings).key_header == "api-key"
    signer = NoAuth() if not key else HeaderAuth("api-key", key) if in_header else BearerAuth(key)
    named = {
        "OpenAI-Organization": settings.get("organization"),
        "OpenAI-Project": settings.get("project"),
    }
    headers = {name: value for name, value in named.items() if value}
    return _AccountAuth(signer, headers) if headers else signer
