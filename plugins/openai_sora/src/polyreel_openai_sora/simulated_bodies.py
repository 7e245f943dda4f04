"""Bodies of requests as ``/v1/videos`` took them: JSON and multipart read into the same fields."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from polyreel.http import Part, Request
from polyreel.simulation.forms import parse_form

from polyreel_openai_sora import simulated_errors as errors

__all__ = ["JSON", "MULTIPART", "Body", "read_body"]

JSON = "application/json"
MULTIPART = "multipart/form-data"

_MEMBER = re.compile(r"(\w+)\[(\w+)\]")


@dataclass(frozen=True, kw_only=True)
class Body:
    """The fields of one request.

    Attributes:
        encoding: :data:`JSON` or :data:`MULTIPART`.
        fields: JSON values; from a form, texts as ``str`` and files as ``Part``.
    """

    encoding: str
    fields: dict[str, Any]

    def allow(self, names: Collection[str]) -> None:
        """Refuse every field that is not named."""
        for name in self.fields:
            if name not in names:
                raise errors.unknown_parameter(name)

    def text(self, name: str, *, limit: int) -> str:
        """Return a required text of 1 to ``limit`` characters.

        A blank text is refused like an empty one; that is an assumption, the documents only say "at least 1".
        """
        if name not in self.fields:
            raise errors.missing_parameter(name)
        value = self.fields[name]
        if not isinstance(value, str):
            raise errors.invalid_type(name, "a string", value)
        if not value.strip():
            raise errors.empty_string(name)
        if len(value) > limit:
            raise errors.string_too_long(name, limit, len(value))
        return value

    def file(self, name: str, media_types: Sequence[str]) -> Part | None:
        """Return a file of one of these media types, ``None`` when the field is not a file."""
        value = self.fields.get(name)
        if not isinstance(value, Part):
            return None
        media_type = (value.media_type or "application/octet-stream").partition(";")[0].strip().lower()
        if media_type not in media_types:
            raise errors.unsupported_mimetype(name, media_type, media_types)
        return value

    def reference(self, name: str, members: Collection[str]) -> dict[str, str] | None:
        """Return an object whose members are texts, ``None`` when the field is absent.

        In a form such an object is what the official SDK's serializer makes of it, ``name[member]``; whether
        the service took that was never confirmed. A bare text is refused in both encodings.
        """
        if name not in self.fields:
            return None
        value = self.fields[name]
        if not isinstance(value, dict):
            raise errors.invalid_type(name, "a file" if self.encoding == MULTIPART else "an object", value)
        for member, text in value.items():
            if member not in members:
                raise errors.unknown_parameter(f"{name}.{member}")
            if not isinstance(text, str):
                raise errors.invalid_type(f"{name}.{member}", "a string", text)
        return value


def read_body(request: Request, encodings: Sequence[str]) -> Body:
    """Read the body of a request.

    Args:
        request: Header names in lower case, the body in ``content``.
        encodings: The media types that the route takes.

    Raises:
        ApiError: Another encoding, or not readable in the one it declares.
    """
    content_type = request.headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in encodings:
        raise errors.unsupported_content_type(content_type, encodings)
    content = request.content or b""
    fields = _read_json(content) if media_type == JSON else _read_form(content_type, content)
    return Body(encoding=media_type, fields=fields)


def _read_json(content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise errors.json_unreadable() from None
    if not isinstance(value, dict):
        raise errors.invalid_type("body", "an object", value)
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _read_form(content_type: str, content: bytes) -> dict[str, Any]:
    try:
        parts = parse_form(content_type, content)
    except ValueError as problem:
        raise errors.ApiError(message=f"Could not parse multipart form: {problem}") from None
    fields: dict[str, Any] = {}
    for part in parts:
        member = _MEMBER.fullmatch(part.name)
        if member is None:
            _put(fields, part.name, part.name, _value(part))
        else:
            nested = fields.setdefault(member[1], {})
            if not isinstance(nested, dict):
                raise errors.duplicate_parameter(member[1])
            _put(nested, member[2], part.name, _value(part))
    return fields


def _put(fields: dict[str, Any], key: str, name: str, value: str | Part) -> None:
    if key in fields:
        raise errors.duplicate_parameter(name)
    fields[key] = value


def _value(part: Part) -> str | Part:
    if part.filename is not None:
        return part
    # Without a filename it is a text to the service, whatever it holds: openai-java issue 640 (2025-11-04).
    return part.content if isinstance(part.content, str) else part.content.decode("utf-8", errors="replace")
