"""What every transport does alike, whichever library carries it.

Which way an exchange goes, how an answer's headers are named, how its body is taken, and how a failure is told.
"""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from polyreel.bodies import Body
from polyreel.errors import TransportFailed
from polyreel.messages import Response, Wire, failed
from polyreel.redaction import redact

__all__ = [
    "Route",
    "Routes",
    "are_sendable",
    "host_of_plain",
    "lower_case",
    "poured",
    "redact_logs",
    "unanswered",
    "unsendable",
]

_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110, section 5.1
_BREAKING: Final = re.compile(r"[\0\n\v\f\r]")  # RFC 9110, section 5.5
_PLAIN: Final = re.compile(
    r"https?://(?P<host>[a-z0-9][a-z0-9.-]*[a-z0-9](?::(?!80/|443/)[1-9]\d{1,3})?)/(?:[\w.~/:=&?-]|%[0-9A-F]{2})*",
    re.ASCII,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """What needs connections of its own: encryption, a checked address, a proxy.

    Attributes:
        secure: Whether certificates are verified.
        guarded: Whether the address was checked before. Such connections are used once: one that is kept would
            serve another name at the same address, whose certificate nobody looked at.
        proxy: The address of the proxy in between.
    """

    secure: bool
    guarded: bool
    proxy: str | None


class Routes:
    """Which route an exchange takes; the proxies of the environment are read once for each host."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str | None] = {}

    def of(self, wire: Wire) -> Route:
        """Return the route of an exchange."""
        parts = urlsplit(wire.request.url)
        guarded = wire.connect_to is not None
        return Route(
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


def host_of_plain(address: str) -> str | None:
    """Return the host and port of an address that is sent as it is; ``None`` when it must be read closely."""
    place = _PLAIN.fullmatch(address)
    return None if place is None or "/." in address else place["host"]


def are_sendable(headers: Mapping[str, str]) -> bool:
    """Whether headers can be written down. No library agrees with another on what it lets through."""
    return all(
        _NAME.fullmatch(name) and value.isascii() and not _BREAKING.search(value)
        for name, value in headers.items()
    )


def lower_case(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers as they came, names in lower case; those of one name are joined."""
    lower: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        lower[name] = f"{lower[name]}, {value}" if name in lower else value
    return lower


async def poured(
    body: Body, chunks: AsyncIterable[bytes], *, broken: tuple[type[Exception], ...]
) -> Response:
    """Take a body as it comes; that of a film is written in a thread, in batches.

    Args:
        body: Takes it.
        chunks: Its bytes.
        broken: What the library raises when it ends early, which it notices before lengths are compared here.

    Raises:
        FetchFailed: It is longer than allowed, or a film ended early.
        TransportFailed: An answer ended early, or took too long.
    """
    import asyncio

    batch = bytearray()
    try:
        async for chunk in chunks:
            if not body.streams:
                body.take(chunk)
                continue
            batch += chunk
            if body.due(len(batch)):
                await asyncio.to_thread(body.take, bytes(batch))
                batch.clear()
    except broken:
        body.take(bytes(batch))
        raise body.cut() from None
    if body.streams:
        await asyncio.to_thread(body.take, bytes(batch))
    return body.finish()


class _Redacting(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), ()
        return True


_REDACTING: Final = _Redacting()


def redact_logs(names: Iterable[str]) -> None:
    """Clean what these loggers say: libraries show whole addresses and headers. Saying it again changes nothing."""
    for name in names:
        logging.getLogger(name).addFilter(_REDACTING)


def unanswered(wire: Wire, reason: str, kind: str, *, sent: bool) -> TransportFailed:
    """Return the error of an exchange whose answer did not come.

    Args:
        wire: The exchange.
        reason: What the library says; may be empty.
        kind: The name of the failure, such as ``"ReadTimeout"``.
        sent: Whether the request may have arrived.
    """
    said = redact(reason) or {True: "no answer in time", False: "no connection in time"}[sent]
    return failed(wire, f"{said} ({kind})", sent=sent)


def unsendable(wire: Wire) -> TransportFailed:
    """Return the error of a request that cannot be written down; it does not show the key."""
    reason = (
        "a header, the address or the body holds a character that cannot be sent; check the key and the texts for "
        "stray characters"
    )
    return failed(wire, reason, sent=False)
