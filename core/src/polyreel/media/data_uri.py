"""Bytes inside a ``data:`` URI, measured before they are decoded."""

from __future__ import annotations

import binascii
import re
from urllib.parse import unquote_to_bytes

__all__ = ["parse_data_uri"]

MAX_HEADER = 256  # characters before the comma; media type, charset and ";base64" need a quarter of it
QUOTED = 32  # characters of the text in an error: enough to recognise it, too few to leak a picture
PIECE = 65_536  # percent escapes are decoded piecewise: decoding 60 MB of them at once takes gigabytes

_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def parse_data_uri(text: str, *, max_bytes: int) -> tuple[bytes, str]:
    """Decode a ``data:`` URI.

    Args:
        text: The whole URI, ``data:image/png;base64,…``.
        max_bytes: How many bytes it may decode to; measured on the text, so nothing larger is ever decoded.

    Returns:
        The bytes, and the media type that the URI declares (lower case, without parameters; ``text/plain``
        when it declares none).

    Raises:
        ValueError: A sentence that says what is wrong; it never quotes the data.
    """
    media_type, is_base64, start = _parse_header(text)
    length = len(text) - start
    if length == 0:
        raise ValueError("The data URI is empty: nothing follows its comma; put the file's bytes there.")
    escapes = 0 if is_base64 else text.count("%", start)
    size = _base64_size(text, length) if is_base64 else length - 2 * escapes
    if size > max_bytes:
        raise ValueError(
            f"The data URI holds {size:,} bytes and {max_bytes:,} are allowed; "
            "send a smaller file, or give its path or its address instead."
        )
    data = _decode_base64(text[start:]) if is_base64 else _decode_escapes(text[start:])
    if not data:
        raise ValueError(
            "The data URI is empty: it decodes to no bytes; put the file's bytes after its comma."
        )
    return data, media_type


def _parse_header(text: str) -> tuple[str, bool, int]:
    if text[:5].lower() != "data:":
        raise ValueError(f"{_shorten(text)!r} is not a data URI; one looks like 'data:image/png;base64,…'.")
    comma = text.find(",", 0, MAX_HEADER)
    if comma < 0:
        raise ValueError(
            f"The data URI {_shorten(text)!r} has no comma in its first {MAX_HEADER} characters; "
            "it looks like 'data:image/png;base64,…', with the data after the comma."
        )
    first, *options = (part.strip().lower() for part in text[5:comma].split(";"))
    media_type = first or "text/plain"  # the default of RFC 2397
    if not _MEDIA_TYPE.fullmatch(media_type):
        raise ValueError(
            f"The data URI declares {_shorten(first)!r}, which is not a media type; write for example 'image/png'."
        )
    return media_type, options[-1:] == ["base64"], comma + 1


def _base64_size(text: str, length: int) -> int:
    padding = text.endswith("=") + text.endswith("==")
    return max(0, length * 3 // 4 - padding)


def _decode_base64(payload: str) -> bytes:
    try:
        return binascii.a2b_base64(payload, strict_mode=True)
    except ValueError as problem:
        raise ValueError(
            "The data URI is not valid base64; encode the file with the standard alphabet (+ and /), "
            "with its padding and without spaces or line breaks."
        ) from problem


def _decode_escapes(payload: str) -> bytes:
    if not payload.isascii() or _BROKEN_ESCAPE.search(payload):
        raise ValueError(
            "The data URI is not percent-encoded correctly: outside ASCII every byte is written as '%' and two "
            "hexadecimal digits; encode it again, or use base64."
        )
    decoded = bytearray()
    at = 0
    while at < len(payload):
        end = at + PIECE
        escape = payload.rfind("%", end - 2, end)  # one that the cut would go through
        if escape >= 0 and end < len(payload):
            end = escape
        decoded += unquote_to_bytes(payload[at:end])
        at = end
    return bytes(decoded)


def _shorten(text: str) -> str:
    return text if len(text) <= QUOTED else f"{text[:QUOTED]}…"
