"""The boxes that an MP4 is made of, walked with limits.

The file comes from the network and is treated as hostile: every size is checked against the file before it is
used, nothing is read without being counted, and the content of ``mdat`` — the film itself — is never read.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal

__all__ = ["ADVICE", "Box", "BoxReader", "InvalidFilm"]

MAX_DEPTH = 8  # a real film needs five: moov, trak, mdia, minf, stbl
MAX_BOXES = 100_000  # an hour in fragments of one second has some 40 000
MAX_INDEX_BYTES = 16 * 2**20  # what is read in all; ten hours of film with sound need about half of it
PIECE = 65_536  # tables are read in pieces, so that a hostile one never fills the memory

_CONTAINERS = frozenset((b"moov", b"trak", b"mdia", b"minf", b"stbl", b"mvex", b"moof", b"traf"))
ADVICE = "fetch it again, or ask the provider for a fresh address"


class InvalidFilm(ValueError):
    """The file is no whole MP4 film; the message says what it is or what is missing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """One box.

    Attributes:
        path: The names of its parent and itself: ``b"stbl/stsd"``, ``b"/moov"``.
        at: Where it begins.
        start: Where its content begins.
        end: Where it ends.
        open_ended: It reaches "to the end" of the file, so its size proves nothing.
    """

    path: bytes
    at: int
    start: int
    end: int
    open_ended: bool


class BoxReader:
    """Reads boxes, their first bytes and their tables from a seekable file.

    Attributes:
        size: The size of the file.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, 2)
        self._boxes = 0
        self._read = 0

    def read(self, at: int, length: int) -> bytes:
        """Read exactly this much; all that is ever read is counted against ``MAX_INDEX_BYTES``."""
        self._read += length
        if self._read > MAX_INDEX_BYTES:
            raise InvalidFilm(
                f"The film's index is larger than {MAX_INDEX_BYTES // 2**20} MB, which no real film needs; "
                "the file is broken or hostile and is not read."
            )
        self._file.seek(at)
        data = self._file.read(length)
        if len(data) != length:
            raise InvalidFilm(f"The film ended while it was read, at byte {at + len(data):,}; {ADVICE}.")
        return data

    def head(self, box: Box, length: int) -> bytes:
        """Read the first bytes of a box's content; fewer when it has fewer."""
        return self.read(box.start, min(length, box.end - box.start))

    def table(self, box: Box, offset: int, count: int, code: Literal["I", "Q"] = "I") -> Iterator[array[int]]:
        """Read the big-endian numbers of a table in pieces."""
        at = box.start + offset
        end = at + count * array(code).itemsize
        if end > box.end:
            raise InvalidFilm(f"The film's index is broken: a table is longer than its box; {ADVICE}.")
        while at < end:
            numbers = array(code, self.read(at, min(PIECE, end - at)))
            if sys.byteorder == "little":
                numbers.byteswap()
            yield numbers
            at += PIECE

    def boxes(self) -> Iterator[Box]:
        """Yield every box of the file, each before those inside it."""
        return self._boxes_between(0, self.size, b"", 0)

    def _boxes_between(self, start: int, end: int, parent: bytes, depth: int) -> Iterator[Box]:
        if depth > MAX_DEPTH:
            raise InvalidFilm(
                f"The film's boxes are nested deeper than {MAX_DEPTH}, which no real film needs."
            )
        at = start
        while at + 8 <= end:
            kind, box = self._box(at, end, parent)
            yield box
            if kind in _CONTAINERS:
                yield from self._boxes_between(box.start, box.end, kind, depth + 1)
            at = box.end
        if not parent and at < end and any(self.read(at, end - at)):
            raise InvalidFilm(_describe_cut_head(end))

    def _box(self, at: int, end: int, parent: bytes) -> tuple[bytes, Box]:
        self._boxes += 1
        if self._boxes > MAX_BOXES:
            raise InvalidFilm(f"The film has more than {MAX_BOXES:,} boxes, which no real film needs.")
        size, kind = struct.unpack(">I4s", self.read(at, 8))
        start = at + 8
        if size == 1:
            if at + 16 > end:
                raise InvalidFilm(_describe_cut_head(end))
            size, start = struct.unpack(">Q", self.read(at + 8, 8))[0], at + 16
        box_end = at + size if size else end  # 0 means: to the end
        if box_end < start:
            raise InvalidFilm(
                f"The film is broken: its box {_name(kind)} at byte {at:,} has an impossible size; {ADVICE}."
            )
        if box_end > end:
            raise InvalidFilm(_describe_overrun(kind, at, box_end, end, parent))
        return kind, Box(path=parent + b"/" + kind, at=at, start=start, end=box_end, open_ended=not size)


def _describe_cut_head(end: int) -> str:
    return f"The film is cut off inside the first bytes of a box, at byte {end:,}; {ADVICE}."


def _describe_overrun(kind: bytes, at: int, box_end: int, end: int, parent: bytes) -> str:
    if parent or not kind.isalnum():
        return f"The film is broken: its box {_name(kind)} at byte {at:,} is larger than what holds it; {ADVICE}."
    return (
        f"The film is cut off: its box {_name(kind)} should reach to byte {box_end:,} and the file ends at "
        f"{end:,}, {box_end - end:,} bytes too early; {ADVICE}."
    )


def _name(kind: bytes) -> str:
    return ascii(kind.decode("latin-1"))
