"""Messages of OpenAI's webhooks: verified as Standard Webhooks, then read.

Fact sheet on the OpenAI Videos API, section 5 (2026-11-23): headers ``webhook-id``, ``webhook-timestamp``
and ``webhook-signature`` (a list of ``v1,<base64>``), HMAC-SHA256 over ``id.timestamp.body``, 300 s of
tolerance. OpenAI's SDK also takes a signature without ``v1,``; here it must be there.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Final

from polyreel.errors import AuthenticationFailed, ConfigurationError
from polyreel.types.provider import WebhookEvent

__all__ = ["TOLERANCE", "event", "verify"]

TOLERANCE: Final = 300.0
_SECRET_PREFIX: Final = "whsec_"  # noqa: S105  the shape of a secret, not one
_SCHEME: Final = "v1,"


def verify(secrets: str, headers: Mapping[str, str], body: bytes, *, now: float) -> str:
    """Check a message's signature and age.

    Args:
        secrets: One secret, or several separated by spaces while one replaces another.
        headers: Names in lower case.
        body: The raw bytes.
        now: The current time, seconds since 1970.

    Returns:
        The message's id.

    Raises:
        AuthenticationFailed: The signature is wrong, missing or stale.
        ConfigurationError: A secret is not valid after its prefix.
    """
    identity, timestamp, signatures = (
        _header(headers, f"webhook-{name}") for name in ("id", "timestamp", "signature")
    )
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):  # noqa: PLR2004  to the year 33658
        raise _refused("its timestamp is no number of seconds")
    signed = f"{identity}.{timestamp}.".encode(errors="replace") + body
    expected = [_mac(_key(secret), signed) for secret in secrets.split()]
    given = [
        token.removeprefix(_SCHEME).encode(errors="replace")
        for token in signatures.split()
        if token.startswith(_SCHEME)
    ]
    # Every pair is compared, so that the time taken tells nothing about which one fits.
    fits = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in given]
    if not any(fits):
        raise _refused("its signature does not fit")
    age = now - int(timestamp)
    if abs(age) > TOLERANCE:
        raise _refused(f"it is {age:.0f} s old; at most {TOLERANCE:.0f} s are taken")
    return identity


def event(identity: str, body: bytes) -> WebhookEvent:
    """Read a verified message.

    Args:
        identity: The header ``webhook-id``: the same for every delivery of one message.
        body: ``{"type": "video.completed", "data": {"id": "video_…"}, …}``.

    Raises:
        AuthenticationFailed: It is no event.
    """
    try:
        message = json.loads(body)
    except ValueError:
        raise _refused("it is no JSON") from None
    kind = message.get("type") if isinstance(message, dict) else None
    if not isinstance(kind, str):
        raise _refused("it has no type")
    data = message.get("data")
    subject = data.get("id") if isinstance(data, dict) else None
    # The type decides, never the shape: other events have a data.id too.
    of_video = kind.startswith("video.") and isinstance(subject, str) and subject
    return WebhookEvent(id=identity, type=kind, receipt_id=subject if of_video else None)


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "").strip()
    if not value:
        raise _refused(f"it has no header {name}")
    return value


def _key(secret: str) -> bytes:
    if not secret.startswith(_SECRET_PREFIX):
        return secret.encode()
    try:
        key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:  # with an empty key anybody could sign
        raise ConfigurationError(
            "a webhook secret of the provider 'openai' begins with 'whsec_' and goes on with something that is "
            "no base64; copy it again from the vendor's page"
        )
    return key


def _mac(key: bytes, signed: bytes) -> bytes:
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())


def _refused(reason: str) -> AuthenticationFailed:
    return AuthenticationFailed(f"the webhook message is not accepted: {reason}", provider="openai")
