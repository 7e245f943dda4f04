"""Webhook messages against the published vector (fact sheet on the OpenAI Videos API, section 5)."""

import base64
import hashlib
import hmac
import json

import pytest
from polyreel.errors import AuthenticationFailed, ConfigurationError, MissingKey
from polyreel_openai_sora import plugin

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
BODY = (
    b'{"id":"evt_abc123","object":"event","created_at":1758941485,'
    b'"type":"video.completed","data":{"id":"video_abc123"}}'
)
SIGNATURE = "v1,kLOosvLIgZS50b51EvVJPIXq3uUk1bKhGkOJ1stjjKI="
SENT = 1758941490
HEADERS = {"webhook-id": "wh_1", "webhook-timestamp": str(SENT), "webhook-signature": SIGNATURE}
OTHER = "whsec_" + base64.b64encode(b"another key, quite another").decode()


def signed(body, secret=b"plain-secret", identity="wh_2", timestamp=SENT):
    mac = hmac.new(secret, f"{identity}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    signature = "v1," + base64.b64encode(mac).decode()
    return {"webhook-id": identity, "webhook-timestamp": str(timestamp), "webhook-signature": signature}


@pytest.fixture
def parse(settings):
    def parsed(headers=HEADERS, body=BODY, now=float(SENT), secret=SECRET):
        return plugin.parse_webhook(settings(webhook_secret=secret), headers, body, now)

    return parsed


def test_published_vector_is_accepted(parse):
    event = parse()
    assert (event.id, event.type, event.receipt_id) == ("wh_1", "video.completed", "video_abc123")


@pytest.mark.parametrize("age", [-300, -1, 0, 300])
def test_message_within_the_tolerance_is_accepted(parse, age):
    assert parse(now=SENT + age)


@pytest.mark.parametrize("age", [-301, 301, 86_400])
def test_stale_message_is_refused(parse, age):
    with pytest.raises(AuthenticationFailed, match="s old"):
        parse(now=SENT + age)


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook-id": "wh_2"},
        {"webhook-timestamp": str(SENT + 1)},
        {"webhook-signature": "v1,kLOosvLIgZS50b51EvVJPIXq3uUk1bKhGkOJ1stjjKJ="},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,é"},
        {
            "webhook-signature": SIGNATURE.removeprefix("v1,")
        },  # the SDK takes it; here the scheme must be named
        {"webhook-signature": SIGNATURE.replace("v1,", "v2,")},
        {"webhook-signature": SIGNATURE.replace("v1,", "v1a,")},
    ],
)
def test_changed_header_is_refused(parse, headers):
    with pytest.raises(AuthenticationFailed, match="does not fit"):
        parse(headers=HEADERS | headers)


@pytest.mark.parametrize(
    "body", [BODY.replace(b"video_abc123", b"video_abc124"), BODY + b"\n", BODY.replace(b",", b", "), b""]
)
def test_replay_with_another_body_is_refused(parse, body):
    with pytest.raises(AuthenticationFailed, match="does not fit"):
        parse(body=body)


@pytest.mark.parametrize("timestamp", ["soon", "-1", "1e9", "١٧٥٨٩٤١٤٩٠", "9" * 400, "1758941490.0"])
def test_malformed_timestamp_is_refused(parse, timestamp):
    with pytest.raises(AuthenticationFailed, match="no number"):
        parse(headers=HEADERS | {"webhook-timestamp": timestamp})


@pytest.mark.parametrize("name", list(HEADERS))
@pytest.mark.parametrize("value", [None, "", "  "])
def test_missing_header_is_refused(parse, name, value):
    headers = {key: text for key, text in HEADERS.items() if key != name}
    if value is not None:
        headers[name] = value
    with pytest.raises(AuthenticationFailed, match=f"no header {name}"):
        parse(headers=headers)


def test_one_of_several_signatures_is_enough(parse):
    assert parse(headers=HEADERS | {"webhook-signature": f"v1,AAAA v2,BBBB {SIGNATURE} junk"})


@pytest.mark.parametrize("secrets", [f"{SECRET} {OTHER}", f"{OTHER} {SECRET}", f"  {OTHER}   {SECRET} "])
def test_one_of_several_secrets_is_enough(parse, secrets):
    assert parse(secret=secrets)


def test_another_secret_is_refused(parse):
    with pytest.raises(AuthenticationFailed, match="does not fit"):
        parse(secret=OTHER)


def test_secret_without_prefix_is_the_key_itself(parse):
    assert parse(headers=signed(BODY), secret="plain-secret").id == "wh_2"


@pytest.mark.parametrize("secret", ["whsec_", "whsec_***", "whsec_abc"])
def test_broken_secret_is_said_and_never_an_empty_key(parse, secret):
    with pytest.raises(ConfigurationError, match="no base64"):
        parse(headers=signed(BODY, secret=b""), secret=secret)


@pytest.mark.parametrize("secret", ["", "   "])
def test_without_a_secret_nothing_is_accepted(parse, secret):
    with pytest.raises((MissingKey, AuthenticationFailed)):
        parse(headers=signed(BODY, secret=b""), secret=secret)


def test_error_shows_neither_secret_nor_expected_signature(parse):
    with pytest.raises(AuthenticationFailed) as caught:
        parse(body=b"{}")
    assert "MDEy" not in str(caught.value)
    assert "v1," not in str(caught.value)


@pytest.mark.parametrize(
    ("message", "receipt_id"),
    [
        ({"type": "video.failed", "data": {"id": "video_1"}}, "video_1"),
        ({"type": "batch.completed", "data": {"id": "batch_1"}}, None),
        ({"type": "video.completed"}, None),
        ({"type": "video.completed", "data": {"id": 7}}, None),
        ({"type": "video.completed", "data": {"id": ""}}, None),
    ],
)
def test_type_decides_what_it_is_about(parse, message, receipt_id):
    body = json.dumps(message).encode()
    event = parse(headers=signed(body), body=body, secret="plain-secret")
    assert (event.type, event.receipt_id) == (message["type"], receipt_id)


@pytest.mark.parametrize("body", [b"not json", b"[]", b"{}", b'{"type": 1}', b"\xff"])
def test_signed_nonsense_is_refused(parse, body):
    with pytest.raises(AuthenticationFailed):
        parse(headers=signed(body), body=body, secret="plain-secret")
