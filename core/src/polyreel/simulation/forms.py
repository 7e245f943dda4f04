"""What a request carries, taken apart as strictly as a service does it: forms, queries, paths."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from polyreel.http import Part

__all__ = ["parse_form", "path_of", "query_of", "segments_of"]

_MAX_HEAD: Final = 16 * 1024  # bytes of one part's headers; real ones have a few hundred
_MAX_BOUNDARY: Final = 70  # RFC 2046
# A quoted value ends at a quote before ";" or the end: clients differ in how they escape a quote inside.
_PARAMETER: Final = re.compile(r';\s*([!#$%&\'*+.^_`|~\w-]+)\s*=\s*(?:"(.*?)"(?=\s*(?:;|$))|([^\s";]*))\s*')
_ESCAPES: Final = {"%22": '"', "%0D": "\r", "%0A": "\n", '\\"': '"'}
_ESCAPED: Final = re.compile(r'%22|%0D|%0A|\\"')
_ENCODINGS: Final = frozenset({"", "7bit", "8bit", "binary"})


def parse_form(content_type: str, body: bytes) -> list[Part]:
    """Take a ``multipart/form-data`` body apart.

    Args:
        content_type: The request's ``Content-Type``, with its boundary.
        body: The body, byte for byte.

    Returns:
        The parts in their order. A file, or a part of a binary media type, has ``bytes`` as its content; any
        other has ``str``.

    Raises:
        ValueError: A sentence that says what is malformed.
    """
    kind, parameters = _value(content_type, "Content-Type")
    if kind != "multipart/form-data":
        raise ValueError(f"expected a multipart/form-data body, got {kind or 'no Content-Type'!r}")
    boundary = parameters.get("boundary", "")
    if not 0 < len(boundary) <= _MAX_BOUNDARY or not boundary.isascii():
        raise ValueError(
            f"the Content-Type {content_type!r} has no usable boundary; it looks like "
            "'multipart/form-data; boundary=…' with 1 to 70 ASCII characters"
        )
    return [_part(head, content) for head, content in _pieces(body, b"--" + boundary.encode("ascii"))]


def _pieces(body: bytes, delimiter: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not body.startswith(delimiter):
        raise ValueError("the form does not begin with its boundary")
    at = len(delimiter)
    while body[at : at + 2] != b"--":
        if body[at : at + 2] != b"\r\n":
            raise ValueError("a boundary inside the form is not followed by the end of its line")
        head_end = body.find(b"\r\n\r\n", at, at + _MAX_HEAD)
        if head_end < 0:
            raise ValueError("a part of the form has no empty line between its headers and its content")
        start = head_end + 4
        end = _next_delimiter(body, b"\r\n" + delimiter, start)
        yield body[at + 2 : head_end], body[start:end]
        at = end + 2 + len(delimiter)
    if body[at + 2 :].strip():
        raise ValueError("the form goes on after its closing boundary")


def _next_delimiter(body: bytes, delimiter: bytes, start: int) -> int:
    at = body.find(delimiter, start)
    while at >= 0:
        end = at + len(delimiter)
        # Content may contain a longer line that merely begins like the boundary.
        if body[end : end + 2] in {b"\r\n", b"--"}:
            return at
        at = body.find(delimiter, end)
    raise ValueError("the form is cut off: its closing boundary is missing")


def _part(head: bytes, content: bytes) -> Part:
    headers = _headers(head)
    kind, parameters = _value(headers.get("content-disposition", ""), "Content-Disposition")
    if kind != "form-data" or "name" not in parameters:
        raise ValueError("a part of the form has no 'Content-Disposition: form-data; name=…'")
    name, filename = parameters["name"], parameters.get("filename")
    if headers.get("content-transfer-encoding", "").lower() not in _ENCODINGS:
        raise ValueError(f"the part {name!r} has a Content-Transfer-Encoding; send its bytes as they are")
    media_type = headers.get("content-type")
    if filename is None and _is_text(media_type):
        try:
            return Part(name=name, content=content.decode(), media_type=media_type)
        except UnicodeDecodeError:
            raise ValueError(f"the field {name!r} is not UTF-8; send bytes as a file") from None
    return Part(name=name, content=content, filename=filename, media_type=media_type)


def _is_text(media_type: str | None) -> bool:
    plain = (media_type or "text/plain").partition(";")[0].strip().lower()
    return plain.startswith("text/") or plain == "application/json"


def _headers(head: bytes) -> dict[str, str]:
    try:
        lines = head.decode().split("\r\n")
    except UnicodeDecodeError:
        raise ValueError("the headers of a part are not UTF-8") from None
    found: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip() or name.lower() in found:
            raise ValueError(f"a part of the form has the malformed or repeated header {line[:80]!r}")
        found[name.lower()] = value.strip()
    return found


def _value(header: str, name: str) -> tuple[str, dict[str, str]]:
    """Split a header into its value, in lower case, and its parameters."""
    main, _, _ = header.partition(";")
    parameters: dict[str, str] = {}
    at = len(main)
    while at < len(header) and header[at:].strip(" ;"):
        found = _PARAMETER.match(header, at)
        if found is None or found[1].lower() in parameters:
            raise ValueError(f"the {name} {header[:120]!r} is malformed")
        quoted, bare = found[2], found[3]
        parameters[found[1].lower()] = bare if quoted is None else _unescaped(quoted)
        at = found.end()
    return main.strip().lower(), parameters


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: _ESCAPES[found[0]], text)


def query_of(url: str) -> dict[str, str]:
    """Return the query parameters of ``url``, decoded; of a repeated name the last."""
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def segments_of(url: str, *, below: str = "") -> tuple[str, ...]:
    """Return the segments of the path of ``url``, each decoded: an encoded slash never makes two of one.

    Args:
        url: An absolute address.
        below: An address whose path is left out at the beginning, normally the simulator's ``base_url``.

    Raises:
        ValueError: The path does not lie below ``below``.
    """
    path, base = urlsplit(url).path, urlsplit(below).path.rstrip("/")
    if path != base and not path.startswith(f"{base}/"):
        raise ValueError(f"the path {path!r} is not below {base!r}")
    return tuple(unquote(segment) for segment in path[len(base) :].strip("/").split("/") if segment)


def path_of(url: str, *, below: str = "") -> str:
    """Return the path of ``url`` in readable form, for a pattern to match.

    Segments are decoded, except that what would confuse them stays encoded: ``/``, ``%``, ``?`` and ``#``. Empty
    segments and a slash at the end are left out.

    Args:
        url: An absolute address.
        below: See :func:`segments_of`.

    Raises:
        ValueError: The path does not lie below ``below``.
    """
    readable = (
        re.sub(r"[/%?#]", lambda found: quote(found[0], safe=""), s) for s in segments_of(url, below=below)
    )
    return "/" + "/".join(readable)
