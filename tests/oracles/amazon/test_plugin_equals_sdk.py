"""The plugin's requests against those of boto3 for the same intent, both recorded on a socket, at the same moment.

Compared is what section 7c of the fact sheet on Bedrock's asynchronous invocations says: method, path as it is encoded on
the wire, query, JSON as values, and every header but those that only say who sends; so too the form of the date, the scope of
the credential and which headers are signed. Where the two differ on purpose, a test says in what and why.
"""

import asyncio
import math
import re
from contextlib import ExitStack
from dataclasses import replace
from types import SimpleNamespace
from urllib.parse import quote

import polyreel
import pytest
from oracle.recorder import Answer, recording
from polyreel.clock import VirtualClock
from polyreel_amazon_nova.simulator import AmazonSimulator

pytestmark = pytest.mark.oracle

KEY_ID, SECRET = "AKIDEXAMPLE", "example/secret+key=of-nobody"
PROMPT = 'A paper boat, naïve ☕ 海, "quoted" <&>'
ONE, TWO = "Dawn over a lighthouse", "The keeper lights the lamp"
BUCKET, FOLDER = "my-bucket", "my films/naïve 海+&=~"
OUTPUT = f"s3://{BUCKET}/{FOLDER}"
KMS_KEY = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"
OWNER = "210987654321"
TEMPORARY = {
    "access_key_id": AmazonSimulator.temporary.key_id,
    "secret_access_key": AmazonSimulator.temporary.secret,
    "session_token": AmazonSimulator.temporary.token,
}
NOW = VirtualClock().now() + 3723.25
REEL, REEL_0, RAY = "amazon/nova-reel-v1:1", "amazon/nova-reel-v1:0", "amazon/luma.ray-v2:0"
STATUS_FILE = "video-generation-status.json"
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<credential>\S+), SignedHeaders=(?P<headers>\S+), Signature=(?P<signature>[0-9a-f]{64})"
)


def arn(region="us-east-1", identity="abc123def456"):
    return f"arn:aws:bedrock:{region}:123456789012:async-invoke/{identity}"


# --- the server that both speak to ------------------------------------------------------------------------------


def job(identity="abc123def456", **changes):
    return {
        "invocationArn": arn(identity=identity),
        "modelArn": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-reel-v1:1",
        "clientRequestToken": "another",
        "status": "Completed",
        "submitTime": "2026-01-01T00:00:00.123Z",
        "lastModifiedTime": "2026-01-01T00:01:30Z",
        "endTime": "2026-01-01T00:01:30Z",
        "outputDataConfig": {
            "s3OutputDataConfig": {"s3Uri": f"s3://{BUCKET}/my films/naïve 海+&=~!/{identity}"}
        },
        **changes,
    }


EMPTY_LIST = b"<ListBucketResult><KeyCount>0</KeyCount><MaxKeys>0</MaxKeys></ListBucketResult>"


def folder_listed(query, shots):
    names = ["manifest.json", "output.mp4", STATUS_FILE, *(f"shot_{n:04}.mp4" for n in range(1, shots + 1))]
    encode = quote if query.get("encoding-type") == "url" else (lambda key: key.replace("&", "&amp;"))
    keys = (encode(f"{query['prefix']}{name}") for name in names)
    rows = "".join(f"<Contents><Key>{key}</Key><Size>1</Size></Contents>" for key in keys)
    space = "http://s3.amazonaws.com/doc/2006-03-01/"
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="{space}">{rows}</ListBucketResult>'
    )
    return Answer(text.encode(), media_type="application/xml")


