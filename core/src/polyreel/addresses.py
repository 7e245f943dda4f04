"""Which network addresses may be fetched when the address came from a user or from an answer.

``ipaddress.is_private`` is not enough: shared address space (100.64/10) and multicast count as public there, and
IPv6 can wrap an IPv4 address in several ways. Everything that is not plainly a public unicast address is refused.
What is looked at is what a name leads to, never how it is written: 2130706433, 0x7f.1, 127.0.0.1. and letters that
only look like digits all become the same number before anybody decides.
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

_INSIDE: Final = tuple(
    ip_network(text)
    for text in (
        # The IANA special-purpose registries of IPv4 and IPv6, as of 2026. They stand here because what ``ipaddress``
        # calls global differs between the versions of Python.
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared address space, RFC 6598
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, with the clouds' metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # what once led to IPv6 (6to4 anycast)
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",  # multicast, reserved, broadcast
        "2001::/23",  # protocol assignments: Teredo wraps any IPv4 address, ORCHID is no address
        "2001:db8::/32",
        "2002::/16",  # 6to4 wraps any IPv4 address
        "3fff::/20",
    )
)
_GLOBAL_V6: Final = ip_network(
    "2000::/3"
)  # all that is given out; NAT64, mapped, unique local and the like lie outside
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
    if "%" in host:  # a zone is a network of one machine, and a name has no such sign
        raise AddressRefused(
            f"{shown} is not fetched: {host} is not a public address; download the file yourself and pass its path",
            url=shown,
        )
    try:
        found = resolver(host, port)
        numeric = [ip_address(text) for text in found]
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
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(address.ipv4_mapped)
        if address.scope_id is not None or address not in _GLOBAL_V6:
            return False
    inside = (network for network in _INSIDE if network.version == address.version)
    return address.is_global and not any(address in network for network in inside)
