"""Standard Webhooks: whether a message is its sender's, and fresh.

Source: the Standard Webhooks specification (https://www.standardwebhooks.com, read 2026-11-23): headers ``webhook-id``,
``webhook-timestamp`` and ``webhook-signature`` (a list of ``v1,<base64>``), HMAC-SHA256 over ``id.timestamp.body``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

from polyreel.errors import AuthenticationFailed, ConfigurationError

__all__ = ["TOLERANCE", "refused", "verify"]

TOLERANCE: Final = 300.0
_SECRET_PREFIX: Final = "whsec_"  # noqa: S105  the shape of a secret, not one
_SCHEME: Final = "v1,"


def verify(secrets: str, headers: Mapping[str, str], body: bytes, *, now: float, provider: str) -> str:
    """Check a message's signature and age.

    Args:
        secrets: One secret, or several separated by spaces while one replaces another.
        headers: Names in lower case.
        body: The raw bytes.
        now: The current time, seconds since 1970.
        provider: Whose message it should be, for errors.

    Returns:
        The message's id.

    Raises:
        AuthenticationFailed: The signature is wrong, missing or stale.
        ConfigurationError: A secret is not valid after its prefix.
    """
    identity, timestamp, signatures = (
        _header(headers, f"webhook-{name}", provider) for name in ("id", "timestamp", "signature")
    )
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):  # noqa: PLR2004  to the year 33658
        raise refused("its timestamp is no number of seconds", provider=provider)
    signed = f"{identity}.{timestamp}.".encode(errors="replace") + body
    expected = [_mac(_key(secret, provider), signed) for secret in secrets.split()]
    given = [
        token.removeprefix(_SCHEME).encode(errors="replace")
        for token in signatures.split()
        if token.startswith(_SCHEME)
    ]
    # Every pair is compared, so that the time taken tells nothing about which one fits.
    fits = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in given]
    if not any(fits):
        raise refused("its signature does not fit", provider=provider)
    age = now - int(timestamp)
    if abs(age) > TOLERANCE:
        raise refused(f"it is {age:.0f} s old; at most {TOLERANCE:.0f} s are taken", provider=provider)
    return identity


def refused(reason: str, *, provider: str) -> AuthenticationFailed:
    """Return the error for a message that is not believed."""
    return AuthenticationFailed(f"the webhook message is not accepted: {reason}", provider=provider)


def _header(headers: Mapping[str, str], name: str, provider: str) -> str:
    value = headers.get(name, "").strip()
    if not value:
        raise refused(f"it has no header {name}", provider=provider)
    return value


def _key(secret: str, provider: str) -> bytes:
    if not secret.startswith(_SECRET_PREFIX):
        return secret.encode()
    try:
        key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:  # with an empty key anybody could sign
        raise ConfigurationError(
            f"a webhook secret of the provider {provider!r} begins with 'whsec_' and goes on with something that is "
            "no base64; copy it again from the vendor's page"
        )
    return key


def _mac(key: bytes, signed: bytes) -> bytes:
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
