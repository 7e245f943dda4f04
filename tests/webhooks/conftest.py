"""A house whose provider sends messages, and the provider's pen."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, replace

import pytest
from acme.house import House
from acme.plugin import INFO, FullAcme
from polyreel.hookspecs import hookimpl
from polyreel.types.provider import Setting, WebhookEvent
from polyreel.webhooks import verify

SECRET = "whsec_" + base64.b64encode(b"an acme secret of 24 byte").decode()
OTHER = "whsec_" + base64.b64encode(b"another secret of 25 byte").decode()


class Messenger(FullAcme):
    """Acme, which sends Standard Webhooks."""

    info = replace(
        INFO,
        settings=(
            *INFO.settings,
            Setting(name="webhook_secret", description="Signs messages.", secret=True),
        ),
    )

    @hookimpl
    def parse_webhook(self, settings, headers, body, now):
        secret = settings.secret("webhook_secret")
        identity = verify(secret.reveal() if secret else "", headers, body, now=now, provider="acme")
        message = json.loads(body)
        return WebhookEvent(id=identity, type=message["type"], receipt_id=message.get("film"))


@dataclass
class Pen:
    """Signs messages as the provider does."""

    clock: object

    def message(self, film="film_1", *, name="msg_1", secret=SECRET, at=0.0, kind="film.done", body=None):
        """Return headers and body of a message that was signed ``at`` seconds from now."""
        content = json.dumps({"type": kind, "film": film}).encode() if body is None else body
        moment = str(int(self.clock.now() + at))
        signed = f"{name}.{moment}.".encode() + content
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        headers = {
            "webhook-id": name,
            "webhook-timestamp": moment,
            "webhook-signature": f"v1,{signature}",
            "content-type": "application/json",
        }
        return headers, content


def told(house, secret=SECRET):
    """Write the secret into the configuration file."""
    (house.home / "config.toml").write_text(f'[providers.acme]\nwebhook_secret = "{secret}"\n')
    return house


@pytest.fixture
def house(tmp_path):
    return told(House(tmp_path, provider=Messenger(), real=True, render_seconds=600.0))


@pytest.fixture
def pen(house):
    return Pen(house.clock)


@pytest.fixture
def secrets():
    return SECRET, OTHER


@pytest.fixture
def set_secret(house):
    return lambda secret: told(house, secret)
