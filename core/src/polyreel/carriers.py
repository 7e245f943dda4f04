"""The carrier of the awaited client: httpx, or aiohttp where ``POLYREEL_HTTP=aiohttp`` says so (extra ``fast``).

httpx's pool of connections costs more CPU with each connection; aiohttp carries many exchanges at once for about a
fifth of it. It stands here without httpx's shape around it: what is needed is one exchange, and above all the one fact
that money depends on, whether a request may have arrived. A mapping of errors that calls a connection which was
closed after the request "not connected" would have a paid request sent again.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, Protocol

from polyreel.bodies import Body
from polyreel.carriage import Route, Routes, lower_case, poured, unanswered
from polyreel.errors import ConfigurationError, MissingExtra
from polyreel.http import AsyncTransport, Outgoing, Response, Wire, certificates, outgoing

if TYPE_CHECKING:
    import asyncio

    import aiohttp

__all__ = ["Carrier", "FastTransport", "carrier"]

VARIABLE: Final = "POLYREEL_HTTP"
CONNECT_SECONDS: Final = 10.0
KEPT_SECONDS: Final = 5.0  # as long as httpx keeps a connection that nobody uses
_LONGEST_LINE: Final = 64 * 1024  # of a head; a signed address has kilobytes
_READ_AHEAD: Final = 256 * 1024
_PIECE: Final = 256 * 1024
_ADDED: Final = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")  # what aiohttp would add


class Carrier(Protocol):
    """Carries single exchanges, awaited."""

    def send(self, wire: Wire) -> Awaitable[Response]:
        """Carry one exchange; see :meth:`polyreel.http.BlockingTransport.send`."""
        ...

    def close(self) -> Awaitable[None]:
        """Close every connection."""
        ...


def carrier(environ: Mapping[str, str] = os.environ) -> Carrier:
    """Return the carrier that the environment names.

    What carries paid requests does not change because another package brought aiohttp along: it must be named.

    Args:
        environ: ``POLYREEL_HTTP`` is ``httpx`` (the default) or ``aiohttp``.

    Raises:
        ConfigurationError: It is something else.
        MissingExtra: aiohttp is named and not installed.
    """
    named = environ.get(VARIABLE, "") or "httpx"
    if named == "httpx":
        return AsyncTransport()
    if named != "aiohttp":
        raise ConfigurationError(
            f"{VARIABLE}={named!r} names no carrier: it is httpx (the default), or aiohttp for many jobs at once"
        )
    try:
        import aiohttp  # noqa: F401  whether it is there
    except ImportError:
        raise MissingExtra(f"{VARIABLE}=aiohttp", extra="fast") from None
    return FastTransport()


class FastTransport:
    """Carries exchanges over aiohttp, awaited; those that go through a proxy are left to httpx."""

    def __init__(self) -> None:
        self._routes = Routes()
        self._proxied = AsyncTransport()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sessions: dict[Route, aiohttp.ClientSession] = {}

    async def send(self, wire: Wire) -> Response:
        """Carry one exchange; see :meth:`polyreel.http.BlockingTransport.send`."""
        out = outgoing(wire)
        route = self._routes.of(wire)
        if route.proxy is not None:
            return await self._proxied.send(wire)
        session = await self._session(route)
        with _translated(wire):
            response = await _begun(session, wire, out)
            try:
                body = Body(wire, response.status, lower_case(response.raw_headers))
                return await poured(body, _chunks(response), broken=_broken())
            finally:
                response.close()  # one that was read to its end has given its connection back before

    async def _session(self, route: Route) -> aiohttp.ClientSession:
        import asyncio

        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            # Connections die with the event loop that opened them: one client may see several, one after another.
            if self._loop is not None and self._loop.is_closed():
                await self._close_sessions()
            self._sessions, self._loop = {}, loop
        if route not in self._sessions:
            self._sessions[route] = _new_session(route)
        return self._sessions[route]

    async def _close_sessions(self) -> None:
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()

    async def close(self) -> None:
        """Close every connection."""
        await self._close_sessions()
        await self._proxied.close()


def _new_session(route: Route) -> aiohttp.ClientSession:
    import aiohttp

    kept: dict[str, Any] = {"force_close": True} if route.guarded else {"keepalive_timeout": KEPT_SECONDS}
    session = aiohttp.ClientSession(
        connector=_parts().Connector(
            limit=0,
            ssl=certificates() if route.secure else False,
            resolver=aiohttp.ThreadedResolver(),
            **kept,
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=_ADDED,
        trust_env=False,
        read_bufsize=_READ_AHEAD,
        max_line_size=_LONGEST_LINE,
        max_field_size=_LONGEST_LINE,
    )
    # Whether something is sent again is decided in one place, which is not here.
    session._retry_connection = False  # noqa: SLF001  aiohttp has no public switch
    return session


async def _begun(session: aiohttp.ClientSession, wire: Wire, out: Outgoing) -> aiohttp.ClientResponse:
    """Send the request; return once the head of the answer is there."""
    import asyncio

    import aiohttp
    from yarl import URL

    if wire.before is not None and not out.body:
        wire.before()  # no body will ask for it: the head is the whole request
    # aiohttp's own times bound no body that cannot be written, and no head that comes byte by byte.
    async with asyncio.timeout(CONNECT_SECONDS + wire.timeout) as limit:
        seconds = _Seconds(each=wire.timeout, limit=limit, time=asyncio.get_running_loop().time)
        seconds_before = _SECONDS.set(seconds)
        data = _parts().Payload(out.body, wire.before, seconds) if out.body else None
        try:
            return await session.request(
                out.method,
                URL(out.address, encoded=True),
                data=data,
                headers=out.headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    total=None, connect=CONNECT_SECONDS, sock_connect=CONNECT_SECONDS, sock_read=wire.timeout
                ),
                server_hostname=out.name,
            )
        except aiohttp.ClientError:
            if data is None or data.refusal is None:
                raise
            raise data.refusal from None
        finally:
            _SECONDS.reset(seconds_before)


@dataclass(slots=True)
class _Seconds:
    """How long each part of an exchange may take: writing the request, and then its answer's head."""

    each: float
    limit: asyncio.Timeout
    time: Callable[[], float]

    def begin(self) -> None:
        with suppress(RuntimeError):  # the answer may be there before the request was written to its end
            self.limit.reschedule(self.time() + self.each)


