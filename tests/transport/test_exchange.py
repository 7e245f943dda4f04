"""Credentials, redirects and repetition, over real sockets and under both drivers."""

import io
import json
import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polyreel.errors import (
    AddressRefused,
    FetchFailed,
    RequestRejected,
    StorageFailed,
    TransportFailed,
    UnexpectedAnswer,
)
from polyreel.exchange import (
    MAX_PAUSE,
    TRIES,
    USER_AGENT,
    AccountSession,
    Endpoint,
    PublicSession,
    backoff,
    retry_after,
)
from polyreel.flows import Call, Fetch, Send
from polyreel.http import Auth, BearerAuth, HeaderAuth, NoAuth, Part, Request, Response
from polyreel.redaction import Secret

KEY = "canary-key-0123456789"


class Everything(Auth):
    """Signs with each header that a vendor uses, fetching the key as a blocking library would."""

    names = (
        "Authorization",
        "Proxy-Authorization",
        "api-key",
        "x-goog-api-key",
        "X-Amz-Security-Token",
        "Cookie",
    )

    def sign(self, request):
        key = yield Call(function=lambda: KEY)
        return request.adding(dict.fromkeys(self.names, key))


@pytest.fixture
def account(driver, loopback):
    session = AccountSession(clock=driver.clock, auth=Everything(), base_url=f"{loopback.url}/v1")
    return Endpoint(session, session.base_url)


@pytest.fixture
def public(driver, closed_port):
    """A session for any address whose names lead to the loopback server, which it takes for a public one."""

    def session(server, names=None):
        from polyreel.http import Wire

        def resolver(host, port):
            return ["93.184.215.14"] if names is None else names[host]

        class Local(PublicSession):
            def _carried(self, wire):
                assert wire.connect_to is not None
                url = wire.request.url.replace("films.invalid", f"films.invalid:{server.port}")
                request = Request(method=wire.request.method, url=url, headers=wire.request.headers)
                return Wire(request=request, into=wire.into, max_bytes=wire.max_bytes, connect_to="127.0.0.1")

        return Local(clock=driver.clock, resolver=resolver)

    return session


def send(session, url, **effect):
    request = Request(method=effect.pop("method", "GET"), url=url, headers=effect.pop("headers", {}))
    return (yield Send(request=request, session=session, **effect))


def fetch(session, url, into, **effect):
    request = Request(method="GET", url=url)
    return (yield Fetch(request=request, session=session, into=into, **{"max_bytes": 10**6, **effect}))


# --- credentials --------------------------------------------------------------------------------------------------


def test_requests_to_the_own_origin_are_signed(driver, loopback, account, answers):
    loopback.on("/v1/videos", answers.reply(200, b"{}"))
    driver.run(account.get("/videos"))
    driver.run(account.post("videos", json={"a": 1}))
    driver.run(account.delete(f"{loopback.url}/v1/videos"))
    assert [request.method for request in loopback.received] == ["GET", "POST", "DELETE"]
    for request in loopback.received:
        assert {request.headers[name.lower()] for name in Everything.names} == {KEY}
        assert request.headers["user-agent"] == USER_AGENT
        assert request.headers["accept"] == "application/json"


def test_a_redirect_to_another_origin_carries_no_credentials(
    driver, loopback, second_loopback, account, answers
):
    second_loopback.on("/film", answers.reply(200, b"film"))
    loopback.on("/v1/videos/1/content", answers.reply(302, Location=f"{second_loopback.url}/film?sig=1"))
    headers = {"X-Secret": KEY, "Accept": "video/mp4", "Range": "bytes=0-"}
    response = driver.run(account.get("/videos/1/content", headers=headers))
    assert response.text == "film"
    (received,) = second_loopback.received
    assert received.path == "/film?sig=1"
    assert received.headers == {
        "host": f"127.0.0.1:{second_loopback.port}",
        "accept": "video/mp4",
        "user-agent": USER_AGENT,
        "range": "bytes=0-",
    }
    assert loopback.received[0].headers["x-secret"] == KEY