@pytest.fixture(scope="session")
def canned(small_film):
    tokens = {}

    def answer(group, sent):
        if group == "find_submission" and sent.method == "POST":
            tokens[group] = sent.body["clientRequestToken"]
            return Answer({"message": "it broke"}, status=500)
        match sent.method, sent.path.split("/", 2)[1:]:
            case "POST", ["async-invoke"]:
                region = "us-west-2" if "ray" in group else "us-east-1"
                return Answer({"invocationArn": arn(region)})
            case "GET", ["async-invoke"]:
                if "nextToken" in sent.query:
                    row = job("ccccccccccc3", clientRequestToken=tokens.get(group))
                    return Answer({"asyncInvokeSummaries": [row]})
                rows = [job("aaaaaaaaaaa1"), job("bbbbbbbbbbb2")]
                return Answer({"asyncInvokeSummaries": rows, "nextToken": "n/1+=="})
            case "GET", ["async-invoke", _]:
                return Answer(job())
            case "HEAD", ["simulated-bucket", _]:
                return Answer()
            case "GET", ["my-bucket"] if "max-keys" in sent.query:
                return Answer(EMPTY_LIST, media_type="application/xml")
            case "GET", ["my-bucket"]:
                return folder_listed(sent.query, 2 if group.endswith("shots") else 0)
            case "GET", ["my-bucket", key] if key.endswith(".json"):
                return Answer({"schemaVersion": "1.0", "shots": [], "fullVideo": {"status": "SUCCESS"}})
            case "GET", ["my-bucket", _]:
                return Answer(small_film, media_type="video/mp4")
        raise AssertionError(f"nobody should ask for {sent}")

    return answer


@pytest.fixture(scope="module")
def recorder(canned):
    with recording(canned, is_ignored=lambda name: name.startswith("amz-sdk-")) as recorder:
        yield recorder


# --- the two sides ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def theirs(boto, recorder, amazon_media, variables, temporary):
    """Let boto3 make every call once, and return what it sent, by the call's name."""
    keys = variables(recorder.url, recorder.url, key_id=KEY_ID, secret=SECRET)
    times = {"now": NOW, "since": math.floor(NOW - 300), "until": math.ceil(NOW + 180 + 300)}
    told = {**times, "arn": arn(), "temporary": temporary, "calls": [*PAIRS]}
    outcomes = boto.run("recorded_calls", url=recorder.url, media=str(amazon_media), variables=keys, **told)
    assert set(outcomes.values()) == {"sent"}, outcomes
    return {name: recorder.take(name) for name in PAIRS}


class Ours:
    """A client of polyreel, blocking or awaited, that speaks to the recorder under the name of boto3's call."""

    def __init__(self, way, recorder, group, home, stack, **settings):
        url = recorder.base_url(group)
        account = {
            "base_url": url,
            "s3_base_url": url,
            "access_key_id": KEY_ID,
            "secret_access_key": SECRET,
            "output": OUTPUT,
            **settings,
        }
        setup = {"settings": {"amazon": account}, "store": "memory", "home": home, "clock": VirtualClock(NOW)}
        self._way = way
        self._take = lambda: recorder.take(group)
        if way == "blocking":
            self._client = stack.enter_context(polyreel.Client(**setup))
        else:
            self._runner = stack.enter_context(asyncio.Runner())
            self._client = polyreel.AsyncClient(**setup)
            stack.callback(lambda: self._runner.run(self._client.close()))

    def __getattr__(self, name):
        method = getattr(self._client, name)
        if self._way == "blocking":
            return method
        return lambda *given, **named: self._runner.run(method(*given, **named))

    def finish(self, **asked):
        """Wait for a film, which is then fetched too; what was sent to start it is forgotten."""
        made = self.submit(PROMPT, model=REEL, **asked)
        self._take()
        done = self.wait(made.id)
        assert done.job.status == "completed"
        return done


@pytest.fixture(params=["blocking", "awaited"])
def ours(request, recorder, tmp_path, monkeypatch):
    """Return a function that does one thing with the plugin and returns what was sent."""
    monkeypatch.setattr("polyreel_amazon_nova.accounts.time", SimpleNamespace(time=lambda: NOW))
    with ExitStack() as stack:

        def recorded(name, act, **settings):
            act(Ours(request.param, recorder, name, tmp_path, stack, **settings))
            return recorder.take(name)

        yield recorded


def film(model, prompt=PROMPT, **parameters):
    return lambda client, media: client.submit(prompt, model=model, **parameters)


def pictured(model, **images):
    return lambda client, media: client.submit(
        PROMPT, model=model, **{name: media / file for name, file in images.items()}
    )


