"""What the first bytes of a file say: its media type, a picture's size and orientation, whether it is whole.

Nothing here needs Pillow, so that a core without the ``simulate`` extra can still check a picture before it
is paid for. Every function takes hostile bytes and answers "unknown" instead of raising.
"""

# ruff: noqa: PLR2004  the numbers are those of the file formats, each beside the name of its field

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from struct import unpack_from

__all__ = [
    "SNIFFED_BYTES",
    "displayed_size",
    "extension",
    "image_orientation",
    "image_size",
    "is_truncated",
    "sniff",
]

SNIFFED_BYTES = 64  # every signature below ends before this, and the ``ftyp`` box's important brands too
MAX_PARTS = (
    1_000_000  # far above any real picture; walking more tiny segments would only burn a second of CPU
)

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"II+\x00", "image/tiff"),
    (0, b"MM\x00+", "image/tiff"),
    (0, b"%PDF-", "application/pdf"),
    # QuickTime files older than the ``ftyp`` box begin with any of these
    (4, b"moov", "video/quicktime"),
    (4, b"mdat", "video/quicktime"),
    (4, b"wide", "video/quicktime"),
)
_RIFF_FORMS = {b"WEBP": "image/webp", b"AVI ": "video/x-msvideo"}
# A brand that is missing here (``mif1``, ``miaf``) says nothing: the next compatible brand decides.
_BRANDS: dict[bytes, str | None] = {
    **dict.fromkeys((b"avif", b"avis"), "image/avif"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), "image/heic"),
    **dict.fromkeys((b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8"), "video/mp4"),
    **dict.fromkeys((b"iso9", b"mp41", b"mp42", b"mp71", b"avc1", b"hvc1", b"av01", b"dash"), "video/mp4"),
    **dict.fromkeys((b"M4V ", b"M4VH", b"M4VP", b"MSNV", b"f4v ", b"F4V ", b"cmfc", b"msdh"), "video/mp4"),
    b"qt  ": "video/quicktime",
    # sound and camera raw list ``isom`` as compatible and are still no films
    **dict.fromkeys((b"M4A ", b"M4B ", b"M4P ", b"crx "), None),
}
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)
_HTML = re.compile(rb"<(?:!doctype html|!--|(?:html|head|body|title|script|h1|div)[\s>])", re.IGNORECASE)
_EXTENSIONS = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
    "image/tiff": ".tiff",
    "image/avif": ".avif",
    "image/heic": ".heic",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "video/x-msvideo": ".avi",
    "text/html": ".html",
    "application/json": ".json",
    "application/pdf": ".pdf",
}

_SOI, _EOI, _SOS, _APP1 = 0xD8, 0xD9, 0xDA, 0xE1
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STANDALONE = frozenset(range(0xD0, 0xD8)) | {0x01}
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # inside a scan 0xFF is stuffed or a restart marker
_EXIF_PREFIX = b"Exif\x00\x00"
_ORIENTATION_TAG = 0x0112
_TURNED = 5  # orientations from here on swap width and height


def sniff(data: bytes) -> str | None:
    """Tell the media type from the first bytes; ``None`` when they are unknown."""
    head = bytes(data[:SNIFFED_BYTES])
    for offset, magic, media_type in _MAGIC:
        if head.startswith(magic, offset):
            return media_type
    if head[:4] == b"RIFF":
        return _RIFF_FORMS.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _sniff_brands(head)
    if head[:4] == b"\x1a\x45\xdf\xa3":  # Matroska has the same header; only the document type differs
        return "video/webm" if b"webm" in head else None
    if head[:2] == b"BM" and len(head) >= 18 and unpack_from("<I", head, 14)[0] in _BMP_HEADERS:
        return "image/bmp"
    return _sniff_text(head)


def extension(media_type: str) -> str:
    """Give the file name's ending for a media type, ``".bin"`` when it is unknown."""
    return _EXTENSIONS.get(media_type.partition(";")[0].strip().lower(), ".bin")


