"""Who we are to Google: the settings, and which credential goes to which of its services."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final, Literal, TypeAlias

from polyreel.hookspecs import API
from polyreel.http import Auth, Request, Response, is_origin, origin
from polyreel.types.provider import ProviderInfo, Setting, Settings, Surface

from polyreel_google_veo.surfaces import STORAGE, is_express, storage_of
from polyreel_google_veo.tokens import ApplicationTokens, GivenToken, Token

__all__ = ["GEMINI_URL", "INFO", "GoogleAuth", "reads_storage", "tokens_of", "wants_surface"]

Service: TypeAlias = Literal["gemini", "vertex", "storage"]

GEMINI_URL: Final = "https://generativelanguage.googleapis.com"
_VERTEX_HOSTS: Final = (
    "https://*-aiplatform.googleapis.com",
    "https://aiplatform.googleapis.com",
    "https://aiplatform.*.rep.googleapis.com",
)
_YES: Final = frozenset({"true", "1"})

# The variables are those of Google's SDK, of google-auth, of its Cloud Storage clients and, for the token, of
# Terraform's provider and of gcloud.
INFO: Final = ProviderInfo(
    id="google",
    title="Google",
    api=API,
    documentation="https://ai.google.dev/gemini-api/docs/omni",
    settings=(
        Setting(
            name="surface",
            description="Which of Google's APIs is used where a model is on both",
            choices=("gemini", "vertex"),
        ),
        Setting(
            name="use_vertexai",
            description="The same, as Google's SDK says it; 'surface' wins",
            environment=("GOOGLE_GENAI_USE_VERTEXAI",),
            choices=("true", "false", "True", "False", "1", "0"),
        ),
        Setting(
            name="api_key",
            description="The key of the Gemini Developer API, or of Vertex AI in express mode",
            environment=("GOOGLE_API_KEY", "GEMINI_API_KEY"),
            secret=True,
        ),
        Setting(
            name="base_url",
            description="Where the Gemini Developer API is",
            environment=("GOOGLE_GEMINI_BASE_URL",),
            default=GEMINI_URL,
        ),
        Setting(
            name="vertex_base_url",
            description="Where Vertex AI is, if not at the region's own host",
            environment=("GOOGLE_VERTEX_BASE_URL",),
            address=True,
        ),
        Setting(
            name="storage_base_url",
            description="Where Cloud Storage is, if not at Google",
            environment=("STORAGE_EMULATOR_HOST",),
            address=True,
        ),
        Setting(
            name="project",
            description="The Google Cloud project that is billed on Vertex AI",
            environment=("GOOGLE_CLOUD_PROJECT",),
        ),
        Setting(
            name="region",
            description="The region of Vertex AI, which calls it the location",
            environment=("GOOGLE_CLOUD_LOCATION",),
        ),
        Setting(
            name="access_token",
            description="A token for Vertex AI: gcloud auth print-access-token; it ends after about an hour",
            environment=("GOOGLE_OAUTH_ACCESS_TOKEN", "CLOUDSDK_AUTH_ACCESS_TOKEN"),
            secret=True,
        ),
        Setting(
            name="credentials_file",
            description="A service-account key, or another file that google-auth reads",
            environment=("GOOGLE_APPLICATION_CREDENTIALS",),
        ),
        Setting(
            name="quota_project",
            description="The project whose quota requests to Vertex AI count against",
            environment=("GOOGLE_CLOUD_QUOTA_PROJECT",),
        ),
        Setting(
            name="webhook_secret",
            description="The signing secret of the project's webhook; several are separated by spaces",
            secret=True,
        ),
    ),
    origins=(*_VERTEX_HOSTS, STORAGE),
    surfaces=(
        Surface(id="gemini", title="The Gemini Developer API", needs=(("api_key",),)),
        Surface(
            id="vertex", title="Vertex AI", address="vertex_base_url", needs=(("project",), ("api_key",))
        ),
    ),
    # Neither surface has a token by which a start could be recognised (fact sheet, section 5).
    idempotency="none",
)


def wants_surface(settings: Settings) -> str | None:
    """Return the surface that was asked for, by our setting or by the variable of Google's SDK."""
    named = settings.get("use_vertexai").lower()
    by_sdk = None if not named else "vertex" if named in _YES else "gemini"
    return settings.get("surface") or by_sdk


def tokens_of(settings: Settings) -> GivenToken | ApplicationTokens | None:
    """Return where an account's access tokens come from; ``None`` for one that uses its API key alone.

    A project without any credentials named means those of the machine, as in Google's SDK.
    """
    if is_express(settings):
        return None
    quota_project = settings.get("quota_project")
    given = settings.secret("access_token")
    if given:
        return GivenToken(Token(secret=given, quota_project=quota_project))
    file = settings.get("credentials_file")
    if file or settings.get("project"):
        return ApplicationTokens(file=file, quota_project=quota_project)
    return None


def reads_storage(settings: Settings) -> bool:
    """Whether an account can read Cloud Storage, which takes no API key."""
    return tokens_of(settings) is not None


class GoogleAuth(Auth):
    """Gives each of Google's services its own credential, and nobody else any.

    The API key goes to the Developer API and, in express mode, to Vertex AI; an access token to Vertex AI and to Cloud
    Storage. Vertex AI sees something only of requests for a model that is asked for there: an address in an answer of the
    Developer API does not lead its key elsewhere.

    Args:
        settings: The account's settings.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._key = settings.secret("api_key")
        self._tokens = tokens_of(settings)

    def sign(self, request: Request) -> Generator[Any, Any, Request]:
        """Return ``request`` with the credential that belongs to where it goes."""
        service = self._service(request.url)
        takes_key = service == "gemini" or (service == "vertex" and self._tokens is None)
        if takes_key and self._key:
            return request.adding({"x-goog-api-key": self._key.reveal()})
        if service in {"vertex", "storage"} and self._tokens is not None:
            token = yield from self._tokens.current()
            quota = {"x-goog-user-project": token.quota_project} if token.quota_project else {}
            return request.adding({"Authorization": f"Bearer {token.secret.reveal()}", **quota})
        return request

    def renew(self, response: Response) -> bool:
        """Note that Google Cloud no longer takes a token; a 403 is about permissions, which no token changes."""
        refused = response.status == 401 and self._service(response.url) in {"vertex", "storage"}  # noqa: PLR2004  HTTP's own number
        return refused and self._tokens is not None and self._tokens.forget()

    def _service(self, url: str) -> Service | None:
        target, settings = origin(url), self._settings
        if target == origin(storage_of(settings)) and "/storage/v1/b/" in url:
            return "storage"
        own = settings.get("vertex_base_url")
        hosts = (*_VERTEX_HOSTS, own) if own else _VERTEX_HOSTS
        # One server may stand for both, as a proxy or a simulator does; then too the job's surface tells.
        if settings.get("surface") == "vertex" and any(is_origin(target, host) for host in hosts):
            return "vertex"
        return "gemini" if target == origin(settings.get("base_url") or GEMINI_URL) else None
