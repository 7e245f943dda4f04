"""The plain data: requests, answers, bodies, origins. No network."""

import io
import json
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polyreel.errors import TransportFailed, UnexpectedAnswer
from polyreel.http import (
    Auth,
    BearerAuth,
    HeaderAuth,
    NoAuth,
    Part,
    Request,
    Response,
    Wire,
    as_received,
    encode,
    origin,
    path_segment,
)
from polyreel.redaction import Secret

URL = "https://api.example/v1/videos"


def _boundary(headers):
    kind, _, boundary = headers["Content-Type"].partition("; boundary=")
    assert kind == "multipart/form-data"
    return boundary


def test_a_form_is_exactly_these_bytes():
    parts = [
        Part(name="prompt", content="ein Bär 🐻"),
        Part(name="input_reference", content=b"\x89PNG\r\n\x00", filename="a.png", media_type="image/png"),
        Part(name="empty", content=""),
    ]
    headers, body = encode(Request(method="POST", url=URL, form=parts))
    boundary = _boundary(headers).encode()
    assert body == (
        b"--" + boundary + b'\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n'
        b"ein B\xc3\xa4r \xf0\x9f\x90\xbb\r\n"
        b"--" + boundary + b'\r\nContent-Disposition: form-data; name="input_reference"; filename="a.png"'
        b"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\x00\r\n"
        b"--" + boundary + b'\r\nContent-Disposition: form-data; name="empty"\r\n\r\n\r\n'
        b"--" + boundary + b"--\r\n"
    )


def test_each_form_has_its_own_boundary():
    request = Request(method="POST", url=URL, form=[Part(name="a", content="b")])
    assert _boundary(encode(request)[0]) != _boundary(encode(request)[0])


def test_a_form_without_parts_is_only_its_end():
    headers, body = encode(Request(method="POST", url=URL, form=[]))
    assert body == f"--{_boundary(headers)}--\r\n".encode()


def test_a_name_cannot_end_its_header_early():
    part = Part(name='a"\r\nX: 1', content="", filename='b".png"\r\nContent-Type: text/html\n\n<b>')
    _, body = encode(Request(method="POST", url=URL, form=[part]))
    head = body.split(b"\r\n\r\n")[0]
    assert head.split(b"\r\n")[1:] == [
        (
            b'Content-Disposition: form-data; name="a%22%0D%0AX: 1"; filename="b%22.png%22%0D%0AContent-Type: '
            b'text/html%0A%0A<b>"'
        )
    ]


def test_a_form_replaces_a_content_type_that_cannot_know_its_boundary():
    request = Request(
        method="POST",
        url=URL,
        headers={"content-type": "multipart/form-data"},
        form=[Part(name="a", content="b")],
    )
    headers, body = encode(request)
    assert list(headers) == ["content-type"]
    assert headers["content-type"].partition("boundary=")[2].encode() in body


def test_json_is_compact_utf8_and_says_so():
    headers, body = encode(Request(method="POST", url=URL, json={"prompt": "Bär", "n": 1, "x": None}))
    assert body == '{"prompt":"Bär","n":1,"x":null}'.encode()
    assert headers == {"Content-Type": "application/json"}


@pytest.mark.parametrize("falsy", [{}, [], 0, False, ""])
def test_falsy_json_is_still_json(falsy):
    _, body = encode(Request(method="POST", url=URL, json=falsy))
    assert json.loads(body) == falsy


def test_a_given_content_type_of_json_stays():
    request = Request(method="POST", url=URL, headers={"content-type": "application/vnd.x+json"}, json={})
    assert encode(request)[0] == {"content-type": "application/vnd.x+json"}


def test_raw_content_and_no_content():
    assert encode(Request(method="PUT", url=URL, content=b"abc")) == ({}, b"abc")
    assert encode(Request(method="GET", url=URL)) == ({}, b"")


def test_encoding_leaves_the_request_alone():
    request = Request(method="POST", url=URL, headers={"A": "b"}, json={})
    encode(request)
    assert request.headers == {"A": "b"}


def test_the_address_holds_the_query_without_what_is_not_given():
    request = Request(method="GET", url=URL, query={"limit": 2, "after": None, "q": "a b&c=ü"})
    assert request.address == f"{URL}?limit=2&q=a+b%26c%3D%C3%BC"
    assert parse_qsl(urlsplit(request.address).query) == [("limit", "2"), ("q", "a b&c=ü")]


def test_the_query_joins_one_that_is_there_already():
    assert Request(method="GET", url=f"{URL}?a=1", query={"b": 2}).address == f"{URL}?a=1&b=2"
    assert Request(method="GET", url=URL, query={"b": None}).address == URL


def test_more_headers_are_added():
    request = Request(method="GET", url=URL, headers={"A": "1"})
    assert request.adding({"If-None-Match": "x", "A": "2"}).headers == {"A": "2", "If-None-Match": "x"}
    assert request.headers == {"A": "1"}


@pytest.mark.parametrize(
    ("status", "ok"), [(199, False), (200, True), (204, True), (299, True), (300, False)]
)
def test_success_is_the_class_of_two_hundred(status, ok):
    assert Response(status=status).ok is ok


def test_what_an_answer_says_of_itself():
    response = Response(
        status=200,
        headers={"content-type": "Application/JSON; charset=utf-8", "x-request-id": "req_1"},
        content="ü".encode() + b"\xff",
    )
    assert response.media_type == "application/json"
    assert response.request_id == "req_1"
    assert response.text == "ü\ufffd"
    assert Response(status=200, headers={"x-amzn-requestid": "amz"}).request_id == "amz"
    assert Response(status=200).request_id is None
    assert Response(status=200).media_type == ""


