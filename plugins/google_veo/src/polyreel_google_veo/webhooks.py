"""Messages of the Developer API's webhooks: those of a project, which are signed as Standard Webhooks are.

Fact sheet on Google, section 1.5 (2026-11-23). Messages to addresses that a request itself names
(``google_webhook_uris``) carry an RS256 token instead, whose keys would have to be fetched: they are refused. Of the
payload the sheet knows ``type`` and ``data.output_file_uri``; that ``data.id`` is the id of the interaction or the name
of the operation is an assumption. Where it is not, no job is found, and polling goes on as without webhooks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from polyreel.errors import MissingKey
from polyreel.types.provider import Settings, WebhookEvent
from polyreel.webhooks import refused, verify

__all__ = ["event"]

PROVIDER: Final = "google"
VARIABLES: Final = ("POLYREEL_GOOGLE_WEBHOOK_SECRET",)
_OF_JOBS: Final = ("interaction.", "video.")  # google-genai 3.4.0, _gaos/types/webhooks/webhook.py


def event(settings: Settings, headers: Mapping[str, str], body: bytes, *, now: float) -> WebhookEvent:
    """Verify and read a message.

    Args:
        settings: The account's settings.
        headers: Names in lower case.
        body: The raw bytes.
        now: The current time, seconds since 1970.

    Raises:
        MissingKey: There is no secret to verify it with.
        AuthenticationFailed: It is not Google's, too old, or no event.
    """
    secret = settings.secret("webhook_secret")
    if not secret:
        raise MissingKey(
            "webhook messages of the provider 'google' cannot be verified without the setting 'webhook_secret'",
            provider=PROVIDER,
            variables=VARIABLES,
        )
    if headers.get("webhook-signature", "").startswith("eyJ"):  # how every such token begins
        raise refused(
            "it was sent to an address that the request named, and is signed with a key that is not fetched; register "
            "a webhook for the project",
            provider=PROVIDER,
        )
    identity = verify(secret.reveal(), headers, body, now=now, provider=PROVIDER)
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        raise refused("it is no JSON", provider=PROVIDER) from None
    kind = message.get("type") if isinstance(message, dict) else None
    if not isinstance(kind, str):
        raise refused("it has no type", provider=PROVIDER)
    data = message.get("data")
    subject = data.get("id") if isinstance(data, dict) else None
    known = kind.startswith(_OF_JOBS) and isinstance(subject, str) and subject
    return WebhookEvent(id=identity, type=kind, receipt_id=subject if known else None)
