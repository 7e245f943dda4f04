"""Tasks, settings and answers without a network: flows are driven from a script."""

import hashlib
import json
from dataclasses import dataclass, field

import pytest
from polyreel.documents.document import ModelDocument
from polyreel.documents.loading import package_documents
from polyreel.exchange import Endpoint
from polyreel.http import Request, Response
from polyreel.parameters.preparation import prepare
from polyreel.redaction import Secret
from polyreel.testing import Recording
from polyreel.types.media import Media
from polyreel.types.provider import Account, Settings
from polyreel.types.task import Task

SECRETS = {"api_key", "access_key_id", "secret_access_key", "session_token"}
KEYS = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": "wJalrXUtnFEMI/EXAMPLEKEY"}


@pytest.fixture(autouse=True)
def no_aws_of_this_machine(monkeypatch, tmp_path):
    """No test sees the keys, the profiles or the instance of whoever runs it."""
    import os

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        (tmp_path / name).touch()
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@dataclass
class Run:
    """What became of a flow.

    Attributes:
        value: What it returned.
        requests: What it sent.
    """

    value: object = None
    requests: list[Request] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        return [f"{request.method} {request.address}" for request in self.requests]


@pytest.fixture
def drive():
    """Drive a flow; each request takes the next answer, and all must be taken."""

    def driven(flow, *answers):
        recording = Recording(script=list(answers))
        value = recording.run(flow)
        assert not recording.script, f"not asked for: {recording.script}; asked: {recording.requests}"
        return Run(value, recording.requests)

    return driven


@pytest.fixture
def answer():
    """Make an answer: a dictionary or list as JSON, a text as it is; header names with underscores."""

    def made(body=None, status=200, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(body, str):
            named.setdefault("content-type", "text/plain")
            content = body.encode()
        else:
            named.setdefault("content-type", "application/json")
            content = json.dumps(body).encode()
        return Response(status=status, headers=named, content=content)

    return made


@pytest.fixture
def listing():
    """Make S3's list of keys."""

    def made(*keys, status=200, **headers):
        entries = "".join(f"<Contents><Key>{key}</Key><Size>1</Size></Contents>" for key in keys)
        text = f'<?xml version="1.0"?><ListBucketResult><KeyCount>{len(keys)}</KeyCount>{entries}</ListBucketResult>'
        named = {"content-type": "application/xml", **{n.replace("_", "-"): v for n, v in headers.items()}}
        return Response(status=status, headers=named, content=text.encode())

    return made


@pytest.fixture
def settings():
    """Make settings; keys become secrets, and ``None`` leaves a setting out."""

    def made(*, sources=None, **values):
        given = {**KEYS, "output": "s3://my-bucket/nova", "bucket_check": "on", **values}
        return Settings(
            provider="amazon",
            values={
                name: Secret(value) if name in SECRETS else value
                for name, value in given.items()
                if value is not None
            },
            sources=sources or {},
        )

    return made


@pytest.fixture
def document():
    def found(name):
        documents = [ModelDocument(json=json) for json in package_documents("polyreel_amazon_nova")]
        return next(document for document in documents if name in {document.name, *document.aliases})

    return found


@pytest.fixture
def task(document, settings):
    """Make a task as the core does: the document's verdict, then defaults and derived values."""

    def made(prompt="A paper boat", *, model="nova-reel", native=None, configured=None, **parameters):
        model_document = document(model)
        prepared = prepare(model_document, {"prompt": prompt, **parameters})
        assert not prepared.problems, prepared.problems
        return Task(
            id="job_1",
            model=model_document.id,
            native_model=model_document.native_id,
            document=model_document.json,
            parameters=prepared.values,
            requested=frozenset(prepared.requested),
            native=native or {},
            settings=settings(**{"region": model_document.regions[0], **(configured or {})}),
            http=Endpoint(None, ""),
        )

    return made


@pytest.fixture
def account(settings):
    def made(**configured):
        return Account(settings=settings(**configured), http=Endpoint(None, ""))

    return made


@pytest.fixture
def media():
    """Make a picture in memory."""

    def made(parameter="input_image", content=b"\x89PNG bytes", media_type="image/png", **facts):
        facts = {"name": "ref.png", "width": 1280, "height": 720, **facts}
        digest = hashlib.sha256(content).hexdigest()
        return Media(parameter=parameter, content=content, media_type=media_type, sha256=digest, **facts)

    return made
