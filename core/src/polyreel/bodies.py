"""The body of an answer as it arrives: bounded in size, time and speed, in memory or in a file.

A file that is cut off can be taken up again. Its rest is asked for by ``Range`` and ``If-Range`` with a strong entity
tag (RFC 9110, sections 13.1.5 and 14), and whatever comes is compared with what was asked for before a byte of it is
written: a server that ignores the range, has another file by now or answers with another range never makes a mixture.
"""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from polyreel.errors import FetchFailed, StorageFailed, TransportFailed
from polyreel.messages import MAX_ANSWER_BYTES, Response, Version, Wire, origin
from polyreel.redaction import without_query

__all__ = ["Body", "Changed", "Unwanted", "version_of", "writing"]

BATCH_BYTES: Final = 1024 * 1024
BATCH_SECONDS: Final = 1.0
BEAT_SECONDS: Final = 30.0
_PARTIAL: Final = 206
_STRONG: Final = re.compile(
    r'"[\x21\x23-\x7e\x80-\xff]*"'
)  # a weak one, W/"…", is equal for files that are not
_RANGE: Final = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_PACKED: Final = frozenset({"gzip", "x-gzip", "deflate"})


class Unwanted(FetchFailed):
    """An answer that is longer than allowed, or encoded: fetching it again would give the same."""


class Changed(FetchFailed):
    """What came is not the rest of the file that was begun: it must be fetched from its start."""


def version_of(url: str, headers: Mapping[str, str]) -> Version | None:
    """Return what the rest of a file can be asked for by later; ``None`` when nothing makes that safe.

    Args:
        url: Where the file came from.
        headers: The headers of an answer that began at its start, names in lower case.
    """
    etag, length = headers.get("etag", "").strip(), headers.get("content-length", "")
    if not _STRONG.fullmatch(etag) or not length.isdecimal() or headers.get("accept-ranges") == "none":
        return None
    return Version(origin=_origin(url), etag=etag, length=int(length))


def _origin(url: str) -> str:
    scheme, host, port = origin(url)
    return f"{scheme}://{host}:{port}"


class Body:
    """The body of one answer as it arrives: bounded in size, time and speed, in memory or in a file.

    Args:
        wire: The exchange.
        status: The answer's status.
        headers: The answer's headers, names in lower case.

    Raises:
        Unwanted: The announced length is more than ``wire.max_bytes``, or the file comes encoded.
        Changed: It is not the rest of the file that was asked for.
    """

    def __init__(self, wire: Wire, status: int, headers: Mapping[str, str]) -> None:
        self._wire = wire
        self._status = status
        self._headers = headers
        self._chunks: list[bytes] = []
        self._size = 0
        self._until = time.monotonic() + wire.timeout
        #: Whether the body goes into the file rather than into memory.
        self.streams = wire.into is not None and Response(status=status).ok
        # An error's answer is no film, also when a film was asked for.
        films = self.streams or wire.into is None
        self._limit = wire.max_bytes if films else min(wire.max_bytes, MAX_ANSWER_BYTES)
        coding = self._headers.get("content-encoding", "identity").strip().lower()
        if self.streams and coding != "identity":
            raise Unwanted(f"the file came with content-encoding {coding!r}, which was not asked for")
        self._unpacked = _Unpacking(coding) if coding in _PACKED else None
        length = "" if wire.request.method == "HEAD" else self._headers.get("content-length", "")
        self._announced = int(length) if length.isdecimal() else None
        self._tempo = _Tempo(wire)
        self._has_begun = False
        if self.streams:
            self._check_range()
        if self._announced is not None and self._announced + self._kept > self._limit:
            raise Unwanted(self._too_long(self._announced + self._kept))

    @property
    def _kept(self) -> int:
        """How many bytes of the file stay as they are and are followed by this body."""
        return self._wire.offset if self.streams and self._status == _PARTIAL else 0

    def _check_range(self) -> None:
        if self._status != _PARTIAL:
            return
        held, offset = self._wire.held, self._wire.offset
        if held is None:
            raise Changed("a part of the file came although all of it was asked for")
        found = _RANGE.fullmatch(self._headers.get("content-range", "").strip())
        same = self._headers.get("etag", "").strip() == held.etag
        same &= _origin(self._wire.request.url) == held.origin
        if not same or found is None or [int(n) for n in found.groups()] != _rest(offset, held.length):
            raise Changed("what came is not the rest of the file that was begun")
        if self._announced not in {None, held.length - offset}:
            raise Changed("the rest of the file has another length than was announced")
        self._announced = held.length - offset

    def due(self, waiting: int) -> bool:
        """Whether bytes of a file that were received must be taken now rather than with later ones.

        Args:
            waiting: How many they are.
        """
        return waiting >= BATCH_BYTES or (waiting > 0 and self._tempo.idle >= BATCH_SECONDS)

    def take(self, chunk: bytes) -> None:
        """Take the next bytes.

        Raises:
            Unwanted: It is now longer than allowed.
            FetchFailed: The file comes too slowly.
            TransportFailed: The time is over.
        """
        if self.streams:
            self._stream(chunk)
            return
        for piece in (chunk,) if self._unpacked is None else self._unpack(chunk):
            self._size += len(piece)
            if self._size > self._limit:
                raise Unwanted(self._too_long(self._size))
            self._chunks.append(piece)
        if time.monotonic() > self._until:
            raise self._incomplete(f"was not complete after {self._wire.timeout:g} s")

    def _stream(self, chunk: bytes) -> None:
        self._begin()
        self._size += len(chunk)
        if self._size + self._kept > self._limit:
            raise Unwanted(self._too_long(self._size + self._kept))
        assert self._wire.into is not None, "only a wire with a file streams"
        with writing():
            self._wire.into.write(chunk)
        if self._tempo.is_over(len(chunk)):
            raise self._incomplete("was not complete when the time to wait was over")

    def _begin(self) -> None:
        into = self._wire.into
        assert into is not None, "only a wire with a file streams"
        if self._has_begun or self._status == _PARTIAL:
            return  # the rest of a file goes behind what is there
        self._has_begun = True
        if self._wire.offset:
            with writing():
                into.seek(0)
                into.truncate()
        if self._wire.begun is not None:
            self._wire.begun(version_of(self._wire.request.url, self._headers))

    def _unpack(self, chunk: bytes) -> Iterator[bytes]:
        assert self._unpacked is not None, "only a packed body is unpacked"
        try:
            # One byte more than allowed is enough to know; a small body can unpack to any size.
            yield from self._unpacked.feed(chunk, room=lambda: self._limit - self._size + 1)
        except zlib.error as error:
            raise self._incomplete(f"is packed wrongly ({error})") from None

    def finish(self) -> Response:
        """Return the answer.

        Raises:
            FetchFailed: The file is not as long as announced.
            TransportFailed: The answer ended inside its packing.
        """
        if self.streams:
            self._begin()
        if self.streams and self._announced is not None and self._size != self._announced:
            raise self.cut()
        if self._unpacked is not None and self._unpacked.is_cut:
            raise self.cut()
        return Response(
            status=self._status,
            headers=self._headers,
            content=b"".join(self._chunks),
            url=self._wire.request.address,
            saved=self._size + self._kept if self.streams else None,
        )

    def cut(self) -> FetchFailed | TransportFailed:
        """Return the error of a connection that ended before the body did."""
        size = f"{self._size + self._kept:,} bytes"
        if self._announced is not None:
            size = f"{self._size + self._kept:,} of {self._announced + self._kept:,} bytes"
        if self.streams:
            return FetchFailed(f"the file ended after {size}; fetch it again")
        return self._incomplete(f"ended after {size}")

    def _incomplete(self, what: str) -> TransportFailed:
        address = without_query(self._wire.request.url)
        return TransportFailed(
            f"the answer of {address} {what}",
            request_sent=True,
            method=self._wire.request.method,
            url=address,
        )

    def _too_long(self, size: int) -> str:
        return (
            f"the answer of {without_query(self._wire.request.url)} has {size:,} bytes or more; "
            f"at most {self._limit:,} are taken"
        )


