"""HTTP as plain data: requests, answers, forms. Nothing here knows which library carries them.

A plugin sees :class:`Request`, :class:`Part` and :class:`Response` (from ``polyreel.http``); they compare equal and
need no client, so what a plugin asks for is tested without a network.
"""

from __future__ import annotations

import json as json_library
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, BinaryIO, Final
from urllib.parse import quote, urlencode, urlsplit

from polyreel.errors import TransportFailed, UnexpectedAnswer
from polyreel.redaction import redact, without_query

__all__ = [
    "MAX_ANSWER_BYTES",
    "Handler",
    "Pace",
    "Part",
    "Request",
    "Response",
    "Version",
    "Wire",
    "encode",
    "failed",
    "is_origin",
    "origin",
    "path_segment",
    "seconds_until",
]

MAX_ANSWER_BYTES: Final = 8 * 1024 * 1024  # an answer that is no film is small; a larger one is a mistake
_SECRET_HEADERS: Final = frozenset(
    {"authorization", "api-key", "x-api-key", "x-goog-api-key", "x-amz-security-token", "cookie"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One part of a multipart form: a field, or, with a filename, a file.

    Attributes:
        name: The field's name.
        content: Text or bytes.
        filename: The file's name; ``None`` for a plain field.
        media_type: The file's media type.
    """

    name: str
    content: str | bytes = field(repr=False)
    filename: str | None = None
    media_type: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """An HTTP request as its ingredients.

    Attributes:
        method: ``GET``, ``POST``, …
        url: The absolute address without its query.
        query: Query parameters; ``None`` values are left out.
        headers: Headers beyond those that the body implies.
        json: A JSON body.
        form: A multipart body: its parts, in order.
        content: A raw body; at most one of the three bodies is given.
    """

    method: str
    url: str
    query: Mapping[str, str | int | None] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    form: Sequence[Part] | None = None
    content: bytes | None = field(default=None, repr=False)

    def adding(self, headers: Mapping[str, str]) -> Request:
        """Return this request with more headers; a name that it has already is replaced."""
        # Spelt out: dataclasses.replace costs three times as much, and each request passes here twice.
        return Request(
            method=self.method,
            url=self.url,
            query=self.query,
            headers={**self.headers, **headers},
            json=self.json,
            form=self.form,
            content=self.content,
        )

    @property
    def address(self) -> str:
        """The address with its query."""
        given = {name: value for name, value in self.query.items() if value is not None}
        if not given:
            return self.url
        return f"{self.url}{'&' if '?' in self.url else '?'}{urlencode(given)}"

    def __repr__(self) -> str:
        shown = {
            name: "********" if name.lower() in _SECRET_HEADERS else value
            for name, value in self.headers.items()
        }
        return redact(
            f"Request({self.method} {self.address}, headers={shown!r}, json={self.json!r}, form={self.form!r})"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """An HTTP answer.

    Attributes:
        status: The status code.
        headers: The headers, names in lower case.
        content: The body; empty when it was streamed into a file.
        url: The address that answered.
        saved: Bytes written to the file that was handed in; ``None`` when none was.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = field(default=b"", repr=False)
    url: str = ""
    saved: int | None = None

    def __repr__(self) -> str:
        return redact(
            f"Response({self.status} {without_query(self.url)}, headers={dict(self.headers)!r}, "
            f"{len(self.content)} bytes, saved={self.saved})"
        )

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004  the class of success

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode("utf-8", errors="replace")

    @property
    def media_type(self) -> str:
        """The media type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def request_id(self) -> str | None:
        """The server's id of this exchange, for its support."""
        return self.headers.get("x-request-id") or self.headers.get("x-amzn-requestid")

    def json_object(self) -> dict[str, Any] | None:
        """Return the body as a JSON object, or ``None`` when it is none."""
        try:
            body = json_library.loads(self.content)
        except (ValueError, RecursionError):
            return None
        return body if isinstance(body, dict) else None

    def json(self) -> Any:
        """Return the body as JSON; half a character (a lone surrogate) becomes a question mark.

        Raises:
            UnexpectedAnswer: It is no JSON; the message shows how it begins.
        """
        try:
            return _whole_characters(json_library.loads(self.content), self.content)
        except (ValueError, RecursionError):
            begin = redact(" ".join(self.text[:120].split()))
            raise UnexpectedAnswer(
                f"expected JSON from {without_query(self.url)}, got {self.media_type or 'an unnamed type'} "
                f"with status {self.status} that begins {begin!r}",
                status=self.status,
                request_id=self.request_id,
                billed=None,
            ) from None


def _whole_characters(value: Any, content: bytes) -> Any:
    if b"\\ud" not in content.lower():
        return value
    # Half a character could not be written down anywhere, and this may be the answer of a paid request.
    return json_library.loads(json_library.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """Which bytes an address gave: enough to ask later for the rest of exactly these.

    Attributes:
        origin: Scheme, host and port of who gave them, as ``https://host:443``.
        etag: Its strong entity tag (RFC 9110, section 8.8.3); equal tags of one origin mean equal bytes.
        length: The length of the whole file in bytes.
    """

    origin: str
    etag: str
    length: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """The slowest that a file may come: what brings less is given up.

    Attributes:
        size: So many bytes must come at least
        seconds: in each stretch of so many seconds.
    """

    size: int = 16 * 1024
    seconds: float = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Wire:
    """Exactly one exchange, as a transport carries it.

    Attributes:
        request: What is sent.
        timeout: Seconds until the whole exchange must be over, or for a film: without any byte arriving.
        max_bytes: The longest body that is taken.
        into: Where the body of a 2xx answer is streamed; ``None`` keeps it in memory.
        seconds_left: Seconds until a film that is streamed must be over too; ``None`` for no end.
        connect_to: The checked network address to use instead of resolving the host again.
        held: The file that ``into`` holds the beginning of; ``None`` when it is to be filled from its start.
        offset: How many bytes of it are there.
        begun: Called before the first byte of a film is written, with what its rest can be asked for by later, or
            ``None`` when it cannot.
        beat: Called now and then while a film comes; what it raises ends the exchange.
        pace: The slowest that a film may come.
        before: Called at the last moment at which the server does not have the request yet; what it raises keeps it
            from the server, and is raised as it is.
    """

    request: Request
    timeout: float = 60.0
    max_bytes: int = MAX_ANSWER_BYTES
    into: BinaryIO | None = None
    seconds_left: float | None = None
    connect_to: str | None = None
    held: Version | None = None
    offset: int = 0
    begun: Callable[[Version | None], None] | None = None
    beat: Callable[[], None] | None = None
    pace: Pace = Pace()
    before: Callable[[], None] | None = None


Handler = Callable[[Request], Response]
"""A server as a function: what a simulator is, mounted in-process."""


def seconds_until(date: str, *, now: float) -> float | None:
    """Return the seconds until an HTTP date; negative when it has passed, ``None`` when it is none.

    Args:
        date: As a header writes it; one without a zone is UTC.
        now: The current time, seconds since 1970.
    """
    try:
        moment = parsedate_to_datetime(date)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
    except (ValueError, TypeError, OverflowError):
        return None


def failed(wire: Wire, reason: str, *, sent: bool) -> TransportFailed:
    """Return the error of an exchange without a whole answer.

    Args:
        wire: The exchange.
        reason: Why, free of keys.
        sent: Whether the request may have arrived.
    """
    address = without_query(wire.request.url)
    return TransportFailed(
        f"{wire.request.method} {address} failed: {reason}; "
        + ("it may have arrived" if sent else "nothing was sent"),
        request_sent=sent,
        method=wire.request.method,
        url=address,
    )


@lru_cache(maxsize=512)
def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of ``url``: what credentials are bound to."""
    try:
        parts = urlsplit(url)
        port = {"http": 80, "https": 443}.get(parts.scheme, 0) if parts.port is None else parts.port
    except ValueError:
        return "", url, -1  # a broken address belongs to nobody
    return parts.scheme, (parts.hostname or "").lower(), port


def is_origin(target: tuple[str, str, int], pattern: str) -> bool:
    """Whether an origin is the one of ``pattern``, in whose host a ``*`` stands for a part of one label.

    Args:
        target: Scheme, host and port.
        pattern: An address, such as ``"https://api.*.acme.example"``.
    """
    scheme, host, port = origin(pattern)
    if "*" not in host:
        return target == (scheme, host, port)
    return (target[0], target[2]) == (scheme, port) and bool(_host_pattern(host).fullmatch(target[1]))


@lru_cache(maxsize=512)
def _host_pattern(host: str) -> re.Pattern[str]:
    return re.compile("[a-z0-9-]+".join(map(re.escape, host.split("*"))))


def path_segment(text: str) -> str:
    """Return ``text`` percent-encoded as one segment of a path; it can never climb out of it."""
    encoded = quote(text, safe="-._~!$&'()*+,;=:@")
    return encoded.replace(".", "%2E") if encoded in {".", ".."} else encoded


def encode(request: Request) -> tuple[dict[str, str], bytes]:
    """Return the headers and the body that carry ``request``.

    Args:
        request: At most one of ``json``, ``form`` and ``content`` is set.

    Returns:
        The headers, with the body's ``Content-Type`` added unless given (a form's always), and the body's bytes.
    """
    headers = dict(request.headers)
    given = next((name for name in headers if name.lower() == "content-type"), None)
    if request.form is not None:
        # Only this header knows the boundary: one that was given is replaced.
        boundary = os.urandom(16).hex()
        headers[given or "Content-Type"] = f"multipart/form-data; boundary={boundary}"
        return headers, _multipart(request.form, boundary)
    if request.json is not None:
        headers.setdefault(given or "Content-Type", "application/json")
        return headers, json_library.dumps(request.json, ensure_ascii=False, separators=(",", ":")).encode()
    return headers, request.content or b""


def _multipart(parts: Sequence[Part], boundary: str) -> bytes:
    chunks: list[bytes] = []
    for part in parts:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(part.name)}"'
        if part.filename is not None:
            head += f'; filename="{_quoted(part.filename)}"'
        if part.media_type:
            head += f"\r\nContent-Type: {part.media_type}"
        body = part.content.encode() if isinstance(part.content, str) else part.content
        chunks += (head.encode(), b"\r\n\r\n", body, b"\r\n")
    chunks.append(f"--{boundary}--\r\n".encode())
    return b"".join(chunks)


def _quoted(text: str) -> str:
    # The escapes of the HTML standard, "multipart form data": nothing can end the header early.
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
