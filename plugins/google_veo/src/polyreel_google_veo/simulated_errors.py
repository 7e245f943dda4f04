"""The error bodies of Google's video services, for their simulator.

Four shapes: the common one of Google's APIs, ``{"error": {"code", "message", "status", "details"}}``; the one of
Interactions, whose ``code`` is a text; the one of Cloud Storage's JSON API; and OAuth's. Texts that somebody quoted are
in the project's sheet on Google (state of 2026-11-23); each function says whether its text is one of these
(*quoted*), is known from other Google APIs (*house style*) or is *ours*.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from polyreel.http import Response

__all__ = [
    "ApiError",
    "InteractionError",
    "PageError",
    "Refused",
    "StorageError",
    "TokenError",
    "bad_token",
    "developer_key_missing",
    "developer_key_wrong",
    "entity_not_found",
    "invalid_interaction",
    "json_unreadable",
    "model_gone",
    "no_object",
    "operation_id_no_long",
    "permission_denied",
    "publisher_model_not_found",
    "rate_limited",
    "storage_forbidden",
    "storage_unauthorized",
    "token_missing",
    "unknown_name",
    "unsupported_key",
]

_STATUS_NAMES: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
}
_INTERACTION_CODES: Final = {
    400: "invalid_request",
    404: "not_found",
    429: "rate_limit_exceeded",
    504: "deadline_exceeded",
}
_GOOGLE: Final = "type.googleapis.com/google.rpc."


class Refused(Exception):
    """What the models refuse: Vertex fails the operation with it, the developer API answers 400 at once.

    Args:
        message: For people.
        code: The gRPC number.
    """

    def __init__(self, message: str, *, code: int = 3) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class ApiError(Exception):
    """An answer that is no success, in the common shape.

    Args:
        message: For people.
        status: The HTTP status.
        details: Members of ``details``.
        headers: Headers beyond those of every answer.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        details: list[dict[str, Any]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status}: {message}")
        self.message = message
        self.status = status
        self.details = details or []
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """Return its JSON."""
        error: dict[str, Any] = {
            "code": self.status,
            "message": self.message,
            "status": _STATUS_NAMES[self.status],
        }
        return {"error": {**error, "details": self.details} if self.details else error}

    def response(self, *, in_array: bool = False) -> Response:
        """Return it as an HTTP answer.

        Args:
            in_array: Wrap the body in an array, as Google's front end sometimes does.
        """
        body = [self.body()] if in_array else self.body()
        return Response(
            status=self.status,
            headers={"content-type": "application/json; charset=UTF-8", **self.headers},
            content=json.dumps(body, ensure_ascii=False, indent=2).encode("utf-8", "replace"),
        )


class InteractionError(ApiError):
    """An answer of Interactions, where ``code`` is a text; which texts there are is ours."""

    def body(self) -> dict[str, Any]:
        """Return its JSON."""
        return {"error": {"code": _INTERACTION_CODES[self.status], "message": self.message}}


class StorageError(ApiError):
    """An answer of Cloud Storage's JSON API (house style).

    Args:
        message: For people.
        status: The HTTP status.
        reason: The machine-readable reason.
    """

    def __init__(self, message: str, *, status: int, reason: str) -> None:
        super().__init__(message, status=status)
        self.reason = reason

    def body(self) -> dict[str, Any]:
        """Return its JSON."""
        entry = {"message": self.message, "domain": "global", "reason": self.reason}
        return {"error": {"code": self.status, "message": self.message, "errors": [entry]}}


class TokenError(ApiError):
    """An answer of the token endpoint, in OAuth's shape (RFC 6749, section 5.2).

    Args:
        reason: OAuth's code.
        message: For people.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason

    def body(self) -> dict[str, Any]:
        """Return its JSON."""
        return {"error": self.reason, "error_description": self.message}


class PageError(ApiError):
    """The page that Google's front end answers where nothing is (house style)."""

    def response(self, *, in_array: bool = False) -> Response:  # noqa: ARG002  a page is in no array
        """Return it as an HTTP answer in HTML."""
        phrase = f"Error {self.status} ({HTTPStatus(self.status).phrase})!!1"
        page = f"<!DOCTYPE html><html lang=en><title>{phrase}</title><p><b>{self.status}.</b> {self.message}"
        headers = {"content-type": "text/html; charset=UTF-8"}
        return Response(status=self.status, headers=headers, content=page.encode("utf-8", "replace"))


def _info(reason: str, service: str) -> dict[str, Any]:
    info: dict[str, Any] = {"@type": f"{_GOOGLE}ErrorInfo", "reason": reason, "domain": "googleapis.com"}
    return {**info, "metadata": {"service": service}}


def developer_key_missing() -> ApiError:
    """No API key: the status is quoted (genkit issue 737), the text house style."""
    return ApiError(
        "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or "
        "other form of API consumer identity to call this API.",
        status=403,
    )


def developer_key_wrong() -> ApiError:
    """A key that is not known: the status is quoted, the text house style."""
    return ApiError(
        "API key not valid. Please pass a valid API key.",
        details=[_info("API_KEY_INVALID", "generativelanguage.googleapis.com")],
    )