def test_a_redirect_of_a_fetch_carries_no_credentials(driver, loopback, second_loopback, account, answers):
    second_loopback.on("/film", answers.reply(200, b"film"))
    url = loopback.on("/v1/content", answers.reply(307, Location=f"{second_loopback.url}/film"))
    into = io.BytesIO()
    driver.run(fetch(account.session, url, into))
    assert into.getvalue() == b"film"
    assert KEY in loopback.received[0].headers["authorization"]
    assert KEY not in repr(second_loopback.received)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_within_the_origin_keeps_them(driver, loopback, account, answers, status):
    loopback.on("/v1/a", answers.reply(status, Location="b?x=1"))
    loopback.on("/v1/b", answers.reply(200, b"there"))
    assert driver.run(account.get("/a", query={"q": "1"}, headers={"X-Own": "1"})).text == "there"
    assert loopback.paths() == ["/v1/a?q=1", "/v1/b?x=1"]
    assert loopback.received[1].headers["authorization"] == KEY
    assert loopback.received[1].headers["x-own"] == "1"


def test_a_foreign_address_is_not_signed(driver, loopback, second_loopback, account, answers):
    url = second_loopback.on("/film", answers.reply(200, b"film"))
    driver.run(fetch(account.session, url, io.BytesIO()))
    driver.run(account.get(url))
    assert KEY not in repr(second_loopback.received)
    assert len(second_loopback.received) == 2


def test_more_own_origins_are_signed(driver, loopback, second_loopback, answers):
    url = second_loopback.on("/film", answers.reply(200, b"film"))
    session = AccountSession(
        clock=driver.clock,
        auth=BearerAuth(Secret(KEY)),
        base_url=loopback.url,
        own_origins=(f"{second_loopback.url}/anything",),
    )
    driver.run(send(session, url))
    assert second_loopback.received[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_local_server_may_point_to_this_machine_and_a_public_one_may_not(driver, loopback, answers):
    url = loopback.on("/film", answers.reply(200, b"film"))
    outside = AccountSession(clock=driver.clock, auth=NoAuth(), base_url="https://api.example/v1")
    with pytest.raises(AddressRefused, match=r"not one of|not a public address"):
        driver.run(send(outside, url))
    with pytest.raises(AddressRefused, match="not a public address"):
        driver.run(send(outside, "http://127.0.0.1:8080/film"))
    inside = AccountSession(clock=driver.clock, auth=NoAuth(), base_url="http://localhost:1/v1")
    assert driver.run(send(inside, url)).text == "film"
    with pytest.raises(AddressRefused):
        driver.run(send(inside, "http://169.254.169.254/latest"))


# --- redirects ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirected_post_is_refused_with_advice(driver, loopback, account, answers, status):
    loopback.on("/v1/videos", answers.reply(status, Location=f"{loopback.url}/v2/videos?sig=abc"))
    with pytest.raises(RequestRejected) as caught:
        driver.run(account.post("/videos", json={}, repeatable=True))
    assert str(caught.value) == (
        f"{loopback.url}/v1/videos redirects a POST to {loopback.url}/v2/videos, which is not followed; "
        "set the base URL to where the server really is"
    )
    assert caught.value.status == status
    assert loopback.paths() == ["/v1/videos"]


def test_five_redirects_are_followed_and_a_sixth_is_not(driver, loopback, account, answers):
    for number in range(6):
        loopback.on(f"/v1/{number}", answers.reply(302, Location=f"/v1/{number + 1}"))
    loopback.on("/v1/6", answers.reply(200, b"there"))
    assert driver.run(account.get("/1")).text == "there"
    assert len(loopback.received) == 6
    with pytest.raises(UnexpectedAnswer, match="redirects more than 5 times"):
        driver.run(account.get("/0"))
    assert len(loopback.received) == 12
    assert driver.clock.pauses == []


def test_a_redirect_without_a_place_is_an_answer(driver, loopback, account, answers):
    loopback.on("/v1/a", answers.reply(302), answers.reply(304))
    assert driver.run(account.get("/a")).status == 302
    assert driver.run(account.get("/a")).status == 304


@pytest.mark.parametrize(
    "place",
    ["http://[::1", "http://127.0.0.1:99999/", "http://127.0.0.1:x/", "file:///etc/passwd", "javascript:1"],
)
def test_a_redirect_to_nowhere_is_an_error_of_ours(driver, loopback, account, answers, place):
    loopback.on("/v1/a", answers.reply(302, Location=place))
    with pytest.raises((UnexpectedAnswer, TransportFailed)):
        driver.run(account.get("/a"))
    assert set(loopback.paths()) == {"/v1/a"}


@pytest.mark.parametrize(
    "place",
    [
        "http://[::1",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:x/",
        "file:///a",
        "javascript:1",
        "\\",
        "http://",
    ],
)
def test_a_post_that_is_redirected_to_nowhere_is_sent_exactly_once(driver, loopback, account, answers, place):
    """The HTTP library reads the new address although it must not follow it."""
    loopback.on("/v1/videos", answers.reply(302, Location=place))
    with pytest.raises(RequestRejected, match="set the base URL"):
        driver.run(account.post("/videos", json={}))
    assert loopback.paths("POST") == ["/v1/videos"]


@pytest.mark.parametrize(
    "place", ["http://169.254.169.254/latest/meta-data/", "http://localhost/", "http://inside.example/a"]
)
def test_a_public_fetch_is_not_led_inside(driver, loopback, public, answers, place):
    loopback.on("/a", answers.reply(302, Location=place))
    names = {
        "films.invalid": ["93.184.215.14"],
        "169.254.169.254": ["169.254.169.254"],
        "localhost": ["127.0.0.1"],
        "inside.example": ["10.0.0.1"],
    }
    with pytest.raises(AddressRefused, match="which is not a public address"):
        driver.run(fetch(public(loopback, names), "http://films.invalid/a", io.BytesIO()))
    assert loopback.paths() == ["/a"]
    assert driver.clock.pauses == []


def test_a_public_fetch_is_followed_to_another_public_place(driver, loopback, public, answers):
    loopback.on("/a", answers.reply(302, Location="/b"))
    loopback.on("/b", answers.reply(200, b"film"))
    into = io.BytesIO()
    driver.run(fetch(public(loopback), "http://films.invalid/a", into))
    assert into.getvalue() == b"film"
    assert {request.headers["user-agent"] for request in loopback.received} == {USER_AGENT}


def test_a_public_session_refuses_this_machine(driver, loopback):
    with pytest.raises(AddressRefused):
        driver.run(send(PublicSession(clock=driver.clock), f"http://127.0.0.1:{loopback.port}/a"))
    with pytest.raises(AddressRefused):
        driver.run(send(PublicSession(clock=driver.clock), "http://127.0.0.1:8080/a"))
    assert loopback.received == []


# --- repetition ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 529])
def test_a_get_is_repeated_after_a_passing_error(driver, loopback, account, answers, status):
    loopback.on("/v1/a", answers.reply(status), answers.reply(status), answers.reply(200, b"ok"))
    assert driver.run(account.get("/a")).text == "ok"
    assert len(loopback.received) == TRIES == 3
    first, second = driver.clock.pauses
    assert 0.375 <= first <= 0.5
    assert 0.75 <= second <= 1.0


def test_the_last_answer_is_returned_when_nothing_helps(driver, loopback, account, answers):
    loopback.on("/v1/a", answers.reply(503, b"down"))
    assert driver.run(account.get("/a")).text == "down"
    assert len(loopback.received) == 3
    assert len(driver.clock.pauses) == 2


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 410, 422, 501])
def test_an_error_that_stays_is_not_repeated(driver, loopback, account, answers, status):
    loopback.on("/v1/a", answers.reply(status))
    assert driver.run(account.get("/a")).status == status
    assert len(loopback.received) == 1
    assert driver.clock.pauses == []


