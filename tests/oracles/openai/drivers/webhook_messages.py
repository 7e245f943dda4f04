"""Let the SDK judge webhook messages: ``{"messages": [{"headers", "body", "secret", "now"}]}`` from standard input.

``now`` is the time at which a message arrives; the SDK asks ``time.time`` for it.
"""

import json
import sys
import time

import openai


def judge(client, message):
    """Return what the SDK makes of one message."""
    time.time = lambda: message["now"]
    body = message["body"].encode()
    verdict = {}
    try:
        client.webhooks.verify_signature(body, message["headers"], secret=message["secret"])
        verdict["verified"] = True
        event = client.webhooks.unwrap(body, message["headers"], secret=message["secret"])
        verdict["type"], verdict["id"] = event.type, event.data.id
    except Exception as error:  # noqa: BLE001  whatever it is, the message was not accepted
        verdict["refused"] = type(error).__name__
    return verdict


told = json.load(sys.stdin)
with openai.OpenAI(api_key="sk-test") as client:
    json.dump([judge(client, message) for message in told["messages"]], sys.stdout)
