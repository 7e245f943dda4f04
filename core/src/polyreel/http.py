"""The door to HTTP, and the only file that knows which library carries it.

What plugins need is here under one name: requests, answers, credentials. The two transports carry exactly one
exchange each: no redirects, no retries, no credentials of their own. Those are decided once, in ``exchange.py``.
They stand on httpx's transports rather than on its clients, whose cookies, redirects and hooks would be a second
place where such things are decided.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from polyreel.bodies import Body
from polyreel.carriage import (
    Route,
    Routes,
    are_sendable,
    host_of_plain,
    lower_case,
    poured,
    redact_logs,
    unanswered,
    unsendable,
)
from polyreel.credentials import Auth, BearerAuth, HeaderAuth, NoAuth
from polyreel.heads import AwaitedBackend, BlockingBackend, head_within
from polyreel.messages import (
    MAX_ANSWER_BYTES,
    Handler,
    Pace,
    Part,
    Request,
    Response,
    Version,
    Wire,
    encode,
    is_origin,
    origin,
    path_segment,
)

if TYPE_CHECKING:
    import asyncio
    import ssl

    import httpx

__all__ = [
    "MAX_ANSWER_BYTES",
    "AsyncTransport",
    "Auth",
    "BearerAuth",
    "BlockingTransport",
    "Body",
    "Handler",
    "HeaderAuth",
    "NoAuth",
    "Outgoing",
    "Pace",
    "Part",
    "Request",
    "Response",
    "Version",
    "Wire",
    "as_received",
    "certificates",
    "encode",
    "is_origin",
    "origin",
    "outgoing",
    "path_segment",
]

CONNECTIONS_PER_CLIENT: Final = 8  # httpx's async pool slows sharply above this (performance sheet)
_LAST_PORT: Final = 65_535
_WITH_LENGTH: Final = frozenset({"POST", "PUT", "PATCH"})  # a length is sent even when it is 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """A request as its server will see it; no library adds anything to it.

    Attributes:
        method: The method.
        address: Where it goes, as it is sent; with a checked address, that stands in place of the host.
        headers: All of them.
        body: The body.
        name: The name for the certificate where ``address`` does not say it.
    """

    method: str
    address: str
    headers: Mapping[str, str]
    body: bytes
    name: str | None


class BlockingTransport:
    """Carries exchanges over httpx, blocking."""

    def __init__(self) -> None:
        self._routes = Routes()
        self._pools: dict[tuple[int, Route], httpx.HTTPTransport] = {}  # a fork opens its own connections
        self._lock = threading.Lock()

    def send(self, wire: Wire) -> Response:
        """Carry one exchange.

        Raises:
            TransportFailed: No whole answer came; ``request_sent`` says whether the request may have arrived.
            FetchFailed: The body is longer than allowed or ended early.
        """
        with _translated(wire):
            raw = _raw_request(wire)
            pool = self._pool(self._routes.of(wire))
            with head_within(wire.timeout):
                answer = pool.handle_request(raw)
            try:
                body = Body(wire, answer.status_code, lower_case(answer.headers.raw))
                try:
                    for chunk in _blocking_stream(answer):
                        body.take(chunk)
                except _broken():
                    raise body.cut() from None
                return body.finish()
            finally:
                answer.close()

    def _pool(self, route: Route) -> httpx.HTTPTransport:
        with self._lock:
            pool = self._pools.get((os.getpid(), route))
            if pool is None:
                import httpx

                pool = self._pools[os.getpid(), route] = httpx.HTTPTransport(**_pool_options(route))
                BlockingBackend.put_into(pool)
            return pool

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            for pool in self._pools.values():
                pool.close()
            self._pools.clear()


class AsyncTransport:
    """Carries exchanges over httpx, awaited; spreads them over several pools of few connections each."""

    def __init__(self) -> None:
        self._routes = Routes()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._shards: dict[Route, list[_Shard]] = {}

    async def send(self, wire: Wire) -> Response:
        """Carry one exchange; see :meth:`BlockingTransport.send`."""
        with _translated(wire):
            raw = _raw_request(wire)
            shard = self._shard(self._routes.of(wire))
            shard.busy += 1
            try:
                with head_within(wire.timeout):
                    answer = await shard.pool.handle_async_request(raw)
                try:
                    body = Body(wire, answer.status_code, lower_case(answer.headers.raw))
                    return await poured(body, _awaited_stream(answer), broken=_broken())
                finally:
                    await answer.aclose()
            finally:
                shard.busy -= 1

    def _shard(self, route: Route) -> _Shard:
        import asyncio

        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            # Connections die with the event loop that opened them: one client may see several, one after another.
            self._shards.clear()
            self._loop = loop
        shards = self._shards.setdefault(route, [])
        for shard in shards:
            if shard.busy < CONNECTIONS_PER_CLIENT:
                return shard
        import httpx

        shards.append(_Shard(httpx.AsyncHTTPTransport(**_pool_options(route))))
        AwaitedBackend.put_into(shards[-1].pool)
        return shards[-1]

    async def close(self) -> None:
        """Close every connection."""
        import asyncio

        groups, self._shards = self._shards, {}
        if self._loop is asyncio.get_running_loop():  # those of a loop that ended died with it
            for shard in itertools.chain(*groups.values()):
                await shard.pool.aclose()


@dataclass(slots=True)
class _Shard:
    pool: httpx.AsyncHTTPTransport
    busy: int = 0


def _blocking_stream(answer: httpx.Response) -> Iterable[bytes]:
    # The bytes as they arrive, without the counting and chunking that nobody here needs.
    return cast("httpx.SyncByteStream", answer.stream)


def _awaited_stream(answer: httpx.Response) -> AsyncIterable[bytes]:
    return cast("httpx.AsyncByteStream", answer.stream)


_AUTHORITIES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_LOGGERS: Final = tuple(f"httpcore.{part}" for part in ("connection", "http11", "proxy"))


def _pool_options(route: Route) -> dict[str, Any]:
    import httpx

    redact_logs(_LOGGERS)
    # Loading the certificate store costs more than everything else here: only an https address pays for it.
    secure = route.secure or (route.proxy or "").startswith("https:")
    return {
        "verify": certificates() if secure else False,
        "trust_env": False,
        "proxy": route.proxy,
        "limits": httpx.Limits(
            max_connections=None, max_keepalive_connections=0 if route.guarded else CONNECTIONS_PER_CLIENT
        ),
    }


def certificates() -> ssl.SSLContext:
    """Return what checks the certificates of servers; it is loaded once, since that takes long."""
    return _loaded_certificates(*map(os.environ.get, _AUTHORITIES))


@lru_cache(maxsize=4)
def _loaded_certificates(*named: str | None) -> ssl.SSLContext:
    import httpx

    del named  # it reads them itself
    return httpx.create_ssl_context()


@lru_cache(maxsize=256)
def _parsed(address: str) -> httpx.URL:
    import httpx

    return httpx.URL(address)


def outgoing(wire: Wire) -> Outgoing:
    """Return the request of ``wire`` with everything that its server will see.

    Raises:
        TransportFailed: The address, a header or the body cannot be sent.
    """
    out = _assembled(wire)
    if any(value != value.strip(" \t") for value in out.headers.values()):
        raise unsendable(wire)  # it would arrive as another value
    return out


def _assembled(wire: Wire) -> Outgoing:
    import httpx

    try:
        given, body = encode(wire.request)
        address, host, name = _target(wire)
        names = {name.lower() for name in given}
        headers = {} if "host" in names else {"Host": host}
        headers |= given
        method = wire.request.method.upper()
        if "content-length" not in names and (body or method in _WITH_LENGTH):
            headers["Content-Length"] = str(len(body))
        if wire.into is not None and "accept-encoding" not in names:
            headers["Accept-Encoding"] = "identity"
        if not are_sendable(headers):
            raise unsendable(wire)
        return Outgoing(method=method, address=address, headers=headers, body=body, name=name)
    except UnicodeError:
        # Only here, where nothing can have been sent; the error itself would show the key.
        raise unsendable(wire) from None
    except httpx.InvalidURL as error:
        raise unanswered(wire, str(error), type(error).__name__, sent=False) from None


def _target(wire: Wire) -> tuple[str, str, str | None]:
    """Return the address, the value of ``Host``, and the name for the certificate where the address does not say it."""
    address = wire.request.address
    plain = host_of_plain(address)
    if plain is not None and wire.connect_to is None:
        return address, plain, None  # most addresses, ten times as quickly
    url = _parsed(address)
    if (url.port or 0) > _LAST_PORT:
        raise unsendable(wire)
    host, name = url.netloc.decode("ascii"), None
    if wire.connect_to is not None:
        name, url = url.host, url.copy_with(host=wire.connect_to)
    if url.userinfo:
        url = url.copy_with(userinfo=b"")  # aiohttp would send it as credentials
    return str(url.copy_with(fragment=None)), host, name


def _raw_request(wire: Wire) -> httpx.Request:
    import httpx

    out = outgoing(wire)
    extensions: dict[str, Any] = {
        "timeout": {"connect": 10.0, "read": wire.timeout, "write": wire.timeout, "pool": 10.0}
    }
    if out.name is not None:
        extensions["sni_hostname"] = out.name
    # Given a stream, httpx adds no headers of its own: all of them stand in ``out``.
    stream = httpx.ByteStream(out.body)
    if wire.before is not None and out.body:
        stream = _last_look()(out.body, wire.before)
    elif wire.before is not None:
        wire.before()  # no body will ask for it: the head is the whole request
    return httpx.Request(
        out.method, _parsed(out.address), headers=out.headers, stream=stream, extensions=extensions
    )


@cache
def _last_look() -> Callable[[bytes, Callable[[], None]], httpx.ByteStream]:
    import httpx

    class LastLook(httpx.ByteStream):
        """A body before whose first byte somebody has the last word: the head is out, the connection stands."""

        def __init__(self, body: bytes, before: Callable[[], None]) -> None:
            super().__init__(body)
            self._before = before

        def __iter__(self) -> Iterator[bytes]:
            self._before()
            yield from super().__iter__()

        async def __aiter__(self) -> AsyncIterator[bytes]:
            self._before()
            async for chunk in super().__aiter__():
                yield chunk

    return LastLook


def as_received(wire: Wire) -> Request:
    """Return the request of ``wire`` as its server sees it.

    Args:
        wire: The exchange.

    Returns:
        A request whose ``url`` is absolute and holds the query, whose header names are in lower case, with every
        header that the transports add, and whose body is ``content``.

    Raises:
        TransportFailed: The address or a header cannot be sent.
    """
    out = _assembled(replace(wire, connect_to=None))
    return Request(
        method=out.method,
        url=out.address,
        headers={name.lower(): value for name, value in out.headers.items()},
        content=out.body,
    )


def _broken() -> tuple[type[Exception], ...]:
    import httpx

    return httpx.RemoteProtocolError, httpx.ReadError


@contextmanager
def _translated(wire: Wire) -> Iterator[None]:
    """Turn httpx's errors into ours, with the one fact that matters: can the request have arrived?"""
    import httpx

    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
        raise unanswered(wire, str(error), type(error).__name__, sent=False) from None
    except httpx.UnsupportedProtocol as error:
        raise unanswered(wire, str(error), type(error).__name__, sent=False) from None
    except httpx.TransportError as error:
        raise unanswered(wire, str(error), type(error).__name__, sent=True) from None