def test_an_answer_that_only_looks_like_an_error_is_final(driver, loopback, account, answers):
    loopback.on("/v1/a", answers.reply(500, b'{"status": "failed"}'))
    response = driver.run(account.get("/a", final=lambda response: "failed" in response.text))
    assert response.json() == {"status": "failed"}
    assert len(loopback.received) == 1
    driver.run(account.get("/a", final=lambda response: "other" in response.text))
    assert len(loopback.received) == 1 + 3


def test_a_delete_is_repeated(driver, loopback, account, answers):
    loopback.on("/v1/a", answers.reply(503), answers.reply(204))
    assert driver.run(account.delete("/a")).status == 204
    assert loopback.paths("DELETE") == ["/v1/a"] * 2


@pytest.mark.parametrize("cut", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"])
def test_a_get_is_repeated_after_a_connection_that_broke(driver, loopback, account, answers, cut):
    loopback.on("/v1/a", answers.raw(cut), answers.reply(200, b"ok"))
    assert driver.run(account.get("/a")).text == "ok"
    assert len(driver.clock.pauses) == 1


def test_a_get_gives_up_after_three_connections_that_broke(driver, loopback, account, answers):
    loopback.on("/v1/a", answers.drop())
    with pytest.raises(TransportFailed):
        driver.run(account.get("/a"))
    assert len(loopback.received) == 3
    assert len(driver.clock.pauses) == 2


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 529])
def test_a_post_is_never_repeated_after_an_answer(driver, loopback, account, answers, status):
    loopback.on("/v1/videos", answers.reply(status, retry_after="1"))
    assert driver.run(account.post("/videos", json={})).status == status
    assert loopback.paths("POST") == ["/v1/videos"]
    assert driver.clock.pauses == []


