"""What successful answers of Google's simulated services have in common."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from polyreel.http import Response

__all__ = ["json_answer", "moment"]


def json_answer(value: Any) -> Response:
    """Return ``value`` as an answer with status 200."""
    headers = {"content-type": "application/json; charset=UTF-8"}
    # Half a character of a prompt that is repeated becomes a question mark.
    content = json.dumps(value, ensure_ascii=False, indent=2).encode("utf-8", "replace")
    return Response(status=200, headers=headers, content=content)


def moment(at: float) -> str:
    """Return seconds since 1970 in RFC 3339, as Google writes times."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
