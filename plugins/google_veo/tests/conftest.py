"""Tasks for the hooks, as the core makes them, and settings of both surfaces."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from polyreel.documents.document import ModelDocument
from polyreel.documents.loading import package_documents
from polyreel.exchange import Endpoint
from polyreel.parameters.preparation import prepare
from polyreel.redaction import Secret
from polyreel.types.media import Media, MediaRef
from polyreel.types.provider import Settings
from polyreel.types.task import Task

GEMINI = "https://generativelanguage.googleapis.com"
SECRETS = {"api_key", "access_token", "webhook_secret"}


@pytest.fixture
def settings():
    """Make settings; keys become secrets, and ``None`` takes one away. ``sources`` says where some were found."""

    def made(*, sources=None, **values):
        named = {"api_key": "AIza-test-0123456789", "base_url": GEMINI, **values}
        return Settings(
            provider="google",
            values={
                name: Secret(value) if name in SECRETS else value
                for name, value in named.items()
                if value is not None
            },
            sources=sources or {},
        )

    return made


@pytest.fixture
def vertex(settings):
    """Make the settings of an account at Vertex AI."""

    def made(**values):
        return settings(
            **{
                "api_key": None,
                "surface": "vertex",
                "project": "my-proj",
                "region": "us-central1",
                "access_token": "ya29.test-0123456789",
                **values,
            }
        )

    return made


@pytest.fixture
def document():
    """Return a model's document on a surface."""

    def found(name, surface):
        offered = package_documents("polyreel_google_veo", f"models/{surface}")
        documents = (ModelDocument(json=json) for json in offered)
        return next(document for document in documents if document.name == name)

    return found


@pytest.fixture
def task(document, settings, vertex):
    """Make a task; ``bare`` leaves out what the caller did not give, as the SDK does."""

    def made(prompt="a cat", *, model, surface="gemini", bare=False, native=None, account=None, **parameters):
        found = document(model, surface)
        given = {"prompt": prompt, **parameters}
        prepared = prepare(found, given)
        assert not prepared.problems, prepared.problems
        usual = settings(surface="gemini") if surface == "gemini" else vertex(region=(*found.regions, "")[0])
        return Task(
            id="job_1",
            model=found.id,
            native_model=found.native_id,
            document=found.json,
            parameters=given if bare else prepared.values,
            requested=frozenset(prepared.requested),
            native=native or {},
            settings=account or usual,
            http=Endpoint(None, GEMINI),
        )

    return made


@pytest.fixture
def media():
    """Make a medium in memory."""

    def made(parameter="input_image", content=b"\x89PNG\r\n\x1a\nfake", media_type="image/png", **facts):
        facts = {"name": "a.png", "width": 1280, "height": 720, **facts}
        digest = hashlib.sha256(content).hexdigest()
        return Media(parameter=parameter, content=content, media_type=media_type, sha256=digest, **facts)

    return made


@pytest.fixture
def jpeg(media):
    def made(parameter="last_frame"):
        return media(parameter, b"\xff\xd8\xfffake", "image/jpeg", name="z.jpg")

    return made


@pytest.fixture
def clip(media):
    def made(content=b"mp4bytes"):
        return media("video", content, "video/mp4", name="in.mp4")

    return made


@pytest.fixture
def stored():
    """Name a file in Cloud Storage."""

    def made(url, parameter="input_image"):
        return MediaRef(parameter=parameter, url=url)

    return made


@pytest.fixture(scope="session")
def service_account():
    """Make a service account's key whose tokens come from an address."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )

    def made(token_uri):
        return {
            "type": "service_account",
            "project_id": "my-proj",
            "private_key_id": "1",
            "private_key": text.decode(),
            "client_email": "robot@my-proj.iam.gserviceaccount.com",
            "client_id": "1",
            "token_uri": token_uri,
        }

    return made


class TokenEndpoint:
    """Gives tokens that are numbered; ``status`` and ``body`` make it refuse."""

    def __init__(self):
        self.asked = []
        self.status, self.body, self.lifetime = 200, None, 3600
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                outer.asked.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                token = {
                    "access_token": f"ya29.number-{len(outer.asked)}-0123",
                    "expires_in": outer.lifetime,
                    "token_type": "Bearer",
                }
                content = json.dumps(token if outer.body is None else outer.body).encode()
                self.send_response(outer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/token"


@pytest.fixture
def endpoint():
    made = TokenEndpoint()
    made.thread.start()
    yield made
    made.server.shutdown()
    made.thread.join()
    made.server.server_close()


@pytest.fixture
def key_file(tmp_path, endpoint, service_account):
    """Write a credentials file; more members are added to those of a service account."""

    def made(**members):
        path = tmp_path / "key.json"
        path.write_text(json.dumps({**service_account(endpoint.url), **members}))
        return str(path)

    return made
