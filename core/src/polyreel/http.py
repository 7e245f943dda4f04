"""The door to HTTP, and the only file that knows which library carries it.

What plugins need is here under one name: requests, answers, credentials. The two transports carry exactly one
exchange each: no redirects, no retries, no credentials of their own. Those are decided once, in ``exchange.py``.
They stand on httpx's transports rather than on its clients, whose cookies, redirects and hooks would be a second
place where such things are decided.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncIterable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

from polyreel.bodies import Body
from polyreel.credentials import Auth, BearerAuth, HeaderAuth, NoAuth
from polyreel.errors import TransportFailed
from polyreel.messages import (
    MAX_ANSWER_BYTES,
    Handler,
    Part,
    Request,
    Response,
    Wire,
    encode,
    failed,
    is_origin,
    origin,
    path_segment,
)
from polyreel.redaction import redact

if TYPE_CHECKING:
    import asyncio

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
    "Part",
    "Request",
    "Response",
    "Wire",
    "as_received",
    "encode",
    "is_origin",
    "origin",
    "path_segment",
]

CONNECTIONS_PER_CLIENT: Final = 8  # httpx's async pool slows sharply above this (performance sheet)
_LAST_PORT: Final = 65_535
_WITH_LENGTH: Final = frozenset({"POST", "PUT", "PATCH"})  # a length is sent even when it is 0
_BATCH_BYTES: Final = 1024 * 1024  # async writes go to a thread in batches of this size


@dataclass(frozen=True, slots=True)
class _Route:
    """What needs connections of its own: encryption, a checked address, a proxy."""

    secure: bool
    guarded: bool
    proxy: str | None


class BlockingTransport:
    """Carries exchanges over httpx, blocking."""

    def __init__(self) -> None:
        self._routes = _Routes()
        self._pools: dict[_Route, httpx.HTTPTransport] = {}
        self._lock = threading.Lock()

    def send(self, wire: Wire) -> Response:
        """Carry one exchange.

        Raises:
            TransportFailed: No whole answer came; ``request_sent`` says whether the request may have arrived.
            FetchFailed: The body is longer than allowed or ended early.
        """
        with _translated(wire):
            raw = _raw_request(wire)
            answer = self._pool(self._routes.of(wire)).handle_request(raw)
            try:
                body = Body(wire, answer.status_code, _lower_case(answer.headers))
                with _whole(body):
                    for chunk in answer.iter_bytes() if body.is_encoded else _blocking_stream(answer):
                        body.take(chunk)
                return body.finish()
            finally:
                answer.close()

    def _pool(self, route: _Route) -> httpx.HTTPTransport:
        with self._lock:
            pool = self._pools.get(route)
            if pool is None:
                import httpx

                pool = self._pools[route] = httpx.HTTPTransport(**_pool_options(route))
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
        self._routes = _Routes()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._shards: dict[_Route, list[_Shard]] = {}

    async def send(self, wire: Wire) -> Response:
        """Carry one exchange; see :meth:`BlockingTransport.send`."""
        with _translated(wire):
            raw = _raw_request(wire)
            shard = self._shard(self._routes.of(wire))
            shard.busy += 1
            try:
                answer = await shard.pool.handle_async_request(raw)
                try:
                    return await self._read(wire, answer)
                finally:
                    await answer.aclose()
            finally:
                shard.busy -= 1

    async def _read(self, wire: Wire, answer: httpx.Response) -> Response:
        body = Body(wire, answer.status_code, _lower_case(answer.headers))
        if body.streams:
            await self._stream(body, answer)
        else:
            with _whole(body):
                async for chunk in answer.aiter_bytes() if body.is_encoded else _awaited_stream(answer):
                    body.take(chunk)
        return body.finish()

    async def _stream(self, body: Body, answer: httpx.Response) -> None:
        import asyncio

        batch = bytearray()
        with _whole(body, batch):
            async for chunk in _awaited_stream(answer):
                batch += chunk
                if len(batch) >= _BATCH_BYTES:
                    await asyncio.to_thread(body.take, bytes(batch))
                    batch.clear()
        await asyncio.to_thread(body.take, bytes(batch))

    def _shard(self, route: _Route) -> _Shard:
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
        return shards[-1]

    async def close(self) -> None:
        """Close every connection."""
        for shards in self._shards.values():
            for shard in shards:
                await shard.pool.aclose()
        self._shards.clear()


@dataclass(slots=True)
class _Shard:
    pool: httpx.AsyncHTTPTransport
    busy: int = 0


def _blocking_stream(answer: httpx.Response) -> Iterable[bytes]:
    # The bytes as they arrive, without the counting and chunking that nobody here needs.
    return cast("httpx.SyncByteStream", answer.stream)


def _awaited_stream(answer: httpx.Response) -> AsyncIterable[bytes]:
    return cast("httpx.AsyncByteStream", answer.stream)


class _Routes:
    """Which route an exchange takes; the proxies of the environment are read once for each host."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str | None] = {}

    def of(self, wire: Wire) -> _Route:
        parts = urlsplit(wire.request.url)
        guarded = wire.connect_to is not None
        return _Route(
            secure=parts.scheme != "http",  # whatever is not plainly http is verified
            guarded=guarded,
            # A checked address must not be handed to a proxy that resolves it again.
            proxy=None if guarded else self._proxy(parts.scheme, parts.netloc.rpartition("@")[2]),
        )

    def _proxy(self, scheme: str, host: str) -> str | None:
        place = scheme, host
        if place not in self._known:
            from urllib.request import getproxies, proxy_bypass

            proxies = getproxies()
            proxy = proxies.get(scheme) or proxies.get("all")
            if proxy is not None and proxy_bypass(host):
                proxy = None
            self._known[place] = proxy if proxy is None or "://" in proxy else f"http://{proxy}"
        return self._known[place]


