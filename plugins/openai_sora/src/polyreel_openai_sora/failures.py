"""Errors of the many servers that speak the protocol, read by one parser and turned into polyreel's classes.

Shapes and codes: fact sheet on the OpenAI Videos API, sections 0.4, 3, 4 and 9.7 (2026-11-23): OpenAI's
``{"error": {message, type, param, code}}``, LiteLLM's code that is the HTTP status as text, vLLM-Omni's code that is
a number, ``error`` as a plain text, FastAPI's ``{"detail": …}`` as text or list, plain text, and HTML of a proxy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

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
from polyreel.exchange import retry_after
from polyreel.http import Response
from polyreel.redaction import clean, redact

__all__ = [
    "ErrorText",
    "answer_error",
    "error_text",
    "is_refused_content",
    "job_error",
    "raise_unexpected",
    "submit_error",
]

PROVIDER: Final = "openai"

# There is no published list of codes (sheet, section 3). The first two were seen on /v1/videos; the others are
# what OpenAI's and Azure's other endpoints say.
_SAFETY_CODES: Final = frozenset(
    {
        "moderation_blocked",
        "sentinel_block",
        "content_policy_violation",
        "content_filter",
        "responsibleaipolicyviolation",
    }
)
_SAFETY_WORDS: Final = re.compile(
    r"blocked by (?:our|the) moderation|content management policy", re.IGNORECASE
)
_CREDIT_CODES: Final = frozenset(
    {"insufficient_quota", "billing_hard_limit_reached", "insufficient_user_quota"}
)
_MODEL_CODES: Final = frozenset({"model_not_found", "deploymentnotfound"})
_MODEL_WORDS: Final = re.compile(r"\bmodel\b[ \w'\"`./:-]{0,80}\b(?:not found|does not exist)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorText:
    """What a server says about a failure.

    Attributes:
        message: Its sentence, without keys, shortened, on one line; empty when it gives none.
        code: Its code, always as text.
        type: Its class of error.
        param: The field that it names.
    """

    message: str = ""
    code: str | None = None
    type: str | None = None
    param: str | None = None

    @property
    def words(self) -> frozenset[str]:
        """Code and type in lower case: clones put the telling word in either."""
        return frozenset(word.lower() for word in (self.code, self.type) if word)


def error_text(response: Response) -> ErrorText:
    """Read an error answer of any of the known shapes."""
    try:
        body = json.loads(response.content)
    except ValueError:
        return ErrorText(message=clean(response.text))
    if isinstance(body, Mapping):
        return job_error(body)
    return ErrorText(message=clean(body if isinstance(body, str) else _joined(body)))


def job_error(body: Mapping[str, Any]) -> ErrorText:
    """Read the error inside a JSON object: an error answer, or a failed job."""
    error = body.get("error")
    if isinstance(error, Mapping):
        return _from_object(error)
    if isinstance(error, str) and error.strip():
        return ErrorText(message=clean(error), code=_word(body.get("code")))
    if body.get("detail"):
        return ErrorText(message=clean(_joined(body["detail"])), code=_word(body.get("code")))
    if "message" in body or "code" in body:
        return _from_object(body)
    return ErrorText()


def is_refused_content(error: ErrorText) -> bool:
    """Whether safety rules are the reason, by code or, from servers that drop it, by the known sentence."""
    return not _SAFETY_CODES.isdisjoint(error.words) or bool(_SAFETY_WORDS.search(error.message))


def submit_error(response: Response, *, model: str, creates: bool) -> ProviderError:
    """Return the error of a refused submit.

    Args:
        response: The answer.
        model: The vendor's name of the model.
        creates: Whether a film was to be made from nothing, as opposed to from an earlier one. Only then does
            "not found" speak of the model; the rest of the time it is the source that is not known.
    """
    error = error_text(response)
    if creates and _is_missing_model(response.status, error):
        return RequestRejected(
            _sentence(response, error) + _advice(response, model),
            code="model_not_found",
            **_support(response, billed=False),
        )
    # A server that fails may have taken the job before it failed; one that refuses has not.
    unknown = response.status >= 500 or response.status == 408  # noqa: PLR2004  HTTP's own numbers
    return _classified(response, error, billed=None if unknown else False)


def answer_error(response: Response, *, billed: bool | None = None) -> ProviderError:
    """Return the error of any other refused request.

    Args:
        response: The answer.
        billed: What it tells about the job's bill: for a look at a job, nothing.
    """
    return _classified(response, error_text(response), billed=billed)


def raise_unexpected(response: Response, expected: str, *, billed: bool | None = None) -> NoReturn:
    """Complain about an answer outside the protocol.

    Raises:
        UnexpectedAnswer: Always.
    """
    said = error_text(response).message
    raise UnexpectedAnswer(
        f"expected {expected}, got HTTP {response.status} {response.media_type or 'without a media type'}"
        + (f": {said}" if said else ""),
        code=None,
        **_support(response, billed=billed),
    )


def _classified(response: Response, error: ErrorText, *, billed: bool | None) -> ProviderError:
    kind = _kind(response.status, error)
    result = kind(_sentence(response, error), code=error.code, **_support(response, billed=billed))
    if isinstance(result, RateLimited):
        result.retry_after = _pause(response)
    return result


def _kind(status: int, error: ErrorText) -> type[ProviderError]:
    """Codes before statuses: a quota is a 429 that waiting does not cure, and a refused prompt is any 4xx."""
    if 400 <= status < 500:  # noqa: PLR2004  the class of refusals
        if is_refused_content(error):
            return ContentRefused
        if not _CREDIT_CODES.isdisjoint(error.words):
            return InsufficientCredit
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


def _is_missing_model(status: int, error: ErrorText) -> bool:
    # What api.openai.com answers since the shutdown is not known: 404, 410 and 400 with the code all count
    # (sheet, section 0.1).
    if status in {404, 410}:
        return True
    named = not _MODEL_CODES.isdisjoint(error.words) or bool(_MODEL_WORDS.search(error.message))
    return status == 400 and named  # noqa: PLR2004  bad request


def _advice(response: Response, model: str) -> str:
    if (urlsplit(response.url).hostname or "") == "api.openai.com":
        return (
            f". OpenAI shut down its Videos API with the model {model!r} on 2026-09-24: set base_url to a server "
            "that still speaks it, or move to a living model with 'polyreel migrate'"
        )
    return f". The server has no model {model!r}, or base_url does not lead to its '/videos'"


def _sentence(response: Response, error: ErrorText) -> str:
    facts = [f"HTTP {response.status}"]
    if error.code and error.code != str(response.status):
        facts.append(error.code)
    if error.param:
        facts.append(f"field {error.param!r}")
    return f"{error.message or 'the server gives no reason'} ({', '.join(facts)})"


def _support(response: Response, *, billed: bool | None) -> dict[str, Any]:
    return {
        "provider": PROVIDER,
        "status": response.status,
        "request_id": response.request_id,
        "billed": billed,
    }


def _pause(response: Response) -> float | None:
    # A date is measured against the server's own clock: a plugin has none, and the two may differ.
    try:
        now = parsedate_to_datetime(response.headers["date"]).timestamp()
    except (KeyError, ValueError, TypeError):
        text = response.headers.get("retry-after", "")
        if not text.strip().replace(".", "", 1).isdigit() and "retry-after-ms" not in response.headers:
            return None
        now = 0.0
    return retry_after(response.headers, now=now)


def _from_object(error: Mapping[str, Any]) -> ErrorText:
    message = error.get("message")
    explained = error.get("misalignment")
    if isinstance(explained, Mapping) and isinstance(explained.get("detailed_explanation"), str):
        message = f"{message or ''} {explained['detailed_explanation']}"
    return ErrorText(
        message=clean(message if isinstance(message, str) else _joined(message)),
        code=_word(error.get("code")),
        type=_word(error.get("type")),
        param=_word(error.get("param")),
    )


def _word(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return redact(str(value))[:80] or None


def _joined(value: Any) -> str:
    """FastAPI's ``detail``: a text, or a list of ``{"loc": ["body", "seconds"], "msg": …}``."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        place = ".".join(str(step) for step in _list(value.get("loc")))
        said = value.get("msg", value.get("message"))
        if isinstance(said, str):
            return f"{place}: {said}" if place else said
    if isinstance(value, list):
        return "; ".join(_joined(entry) for entry in value)
    return json.dumps(value, ensure_ascii=False)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