def token_missing() -> ApiError:
    """No bearer token: the status is quoted, the text house style."""
    return ApiError(
        "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other "
        "valid authentication credential. See "
        "https://developers.google.com/identity/sign-in/web/devconsole-project.",
        status=401,
        details=[_info("CREDENTIALS_MISSING", "aiplatform.googleapis.com")],
    )


def bad_token(*, expired: bool) -> ApiError:
    """A token that is not, or no longer, accepted: the status is quoted, the text house style."""
    reason = "ACCESS_TOKEN_EXPIRED" if expired else "ACCESS_TOKEN_TYPE_UNSUPPORTED"
    return ApiError(
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
        status=401,
        details=[_info(reason, "aiplatform.googleapis.com")],
    )


def rate_limited(message: str, delay: float | None) -> ApiError:
    """Too many requests: with ``RetryInfo``, or with ``Help`` alone as gke-labs issue 1215 shows it.

    Args:
        message: For people.
        delay: Seconds until the next try, ``None`` to say nothing of it.
    """
    detail: dict[str, Any] = {"@type": f"{_GOOGLE}RetryInfo", "retryDelay": f"{math.ceil(delay or 0)}s"}
    if delay is None:
        link = {
            "description": "Learn more about quotas",
            "url": "https://ai.google.dev/gemini-api/docs/rate-limits",
        }
        detail = {"@type": f"{_GOOGLE}Help", "links": [link]}
    return ApiError(message, status=429, details=[detail])


def permission_denied(permission: str, resource: str) -> ApiError:
    """A project that is not the caller's: quoted up to "denied" (llmgateway issue 2082)."""
    return ApiError(
        f"Permission '{permission}' denied on resource '//aiplatform.googleapis.com/{resource}' (or it may not "
        "exist).",
        status=403,
        details=[_info("IAM_PERMISSION_DENIED", "aiplatform.googleapis.com")],
    )


def model_gone(model: str, version: str, *, retired: bool) -> ApiError:
    """A model that the developer API does not serve: both beginnings are quoted.

    Args:
        model: As it was asked for.
        version: Of the API, as it stands in the path.
        retired: Whether it was served once and was shut down in October 2026 or later.
    """
    if retired:
        return ApiError(
            f"This model models/{model[:80]} is no longer available. Please update your code to use a newer model "
            "for the latest features and improvements.",
            status=404,
        )
    return ApiError(
        f"models/{model[:80]} is not found for API version {version}, or is not supported for predictLongRunning. "
        "Call ListModels to see the list of available models and their supported methods.",
        status=404,
    )


def publisher_model_not_found(resource: str) -> ApiError:
    """A model that Vertex does not serve, or not in this location: the beginning is quoted."""
    return ApiError(
        f"Publisher Model `{resource[:300]}` was not found or your project does not have access to it. Please ensure "
        "you are using a valid model version. For more information, see: "
        "https://cloud.google.com/vertex-ai/generative-ai/docs/learn/model-versions",
        status=404,
    )


def entity_not_found() -> ApiError:
    """An operation or file that is unknown or expired: the status is quoted, the text house style."""
    return ApiError("Requested entity was not found.", status=404)


def operation_id_no_long(operation_id: str) -> ApiError:
    """The plain ``GET`` of a Vertex operation: the beginning is quoted by two third-party reports."""
    return ApiError(f"The Operation ID must be a Long, but was instead: {operation_id[:80]}")


def json_unreadable(problem: str) -> ApiError:
    """A body that is no JSON object: house style."""
    return ApiError(f"Invalid JSON payload received. {problem}")


def unknown_name(name: str) -> ApiError:
    """A member of the envelope that the method does not know: house style."""
    message = f'Invalid JSON payload received. Unknown name "{name[:80]}": Cannot find field.'
    violation = {"description": message}
    return ApiError(message, details=[{"@type": f"{_GOOGLE}BadRequest", "fieldViolations": [violation]}])


def unsupported_key(name: str) -> str:
    """Return the text for a key that a model does not take; its beginning is quoted (vercel/ai issue 13818)."""
    return (
        f"`{name[:80]}` isn't supported by this model. Please remove it or refer to the Gemini API documentation for "
        "supported usage."
    )


def invalid_interaction(name: str) -> InteractionError:
    """An id that Interactions does not know: quoted, and 400 instead of 404."""
    return InteractionError(f"Invalid interaction name: {name[:80]}")


def no_object(bucket: str, name: str) -> StorageError:
    """An object that is not there: house style."""
    return StorageError(f"No such object: {bucket}/{name}", status=404, reason="notFound")


def storage_forbidden(permission: str) -> StorageError:
    """A bucket that the caller may not use this way: house style."""
    return StorageError(
        f"The caller does not have {permission} access to the Google Cloud Storage bucket. Permission "
        f"'{permission}' denied on resource (or it may not exist).",
        status=403,
        reason="forbidden",
    )


def storage_unauthorized(*, missing: bool) -> StorageError:
    """No token, or one that is not accepted: house style."""
    if missing:
        message = (
            "Anonymous caller does not have storage.objects.get access to the Google Cloud Storage object. "
            "Permission 'storage.objects.get' denied on resource (or it may not exist)."
        )
        return StorageError(message, status=401, reason="required")
    return StorageError("Invalid Credentials", status=401, reason="authError")