def shots_with_images(client, media):
    shots = [
        {"text": ONE, "image": media / "wide.png"},
        {"text": TWO, "image": "s3://simulated-bucket/in/first.jpg"},
        {"text": ONE, "image": "s3://simulated-bucket/in/second.png", "image_owner": "123456789012"},
    ]
    client.submit("lighthouse", model=REEL, amazon_shots=shots, seed=2147483646)


def every_member(client, media):
    tags = {"team": "films of 2026", "empty": ""}
    owner = {"amazon_kms_key": KMS_KEY, "amazon_bucket_owner": OWNER}
    client.submit(PROMPT, model=REEL, amazon_tags=tags, **owner)


def finish(client, media):
    client.finish()


def finish_shots(client, media):
    done = client.finish(duration=12)
    assert [got.role for got in client.fetch(done.job.id, assets=["shot"])] == ["shot", "shot"]


def listed(client, media):
    found = client.remote_jobs("amazon", limit=3)
    assert [row.receipt.id[-12:] for row in found] == ["aaaaaaaaaaa1", "bbbbbbbbbbb2", "ccccccccccc3"]


def find_submission(client, media):
    """A start that broke off is looked for in the list, which has one row with its token."""
    assert client.submit(PROMPT, model=REEL).receipt.id == arn(identity="ccccccccccc3")


#: boto3's call, by its name in drivers/recorded_calls.py, and how the plugin is asked for the same.
PAIRS = {
    "text": film(REEL),
    "session_text": film(REEL),
    "text_with_a_seed": film(REEL, seed=7),
    "text_first_version": film(REEL_0),
    "image": pictured(REEL, input_image="wide.png"),
    "jpeg": pictured(REEL, input_image="wide.jpg"),
    "image_first_version": pictured(REEL_0, input_image="wide.png"),
    "automated": film(REEL, duration=12),
    "automated_120_s": film(REEL, duration=120, seed=0),
    "manual": film(REEL, "lighthouse", amazon_shots=[{"text": ONE}, {"text": TWO}]),
    "manual_with_images": shots_with_images,
    "every_member": every_member,
    "ray": film(RAY),
    "ray_with_options": film(RAY, duration=9, aspect_ratio="9:21", resolution="720p"),
    "ray_a_loop": film(RAY, amazon_loop=True),
    "ray_not_a_loop": film(RAY, amazon_loop=False),
    "ray_first_frame": pictured(RAY, input_image="wide.png"),
    "ray_last_frame": pictured(RAY, last_frame="wide.jpg"),
    "ray_both_frames": pictured(RAY, input_image="wide.png", last_frame="wide.jpg"),
    "finish": finish,
    "finish_shots": finish_shots,
    "find_submission": find_submission,
    "list": listed,
}


def plugin_sends(name, ours, media):
    settings = TEMPORARY if name.startswith("session_") else {}
    sent = ours(name, lambda client: PAIRS[name](client, media), **settings)
    # The start that broke off, and what went before it, are no part of looking for it.
    return [request for request in sent if "sortBy" in request.query] if name == "find_submission" else sent


def is_object(sent):
    """Tell whether a request reads an object of S3."""
    return sent.method == "GET" and not sent.path.startswith("/async-invoke") and sent.path.count("/") > 1


def compared(sent):
    """Return a request without what differs on purpose, each of which has a test below.

    A signature that is good for more than what is compared is left out too; botocore verifies all of them elsewhere.
    """
    dropped = {"accept"}
    query, body = dict(sent.query), sent.body
    of_object = is_object(sent)
    if of_object:
        dropped.add("x-amz-checksum-mode")
    headers = {name: value for name, value in sent.headers.items() if name not in dropped}
    listed = query.pop("encoding-type", None) or "list-type" in query
    if of_object or listed or body is not None:
        head, signed, _ = re.split("SignedHeaders=|, Signature=", headers["authorization"])
        headers["authorization"] = [head, [name for name in signed.split(";") if name not in dropped]]
    if body is not None:
        body = {**body, "clientRequestToken": "a token"}
    return replace(sent, headers=headers, query=query, body=body)