@pytest.mark.parametrize("kind", ["drop", "cut", "hang", "rubbish", "huge"])
def test_a_post_whose_fate_is_unknown_is_sent_exactly_once(driver, loopback, account, answers, kind):
    loopback.on(
        "/v1/videos",
        {
            "drop": answers.drop(),
            "cut": answers.raw(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"id":'),
            "hang": answers.hang(),
            "rubbish": answers.raw(b"\x00\x01\x02 rubbish\r\n\r\n"),
            "huge": answers.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n"),
        }[kind],
    )
    with pytest.raises((TransportFailed, FetchFailed)) as caught:
        driver.run(account.post("/videos", form=[Part(name="prompt", content="a boat")], timeout=0.3))
    assert len(loopback.paths("POST")) == 1
    assert b"a boat" in loopback.received[0].body
    assert getattr(caught.value, "request_sent", True) is True
    assert driver.clock.pauses == []


def test_a_post_that_carries_a_token_is_repeated(driver, loopback, account, answers):
    loopback.on("/v1/videos", answers.drop(), answers.reply(503), answers.reply(200, b'{"id": 1}'))
    response = driver.run(account.post("/videos", json={"token": "t"}, repeatable=True))
    assert response.json() == {"id": 1}
    assert [request.body for request in loopback.received] == [b'{"token":"t"}'] * 3


def test_a_post_is_repeated_when_the_connection_was_refused(driver, closed_port):
    session = AccountSession(clock=driver.clock, auth=NoAuth(), base_url=f"http://127.0.0.1:{closed_port}/v1")
    with pytest.raises(TransportFailed) as caught:
        driver.run(Endpoint(session, session.base_url).post("/videos", json={}))
    assert caught.value.request_sent is False
    assert len(driver.clock.pauses) == TRIES - 1


def test_a_refused_connection_that_then_opens_gets_the_post_once(driver, loopback, answers, closed_port):
    """The server comes up during the pause."""
    loopback.on("/v1/videos", answers.reply(200, b"{}"))
    session = AccountSession(clock=driver.clock, auth=NoAuth(), base_url=loopback.url)

    class Moving(AccountSession):
        tries = 0

        def _follow(self, effect, *progress):
            type(self).tries += 1
            url = f"http://127.0.0.1:{closed_port}/v1/videos" if self.tries == 1 else effect.request.url
            request = Request(method="POST", url=url, json=effect.request.json)
            return (yield from session._follow(Send(request=request, session=session), *progress))

    moving = Moving(clock=driver.clock, auth=NoAuth(), base_url=loopback.url)
    driver.run(Endpoint(moving, f"{loopback.url}/v1").post("/videos", json={"a": 1}))
    assert loopback.paths("POST") == ["/v1/videos"]
    assert len(driver.clock.pauses) == 1


# --- pauses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "1.5"}, 1.5),
        ({"retry_after": "0"}, 0.0),
        ({"retry_after_ms": "250"}, 0.25),
        ({"retry_after_ms": "250", "retry_after": "20"}, 0.25),
        ({"retry_after_ms": "soon", "retry_after": "20"}, 20.0),
        ({"retry_after": formatdate(1_767_225_600 + 12, usegmt=True)}, 12.0),
        ({"retry_after": formatdate(1_767_225_600 - 12, usegmt=True)}, 0.0),
        ({"retry_after": "30"}, 30.0),
    ],
)
def test_the_server_says_how_long_to_wait(driver, loopback, account, answers, headers, pause):
    loopback.on("/v1/a", answers.reply(429, **headers), answers.reply(200, b"ok"))
    assert driver.run(account.get("/a")).text == "ok"
    assert driver.clock.pauses == [pause]


@pytest.mark.parametrize("advice", ["31", "3600", "9" * 400, formatdate(1_767_225_600 + 99, usegmt=True)])
def test_a_pause_that_is_too_long_is_the_callers_to_decide_about(driver, loopback, account, answers, advice):
    loopback.on("/v1/a", answers.reply(429, b"later", retry_after=advice))
    response = driver.run(account.get("/a"))
    assert (response.status, response.text) == (429, "later")
    assert len(loopback.received) == 1
    assert driver.clock.pauses == []


