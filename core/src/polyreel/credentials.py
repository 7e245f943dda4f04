"""How requests of one account are signed."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from polyreel.messages import Request, Response
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

    def renew(self, response: Response) -> bool:
        """Say whether signing anew may change a refusal (400, 401, 403); asked once for each request.

        A signer of short-lived credentials forgets here those that it holds. It reaches for nothing: what needs the
        outside world is done by the next ``sign``.

        Args:
            response: The refusal.
        """
        del response
        return False


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
