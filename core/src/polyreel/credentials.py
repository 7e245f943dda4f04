"""How requests of one account are signed."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from polyreel.messages import Request
from polyreel.redaction import Secret

__all__ = ["Auth", "BearerAuth", "HeaderAuth", "NoAuth"]


class Auth:
    """How requests of one account are signed.

    ``sign`` is a flow like any other: it may yield ``Call`` for a blocking credentials library. It is applied
    only to requests to the provider's own origins.
    """

    def sign(self, request: Request) -> Generator[Any, Any, Request]:
        """Return ``request`` with its credentials."""
        yield from ()
        return request


class NoAuth(Auth):
    """For servers that ask for no key."""


class HeaderAuth(Auth):
    """A key in a header.

    Args:
        name: The header's name.
        key: The key.
        prefix: What stands before it, for example ``"Bearer "``.
    """

    def __init__(self, name: str, key: Secret, *, prefix: str = "") -> None:
        self._name = name
        self._key = key
        self._prefix = prefix

    def sign(self, request: Request) -> Generator[Any, Any, Request]:
        """Return ``request`` with the header set."""
        yield from ()
        value = f"{self._prefix}{self._key.reveal()}"
        return request.adding({self._name: value})


class BearerAuth(HeaderAuth):
    """``Authorization: Bearer <key>``.

    Args:
        key: The key.
    """

    def __init__(self, key: Secret) -> None:
        super().__init__("Authorization", key, prefix="Bearer ")
