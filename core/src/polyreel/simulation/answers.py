"""What both mounts do to every answer of a simulator, so that neither can be told from the other."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from typing import Final

from polyreel.http import Handler, Request, Response

__all__ = ["one_at_a_time", "sealed"]

_HOP_BY_HOP: Final = frozenset({"connection", "keep-alive", "transfer-encoding", "trailer", "upgrade"})
_WITHOUT_BODY: Final = frozenset({204, 304})
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
_BINARY: Final = ("video/", "image/", "audio/", "application/octet-stream")


def sealed(request: Request, response: Response) -> Response:
    """Return ``response`` as it goes over the wire.

    Header names in lower case, the true ``content-length``, no body where HTTP has none, and the part that a
    ``Range`` asked for of a binary answer.

    Args:
        request: As the handler saw it.
        response: As the handler gave it.
    """
    headers = {name.lower(): value for name, value in response.headers.items()}
    headers = {name: value for name, value in headers.items() if name not in _HOP_BY_HOP}
    answer = _ranged(request, replace(response, headers=headers, url=request.url, saved=None))
    headers = dict(answer.headers)
    if answer.status in _WITHOUT_BODY:
        headers.pop("content-length", None)
        return replace(answer, headers=headers, content=b"")
    if request.method == "HEAD":
        # A handler that gives no body to HEAD says itself how long it would be.
        if answer.content or "content-length" not in headers:
            headers["content-length"] = str(len(answer.content))
        return replace(answer, headers=headers, content=b"")
    headers["content-length"] = str(len(answer.content))
    return replace(answer, headers=headers)


def _ranged(request: Request, response: Response) -> Response:
    asked = _RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    if (
        asked is None
        or asked[0] == "bytes=-"
        or request.method != "GET"
        or response.status != 200  # noqa: PLR2004  the only answer that a range is a part of
        or not response.media_type.startswith(_BINARY)
    ):
        return response
    size = len(response.content)
    if asked[1]:
        first, last = int(asked[1]), min(int(asked[2] or size - 1), size - 1)
    else:
        first, last = max(size - int(asked[2]), 0), size - 1
    if asked[1] and asked[2] and int(asked[2]) < first:
        return response  # RFC 9110: an invalid range is ignored
    if first > last:
        headers = {"content-range": f"bytes */{size}"}
        return replace(response, status=416, headers=headers, content=b"")
    return replace(
        response,
        status=206,
        headers={**response.headers, "content-range": f"bytes {first}-{last}/{size}"},
        content=response.content[first : last + 1],
    )


def one_at_a_time(handler: Handler) -> Handler:
    """Return ``handler`` behind a lock, since simulators are not made for several threads."""
    lock = threading.Lock()

    def guarded(request: Request) -> Response:
        with lock:
            return handler(request)

    return guarded
