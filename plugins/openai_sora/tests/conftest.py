"""A driver that answers a flow from a script: no network, and every request is there to be looked at."""

import hashlib
import json
from dataclasses import dataclass, field

import pytest
from polyreel.documents.document import ModelDocument
from polyreel.documents.loading import package_documents
from polyreel.exchange import Endpoint
from polyreel.flows import Send
from polyreel.http import Request, Response
from polyreel.parameters.preparation import prepare
from polyreel.redaction import Secret
from polyreel.types.media import Media
from polyreel.types.provider import Account, Settings
from polyreel.types.task import Task

BASE_URL = "https://video.example/v1"


@dataclass
class Run:
    """What became of a flow.

    Attributes:
        value: What it returned.
        sends: The effects that it yielded.
    """

    value: object = None
    sends: list[Send] = field(default_factory=list)

    @property
    def requests(self) -> list[Request]:
        return [send.request for send in self.sends]

    @property
    def lines(self) -> list[str]:
        return [f"{request.method} {request.address.removeprefix(BASE_URL)}" for request in self.requests]


@pytest.fixture
def drive():
    """Drive a flow; each request takes the next answer, and all must be taken."""

    def driven(flow, *answers):
        outcome, script = Run(), list(answers)
        try:
            effect = next(flow)
            while True:
                assert isinstance(effect, Send)
                outcome.sends.append(effect)
                assert script, f"no answer is left for {effect.request!r}"
                effect = flow.send(script.pop(0))
        except StopIteration as stop:
            outcome.value = stop.value
        assert not script, f"{len(script)} answers were not asked for; asked: {outcome.lines}"
        return outcome

    return driven


@pytest.fixture
def answer():
    """Make an answer: a dictionary or list as JSON, a text as it is."""

    def made(body=None, status=200, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(body, str):
            named.setdefault("content-type", "text/plain")
            content = body.encode()
        else:
            named.setdefault("content-type", "application/json")
            content = json.dumps(body).encode()
        return Response(status=status, headers=named, content=content, url=f"{BASE_URL}/videos")

    return made


@pytest.fixture
def settings():
    """Make settings; keys become secrets."""

    def made(**values):
        secret = {"api_key", "webhook_secret"}
        values = {"api_key": "sk-test-0123456789", "base_url": BASE_URL, **values}
        return Settings(
            provider="openai",
            values={name: Secret(value) if name in secret else value for name, value in values.items()},
        )

    return made


@pytest.fixture
def document():
    """Return a model's document, or the family's member for any other name."""

    def found(native_id):
        documents = {
            json["x-model"]["native_id"]: ModelDocument(json=json)
            for json in package_documents("polyreel_openai_sora")
        }
        return documents[native_id] if native_id in documents else documents["*"].member(native_id)

    return found


@pytest.fixture
def task(document, settings):
    """Make a task as the core does: the document's verdict, then defaults and derived values."""

    def made(prompt="A paper boat", *, model="sora-2", profile="openai", native=None, **parameters):
        model_document = document(model)
        prepared = prepare(model_document, {"prompt": prompt, **parameters})
        assert not prepared.problems
        return Task(
            id="job_1",
            model=model_document.id,
            native_model=model,
            document=model_document.json,
            parameters=prepared.values,
            requested=frozenset(prepared.requested),
            native=native or {},
            settings=settings(profile=profile),
            http=Endpoint(None, BASE_URL),
        )

    return made


@pytest.fixture
def account(settings):
    def made(profile="openai"):
        return Account(settings=settings(profile=profile), http=Endpoint(None, BASE_URL))

    return made


@pytest.fixture
def media():
    """Make a medium in memory."""

    def made(parameter="input_image", content=b"\x89PNG bytes", media_type="image/png", **facts):
        facts = {"name": "ref.png", "width": 720, "height": 1280, **facts}
        digest = hashlib.sha256(content).hexdigest()
        return Media(parameter=parameter, content=content, media_type=media_type, sha256=digest, **facts)

    return made


@pytest.fixture
def clip(media):
    def made(parameter="video", content=b"mp4 bytes", **facts):
        return media(
            parameter, content, "video/mp4", **{"name": "a.mp4", "width": 1280, "height": 720, **facts}
        )

    return made
