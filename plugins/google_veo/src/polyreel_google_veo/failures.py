"""Errors of Google's APIs, read by one parser and turned into polyreel's classes.

Shapes and texts: fact sheet on Google, sections 2.1, 3, 5, 6 and 8 (2026-11-23): ``{"error": {code, message, status,
details}}``, the same inside a list of one, and the Interactions API's code that is a word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from polyreel.errors import (
    AuthenticationFailed,
    ContentRefused,
    InsufficientCredit,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    RequestRejected,
    ResourceNotFound,
    UnexpectedAnswer,
)
from polyreel.http import Response
from polyreel.redaction import clean, redact
from polyreel.types.provider import Settings

from polyreel_google_veo.accounts import tokens_of
from polyreel_google_veo.surfaces import is_express
from polyreel_google_veo.tokens import GivenToken

__all__ = [
    "NO_SETTINGS",
    "GoogleError",
    "advised_pause",
    "after_acceptance",
    "answer_error",
    "error_of",
    "is_unsafe",
    "json_object",
    "raise_unexpected",
    "submit_error",
]

PROVIDER: Final = "google"
NO_SETTINGS: Final = Settings(provider=PROVIDER)
_LONGEST_PAUSE: Final = 86_400.0  # seconds; whoever advises more means "not today"
_DAY: Final = 3600.0  # a daily quota comes back at midnight; to ask within the hour is pointless

_UNSAFE: Final = re.compile(
    r"support codes?\b|usage guidelines|responsible ai|safety (?:filter|polic|setting)|violat\w+[^.]{0,40}polic|"
    r"(?:image|prompt|video) violates",
    re.IGNORECASE,
)
_GONE: Final = re.compile(
    r"not found|no longer available|retired|is not supported for predictLongRunning|has been shut down",
    re.IGNORECASE,
)
_NO_ACCESS: Final = re.compile(
    r"publisher model|aiplatform\.endpoints\.predict|models?/[\w.-]+.*(?:not found|denied)",
    re.IGNORECASE,
)
_BAD_KEY: Final = re.compile(r"API[ _]key (?:not valid|expired|not found)|API_KEY_INVALID", re.IGNORECASE)
_UNKNOWN_INTERACTION: Final = re.compile(r"invalid interaction (?:name|id)", re.IGNORECASE)
_OF_PROJECT: Final = re.compile(r"\bprojects?\b|\bconsumer\b", re.IGNORECASE)
_DAILY: Final = re.compile(r"per ?day|daily|spend(?:ing)? (?:cap|limit)", re.IGNORECASE)
_BILLING: Final = re.compile(r"billing|prepay|prepaid|credits? (?:are|is|have|balance)", re.IGNORECASE)
_SECONDS: Final = re.compile(r"(\d+(?:\.\d+)?)s")


@dataclass(frozen=True, kw_only=True, slots=True)
class GoogleError:
    """What Google says about a failure.

    Attributes:
        message: Its sentence, without keys, shortened, on one line; empty when it gives none.
        status: Its word for the class: ``INVALID_ARGUMENT``, …; ``None`` when it gives none.
        reason: The finer word of ``google.rpc.ErrorInfo``, such as ``API_KEY_INVALID``.
        quota: The quota that was exceeded, as ``google.rpc.QuotaFailure`` names it.
        retry_delay: The pause that ``google.rpc.RetryInfo`` advises, in seconds.
    """

    message: str = ""
    status: str | None = None
    reason: str | None = None
    quota: str | None = None
    retry_delay: float | None = None

    @property
    def is_daily(self) -> bool:
        """Whether it speaks of a limit that a short pause does not lift."""
        return bool(_DAILY.search(f"{self.quota or ''} {self.message}"))


@dataclass(slots=True)
class _Details:
    reason: str | None = None
    quota: str | None = None
    delay: float | None = None
    told: list[str] = field(default_factory=list)


def json_object(response: Response) -> dict[str, Any] | None:
    """Return the body as a JSON object, one that is alone in a list too, or ``None`` when it is none."""
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return None
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    return body if isinstance(body, dict) else None


def error_of(response: Response) -> GoogleError:
    """Read an error answer of any of the known shapes."""
    body = json_object(response)
    if body is None:
        return GoogleError(message=clean(response.text))
    error = body.get("error")
    if isinstance(error, str):
        said = body.get("error_description")
        return GoogleError(message=clean(said if isinstance(said, str) else error))
    if not isinstance(error, Mapping):
        return GoogleError()
    details = _read_details(error.get("details"))
    message = error.get("message")
    return GoogleError(
        message=clean(" ".join([message if isinstance(message, str) else "", *details.told])),
        status=_word(error.get("status")) or (_word(error.get("code"))),
        reason=details.reason,
        quota=details.quota,
        retry_delay=details.delay,
    )


def is_unsafe(text: str) -> bool:
    """Whether a sentence of Google's says that safety rules are the reason."""
    return bool(_UNSAFE.search(text))