@pytest.mark.parametrize("name", PAIRS)
def test_requests_are_those_of_boto3(theirs, ours, amazon_media, name):
    sent = plugin_sends(name, ours, amazon_media)
    assert [compared(request) for request in sent] == [compared(request) for request in theirs[name]]


def test_same_bytes_have_the_same_signature(theirs, ours, amazon_media):
    """The time stands still, the address is the same: what has no body and no deviation is equal to the last byte."""
    for name, number in (("manual_with_images", 1), ("finish", 0), ("list", 0), ("list", 1)):
        sent, expected = plugin_sends(name, ours, amazon_media)[number], theirs[name][number]
        assert AUTHORIZATION.fullmatch(sent.headers["authorization"])
        assert sent.headers["authorization"] == expected.headers["authorization"]


def test_environment_of_boto3_is_all_that_the_plugin_needs(
    theirs, recorder, variables, tmp_path, monkeypatch
):
    url = recorder.base_url("text")
    for name, value in variables(url, url, key_id=KEY_ID, secret=SECRET).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("polyreel_amazon_nova.accounts.time", SimpleNamespace(time=lambda: NOW))
    with polyreel.Client(store="memory", home=tmp_path, clock=VirtualClock(NOW)) as client:
        client.submit(PROMPT, model=REEL, amazon_output=OUTPUT)
    assert [compared(request) for request in recorder.take("text")] == [compared(r) for r in theirs["text"]]


def test_signature_has_the_scope_and_the_headers_of_boto3(theirs, ours, amazon_media):
    look, start = (
        AUTHORIZATION.fullmatch(sent.headers["authorization"])
        for sent in plugin_sends("session_text", ours, amazon_media)
    )
    assert look["credential"] == f"{TEMPORARY['access_key_id']}/20260101/us-east-1/s3/aws4_request"
    assert start["credential"] == f"{TEMPORARY['access_key_id']}/20260101/us-east-1/bedrock/aws4_request"
    assert look["headers"] == "host;x-amz-content-sha256;x-amz-date;x-amz-security-token"
    assert start["headers"] == "content-type;host;x-amz-date;x-amz-security-token"


# --- where they differ, on purpose ------------------------------------------------------------------------------


def test_plugin_says_what_it_reads(theirs, ours, amazon_media):
    """The SDK accepts anything without saying so; the header is not signed."""
    assert not [sent for requests in theirs.values() for sent in requests if "accept" in sent.headers]
    for name in ("text", "finish"):
        for sent in plugin_sends(name, ours, amazon_media):
            is_bedrock = sent.path.startswith("/async-invoke")
            assert sent.headers.get("accept", "*/*") == ("application/json" if is_bedrock else "*/*")
            assert "accept" not in sent.headers["authorization"]


def test_token_is_the_job_of_polyreel(ours, amazon_media):
    """The SDK makes a random one that ends with the process; ours is kept with the intent."""
    _, start = plugin_sends("text", ours, amazon_media)
    assert start.body["clientRequestToken"].startswith("job_")
    assert re.fullmatch(r"[!-~]{1,256}", start.body["clientRequestToken"])


def test_plugin_asks_for_no_checksum(theirs, ours, amazon_media):
    """The SDK verifies one where it can; ours would need CRC-64/NVME, and looks at the length and the film itself."""
    expected = [sent.headers for sent in theirs["finish"] if is_object(sent)]
    sent = [sent.headers for sent in plugin_sends("finish", ours, amazon_media) if is_object(sent)]
    assert [headers.get("x-amz-checksum-mode") for headers in expected] == ["ENABLED"] * 2
    assert [headers.get("x-amz-checksum-mode") for headers in sent] == [None] * 2


def test_plugin_reads_keys_as_they_are(theirs, ours, amazon_media):
    """The SDK has keys percent-encoded, for characters that XML cannot have; a folder of a job has none of them."""
    for name in ("text", "finish"):  # the look at the bucket, and that into the folder
        (expected,) = [sent for sent in theirs[name] if "list-type" in sent.query]
        (sent,) = [sent for sent in plugin_sends(name, ours, amazon_media) if "list-type" in sent.query]
        assert expected.query == {**sent.query, "encoding-type": "url"}