def image_size(data: bytes) -> tuple[int, int] | None:
    """Read width and height as stored, from the header of a PNG, JPEG, WebP or GIF.

    Returns:
        The size, or ``None`` when the format is another one or the data ends before its header does.
    """
    read = _SIZES.get(sniff(data) or "")
    size = read(data) if read else None
    return size if size and all(size) else None


def image_orientation(data: bytes) -> int:
    """Read the EXIF orientation (1 to 8) of a JPEG, PNG or WebP; 1 when there is none."""
    find = _EXIFS.get(sniff(data) or "")
    where = find(data) if find else None
    return _tiff_orientation(data, *where) if where else 1


def displayed_size(data: bytes) -> tuple[int, int] | None:
    """Give width and height as a viewer shows them, that is after the EXIF orientation."""
    size = image_size(data)
    if size and image_orientation(data) >= _TURNED:
        return size[1], size[0]
    return size


def is_truncated(data: bytes, media_type: str) -> bool:
    """Tell whether a file of this media type is not there to its end.

    A file that does not even begin like its type counts as truncated; of a type that is not known here nobody
    can tell, so only emptiness counts.
    """
    is_whole = _WHOLES.get(media_type.partition(";")[0].strip().lower())
    return not (is_whole(data) if is_whole else data)


def _sniff_brands(head: bytes) -> str | None:
    end = min(unpack_from(">I", head)[0], len(head) - 3)
    for at in (8, *range(16, end, 4)):  # the four bytes between are the minor version
        brand = head[at : at + 4]
        if brand in _BRANDS:
            return _BRANDS[brand]
    return None


def _sniff_text(head: bytes) -> str | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\f")
    if text[:1] in (b"{", b"["):
        return "application/json"
    return "text/html" if _HTML.match(text) else None


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield type, start and end of each chunk that is whole, its checksum included."""
    at = 8
    for _ in range(MAX_PARTS):
        if at + 12 > len(data):
            return
        length, kind = unpack_from(">I4s", data, at)
        if at + 12 + length > len(data):
            return
        yield kind, at + 8, at + 8 + length
        at += 12 + length


def _png_size(data: bytes) -> tuple[int, int] | None:
    kind, start, end = next(_png_chunks(data), (b"", 0, 0))
    return unpack_from(">II", data, start) if kind == b"IHDR" and end - start == 13 else None


def _png_exif(data: bytes) -> tuple[int, int] | None:
    return next(((start, end) for kind, start, end in _png_chunks(data) if kind == b"eXIf"), None)


def _png_is_whole(data: bytes) -> bool:
    return sniff(data) == "image/png" and any(kind == b"IEND" for kind, _, _ in _png_chunks(data))


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of each whole segment; the last one of a whole file is EOI."""
    at = 2
    for _ in range(MAX_PARTS):
        if at + 2 > len(data) or data[at] != 0xFF:
            return
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in _STANDALONE:
            at += 2
        elif marker == _EOI:
            yield marker, at + 2, at + 2
            return
        else:
            end = at + 2 + unpack_from(">H", data, at + 2)[0] if at + 4 <= len(data) else len(data) + 1
            if end < at + 4 or end > len(data):
                return
            yield marker, at + 4, end
            scan_end = _AFTER_SCAN.search(data, end) if marker == _SOS else None
            at = scan_end.start() if scan_end else len(data) if marker == _SOS else end


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    for marker, start, end in _jpeg_segments(data):
        if marker in _FRAME_HEADERS and end - start >= 6:
            height, width = unpack_from(">HH", data, start + 1)
            return width, height
        if marker == _SOS:
            return None
    return None


def _jpeg_exif(data: bytes) -> tuple[int, int] | None:
    for marker, start, end in _jpeg_segments(data):
        if marker == _APP1 and data.startswith(_EXIF_PREFIX, start, end):
            return start + len(_EXIF_PREFIX), end
        if marker == _SOS:
            return None
    return None


def _jpeg_is_whole(data: bytes) -> bool:
    return sniff(data) == "image/jpeg" and any(marker == _EOI for marker, _, _ in _jpeg_segments(data))


def _gif_size(data: bytes) -> tuple[int, int] | None:
    return unpack_from("<HH", data, 6) if len(data) >= 13 else None


