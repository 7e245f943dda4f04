"""Messages of a project's webhook; what is signed how is tested where it is verified, in the core."""

import base64
import hashlib
import hmac
import json

import pytest
from polyreel.errors import AuthenticationFailed, MissingKey
from polyreel_google_veo import plugin

KEY = b"0123456789abcdef0123456789abcdef"
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
NOW = 1_795_000_000.0


def message(body, *, key=KEY, at=NOW):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    mac = hmac.new(key, f"msg_1.{at:.0f}.".encode() + content, hashlib.sha256).digest()
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": f"{at:.0f}",
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }
    return headers, content


@pytest.fixture
def parse(settings):
    def parsed(headers, body, *, secret=SECRET):
        return plugin.parse_webhook(settings(webhook_secret=secret), headers, body, NOW)

    return parsed


@pytest.mark.parametrize(
    ("body", "receipt"),
    [
        ({"type": "interaction.completed", "data": {"id": "v1_abc"}}, "v1_abc"),
        ({"type": "interaction.failed", "data": {"id": "v1_abc"}}, "v1_abc"),
        ({"type": "video.generated", "data": {"id": "models/veo/operations/1"}}, "models/veo/operations/1"),
        ({"type": "video.generated", "data": {"output_file_uri": "https://x/files/a"}}, None),
        ({"type": "batch.succeeded", "data": {"id": "batches/1"}}, None),
        ({"type": "interaction.completed", "data": {"id": 7}}, None),
        ({"type": "interaction.completed"}, None),
    ],
)
def test_event_says_which_job(parse, body, receipt):
    event = parse(*message(body))
    assert (event.id, event.type, event.receipt_id) == ("msg_1", body["type"], receipt)


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"{}", b'{"type": 7}', b"[" * 100_000])
def test_signed_message_that_is_no_event_is_refused(parse, body):
    with pytest.raises(AuthenticationFailed):
        parse(*message(body))


@pytest.mark.parametrize("facts", [{"key": b"another"}, {"at": NOW - 600}])
def test_message_of_somebody_else_or_of_yesterday_is_refused(parse, facts):
    with pytest.raises(AuthenticationFailed) as caught:
        parse(*message({"type": "video.generated"}, **facts))
    assert caught.value.provider == "google"


def test_message_that_a_request_ordered_is_explained(parse):
    headers, body = message({"type": "video.generated"})
    headers["webhook-signature"] = "eyJhbGciOiJSUzI1NiJ9.e30.x"
    with pytest.raises(AuthenticationFailed, match="register a webhook for the project"):
        parse(headers, body)


def test_without_a_secret_nothing_is_believed(parse):
    with pytest.raises(MissingKey, match="webhook_secret") as caught:
        parse(*message({"type": "video.generated"}), secret=None)
    assert caught.value.variables == ("POLYREEL_GOOGLE_WEBHOOK_SECRET",)