@pytest.mark.parametrize("advice", ["soon", "-5", "1e9", "", "nan", "Mon, 99 Foo 2026", "0x10"])
def test_advice_that_is_none_is_ignored(driver, loopback, account, answers, advice):
    loopback.on("/v1/a", answers.reply(503, retry_after=advice), answers.reply(200, b"ok"))
    assert driver.run(account.get("/a")).text == "ok"
    assert 0.375 <= driver.clock.pauses[0] <= 0.5


@given(st.text(max_size=20))
def test_advice_is_a_pause_or_nothing(text):
    for name in ("retry-after", "retry-after-ms"):
        pause = retry_after({name: text}, now=0.0)
        assert pause is None or pause >= 0


def test_a_date_without_its_zone_is_greenwich(monkeypatch):
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    try:
        assert retry_after({"retry-after": "Thu, 01 Jan 1970 00:01:40"}, now=90.0) == 10.0
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_pause_doubles_up_to_eight_seconds_less_a_quarter():
    assert [backoff(n, chance=lambda: 0.0) for n in range(7)] == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
    assert backoff(0, chance=lambda: 1.0) == 0.375
    assert MAX_PAUSE == 30.0


# --- fetching -----------------------------------------------------------------------------------------------------


def test_a_fetch_is_repeated_after_half_a_film_with_the_file_emptied(driver, loopback, account, answers):
    half = answers.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nxxxxxxx")
    url = loopback.on("/v1/film", half, answers.reply(503, b"busy"), answers.reply(200, b"film"))
    into = io.BytesIO()
    response = driver.run(fetch(account.session, url, into))
    assert (response.saved, into.getvalue()) == (4, b"film")
    assert len(driver.clock.pauses) == 2


def test_a_fetch_that_is_always_cut_fails_in_the_end(driver, loopback, account, answers):
    url = loopback.on("/v1/film", answers.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nxxx"))
    with pytest.raises(FetchFailed, match="3 of 10 bytes"):
        driver.run(fetch(account.session, url, io.BytesIO()))
    assert len(loopback.received) == 3


def test_a_full_disk_is_not_tried_again(driver, loopback, account, answers):
    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(28, "No space left on device")

    url = loopback.on("/v1/film", answers.reply(200, b"film"))
    with pytest.raises(StorageFailed):
        driver.run(fetch(account.session, url, Full()))
    assert len(loopback.received) == 1


def test_a_fetch_keeps_to_its_limit(driver, loopback, account, answers):
    url = loopback.on("/v1/film", answers.reply(200, bytes(11)))
    with pytest.raises(FetchFailed, match="at most 10 are taken"):
        driver.run(fetch(account.session, url, io.BytesIO(), max_bytes=10))
    assert len(loopback.received) == 1  # the same file would be as long again
    into = io.BytesIO()
    assert driver.run(fetch(account.session, url, into, max_bytes=11)).saved == 11


# --- endpoints and carriers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("/videos", "https://api.example/v1/videos"),
        ("videos/1", "https://api.example/v1/videos/1"),
        ("https://cdn.example/a", "https://cdn.example/a"),
    ],
)
def test_a_path_is_appended_to_the_base_url(path, address):
    endpoint = Endpoint(PublicSession(clock=None), "https://api.example/v1/")
    assert endpoint.address(path) == address


def test_what_an_endpoint_asks_for():
    endpoint = Endpoint(PublicSession(clock=None), "https://api.example/v1")
    form = [Part(name="a", content="b")]
    got = next(endpoint.get("/videos", query={"limit": 1}))
    posted = next(endpoint.post("/videos", form=form, query={"a": None}, headers={"X": "1"}, timeout=9.0))
    deleted = next(endpoint.delete("/videos/1", headers={"X": "2"}))
    assert (got.request.address, got.repeatable) == ("https://api.example/v1/videos?limit=1", True)
    assert (posted.request.form, posted.repeatable, posted.timeout) == (form, False, 9.0)
    assert posted.request.headers == {"X": "1"}
    assert (deleted.request.method, deleted.repeatable) == ("DELETE", True)
    assert got.session is endpoint.session


