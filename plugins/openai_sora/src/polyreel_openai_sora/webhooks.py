"""Messages of OpenAI's webhooks, once verified.

Fact sheet on the OpenAI Videos API, section 5 (2026-11-23): they are Standard Webhooks, with 300 s of tolerance. OpenAI's
SDK also takes a signature without ``v1,``; here it must be there.
"""

from __future__ import annotations

import json

from polyreel.types.provider import WebhookEvent
from polyreel.webhooks import refused

__all__ = ["event"]


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
        raise refused("it is no JSON", provider="openai") from None
    kind = message.get("type") if isinstance(message, dict) else None
    if not isinstance(kind, str):
        raise refused("it has no type", provider="openai")
    data = message.get("data")
    subject = data.get("id") if isinstance(data, dict) else None
    # The type decides, never the shape: other events have a data.id too.
    of_video = kind.startswith("video.") and isinstance(subject, str) and subject
    return WebhookEvent(id=identity, type=kind, receipt_id=subject if of_video else None)
