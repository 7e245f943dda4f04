"""How long the head of an answer may take to come.

httpx bounds each read of a socket, and not all of them together: a server that sends one byte of a header every now and
then would be listened to for hours. Here the reads of one head share one allowance, which begins once the request is
written. What stands between httpx's connections and the sockets is httpcore's network backend, so that is what is
wrapped; nothing of the library is imported until a time is over.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

__all__ = ["AwaitedBackend", "BlockingBackend", "head_within"]


@dataclass(slots=True)
class _Allowance:
    seconds: float
    until: float | None = None

    def left(self, timeout: float | None) -> float:
        now = time.monotonic()
        if self.until is None:
            self.until = now + self.seconds
        left = self.until - now
        if left <= 0:
            from httpcore import ReadTimeout

            raise ReadTimeout("the head of the answer was not complete in time")
        return left if timeout is None else min(timeout, left)


_HEAD: ContextVar[_Allowance | None] = ContextVar("_HEAD", default=None)


@contextmanager
def head_within(seconds: float) -> Iterator[None]:
    """Give the head that is waited for inside so many seconds, from the last byte of the request on."""
    before = _HEAD.set(_Allowance(seconds))
    try:
        yield
    finally:
        _HEAD.reset(before)


def _timeout(timeout: float | None) -> float | None:
    head = _HEAD.get()
    return timeout if head is None else head.left(timeout)


def _written() -> None:
    head = _HEAD.get()
    if head is not None:
        head.until = None


class _Wrapped:
    """What is wrapped, for all that is not changed."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    @classmethod
    def put_into(cls, transport: Any) -> None:
        """Watch the connections of one of httpx's transports."""
        pool = transport._pool  # noqa: SLF001  httpx hands out no other way to its connections
        pool._network_backend = cls(pool._network_backend)  # noqa: SLF001  the same

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class BlockingBackend(_Wrapped):
    """Opens connections whose reads share the allowance of a head."""

    def connect_tcp(self, *args: Any, **kwargs: Any) -> Any:
        """Open a connection."""
        return _BlockingStream(self._inner.connect_tcp(*args, **kwargs))


class _BlockingStream(_Wrapped):
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data: bytes = self._inner.read(max_bytes, timeout=_timeout(timeout))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout=timeout)
        _written()

    def start_tls(self, *args: Any, **kwargs: Any) -> Any:
        return _BlockingStream(self._inner.start_tls(*args, **kwargs))


class AwaitedBackend(_Wrapped):
    """The same, awaited."""

    async def connect_tcp(self, *args: Any, **kwargs: Any) -> Any:
        """Open a connection."""
        return _AwaitedStream(await self._inner.connect_tcp(*args, **kwargs))


class _AwaitedStream(_Wrapped):
    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  httpcore names it so
        data: bytes = await self._inner.read(max_bytes, timeout=_timeout(timeout))
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  the same
        await self._inner.write(buffer, timeout=timeout)
        _written()

    async def start_tls(self, *args: Any, **kwargs: Any) -> Any:
        return _AwaitedStream(await self._inner.start_tls(*args, **kwargs))
