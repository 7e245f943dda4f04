"""The requests of a dry run as lines and as JSON: everything but credentials and the bytes of files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from polyreel.redaction import redact

if TYPE_CHECKING:
    from polyreel.http import Part, Request

__all__ = ["request_json", "request_lines"]

_LONGEST: Final = 4096  # a longer text without a space is a file in disguise
_SHOWN: Final = 60


def request_json(request: Request) -> dict[str, Any]:
    """Return a request for a JSON document."""
    shown: dict[str, Any] = {
        "method": request.method,
        "url": redact(request.address),
        "headers": {name: redact(value) for name, value in request.headers.items()},
    }
    if request.json is not None:
        shown["json"] = _without_files(request.json)
    if request.form is not None:
        shown["form"] = [_part(part) for part in request.form]
    if request.content is not None:
        shown["bytes"] = len(request.content)
    return shown


def request_lines(request: Request) -> list[str]:
    """Return a request as lines for people."""
    lines = [f"{request.method} {redact(request.address)}"]
    lines += [f"  {name}: {redact(value)}" for name, value in request.headers.items()]
    if request.json is not None:
        lines += [
            f"  {line}"
            for line in json.dumps(_without_files(request.json), indent=2, ensure_ascii=False).split("\n")
        ]
    for part in request.form or ():
        shown = _part(part)
        value = shown.get(
            "value", f"file {part.filename} ({part.media_type}, {shown.get('bytes', 0):,} bytes)"
        )
        lines.append(f"  {part.name} = {value}")
    if request.content is not None:
        lines.append(f"  {len(request.content):,} bytes")
    return lines


def _part(part: Part) -> dict[str, Any]:
    if part.filename is None:
        text = (
            part.content if isinstance(part.content, str) else part.content.decode("utf-8", errors="replace")
        )
        return {"name": part.name, "value": _without_files(text)}
    content = part.content.encode() if isinstance(part.content, str) else part.content
    return {
        "name": part.name,
        "filename": part.filename,
        "media_type": part.media_type,
        "bytes": len(content),
    }


def _without_files(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_files(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_without_files(entry) for entry in value]
    if isinstance(value, str) and len(value) > _SHOWN:
        is_file = value.startswith("data:") or (len(value) > _LONGEST and not any(map(str.isspace, value)))
        return f"{value[:_SHOWN]}... ({len(value):,} characters)" if is_file else value
    return value