def _rest(offset: int, length: int) -> list[int]:
    return [offset, length - 1, length]


class _Tempo:
    """How a file comes: whether fast enough, whether in time, and who must hear of it now and then."""

    def __init__(self, wire: Wire) -> None:
        now = time.monotonic()
        self._wire = wire
        self._end = None if wire.seconds_left is None else now + wire.seconds_left
        self._taken = self._beaten = self._since = now
        self._size = 0

    @property
    def idle(self) -> float:
        """Seconds since bytes were taken."""
        return time.monotonic() - self._taken

    def is_over(self, size: int) -> bool:
        """Note that ``size`` bytes came; return whether the time is over.

        Raises:
            FetchFailed: They come too slowly.
        """
        now = self._taken = time.monotonic()
        if self._wire.beat is not None and now - self._beaten >= BEAT_SECONDS:
            self._beaten = now
            self._wire.beat()
        self._size += size
        pace, passed = self._wire.pace, now - self._since
        if passed >= pace.seconds:
            if self._size < pace.size:
                raise FetchFailed(
                    f"the file comes too slowly: {self._size:,} bytes in {passed:.0f} s, and at least "
                    f"{pace.size:,} in {pace.seconds:g} s are expected"
                )
            self._since, self._size = now, 0
        return self._end is not None and now > self._end


class _Unpacking:
    """Unpacks gzip and deflate a little at a time: a body of kilobytes may unpack to gigabytes."""

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._engine = zlib.decompressobj(zlib.MAX_WBITS | 32)  # the heads of gzip and of zlib
        self._begun = False

    @property
    def is_cut(self) -> bool:
        """Whether more must come."""
        return self._begun and not self._engine.eof

    def feed(self, chunk: bytes, *, room: Callable[[], int]) -> Iterator[bytes]:
        """Return what ``chunk`` unpacks to, in pieces that are never longer than ``room()``."""
        if not self._begun and chunk and self._coding == "deflate" and chunk[0] & 0x0F != zlib.DEFLATED:
            self._engine = zlib.decompressobj(-zlib.MAX_WBITS)  # some call deflate without any head so
        self._begun = self._begun or bool(chunk)
        while chunk and not self._engine.eof:
            piece = self._engine.decompress(chunk, min(max(room(), 1), BATCH_BYTES))
            chunk = self._engine.unconsumed_tail
            if piece:
                yield piece
            elif not chunk:
                return


@contextmanager
def writing() -> Iterator[None]:
    """Write to a film's file; a disk that refuses becomes an error that says what to do.

    Raises:
        StorageFailed: The disk refused.
    """
    try:
        yield
    except OSError as error:
        raise StorageFailed(
            f"the film cannot be written: {error.strerror}; the job is kept, so free some space and resume it"
        ) from None
