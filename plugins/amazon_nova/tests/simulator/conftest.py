"""A client of the simulated services, whose requests botocore signs: that shares nothing with what it is to check."""

import base64
import io
import json
from datetime import UTC, datetime
from urllib.parse import quote, unquote, urlsplit

import pytest
from botocore import auth as botocore_auth
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from PIL import Image
from polyreel.clock import VirtualClock
from polyreel.http import Request
from polyreel.simulation.simulator import FilmStudio, Stage
from polyreel_amazon_nova.simulator import AmazonSimulator

START = 1_780_000_000.0
SIGNED_AT = datetime(2026, 11, 23, 10, tzinfo=UTC)
ORIGIN = "http://127.0.0.1:8000"
REEL = "amazon.nova-reel-v1:1"
KEY = tuple(AmazonSimulator.settings[name] for name in ("access_key_id", "secret_access_key"))


class StatedPayload(S3SigV4Auth):
    """Signs what the client says of its body; botocore alone would always say the truth over HTTP."""

    def payload(self, request):
        return request.context.get("stated") or super().payload(request)


def added_auth(signer, asked):
    """Let a signer of botocore sign, at the moment that tests know."""
    with pytest.MonkeyPatch.context() as patch:
        moment = SIGNED_AT.replace(tzinfo=None)
        patch.setattr(botocore_auth, "get_current_datetime", lambda *_, **__: moment)
        signer.add_auth(asked)
    return asked


def signed(method, url, headers, content, *, key, region, service):
    """Return the headers with which botocore would send a request; a hash of the body that is given is kept."""
    pairs = (pair.partition("=") for pair in urlsplit(url).query.split("&") if pair)
    # As parameters they are encoded by botocore; in an address it takes them for encoded.
    params = [(unquote(name), unquote(value)) for name, _, value in pairs]
    asked = AWSRequest(method=method, url=url, headers=headers, params=params, data=content)
    asked.context["stated"] = headers.get("x-amz-content-sha256")
    signer = StatedPayload if service == "s3" else SigV4Auth
    added_auth(signer(Credentials(*key), service, region), asked)
    sent = {name.lower(): value for name, value in asked.headers.items()}
    return {"host": urlsplit(url).netloc, **sent}


def presigned(url, *, key=KEY, region="us-east-1", expires=60):
    """Return an address of S3 that botocore has signed; the third part of a key is its token."""
    signer = S3SigV4QueryAuth(Credentials(*key), "s3", region, expires=expires)
    return added_auth(signer, AWSRequest(method="GET", url=url)).url


def strict(text, safe=""):
    return quote(text, safe=f"{safe}~")


def reel(text="A paper boat in rain", *, images=None, **config):
    return {
        "taskType": "TEXT_VIDEO",
        "textToVideoParams": {"text": text} if images is None else {"text": text, "images": images},
        "videoGenerationConfig": {"durationSeconds": 6, "fps": 24, "dimension": "1280x720", **config},
    }


def automated(text="A long story", seconds=12, **config):
    return {
        "taskType": "MULTI_SHOT_AUTOMATED",
        "multiShotAutomatedParams": {"text": text},
        "videoGenerationConfig": {"durationSeconds": seconds, "fps": 24, "dimension": "1280x720", **config},
    }


def manual(*shots, **config):
    """Describe shots; a text is a shot without an image."""
    return {
        "taskType": "MULTI_SHOT_MANUAL",
        "multiShotManualParams": {"shots": [{"text": s} if isinstance(s, str) else s for s in shots]},
        "videoGenerationConfig": {"fps": 24, "dimension": "1280x720", **config},
    }


def picture(size=(1280, 720), mode="RGB", kind="PNG", color=0, **options):
    file = io.BytesIO()
    Image.new(mode, size, color).save(file, kind, **options)
    return file.getvalue()


def in_bytes(data, kind="png"):
    return {"format": kind, "source": {"bytes": base64.b64encode(data).decode()}}


def in_s3(uri, kind="png", **more):
    return {"format": kind, "source": {"s3Location": {"uri": uri, **more}}}


