"""Our signatures against botocore's, for the same request, credentials and time."""

from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from botocore import auth as botocore_auth
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given, settings
from hypothesis import strategies as st
from polyreel.http import Request, Wire, as_received
from polyreel.redaction import Secret
from polyreel_amazon_nova.places import Scope, job_path
from polyreel_amazon_nova.signature import Credentials, signed

NOW = 1_795_428_000.0
HOSTS = {
    "bedrock": ("https://bedrock-runtime.us-east-1.amazonaws.com", "http://127.0.0.1:8123/base"),
    "s3": ("https://s3.eu-west-1.amazonaws.com", "http://localhost:9000"),
}
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("C",)), min_size=1, max_size=12)
ODD = st.sampled_from(["a b", "+", "~", "*", "%2F", "a=b&c", "ü☕", "arn:aws:bedrock", "/x", "'", "(", "@"])
STEP = st.one_of(TEXT, ODD).filter(lambda step: step not in {".", ".."})


def ours(request, credentials, scope):
    return signed(request, credentials, scope, now=NOW)


def theirs(request, credentials, scope):
    """Sign what really leaves, with botocore."""
    signer = S3SigV4Auth if scope.service == "s3" else SigV4Auth
    named = {
        n: v
        for n, v in request.headers.items()
        if n.lower()
        not in {
            "authorization",
            "x-amz-date",
            "x-amz-security-token",
            "x-amz-content-sha256",
            "accept",
            "user-agent",
        }
    }
    asked = AWSRequest(
        method=request.method,
        url=as_received(Wire(request=request)).url,
        headers=named,
        data=request.content or b"",
    )
    token = None if credentials.session_token is None else credentials.session_token.reveal()
    known = BotocoreCredentials(credentials.access_key_id, credentials.secret_access_key.reveal(), token)
    with pytest.MonkeyPatch.context() as patch:
        frozen = datetime.fromtimestamp(NOW, UTC).replace(tzinfo=None)
        patch.setattr(botocore_auth, "get_current_datetime", lambda *_, **__: frozen)
        signer(known, scope.service, scope.region).add_auth(asked)
    return asked.headers


def agree(request, credentials, scope):
    sent = ours(request, credentials, scope)
    expected = theirs(sent, credentials, scope)
    for name in ("Authorization", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-SHA256"):
        assert sent.headers.get(name) == expected.get(name), name
    return sent


CREDENTIALS = st.builds(
    Credentials,
    access_key_id=st.text("ABCDEFGHIJKLMNOP0123456789", min_size=16, max_size=20),
    secret_access_key=st.text("abcXYZ0189/+=", min_size=20, max_size=40).map(Secret),
    session_token=st.none() | st.text("abcXYZ0189/+=", min_size=20, max_size=80).map(Secret),
)


@settings(max_examples=300, deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "HEAD"]),
    service=st.sampled_from(["bedrock", "s3"]),
    region=st.sampled_from(["us-east-1", "eu-west-1", "cn-north-1"]),
    host=st.sampled_from([0, 1]),
    path=st.lists(STEP, max_size=4),
    query=st.dictionaries(
        st.one_of(TEXT, ODD), st.one_of(TEXT, ODD, st.integers(0, 99), st.just("")), max_size=4
    ),
    json=st.none() | st.dictionaries(TEXT, TEXT, max_size=3),
    headers=st.fixed_dictionaries(
        {"Accept": st.just("*/*"), "User-Agent": st.just("polyreel")},
        optional={"x-amz-expected-bucket-owner": st.just("123456789012"), "X-Amz-Odd": st.just(" a   b ")},
    ),
    credentials=CREDENTIALS,
)
def test_every_signature_is_botocores(method, service, region, host, path, query, json, headers, credentials):
    encoded = "".join(f"/{quote(step, safe='')}" for step in path)
    request = Request(
        method=method, url=HOSTS[service][host] + encoded, query=query, json=json, headers=headers
    )
    agree(request, credentials, Scope(service=service, region=region))


PLAIN = Credentials(access_key_id="AKIDEXAMPLE", secret_access_key=Secret("wJalrXUtnFEMI/K7MDENG"))
BEDROCK = Scope(service="bedrock", region="us-east-1")
S3 = Scope(service="s3", region="us-east-1")
ARN = "arn:aws:bedrock:us-east-1:123456789012:async-invoke/abc123def456"


@pytest.mark.parametrize("path", ["", "/", "/a//b", "//", "/a/", "/%20/", "/é", "/a+b~c*(d)'"])
@pytest.mark.parametrize("scope", [BEDROCK, S3], ids=lambda scope: scope.service)
def test_odd_paths(path, scope):
    agree(Request(method="GET", url=f"https://host.example{path}"), PLAIN, scope)