def _gif_is_whole(data: bytes) -> bool:
    """Walk the blocks to the trailer: its byte ``;`` may also end a file that was cut inside a picture."""
    if sniff(data) != "image/gif" or len(data) < 13:
        return False
    at = 13 + _colour_table(data[10])
    in_blocks = False
    for _ in range(MAX_PARTS):
        if at >= len(data):
            return False
        introducer = data[at]
        if in_blocks:
            at, in_blocks = at + 1 + introducer, introducer > 0
        elif introducer == 0x21:
            at, in_blocks = at + 2, True
        elif introducer == 0x2C and at + 9 < len(data):
            at, in_blocks = at + 11 + _colour_table(data[at + 9]), True
        else:
            return introducer == 0x3B
    return False


def _colour_table(flags: int) -> int:
    """The bytes of the colour table that follows, when the flags announce one."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    at = 12
    for _ in range(MAX_PARTS):
        if at + 8 > len(data):
            return
        kind, length = unpack_from("<4sI", data, at)
        yield kind, at + 8, min(at + 8 + length, len(data))
        at += 8 + length + length % 2


def _webp_size(data: bytes) -> tuple[int, int] | None:
    kind, start, end = next(_webp_chunks(data), (b"", 0, 0))
    if kind == b"VP8X" and end - start >= 10:
        width_and_height = data[start + 4 : start + 7], data[start + 7 : start + 10]
        width, height = (int.from_bytes(three, "little") + 1 for three in width_and_height)
        return width, height
    if kind == b"VP8L" and end - start >= 5 and data[start] == 0x2F:
        bits = unpack_from("<I", data, start + 1)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and end - start >= 10 and data.startswith(b"\x9d\x01\x2a", start + 3):
        width, height = unpack_from("<HH", data, start + 6)  # the upper two bits are a scaling hint
        return width & 0x3FFF, height & 0x3FFF
    return None


def _webp_exif(data: bytes) -> tuple[int, int] | None:
    for kind, start, end in _webp_chunks(data):
        if kind == b"EXIF":  # some writers keep JPEG's prefix here, against the specification
            return start + len(_EXIF_PREFIX) * data.startswith(_EXIF_PREFIX, start, end), end
    return None


def _webp_is_whole(data: bytes) -> bool:
    return sniff(data) == "image/webp" and 12 < unpack_from("<I", data, 4)[0] + 8 <= len(data)


def _film_is_whole(data: bytes) -> bool:
    from polyreel.media.mp4 import InvalidFilm, read_facts  # it sniffs too: the import would be circular

    try:
        read_facts(io.BytesIO(data))
    except InvalidFilm:
        return False
    return True


def _tiff_orientation(data: bytes, start: int, end: int) -> int:
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(bytes(data[start : start + 4]))
    if order is None or start + 8 > end:
        return 1
    directory = start + unpack_from(order + "I", data, start + 4)[0]
    if directory + 2 > end:
        return 1
    entries = unpack_from(order + "H", data, directory)[0]
    for at in range(directory + 2, min(directory + 2 + 12 * entries, end - 11), 12):
        tag, kind, count = unpack_from(order + "HHI", data, at)
        if tag == _ORIENTATION_TAG and kind in (3, 4) and count == 1:
            value = unpack_from(order + ("H" if kind == 3 else "I"), data, at + 8)[0]
            return value if 1 <= value <= 8 else 1
    return 1


_SIZES: dict[str, Callable[[bytes], tuple[int, int] | None]] = {
    "image/png": _png_size,
    "image/jpeg": _jpeg_size,
    "image/gif": _gif_size,
    "image/webp": _webp_size,
}
_EXIFS: dict[str, Callable[[bytes], tuple[int, int] | None]] = {
    "image/png": _png_exif,
    "image/jpeg": _jpeg_exif,
    "image/webp": _webp_exif,
}
_WHOLES: dict[str, Callable[[bytes], bool]] = {
    "image/png": _png_is_whole,
    "image/jpeg": _jpeg_is_whole,
    "image/gif": _gif_is_whole,
    "image/webp": _webp_is_whole,
    "video/mp4": _film_is_whole,
    "video/quicktime": _film_is_whole,
}
