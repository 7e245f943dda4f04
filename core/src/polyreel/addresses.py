"""Which network addresses may be fetched when the address came from a user or from an answer.

``ipaddress.is_private`` is not enough: shared address space (100.64/10) and multicast count as public there, and
IPv6 can wrap an IPv4 address in several ways. Everything that is not plainly a public unicast address is refused.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from polyreel.errors import AddressRefused, TransportFailed
from polyreel.redaction import without_query

__all__ = ["Resolver", "is_loopback", "public_address", "system_resolver"]

Resolver = Callable[[str, int], list[str]]
"""From a host and a port to numeric addresses; blocking."""

_REFUSED: Final = tuple(
    ip_network(text)
    for text in (
        "100.64.0.0/10",  # shared address space, RFC 6598
        "192.0.0.0/24",
        "198.18.0.0/15",
        "64:ff9b::/96",  # NAT64 wraps any IPv4 address
        "64:ff9b:1::/48",
        "2002::/16",  # 6to4 wraps any IPv4 address
        "2001::/32",  # Teredo
        "fec0::/10",
    )
)
_PORTS: Final = frozenset({80, 443, 8080, 8443})


def system_resolver(host: str, port: int) -> list[str]:
    """Resolve with the machine's resolver."""
    return [str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def is_loopback(host: str) -> bool:
    """Whether ``host``, as written in an address, is this machine."""
    if host.lower().rstrip(".") in {"localhost", "localhost.localdomain"}:
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def public_address(url: str, *, resolver: Resolver = system_resolver) -> str:
    """Check where ``url`` leads and return the numeric address to connect to.

    The caller connects to exactly this address, so that a second answer of the resolver cannot lead elsewhere.

    Args:
        url: An ``http`` or ``https`` address.
        resolver: Resolves the host; blocking.

    Raises:
        AddressRefused: Another scheme, an odd port, a user in the address, or any resolved address that is
            not public.
        TransportFailed: The host is not known.
    """
    shown = without_query(url)
    try:
        parts = urlsplit(url)
        port = {"http": 80, "https": 443}.get(parts.scheme, 0) if parts.port is None else parts.port
    except ValueError:
        raise AddressRefused(f"{shown} is not a valid address", url=shown) from None
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not host:
        raise AddressRefused(f"{shown} is not fetched: only http and https addresses are", url=shown)
    if parts.username is not None or parts.password is not None:
        raise AddressRefused(f"{shown} is not fetched: it holds a user name or password", url=shown)
    if port not in _PORTS:
        raise AddressRefused(f"{shown} is not fetched: port {port} is not one of {sorted(_PORTS)}", url=shown)
    try:
        found = resolver(host, port)
        numeric = [ip_address(text.partition("%")[0]) for text in found]
    except (OSError, ValueError):
        raise TransportFailed(
            f"{shown}: the host {host!r} is not known", request_sent=False, url=shown
        ) from None
    for text, address in zip(found, numeric, strict=True):
        if not _is_public(address):
            raise AddressRefused(
                f"{shown} is not fetched: {host} leads to {text}, which is not a public address; "
                "download the file yourself and pass its path",
                url=shown,
            )
    if not found:
        raise TransportFailed(f"{shown}: the host {host!r} has no address", request_sent=False, url=shown)
    return found[0]


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return _is_public(address.ipv4_mapped)
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address in network for network in _REFUSED if network.version == address.version)
    )