class _Redacting(logging.Filter):
    """Cleans what the HTTP library logs: it shows whole addresses and headers."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), ()
        return True


_REDACTING: Final = _Redacting()
_LOGGERS: Final = tuple(f"httpcore.{part}" for part in ("connection", "http11", "proxy"))


def _pool_options(route: _Route) -> dict[str, Any]:
    import httpx

    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_REDACTING)  # adding it again changes nothing
    # Loading the certificate store costs more than everything else here: only an https address pays for it.
    secure = route.secure or (route.proxy or "").startswith("https:")
    return {
        "verify": httpx.create_ssl_context() if secure else False,
        "trust_env": False,
        "proxy": route.proxy,
        "limits": httpx.Limits(max_connections=None, max_keepalive_connections=CONNECTIONS_PER_CLIENT),
    }


@lru_cache(maxsize=256)
def _parsed(address: str) -> httpx.URL:
    import httpx

    return httpx.URL(address)


def _raw_request(wire: Wire) -> httpx.Request:
    import httpx

    extensions: dict[str, Any] = {
        "timeout": {"connect": 10.0, "read": wire.timeout, "write": wire.timeout, "pool": 10.0}
    }
    try:
        given, body = encode(wire.request)
        url = _parsed(wire.request.address)
        if (url.port or 0) > _LAST_PORT:
            raise _unsendable(wire)
        names = {name.lower() for name in given}
        headers = {} if "host" in names else {"Host": url.netloc.decode("ascii")}
        headers |= given
        if "content-length" not in names and (body or wire.request.method in _WITH_LENGTH):
            headers["Content-Length"] = str(len(body))
        if wire.into is not None and "accept-encoding" not in names:
            headers["Accept-Encoding"] = "identity"
        if wire.connect_to is not None:
            extensions["sni_hostname"] = url.host
            url = url.copy_with(host=wire.connect_to)
        # Given a stream, httpx adds no headers of its own: all of them stand above.
        stream = httpx.ByteStream(body)
        return httpx.Request(wire.request.method, url, headers=headers, stream=stream, extensions=extensions)
    except UnicodeError:
        # Only here, where nothing can have been sent; the error itself would show the key.
        raise _unsendable(wire) from None


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
    with _translated(wire):
        raw = _raw_request(replace(wire, connect_to=None))
        target = raw.url.raw_path.decode("ascii")
        return Request(
            method=raw.method,
            url=f"{raw.url.scheme}://{raw.url.netloc.decode('ascii')}{target}",
            headers=_lower_case(raw.headers),
            content=raw.read(),
        )


def _lower_case(headers: httpx.Headers) -> dict[str, str]:
    lower: dict[str, str] = {}
    for raw_name, raw_value in headers.raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        lower[name] = f"{lower[name]}, {value}" if name in lower else value
    return lower


@contextmanager
def _whole(body: Body, untaken: bytearray | None = None) -> Iterator[None]:
    import httpx

    # The HTTP library notices a body that ends early before its length can be compared here.
    try:
        yield
    except (httpx.RemoteProtocolError, httpx.ReadError):
        body.take(bytes(untaken or b""))
        raise body.cut() from None


@contextmanager
def _translated(wire: Wire) -> Iterator[None]:
    """Turn httpx's errors into ours, with the one fact that matters: can the request have arrived?"""
    import httpx

    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
        raise _failed(wire, error, sent=False) from None
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise _failed(wire, error, sent=False) from None
    except httpx.LocalProtocolError as error:
        raise _failed(wire, error, sent=not str(error).startswith("Illegal")) from None
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise _failed(wire, error, sent=True) from None


def _failed(wire: Wire, error: Exception, *, sent: bool) -> TransportFailed:
    if "Illegal header" in str(error):
        return _unsendable(wire)
    reason = redact(str(error)) or {True: "no answer in time", False: "no connection in time"}[sent]
    return failed(wire, f"{reason} ({type(error).__name__})", sent=sent)


def _unsendable(wire: Wire) -> TransportFailed:
    reason = (
        "a header, the address or the body holds a character that cannot be sent; check the key and the texts for "
        "stray characters"
    )
    return failed(wire, reason, sent=False)
