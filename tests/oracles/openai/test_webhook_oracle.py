"""OpenAI's SDK and the plugin judge the same webhook messages, at the same time of day."""

import base64
import hashlib
import hmac

import pytest
from polyreel.errors import PolyreelError
from polyreel.redaction import Secret
from polyreel.types.provider import Settings
from polyreel_openai_sora import plugin

pytestmark = pytest.mark.oracle

# The published vector: fact sheet on the OpenAI Videos API, section 5.
VECTOR_SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
VECTOR_BODY = (
    '{"id":"evt_abc123","object":"event","created_at":1758941485,'
    '"type":"video.completed","data":{"id":"video_abc123"}}'
)
VECTOR_SIGNATURE = "v1,kLOosvLIgZS50b51EvVJPIXq3uUk1bKhGkOJ1stjjKI="
SENT = 1758941490
PLAIN = "a-secret-without-the-prefix"
SPACED = "two words"
FAILED = (
    '{"id":"evt_2","object":"event","created_at":1758941485,"type":"video.failed","data":{"id":"video_é"}}'
)


def signature(body, secret=VECTOR_SECRET, identity="wh_1", timestamp=SENT):
    """Sign as Standard Webhooks says, without the help of either side."""
    key = base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
    mac = hmac.new(key, f"{identity}.{timestamp}.{body}".encode(), hashlib.sha256).digest()
    return "v1," + base64.b64encode(mac).decode()


def message(body=VECTOR_BODY, secret=VECTOR_SECRET, now=SENT, signed=None, **headers):
    given = {"id": "wh_1", "timestamp": str(SENT), "signature": signed or signature(body, secret), **headers}
    named = {f"webhook-{name}": value for name, value in given.items() if value is not None}
    return {"headers": named, "body": body, "secret": secret, "now": now}


ACCEPTED = {
    "published vector": message(signed=VECTOR_SIGNATURE),
    "failed job": message(FAILED),
    "plain secret": message(secret=PLAIN),
    "second of several signatures": message(signed=f"v1,AAAA v2,BBBB {VECTOR_SIGNATURE}"),
    "oldest": message(now=SENT + 300),
    "newest": message(now=SENT - 300),
}
REFUSED = {
    "too old": message(now=SENT + 301),
    "too new": message(now=SENT - 301),
    "a day old": message(now=SENT + 86_400),
    "another body": message(signed=signature(FAILED)),
    "a body with a space more": message(VECTOR_BODY + " ", signed=VECTOR_SIGNATURE),
    "another id": message(signed=VECTOR_SIGNATURE, id="wh_2"),
    "another time": message(signed=VECTOR_SIGNATURE, timestamp=str(SENT + 1)),
    "another secret": message(secret=PLAIN, signed=VECTOR_SIGNATURE),
    "a changed signature": message(signed=VECTOR_SIGNATURE.replace("kLOo", "kLOp")),
    "another scheme": message(signed=VECTOR_SIGNATURE.replace("v1,", "v2,")),
    "an empty signature": message(signed="v1,"),
    "no signature": message(signature=None),
    "no time": message(timestamp=None),
    "no id": message(id=None),
    "a time in words": message(timestamp="yesterday"),
    "a fraction of a second": message(timestamp=f"{SENT}.0"),
    "no JSON": message("video.completed"),
}
# Where the plugin is stricter than the SDK, and why.
STRICTER = {
    # Standard Webhooks has a scheme before every signature; without it a later scheme could be passed off as v1.
    "signature without its scheme": message(signed=VECTOR_SIGNATURE.removeprefix("v1,")),
    # The setting holds several secrets, separated by spaces, while one replaces another; OpenAI's have none inside.
    "secret with a space": message(secret=SPACED),
    # Python's int() takes these; a sender that counts seconds writes none of them.
    "time with a sign": message(timestamp=f"+{SENT}", signed=signature(VECTOR_BODY, timestamp=f"+{SENT}")),
    "time with underscores": message(
        timestamp="1_758_941_490", signed=signature(VECTOR_BODY, timestamp="1_758_941_490")
    ),
}
MESSAGES = {**ACCEPTED, **REFUSED, **STRICTER}


@pytest.fixture(scope="module")
def verdicts(sdk):
    """Let the SDK judge all messages in one go."""
    return dict(zip(MESSAGES, sdk.run("webhook_messages", messages=list(MESSAGES.values())), strict=True))


def ours(told):
    settings = Settings(provider="openai", values={"webhook_secret": Secret(told["secret"])})
    try:
        event = plugin.parse_webhook(settings, told["headers"], told["body"].encode(), float(told["now"]))
    except PolyreelError as error:
        return {"refused": type(error).__name__}
    return {"type": event.type, "id": event.receipt_id}


@pytest.mark.parametrize("case", ACCEPTED)
def test_both_accept_and_read_the_same(verdicts, case):
    theirs = verdicts[case]
    assert theirs.pop("verified") is True
    assert ours(ACCEPTED[case]) == theirs


@pytest.mark.parametrize("case", REFUSED)
def test_both_refuse(verdicts, case):
    assert "refused" in verdicts[case]
    # The signature of what is no JSON can still be good.
    assert ("verified" in verdicts[case]) == (case == "no JSON")
    assert ours(REFUSED[case]) == {"refused": "AuthenticationFailed"}


@pytest.mark.parametrize("case", STRICTER)
def test_plugin_is_stricter(verdicts, case):
    assert verdicts[case]["verified"] is True
    assert ours(STRICTER[case]) == {"refused": "AuthenticationFailed"}


def test_vector_is_what_the_test_would_sign():
    assert signature(VECTOR_BODY) == VECTOR_SIGNATURE
