"""Errors of Bedrock (JSON) and of S3 (XML), read by one parser and turned into polyreel's classes.

Shapes, codes and texts: fact sheet on Bedrock's asynchronous invocations, sections 0 and 4 (2026-11-23). The code stands in
the header ``x-amzn-errortype``, perhaps with a suffix, or in the body as ``__type`` or ``code``; anything between us and AWS
may answer with HTML, or with nothing.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from polyreel.errors import (
    AuthenticationFailed,
    ContentRefused,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    RequestRejected,
    ResourceNotFound,
    UnexpectedAnswer,
)
from polyreel.http import Response
from polyreel.redaction import clean, redact

__all__ = [
    "BAD_CREDENTIALS",
    "EXPIRED",
    "PROVIDER",
    "ErrorText",
    "answer_error",
    "error_text",
    "is_refused_content",
    "poll_error",
    "submit_error",
    "unexpected",
]

PROVIDER: Final = "amazon"
EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"})
BAD_CREDENTIALS: Final = EXPIRED | {
    "InvalidAccessKeyId",
    "InvalidToken",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
}
"""Codes with which S3 says that a request's signature is good for nothing, whatever was asked for."""
LIVING_MODEL: Final = "amazon/luma.ray-v2:0"
_FILTERED: Final = "blocked by our content filters"  # the part that all of the messages share
_MODEL_WORDS: Final = re.compile(
    r"reached the end of its life|marked by provider as legacy|model identifier is invalid"
    r"|(?:could not|couldn't|cannot) (?:resolve|find) the (?:foundation )?model",
    re.IGNORECASE,
)
_BUCKET_WORDS: Final = re.compile(r"\bs3\b|bucket|outputdataconfig", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorText:
    """What AWS says about a failure.

    Attributes:
        message: Its sentence, without keys, shortened, on one line; empty when it gives none.
        code: The name of the error, without suffix.
    """

    message: str = ""
    code: str | None = None


def error_text(response: Response) -> ErrorText:
    """Read an error answer of any known shape."""
    body = response.json_object() or {}
    code = _word(response.headers.get("x-amzn-errortype") or body.get("__type") or body.get("code"))
    message = body.get("message", body.get("Message"))
    if isinstance(message, str):
        return ErrorText(message=clean(message), code=code)
    if body:
        return ErrorText(code=code)
    return _xml(response.text, code)


def is_refused_content(message: str) -> bool:
    """Whether the content filters are the reason; Amazon gives them no code."""
    return _FILTERED in message.lower()


def submit_error(response: Response, *, model: str) -> ProviderError:
    """Return the error of a refused start.

    Args:
        response: The answer.
        model: AWS's name of the model.
    """
    error = error_text(response)
    unknown = response.status >= 500 or response.status == 408 or error.code == "ConflictException"  # noqa: PLR2004
    advice = _submit_advice(response.status, error, model)
    return _classified(response, error, advice=advice, billed=None if unknown else False)


def poll_error(response: Response) -> ProviderError:
    """Return the error of a look at a job.

    GetAsyncInvoke declares no ResourceNotFoundException: what it does not know is a ValidationException (section 1).
    How long it remembers a job is not published (section 8).
    """
    error = error_text(response)
    gone = "; Bedrock does not know the job, or no longer. Its folder in the bucket may still have the film"
    if error.code == "ValidationException" and not is_refused_content(error.message):
        return ResourceNotFound(
            _sentence(response, error) + gone, code=error.code, **_support(response, billed=None)
        )
    return _classified(
        response,
        error,
        advice=gone if response.status == 404 else _advice(error),  # noqa: PLR2004  HTTP's own number
        billed=None,
    )


def answer_error(response: Response, *, billed: bool | None = None) -> ProviderError:
    """Return the error of any other refused request.

    Args:
        response: The answer.
        billed: What it tells about a job's bill.
    """
    error = error_text(response)
    return _classified(response, error, advice=_advice(error), billed=billed)


def unexpected(response: Response, expected: str, *, billed: bool | None = None) -> UnexpectedAnswer:
    """Return the error of an answer outside the protocol.

    Args:
        response: The answer.
        expected: What should have come.
        billed: What it tells about a job's bill.
    """
    said = error_text(response).message
    return UnexpectedAnswer(
        f"expected {expected}, got HTTP {response.status} {response.media_type or 'without a media type'}"
        + (f": {said}" if said else ""),
        **_support(response, billed=billed),
    )


_KINDS: Final[Mapping[str, type[ProviderError]]] = {
    "ValidationException": RequestRejected,
    "ServiceQuotaExceededException": RateLimited,
    # A job with our token is there or being made: the core looks for it instead of giving up a paid film.
    "ConflictException": UnexpectedAnswer,
    "AccessDeniedException": AuthenticationFailed,
    "ResourceNotFoundException": ResourceNotFound,
    "ThrottlingException": RateLimited,
    "SlowDown": RateLimited,
    "InternalServerException": ProviderUnavailable,
    "ServiceUnavailableException": ProviderUnavailable,
    "UnrecognizedClientException": AuthenticationFailed,
    "InvalidSignatureException": AuthenticationFailed,
    **dict.fromkeys(BAD_CREDENTIALS, AuthenticationFailed),
}
_STATUS_KINDS: Final[Mapping[int, type[ProviderError]]] = {
    401: AuthenticationFailed,
    403: AuthenticationFailed,
    404: ResourceNotFound,
    408: ProviderUnavailable,
    410: ResourceNotFound,
    429: RateLimited,
}
_UNKNOWN: Final = "AWS does not know these credentials: copy the access key again, with its session token if it is temporary"
_ADVICE: Final[Mapping[str, str]] = {
    "ServiceQuotaExceededException": "; the account's quota for this model is used up: wait until earlier jobs are over "
    "(Nova Reel 1.1 runs 3 at once by default), or have the quota raised",
    "ThrottlingException": "; too many requests, or too many jobs at once: wait",
    "ConflictException": "; a job with this token is there, or was asked for with another body",
    "AccessDeniedException": "; allow the credentials what they lack: bedrock:InvokeModel and s3:PutObject to make a film, "
    "bedrock:GetAsyncInvoke to look at it, bedrock:CallWithBearerToken with a Bedrock API key, and access to the model",
    "UnrecognizedClientException": f"; {_UNKNOWN}",
    "InvalidAccessKeyId": f"; {_UNKNOWN}",
    "InvalidToken": "; the session token does not belong to the access key: set both anew, or no token",
    "InvalidSignatureException": "; the secret access key does not belong to the access key id, or this machine's clock is wrong",
    "SignatureDoesNotMatch": "; the secret access key does not belong to the access key id, or this machine's clock is wrong",
    "RequestTimeTooSkewed": "; this machine's clock is wrong: set it",
    "ExpiredTokenException": "; the temporary credentials have run out: get new ones",
    "ExpiredToken": "; the temporary credentials have run out: get new ones",
    "TokenRefreshRequired": "; the temporary credentials have run out: get new ones",
}


def _submit_advice(status: int, error: ErrorText, model: str) -> str:
    if status == 404 or _MODEL_WORDS.search(error.message):  # noqa: PLR2004  HTTP's own number
        return _model_advice(model)
    if error.code == "ValidationException" and not is_refused_content(error.message):
        if _BUCKET_WORDS.search(error.message):
            return "; the bucket must be there, in the region of the model, and the credentials need s3:PutObject"
        return ""
    return _advice(error)


def _model_advice(model: str) -> str:
    if "nova-reel" in model:
        return f"; Nova Reel reached its end of life on 2026-09-30: move to a living model such as {LIVING_MODEL!r}"
    return f"; {model} is not offered here: check the region, and whether the account has access to the model"


def _advice(error: ErrorText) -> str:
    return _ADVICE.get(error.code or "", "")


def _classified(response: Response, error: ErrorText, *, advice: str, billed: bool | None) -> ProviderError:
    kind = _kind(response.status, error)
    return kind(_sentence(response, error) + advice, code=error.code, **_support(response, billed=billed))


def _kind(status: int, error: ErrorText) -> type[ProviderError]:
    """Codes before statuses: a quota is a 400, and so is a conflict."""
    if 400 <= status < 500 and is_refused_content(error.message):  # noqa: PLR2004  the class of refusals
        return ContentRefused
    known = _KINDS.get(error.code or "") or _STATUS_KINDS.get(status)
    if known is not None:
        return known
    return ProviderUnavailable if status >= 500 else RequestRejected if status >= 400 else UnexpectedAnswer  # noqa: PLR2004


def _sentence(response: Response, error: ErrorText) -> str:
    facts = f"HTTP {response.status}" + (f", {error.code}" if error.code else "")
    return f"{error.message or 'AWS gives no reason'} ({facts})"


def _support(response: Response, *, billed: bool | None) -> dict[str, Any]:
    return {
        "provider": PROVIDER,
        "status": response.status,
        "request_id": response.request_id or response.headers.get("x-amz-request-id"),
        "billed": billed,
    }


def _xml(text: str, code: str | None) -> ErrorText:
    """An error of S3: ``<Error><Code>…</Code><Message>…</Message>…``; anything else is shown as it is."""
    named = re.search(r"<Code>([^<]{1,80})</Code>", text)
    if named is None:
        return ErrorText(message=clean(text), code=code)
    said = re.search(r"<Message>([^<]*)</Message>", text)
    return ErrorText(message=clean(html.unescape(said[1])) if said else "", code=_word(named[1]))


def _word(value: Any) -> str | None:
    """The name alone: ``ValidationException:http://internal…`` and ``com.amazon#ValidationException`` are both it."""
    if not isinstance(value, str):
        return None
    return redact(value.partition(":")[0].rpartition("#")[2].strip())[:80] or None
