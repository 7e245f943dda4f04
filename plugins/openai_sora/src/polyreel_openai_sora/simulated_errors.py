"""The error bodies of OpenAI's ``/v1/videos``, for its simulator.

The shape ``{"error": {"message", "type", "param", "code"}}`` with all four members is that of ``openapi.yaml``
(github.com/openai/openai-openapi at f85dbe2, 2026-08-21, line 38249). Texts come from three places, and each
function says from which:

* *verbatim*: seen in an answer of the service that somebody published; the link stands beside it, or "public
  notes" when several repositories quote the same words (read on 2026-11-24);
* *house style*: the wording of OpenAI's other endpoints, applied here;
* *ours*: nobody published what the service said; only the status and the shape are plausible.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from polyreel.http import Part, Response

__all__ = [
    "ApiError",
    "duplicate_parameter",
    "empty_string",
    "file_not_found",
    "image_not_fetched",
    "image_of_other_size",
    "integer_out_of_range",
    "invalid_clip",
    "invalid_image",
    "invalid_type",
    "invalid_url",
    "invalid_value",
    "json_unreadable",
    "key_missing",
    "key_wrong",
    "listed",
    "method_not_allowed",
    "missing_parameter",
    "model_not_found",
    "not_extendable",
    "rate_limited",
    "sentinel_block",
    "string_too_long",
    "unknown_parameter",
    "unsupported_content_type",
    "unsupported_mimetype",
    "video_not_found",
    "video_not_ready",
]

_KEYS_PAGE = "https://platform.openai.com/account/api-keys"
_BEGIN, _END = 8, 4  # what the service shows of a key
_TOO_SHORT_TO_SHOW = 20


@dataclass(kw_only=True, eq=False)
class ApiError(Exception):
    """An answer that is no success.

    Attributes:
        message: For people.
        status: The HTTP status.
        param: The parameter it speaks of.
        code: The machine-readable reason.
        kind: The member ``type``.
        headers: Headers beyond those of every answer.
    """

    message: str
    status: int = 400
    param: str | None = None
    code: str | None = None
    kind: str = "invalid_request_error"
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.status} {self.code or self.kind}: {self.message}"

    def response(self) -> Response:
        """Return it as an HTTP answer."""
        error = {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}
        body = json.dumps({"error": error}, ensure_ascii=False, indent=2).encode()
        return Response(
            status=self.status, headers={"content-type": "application/json", **self.headers}, content=body
        )


def listed(values: Sequence[str], word: str) -> str:
    """Return ``'a', 'b', or 'c'`` as the service writes lists."""
    quoted = [f"'{value}'" for value in values]
    if len(quoted) < 3:  # noqa: PLR2004  two need no comma
        return f" {word} ".join(quoted)
    return f"{', '.join(quoted[:-1])}, {word} {quoted[-1]}"


def key_missing() -> ApiError:
    """No bearer key: verbatim, with ``code`` null (public notes)."""
    return ApiError(
        status=401,
        message="You didn't provide an API key. You need to provide your API key in an Authorization header "
        "using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank "
        "username) if you're accessing the API from your browser and are prompted for a username and "
        f"password. You can obtain an API key from {_KEYS_PAGE}.",
    )


def key_wrong(key: str) -> ApiError:
    """A key that is not known: verbatim, https://github.com/BerriAI/litellm/issues/17016 (2025-11-24).

    Like the service it shows eight characters, asterisks and four characters; of a short key only asterisks.
    """
    hidden = len(key) - _BEGIN - _END
    masked = (
        f"{key[:_BEGIN]}{'*' * hidden}{key[-_END:]}" if len(key) >= _TOO_SHORT_TO_SHOW else "*" * len(key)
    )
    return ApiError(
        status=401,
        message=f"Incorrect API key provided: {masked}. You can find your API key at {_KEYS_PAGE}.",
        code="invalid_api_key",
    )


def rate_limited(retry_after: float) -> ApiError:
    """Too many requests: house style."""
    return ApiError(
        status=429,
        message="Rate limit reached for requests per min. Please try again later.",
        kind="requests",
        code="rate_limit_exceeded",
        headers={"retry-after": f"{max(1, round(retry_after))}"},
    )


def invalid_url(method: str, path: str) -> ApiError:
    """No such route: house style."""
    return ApiError(status=404, message=f"Invalid URL ({method} {path})")


def method_not_allowed(method: str, path: str, allowed: Sequence[str]) -> ApiError:
    """A route with another method: verbatim from ``POST /v1/videos/generations`` (public notes)."""
    return ApiError(
        status=405,
        message=f"Invalid method for URL ({method} {path})",
        headers={"allow": ", ".join(allowed)},
    )


def unsupported_content_type(content_type: str, allowed: Sequence[str]) -> ApiError:
    """A body in another encoding: house style."""
    return ApiError(
        message=f"Unsupported content type: '{content_type}'. This API method only accepts "
        f"{listed(allowed, 'or')} requests.",
        code="unsupported_content_type",
    )


def json_unreadable() -> ApiError:
    """A body that is no JSON: house style."""
    return ApiError(
        message="We could not parse the JSON body of your request. (HINT: This likely means you aren't using "
        "your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid "
        "JSON. If you have trouble figuring out how to fix this, please contact us through our help center "
        "at help.openai.com.)"
    )


def unknown_parameter(name: str) -> ApiError:
    """A field that the route does not know: house style."""
    return ApiError(message=f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")


def duplicate_parameter(name: str) -> ApiError:
    """A form field that comes twice: ours."""
    return ApiError(message=f"Duplicate parameter: '{name}'.", param=name, code="duplicate_parameter")


def missing_parameter(name: str) -> ApiError:
    """A required field is absent: house style."""
    return ApiError(
        message=f"Missing required parameter: '{name}'.", param=name, code="missing_required_parameter"
    )


def invalid_type(name: str, expected: str, value: Any) -> ApiError:
    """A value of another type: verbatim for three cases, house style for the rest.

    * ``seconds`` as a JSON integer: https://github.com/THU-MAIC/OpenMAIC/pull/98
    * ``input_reference`` as a JSON string: https://github.com/lobehub/lobehub/issues/14891
    * ``input_reference`` as a form field: https://github.com/chatfire-AI/huobao-drama/issues/49 (2026-01-23)
    """
    return ApiError(
        message=f"Invalid type for '{name}': expected {expected}, but got {_kind(value)} instead.",
        param=name,
        code="invalid_type",
    )


def invalid_value(name: str, value: str, allowed: Sequence[str]) -> ApiError:
    """A value outside an enumeration.

    Verbatim (public notes) but for the list: ``Invalid value: '15'. Supported values are: '4', '8', and '12'.`` was what the
    service said before 16 and 20 seconds came; the list here is the later one.
    """
    return ApiError(
        message=f"Invalid value: '{value[:64]}'. Supported values are: {listed(allowed, 'and')}.",
        param=name,
        code="invalid_value",
    )


def empty_string(name: str) -> ApiError:
    """A text without a visible character: house style."""
    return ApiError(
        message=f"Invalid '{name}': empty string. Expected a string with minimum length 1, but got an empty "
        "string instead.",
        param=name,
        code="empty_string",
    )


def string_too_long(name: str, limit: int, length: int) -> ApiError:
    """A text beyond its limit: house style."""
    return ApiError(
        message=f"Invalid '{name}': string too long. Expected a string with maximum length {limit}, but got a "
        f"string with length {length} instead.",
        param=name,
        code="string_above_max_length",
    )


def integer_out_of_range(name: str, value: int, low: int, high: int) -> ApiError:
    """A number beyond its limits: house style."""
    above = value > high
    sign, limit = ("<=", high) if above else (">=", low)
    return ApiError(
        message=f"Invalid '{name}': integer {'above maximum' if above else 'below minimum'} value. Expected a "
        f"value {sign} {limit}, but got {value} instead.",
        param=name,
        code="integer_above_max_value" if above else "integer_below_min_value",
    )


def model_not_found(model: str) -> ApiError:
    """No such model: house style; with 404 as on the other endpoints (the facts sheet leaves 400 possible)."""
    return ApiError(
        status=404,
        message=f"The model '{model[:64]}' does not exist or you do not have access to it.",
        code="model_not_found",
    )


def unsupported_mimetype(name: str, media_type: str, allowed: Sequence[str]) -> ApiError:
    """A file part with another or no media type.

    That it is refused: https://github.com/chatfire-AI/huobao-drama/pull/50 (2026-01-23). Text and code are
    those of ``/v1/images/edits``.
    """
    formats = "Supported file formats are" if len(allowed) > 1 else "The only supported file format is"
    return ApiError(
        message=f"Invalid file '{name}': unsupported mimetype ('{media_type}'). {formats} {listed(allowed, 'and')}.",
        param=name,
        code="unsupported_file_mimetype",
    )


def invalid_image(name: str) -> ApiError:
    """A file that is no image, or not there to its end: ours."""
    return ApiError(
        message=f"Invalid image file for '{name}': it is no JPEG, PNG or WebP image, or it is incomplete.",
        param=name,
        code="invalid_image_file",
    )


def image_of_other_size() -> ApiError:
    """Pixels that are not those of ``size``: verbatim, with ``param`` and ``code`` null.

    https://github.com/MicrosoftLearning/mslearn-ai-vision/pull/78
    """
    return ApiError(message="Inpaint image must match the requested width and height")


def image_not_fetched(name: str, address: str) -> ApiError:
    """An address of an image: the service fetched it, a simulator does not; ours."""
    return ApiError(
        message=f"Failed to download the image from {address}. This is polyreel's simulator, which fetches "
        "nothing: send a data URL, or upload the file.",
        param=name,
        code="invalid_image_url",
    )


def file_not_found(name: str, file_id: str) -> ApiError:
    """A file of the Files API, of which a simulator has none: the message is house style, the status ours."""
    return ApiError(message=f"No such File object: {file_id[:64]}", param=name, code="file_not_found")


def invalid_clip(name: str, reason: str) -> ApiError:
    """An uploaded film that cannot be used: ours."""
    return ApiError(
        message=f"Invalid video file for '{name}': {reason}", param=name, code="invalid_video_file"
    )


def not_extendable(reason: str) -> ApiError:
    """An extension beyond six segments or 120 seconds (guide, "video generation", August 2026): ours."""
    return ApiError(message=reason, param="video", code="extension_limit_exceeded")


def sentinel_block() -> ApiError:
    """The prompt is refused at create: verbatim, https://github.com/TheSmallHanCat/sora2api/issues/59 (2026-01-11)."""
    return ApiError(
        message="Hmmm something didn't look right with your request. Please try again later or visit "
        "https://help.openai.com if this issue persists.",
        code="sentinel_block",
    )


def video_not_found(video_id: str) -> ApiError:
    """An unknown, deleted or expired video: the words of a gateway that copies the service (public notes)."""
    return ApiError(status=404, message=f"Video with id '{video_id[:80]}' not found.")


def video_not_ready() -> ApiError:
    """The content of a video that is not completed: status and words of three copies of the service (public notes)."""
    return ApiError(
        status=404, message="Video is not ready yet, use GET /v1/videos/{video_id} to check status."
    )


def _kind(value: Any) -> str:  # noqa: PLR0911  one line for each type
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case float():
            return "a decimal number"
        case str():
            return "a string"
        case list():
            return "an array"
        case Part():
            return "a file"
        case _:
            return "an object"
