"""The body of an answer as it arrives: bounded in size and time, in memory or in a file."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from polyreel.errors import FetchFailed, StorageFailed, TransportFailed
from polyreel.messages import MAX_ANSWER_BYTES, Response, Wire
from polyreel.redaction import without_query

__all__ = ["Body", "Unwanted", "writing"]


class Unwanted(FetchFailed):
    """An answer that is longer than allowed, or encoded: fetching it again would give the same."""


class Body:
    """The body of one answer as it arrives: bounded in size and time, in memory or in a file.

    Args:
        wire: The exchange.
        status: The answer's status.
        headers: The answer's headers, names in lower case.

    Raises:
        Unwanted: The announced length is more than ``wire.max_bytes``, or the file comes encoded.
    """

    def __init__(self, wire: Wire, status: int, headers: Mapping[str, str]) -> None:
        self._wire = wire
        self._status = status
        self._headers = headers
        self._chunks: list[bytes] = []
        self._size = 0
        self._until = time.monotonic() + wire.timeout
        self._end = None if wire.seconds_left is None else time.monotonic() + wire.seconds_left
        #: Whether the body goes into the file rather than into memory.
        self.streams = wire.into is not None and Response(status=status).ok
        # An error's answer is no film, also when a film was asked for.
        films = self.streams or wire.into is None
        self._limit = wire.max_bytes if films else min(wire.max_bytes, MAX_ANSWER_BYTES)
        coding = self._headers.get("content-encoding", "identity")
        #: Whether the bytes must be decoded on their way.
        self.is_encoded = coding != "identity"
        if self.streams and coding != "identity":
            raise Unwanted(f"the file came with content-encoding {coding!r}, which was not asked for")
        length = "" if wire.request.method == "HEAD" else self._headers.get("content-length", "")
        self._announced = int(length) if length.isdecimal() else None
        if self._announced is not None and self._announced > self._limit:
            raise Unwanted(self._too_long(self._announced))

    def take(self, chunk: bytes) -> None:
        """Take the next bytes.

        Raises:
            Unwanted: It is now longer than allowed.
            TransportFailed: The time is over and no file is being streamed.
        """
        self._size += len(chunk)
        if self._size > self._limit:
            raise Unwanted(self._too_long(self._size))
        if self.streams:
            write_chunk(self._wire, chunk)
            if self._end is not None and time.monotonic() > self._end:
                raise self._incomplete("was not complete when the time to wait was over")
        else:
            self._chunks.append(chunk)
            if time.monotonic() > self._until:
                raise self._incomplete(f"was not complete after {self._wire.timeout:g} s")

    def finish(self) -> Response:
        """Return the answer.

        Raises:
            FetchFailed: The file is not as long as announced.
        """
        if self.streams and self._announced is not None and self._size != self._announced:
            raise self.cut()
        return Response(
            status=self._status,
            headers=self._headers,
            content=b"".join(self._chunks),
            url=self._wire.request.address,
            saved=self._size if self.streams else None,
        )

    def cut(self) -> FetchFailed | TransportFailed:
        """Return the error of a connection that ended before the body did."""
        size = f"{self._size:,} bytes"
        if self._announced is not None:
            size = f"{self._size:,} of {self._announced:,} bytes"
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


def write_chunk(wire: Wire, chunk: bytes) -> None:
    """Write a piece of a body into the file that was handed in.

    Raises:
        StorageFailed: The disk refused.
    """
    assert wire.into is not None, "only a wire with a file streams"
    try:
        wire.into.write(chunk)
    except OSError as error:
        raise _unwritable(error) from None


@contextmanager
def writing() -> Iterator[None]:
    """Write to a film's file; a disk that refuses becomes an error that says what to do.

    Raises:
        StorageFailed: The disk refused.
    """
    try:
        yield
    except OSError as error:
        raise _unwritable(error) from None


def _unwritable(error: OSError) -> StorageFailed:
    return StorageFailed(
        f"the film cannot be written: {error.strerror}; the job is kept, so free some space and resume it"
    )