# In S3 a step of dots is a name like any other; the transport resolves it, so that no such place is taken (places).
@pytest.mark.parametrize("path", ["/a/./b", "/a/../b", "/..", "/../..", "/a/.."])
def test_steps_of_dots(path):
    agree(Request(method="GET", url=f"https://host.example{path}"), PLAIN, BEDROCK)


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ({"b": "2", "a": "1"}, "a=1&b=2"),
        ({"t": "2026-11-01T00:00:00Z"}, "t=2026-11-01T00%3A00%3A00Z"),
        ({"nextToken": "n/1+=="}, "nextToken=n%2F1%2B%3D%3D"),
        ({"a": "x y", "b": "~*"}, "a=x%20y&b=~%2A"),
        ({"left": None}, ""),
        ({"n": 10}, "n=10"),
    ],
)
def test_query_is_sent_as_it_is_signed(query, sent):
    request = agree(Request(method="GET", url="https://host.example/x", query=query), PLAIN, BEDROCK)
    assert request.address == "https://host.example/x" + (f"?{sent}" if sent else "")


def test_query_of_an_address_is_kept():
    request = Request(method="GET", url="https://host.example/x?z=1&a=%2F", query={"m": "n"})
    assert agree(request, PLAIN, BEDROCK).address == "https://host.example/x?a=%2F&m=n&z=1"


def test_bytes_that_are_signed_are_the_bytes_that_are_sent():
    request = Request(method="POST", url="https://host.example/x", json={"text": "naïve ☕"})
    sent = agree(request, PLAIN, BEDROCK)
    assert (sent.json, sent.content) == (None, '{"text":"naïve ☕"}'.encode())
    assert sent.headers["Content-Type"] == "application/json"
    received = as_received(Wire(request=sent))
    assert received.content == sent.content
    assert received.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Host.example:443/x", "host.example"),
        ("https://host.example", "host.example"),
        ("http://host.example:80/x", "host.example"),
        ("http://127.0.0.1:8123/x", "127.0.0.1:8123"),
        ("http://[::1]:8123/x", "[::1]:8123"),
    ],
)
def test_host_that_is_signed_is_the_host_that_is_sent(url, host):
    sent = agree(Request(method="GET", url=url), PLAIN, BEDROCK)
    received = as_received(Wire(request=sent))
    assert received.headers["host"] == host


@pytest.mark.parametrize(
    "url",
    [
        f"https://bedrock-runtime.us-east-1.amazonaws.com{job_path(ARN)}",
        "https://s3.us-east-1.amazonaws.com/my-bucket/a%20b/%C3%BC%2B~%2A/output.mp4",
        "https://s3.us-east-1.amazonaws.com/my-bucket?list-type=2&prefix=a%2Fb",
    ],
)
def test_address_arrives_as_it_was_signed(url):
    sent = agree(Request(method="GET", url=url), PLAIN, BEDROCK)
    assert as_received(Wire(request=sent)).url == url


def test_bedrock_signs_the_recorded_headers_and_s3_the_digest_too():
    sent = ours(Request(method="POST", url="https://h.example/x", json={}), PLAIN, BEDROCK)
    assert "SignedHeaders=content-type;host;x-amz-date, " in sent.headers["Authorization"]
    assert "X-Amz-Content-SHA256" not in sent.headers
    sent = ours(Request(method="GET", url="https://h.example/x"), PLAIN, S3)
    assert "SignedHeaders=host;x-amz-content-sha256;x-amz-date, " in sent.headers["Authorization"]
    assert sent.headers["X-Amz-Content-SHA256"].startswith("e3b0c442")


def test_headers_that_are_not_aws_own_are_sent_without_being_signed():
    headers = {"Range": "bytes=0-", "Accept": "*/*", "User-Agent": "polyreel"}
    sent = ours(Request(method="GET", url="https://h.example/x", headers=headers), PLAIN, S3)
    assert headers.items() <= sent.headers.items()
    assert "SignedHeaders=host;x-amz-content-sha256;x-amz-date, " in sent.headers["Authorization"]


def test_signature_that_was_there_is_replaced():
    once = ours(Request(method="GET", url="https://h.example/x"), PLAIN, S3)
    assert ours(once, PLAIN, S3) == once


def test_no_secret_shows():
    credentials = Credentials(
        access_key_id="AKIDEXAMPLE",
        secret_access_key=Secret("wJalrXUtnFEMI/K7MDENG"),
        session_token=Secret("token-of-a-session"),
    )
    sent = ours(Request(method="GET", url="https://h.example/x"), credentials, S3)
    assert "wJalr" not in repr(credentials) + repr(sent) + str(sent.headers)
    assert "token-of" not in repr(sent) + repr(credentials)