def test_json_is_read():
    assert Response(status=200, content='{"a": "ü"}'.encode()).json() == {"a": "ü"}


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"a":', b"\xff\xfe\xfd", b"[" * 100_000])
def test_what_is_no_json_is_an_error_of_ours(content):
    with pytest.raises(UnexpectedAnswer):
        Response(status=200, content=content).json()


def test_the_error_of_broken_json_shows_how_it_begins_and_where_it_came_from():
    Secret("canary-in-a-page-1")
    page = b"<html>\n  <h1>Bad   gateway</h1> canary-in-a-page-1 " + b"x" * 500
    response = Response(
        status=502,
        headers={"content-type": "text/html; charset=utf-8", "x-request-id": "req_9"},
        content=page,
        url="https://user:pw@api.example/v1/videos?key=abc",
    )
    with pytest.raises(UnexpectedAnswer) as caught:
        response.json()
    message = str(caught.value)
    assert "https://api.example/v1/videos," in message
    assert "text/html with status 502" in message
    assert "'<html> <h1>Bad gateway</h1> ******** xxx" in message
    assert len(message) < 300
    assert (caught.value.status, caught.value.request_id, caught.value.billed) == (502, "req_9", None)
    assert caught.value.__suppress_context__


def test_signing_adds_the_header_and_changes_nothing_else():
    request = Request(method="GET", url=URL, headers={"A": "b"})
    assert _signed(Auth(), request) == request
    assert _signed(NoAuth(), request) == request
    assert _signed(BearerAuth(Secret("k")), request).headers == {"A": "b", "Authorization": "Bearer k"}
    assert _signed(HeaderAuth("api-key", Secret("k")), request).headers == {"A": "b", "api-key": "k"}
    assert _signed(HeaderAuth("Authorization", Secret("k"), prefix="Key "), request).headers == {
        "A": "b",
        "Authorization": "Key k",
    }
    assert request.headers == {"A": "b"}


def _signed(auth, request):
    with pytest.raises(StopIteration) as stop:
        next(auth.sign(request))
    return stop.value.value


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.example/x", "https://A.EXAMPLE:443/y?z", True),
        ("http://a.example", "http://a.example:80/", True),
        ("HTTPS://a.example", "https://a.example", True),
        ("https://user:pw@a.example", "https://a.example", True),
        ("https://a.example", "http://a.example", False),
        ("https://a.example", "https://a.example:8443", False),
        ("https://a.example", "https://a.example:0", False),
        ("https://a.example", "https://b.example", False),
        ("https://a.example", "https://a.example.evil.example", False),
        ("https://a.example", "https://a.example@evil.example", False),
        ("https://a.example", "https://evil.example/https://a.example", False),
    ],
)
def test_an_origin_is_scheme_host_and_port(one, other, same):
    assert (origin(one) == origin(other)) is same


def test_a_broken_address_has_an_origin_of_its_own():
    for broken in ("https://a.example:99999", "https://a.example:x", "https://[::1"):
        assert origin(broken) != origin("https://a.example")


@pytest.mark.parametrize(
    ("text", "segment"),
    [
        ("video_1", "video_1"),
        ("..", "%2E%2E"),
        (".", "%2E"),
        ("...", "..."),
        ("a/b", "a%2Fb"),
        ("../../v1/admin", "..%2F..%2Fv1%2Fadmin"),
        ("a?b#c", "a%3Fb%23c"),
        ("%2e%2e", "%252e%252e"),
        ("a\\b", "a%5Cb"),
        ("arn:aws:x/y", "arn:aws:x%2Fy"),
        ("ü", "%C3%BC"),
    ],
)
def test_a_segment(text, segment):
    assert path_segment(text) == segment


@given(st.text())
def test_a_segment_never_climbs_nor_ends_the_path(text):
    segment = path_segment(text.encode("utf-8", "replace").decode())
    assert not set(segment) & set("/\\?# \r\n\t")
    assert segment not in {".", ".."}
    wire = Wire(request=Request(method="GET", url=f"https://api.example/v1/{segment}/content"))
    assert urlsplit(as_received(wire).url).path == f"/v1/{segment}/content"


def test_the_request_as_its_server_sees_it():
    request = Request(
        method="POST", url=URL, query={"a": "b c"}, headers={"User-Agent": "x", "X-ID": "1"}, json={"a": 1}
    )
    received = as_received(Wire(request=request, connect_to="203.0.113.9"))
    assert received.url == f"{URL}?a=b+c"
    assert received.content == b'{"a":1}'
    assert received.headers == {
        "user-agent": "x",
        "x-id": "1",
        "content-type": "application/json",
        "content-length": "7",
        "host": "api.example",
    }
    assert received.json is None


def test_a_fetch_asks_for_no_encoding_of_the_file():
    wire = Wire(request=Request(method="GET", url=URL), into=io.BytesIO())
    assert as_received(wire).headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "request_",
    [
        Request(method="GET", url="https://api.example:99999/"),
        Request(method="GET", url="https://api.example/\x00"),
        Request(method="GET", url=URL, headers={"Authorization": "Bearer “quoted-canary”"}),
        Request(method="POST", url=URL, json={"prompt": "\ud83d"}),
        Request(method="POST", url=URL, form=[Part(name="prompt", content="\ud83d")]),
        Request(method="POST", url=URL, form=[Part(name="f", content=b"", filename="\udcff.png")]),
    ],
)
def test_what_cannot_be_sent_is_an_error_of_ours_and_nothing_was_sent(request_):
    with pytest.raises(TransportFailed) as caught:
        as_received(Wire(request=request_))
    assert caught.value.request_sent is False
    assert "quoted-canary" not in str(caught.value)