class Amazon:
    """One simulated account and its client; films are recorded instead of made, and take 100 seconds."""

    START = START
    reel, automated, manual = staticmethod(reel), staticmethod(automated), staticmethod(manual)
    picture, in_bytes, in_s3 = staticmethod(picture), staticmethod(in_bytes), staticmethod(in_s3)
    signed, presigned = staticmethod(signed), staticmethod(presigned)

    def __init__(self, *, as_of=None, **stage):
        self.filmed = []
        studio = FilmStudio(film=lambda spec: self.filmed.append(spec) or f"film of {spec.prompt}".encode())
        stage = {"clock": VirtualClock(START), "studio": studio, "render_seconds": 100.0, **stage}
        self.stage = Stage(**stage)
        self.simulator = AmazonSimulator(self.stage, as_of=as_of)

    def send(self, method, url, *, content=b"", headers=None, key=KEY, region="us-east-1", service=None):
        """Send a request; a ``key`` of ``None`` leaves it unsigned, a text is a Bedrock API key."""
        if url.startswith("/"):
            url = f"{ORIGIN}{url}"
        headers, parts = dict(headers or {}), urlsplit(url)
        if isinstance(key, str):
            headers |= {"host": parts.netloc, "authorization": f"Bearer {key}"}
        elif key is not None:
            is_bedrock = "bedrock" in parts.netloc or parts.path.startswith("/async-invoke")
            service = service or ("bedrock" if is_bedrock else "s3")
            headers = signed(method, url, headers, content, key=key, region=region, service=service)
        return self.simulator.handle(Request(method=method, url=url, headers=headers, content=content))

    def advance(self, seconds):
        self.stage.clock.advance(seconds)

    def start(
        self,
        model_input=None,
        *,
        model=REEL,
        uri="s3://simulated-bucket/nova",
        output=None,
        url="/async-invoke",
        key=KEY,
        region="us-east-1",
        **members,
    ):
        """Send StartAsyncInvoke; further members belong to its body, and one that is an ellipsis is left out."""
        body = {
            "modelId": model,
            "modelInput": reel() if model_input is None else model_input,
            "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": uri, **(output or {})}},
            **members,
        }
        content = json.dumps({name: value for name, value in body.items() if value is not ...}).encode()
        headers = {"content-type": "application/json"}
        return self.send("POST", url, content=content, headers=headers, key=key, region=region)

    def job(self, *args, **members):
        """Start a job and return its ARN."""
        answer = self.start(*args, **members)
        assert answer.status == 200, answer.text
        return answer.json()["invocationArn"]

    def get(self, arn, **options):
        return self.send("GET", f"/async-invoke/{strict(arn)}", **options)

    def status(self, arn, **options):
        answer = self.get(arn, **options)
        assert answer.status == 200, answer.text
        return answer.json()

    def listed(self, query="", **options):
        answer = self.send("GET", f"/async-invoke{query}", **options)
        assert answer.status == 200, answer.text
        return answer.json()

    def put(self, key, content, bucket="simulated-bucket", **options):
        answer = self.send("PUT", f"/{bucket}/{strict(key, '/')}", content=content, **options)
        assert answer.status == 200, answer.text
        return answer

    def file(self, arn, name, **options):
        return self.send("GET", f"/simulated-bucket/nova/{arn[-12:]}/{name}", **options)

    def folder(self, arn):
        """Return the names in a job's folder, found by listing."""
        prefix = f"nova/{arn[-12:]}/"
        answer = self.send("GET", f"/simulated-bucket?list-type=2&prefix={strict(prefix)}")
        assert answer.status == 200, answer.text
        keys = [piece.partition("</Key>")[0] for piece in answer.text.split("<Key>")[1:]]
        assert all(key.startswith(prefix) for key in keys), keys
        return [key.removeprefix(prefix) for key in keys]


@pytest.fixture
def amazon():
    return Amazon()


@pytest.fixture
def new_amazon():
    """Return the class, for an account of one's own."""
    return Amazon