@pytest.mark.parametrize("quick", [True, False])
def test_a_carrier_answers_instead_of_the_network(driver, quick):
    wires = []

    def carrier(wire):
        wires.append(wire)
        return Response(status=200, content=json.dumps({"path": wire.request.url}).encode())

    session = AccountSession(
        clock=driver.clock,
        auth=HeaderAuth("api-key", Secret(KEY)),
        base_url="https://api.example/v1",
        carrier=carrier,
        carrier_is_quick=quick,
    )
    response = driver.run(Endpoint(session, session.base_url).get("/videos"))
    assert response.json() == {"path": "https://api.example/v1/videos"}
    assert wires[0].request.headers["api-key"] == KEY


# --- credentials that run out ------------------------------------------------------------------------------------


class ShortLived(Auth):
    """Holds a token until it is refused."""

    def __init__(self, *, tokens):
        self.tokens = list(tokens)
        self.asked = 0

    def sign(self, request):
        token = yield Call(function=lambda: self.tokens[0])
        return request.adding({"Authorization": f"Bearer {token}"})

    def renew(self, response):
        self.asked += 1
        if len(self.tokens) > 1:
            del self.tokens[0]
            return response.status == 401
        return False


@pytest.fixture
def short_lived(driver, loopback):
    def made(*tokens):
        auth = ShortLived(tokens=tokens)
        session = AccountSession(clock=driver.clock, auth=auth, base_url=f"{loopback.url}/v1")
        return auth, Endpoint(session, session.base_url)

    return made


@pytest.mark.parametrize("method", ["get", "post"])
def test_refused_credentials_are_renewed_once(driver, loopback, short_lived, answers, method):
    """Also for a request that costs money: what was refused was not accepted."""
    loopback.on("/v1/a", answers.reply(401, b"old"), answers.reply(200, b"{}"))
    auth, endpoint = short_lived("old", "new", "newer")
    assert driver.run(getattr(endpoint, method)("/a")).status == 200
    assert [r.headers["authorization"] for r in loopback.received] == ["Bearer old", "Bearer new"]
    assert auth.asked == 1


def test_credentials_that_are_refused_again_are_not_renewed_again(driver, loopback, short_lived, answers):
    loopback.on("/v1/a", answers.reply(401, b"old"))
    auth, endpoint = short_lived("old", "new", "newer")
    assert driver.run(endpoint.post("/a")).status == 401
    assert (len(loopback.received), auth.asked) == (2, 1)


def test_credentials_that_cannot_be_renewed_are_refused_at_once(driver, loopback, short_lived, answers):
    loopback.on("/v1/a", answers.reply(403, b"no"))
    auth, endpoint = short_lived("only")
    assert driver.run(endpoint.get("/a")).status == 403
    assert (len(loopback.received), auth.asked) == (1, 1)


# --- advice in the body, long answers, heads ------------------------------------------------------------------------


def advice_in_the_body(response):
    return json.loads(response.content).get("wait")


@pytest.mark.parametrize(("wait", "sent"), [(7, 2), (MAX_PAUSE + 1, 1)])
def test_advice_may_stand_in_the_body(driver, loopback, account, answers, wait, sent):
    loopback.on("/v1/a", answers.reply(429, json.dumps({"wait": wait}).encode()), answers.reply(200, b"{}"))
    began = driver.clock.now()
    driver.run(account.get("/a", advised=advice_in_the_body))
    assert len(loopback.received) == sent
    assert driver.clock.now() - began == pytest.approx(wait if sent > 1 else 0)


def test_a_header_goes_before_the_body(driver, loopback, account, answers):
    loopback.on("/v1/a", answers.reply(429, b'{"wait": 20}', retry_after="2"), answers.reply(200, b"{}"))
    began = driver.clock.now()
    driver.run(account.post("/a", repeatable=True, advised=advice_in_the_body))
    assert driver.clock.now() - began == pytest.approx(2)


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_long_answer_is_taken_where_it_is_expected(driver, loopback, account, answers, method):
    loopback.on("/v1/a", answers.reply(200, bytes(9 * 1024 * 1024)))
    ask = getattr(account, method)
    with pytest.raises(FetchFailed, match="at most"):
        driver.run(ask("/a"))
    assert len(driver.run(ask("/a", max_bytes=10 * 1024 * 1024)).content) == 9 * 1024 * 1024


def test_a_head_has_no_body_whatever_length_it_announces(driver, loopback, account, answers):
    loopback.on("/v1/a", answers.reply(200, b"", Content_Length=str(10**9)))
    response = driver.run(account.head("/a", headers={"X-Owner": "me"}))
    assert (response.status, response.content) == (200, b"")
    (received,) = loopback.received
    assert (received.method, received.headers["x-owner"]) == ("HEAD", "me")