def advised_pause(response: Response) -> float | None:
    """Return the pause in seconds that an answer advises in its body, or ``None``.

    A daily quota is not waited for: the pause is an hour, which the core leaves to its caller.
    """
    error = error_of(response)
    if response.status == 429 and error.is_daily:  # noqa: PLR2004  HTTP's own number
        return max(error.retry_delay or 0.0, _DAY)
    return error.retry_delay


def submit_error(
    response: Response, *, model: str, replacements: tuple[str, ...], settings: Settings = NO_SETTINGS
) -> ProviderError:
    """Return the error of a refused submit.

    Args:
        response: The answer.
        model: The vendor's name of the model.
        replacements: What its document names instead.
        settings: The account's. Vertex AI says "permission denied" of models that it does not have.
    """
    error = error_of(response)
    vertex = settings.get("surface") == "vertex"
    advice = f"; use {' or '.join(replacements)} instead" if replacements else ""
    if response.status == 404 or (response.status == 400 and _is_missing_model(error)):  # noqa: PLR2004  HTTP's own
        return RequestRejected(
            f"{_sentence(response, error)}. Google has no model {model!r} here, or no longer{advice}"
            + _of_account(404, error, settings),
            code="model_not_found",
            **_support(response, billed=False),
        )
    if vertex and response.status == 403 and _NO_ACCESS.search(error.message):  # noqa: PLR2004
        return AuthenticationFailed(
            f"{_sentence(response, error)}. Either Vertex AI has no model {model!r} any more in this region{advice}, or "
            "the account lacks the permission aiplatform.endpoints.predict (role 'Vertex AI User')"
            + _of_account(403, error, settings),
            code=error.reason or error.status,
            **_support(response, billed=False),
        )
    # A server that fails may have taken the job before it failed; one that refuses has not.
    unknown = response.status >= 500 or response.status == 408  # noqa: PLR2004  HTTP's own numbers
    return _classified(response, error, billed=None if unknown else False, settings=settings)


def answer_error(
    response: Response, *, billed: bool | None = None, settings: Settings = NO_SETTINGS
) -> ProviderError:
    """Return the error of any other refused request.

    Args:
        response: The answer.
        billed: What it tells about the job's bill: for a look at a job, nothing.
        settings: The account's, for advice.
    """
    return _classified(response, error_of(response), billed=billed, settings=settings)


@contextmanager
def after_acceptance() -> Iterator[None]:
    """Let no error about a job that was accepted say that it costs nothing, whoever raises it.

    A token that cannot be had, or a redirect that is not followed, tells nothing about the job's bill.
    """
    try:
        yield
    except ProviderError as error:
        error.billed = None
        raise


def raise_unexpected(response: Response, expected: str) -> NoReturn:
    """Complain about an answer outside the protocol.

    Raises:
        UnexpectedAnswer: Always.
    """
    said = error_of(response).message
    raise UnexpectedAnswer(
        f"expected {expected}, got HTTP {response.status} {response.media_type or 'without a media type'}"
        + (f": {said}" if said else ""),
        **_support(response, billed=None),
    )


def _classified(
    response: Response, error: GoogleError, *, billed: bool | None, settings: Settings
) -> ProviderError:
    kind, status = _kind(response.status, error), response.status
    result = kind(
        _sentence(response, error) + _advice(status, error) + _of_account(status, error, settings),
        code=error.reason or error.status,
        **_support(response, billed=billed),
    )
    if isinstance(result, RateLimited):
        result.retry_after = _pause(response)
    return result


def _kind(status: int, error: GoogleError) -> type[ProviderError]:
    if status == 400:  # noqa: PLR2004  HTTP's own number
        if error.reason == "API_KEY_INVALID" or _BAD_KEY.search(error.message):
            return AuthenticationFailed
        if _UNKNOWN_INTERACTION.search(error.message):
            return ResourceNotFound
    if status in {400, 403} and is_unsafe(error.message):
        return ContentRefused
    if status in _KINDS:
        return _KINDS[status]
    return ProviderUnavailable if status >= 500 else RequestRejected if status >= 400 else UnexpectedAnswer  # noqa: PLR2004


