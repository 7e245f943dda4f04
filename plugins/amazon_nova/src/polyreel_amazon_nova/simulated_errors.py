"""Refusals of the simulated services in their own shapes: JSON of Bedrock, XML of S3.

Bedrock answers ``{"message": …}`` with the code in ``x-amzn-ErrorType``, which carries a suffix (seen in a capture:
aws-samples/amazon-bedrock-client-for-mac issue 11). Codes and statuses of Bedrock are those of its service model
(botocore 1.44.5, ``bedrock-runtime/2023-09-30``); those of S3 are in its API reference, "Error responses". Sentences
that no published document or report gives are ours; where one was seen, its source stands beside it.
"""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Mapping
from typing import Final
from xml.sax.saxutils import escape

from polyreel.http import Response

__all__ = [
    "BedrockError",
    "S3Error",
    "access_denied",
    "bedrock_headers",
    "denied_by_s3",
    "end_of_life",
    "invalid",
    "model_invalid",
    "s3_headers",
    "throttled",
    "unknown_operation",
    "unreadable",
]

_SUFFIX: Final = ":http://internal.amazon.com/coral/com.amazon.bedrock/"


def bedrock_headers() -> dict[str, str]:
    """Return the headers that every answer of Bedrock has."""
    return {"content-type": "application/json", "x-amzn-requestid": str(uuid.uuid4())}


def s3_headers() -> dict[str, str]:
    """Return the headers that every answer of S3 has."""
    return {
        "server": "AmazonS3",
        "x-amz-request-id": secrets.token_hex(8).upper(),
        "x-amz-id-2": secrets.token_urlsafe(56),
    }


class BedrockError(Exception):
    """A refusal by Bedrock.

    Args:
        code: For example ``ValidationException``; empty for an answer that does not name its code.
        message: The sentence.
        status: The HTTP status.
    """

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status

    def response(self) -> Response:
        """Return it as an answer."""
        headers = bedrock_headers()
        if self.code:
            headers["x-amzn-errortype"] = self.code + _SUFFIX
        content = json.dumps({"message": self.message}, ensure_ascii=False).encode()
        return Response(status=self.status, headers=headers, content=content)


class S3Error(Exception):
    """A refusal by S3.

    Args:
        code: For example ``NoSuchKey``.
        message: The sentence.
        status: The HTTP status.
        details: Further elements of the body.
        headers: Headers beyond the usual ones.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int,
        details: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.details = dict(details or {})
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """Return it as an answer."""
        usual = s3_headers()
        ids = {"RequestId": usual["x-amz-request-id"], "HostId": usual["x-amz-id-2"]}
        elements = {"Code": self.code, "Message": self.message, **self.details, **ids}
        inner = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in elements.items())
        content = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}</Error>'.encode()
        headers = {"content-type": "application/xml", **usual, **self.headers}
        return Response(status=self.status, headers=headers, content=content)


def invalid(message: str) -> BedrockError:
    """Return the refusal of bad input."""
    return BedrockError("ValidationException", message)


def unreadable(message: str) -> BedrockError:
    """Return the refusal of a body whose JSON has other types than the service model says (assumption: the code)."""
    return BedrockError("SerializationException", message)


def model_invalid() -> BedrockError:
    """Return the refusal of a model that is unknown, or unknown in this region (bitslovers.com, boto3 reports)."""
    return invalid("The provided model identifier is invalid.")


def end_of_life() -> BedrockError:
    """Return the refusal of a model past its end of life; the words after the first sentence are ours."""
    return BedrockError(
        "ResourceNotFoundException",
        "This model version has reached the end of its life. Please refer to the AWS documentation for more details.",
        status=404,
    )


def throttled() -> BedrockError:
    """Return the refusal of too many requests; it says nothing about when to come back."""
    return BedrockError(
        "ThrottlingException", "Too many requests, please wait before trying again.", status=429
    )


def access_denied(action: str, resource: str) -> BedrockError:
    """Return the refusal of what the caller has no right to."""
    message = f"You are not authorized to perform: {action} on resource: {resource}"
    return BedrockError("AccessDeniedException", message, status=403)


def unknown_operation() -> BedrockError:
    """Return the refusal of a method and path that are no operation."""
    return BedrockError("UnknownOperationException", "There is no such operation.", status=404)


def denied_by_s3(headers: Mapping[str, str] | None = None) -> S3Error:
    """Return S3's general refusal, which does not tell why."""
    return S3Error("AccessDenied", "Access Denied", status=403, headers=headers)