_SECONDS: ContextVar[_Seconds] = ContextVar("_SECONDS")


@cache
def _parts() -> SimpleNamespace:
    """The two parts of aiohttp that are watched; made when it is first needed."""
    import aiohttp

    class Connector(aiohttp.TCPConnector):
        async def connect(self, *args: Any, **kwargs: Any) -> Any:
            connection = await super().connect(*args, **kwargs)
            _SECONDS.get().begin()
            return connection

    class Payload(aiohttp.Payload):
        """A body before whose first byte somebody may have the last word; aiohttp keeps the head back until then."""

        def __init__(self, body: bytes, before: Callable[[], None] | None, seconds: _Seconds) -> None:
            super().__init__(body)
            self._size = len(body)
            self._body = body
            self._before = before
            self._seconds = seconds
            self.refusal: BaseException | None = None

        def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
            return self._body.decode(encoding, errors)

        async def write(self, writer: Any) -> None:
            try:
                if self._before is not None:
                    self._before()
            except BaseException as refusal:
                self.refusal = refusal  # aiohttp raises an error of its own in its place
                raise
            for start in range(0, len(self._body), _PIECE):
                await writer.write(self._body[start : start + _PIECE])
            self._seconds.begin()

        async def write_with_length(self, writer: Any, content_length: int | None) -> None:
            del content_length  # it is the body's own
            await self.write(writer)

    return SimpleNamespace(Connector=Connector, Payload=Payload)


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    import aiohttp

    content = response.content
    try:
        while chunk := await content.readany():
            yield chunk
    except aiohttp.ClientError:
        # What ended a body is raised before what came of it is handed out.
        if rest := content._read_nowait(-1):  # noqa: SLF001  the only way to it
            yield rest
        raise


def _broken() -> tuple[type[Exception], ...]:
    import aiohttp

    return aiohttp.ClientPayloadError, aiohttp.ClientOSError, aiohttp.ServerDisconnectedError


@contextmanager
def _translated(wire: Wire) -> Iterator[None]:
    """Turn aiohttp's errors into ours, named like httpx's; whatever is not certain counts as sent."""
    import aiohttp

    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise unanswered(wire, str(error), "ConnectTimeout", sent=False) from None
    except aiohttp.ClientConnectorError as error:  # raised by who connects, and nowhere else
        raise unanswered(wire, str(error), "ConnectError", sent=False) from None
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
        raise unanswered(wire, str(error), "UnsupportedProtocol", sent=False) from None
    except TimeoutError:
        raise unanswered(wire, "", "ReadTimeout", sent=True) from None
    except aiohttp.ClientError as error:
        raise unanswered(wire, str(error), type(error).__name__, sent=True) from None