_KINDS: Final[Mapping[int, type[ProviderError]]] = {
    401: AuthenticationFailed,
    402: InsufficientCredit,
    403: AuthenticationFailed,
    404: ResourceNotFound,
    408: ProviderUnavailable,
    410: ResourceNotFound,
    429: RateLimited,
}


def _advice(status: int, error: GoogleError) -> str:
    if error.reason == "SERVICE_DISABLED":
        return ". Enable the API in the project's console, and wait a few minutes"
    if status == 400 and error.status == "FAILED_PRECONDITION":  # noqa: PLR2004  HTTP's own number
        return ". Google says so when billing is not enabled, or when the model is not offered where you are"
    if status == 402 or (status == 429 and _BILLING.search(error.message)):  # noqa: PLR2004
        return ". The prepaid balance may be used up; see the billing page"
    if status == 429 and error.is_daily:  # noqa: PLR2004
        return f". A daily limit is used up ({error.quota or 'not named'}): it comes back the next day, waiting does not help"
    return ""


def _of_account(status: int, error: GoogleError, settings: Settings) -> str:
    """Name the setting that a refusal on Vertex AI may be about."""
    if settings.get("surface") != "vertex":
        return ""
    project, region = settings.get("project"), settings.get("region")
    if status == 401 and isinstance(tokens_of(settings), GivenToken):  # noqa: PLR2004  HTTP's own number
        source = settings.sources.get("access_token", "the setting access_token")
        return (
            f". The access token (from {source}) may have run out, as they do after about an hour: get another with "
            "'gcloud auth print-access-token', and set GOOGLE_OAUTH_ACCESS_TOKEN to it"
        )
    if not project or is_express(settings):
        return ""
    if status == 403 and _OF_PROJECT.search(f"{error.message} {error.reason or ''}".replace("_", " ")):  # noqa: PLR2004
        quota = settings.get("quota_project")
        beside = f", and quota_project {quota!r}" if quota else ""
        return (
            f". The setting project is {project!r}{beside}: see that these credentials may use it, and that Vertex AI is "
            "enabled there"
        )
    if status == 404 and settings.get("vertex_base_url") and region:  # noqa: PLR2004
        return f". At {settings.get('vertex_base_url')} it was asked for in the region {region!r}: set region if it is another"
    return ""


def _is_missing_model(error: GoogleError) -> bool:
    return "model" in error.message.lower() and bool(_GONE.search(error.message))


def _sentence(response: Response, error: GoogleError) -> str:
    facts = [f"HTTP {response.status}", *filter(None, (error.status, error.reason))]
    return f"{error.message.rstrip('.') or 'Google gives no reason'} ({', '.join(facts)})"


def _support(response: Response, *, billed: bool | None) -> dict[str, Any]:
    return {
        "provider": PROVIDER,
        "status": response.status,
        "request_id": response.request_id,
        "billed": billed,
    }


def _pause(response: Response) -> float | None:
    advised, text = advised_pause(response), response.headers.get("retry-after", "").strip()
    if advised is None and text.isascii() and text.isdigit():
        return min(float(text), _LONGEST_PAUSE)
    return advised


def _read_details(details: Any) -> _Details:
    found = _Details()
    for entry in _mappings(details):
        kind = str(entry.get("@type", "")).rpartition(".")[2]
        if kind == "ErrorInfo":
            found.reason = _word(entry.get("reason"))
        elif kind == "RetryInfo":
            seconds = _SECONDS.fullmatch(str(entry.get("retryDelay", "")))
            found.delay = min(float(seconds[1]), _LONGEST_PAUSE) if seconds else None
        elif kind == "QuotaFailure":
            for violation in _mappings(entry.get("violations")):
                found.quota = _word(violation.get("quotaId") or violation.get("quotaMetric")) or found.quota
        elif kind == "BadRequest":
            for violation in _mappings(entry.get("fieldViolations")):
                found.told.append(f"[{violation.get('field')}: {violation.get('description')}]")
    return found


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    return (entry for entry in value if isinstance(entry, Mapping)) if isinstance(value, list) else iter(())


def _word(value: Any) -> str | None:
    return redact(value)[:120] or None if isinstance(value, str) else None
