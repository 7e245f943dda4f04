"""A film whose coming is cut off is carried on where that is certainly right, and begun anew everywhere else."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polyreel.bodies import version_of
from polyreel.errors import FetchFailed, StorageFailed, TransportFailed
from polyreel.exchange import TRIES, AccountSession
from polyreel.flows import Fetch
from polyreel.http import NoAuth, Request, Version

FILM = bytes(range(256)) * 40  # 10,240 bytes, no two pieces of which are alike
TAG = '"v1"'


class Server:
    """Answers ranges as RFC 9110 says; a test changes how.

    Attributes:
        cuts: After how many bytes of the body each answer breaks off; the last ones are whole.
        etag: The tag of what it has now.
        film: What it has now.
    """

    def __init__(self, *cuts, etag=TAG, film=FILM, changed=(), heads=None, ranged=None):
        self.cuts = list(cuts)
        self.etag = etag
        self.film = film
        self.changed = list(changed)
        self.heads = heads or {}
        self.ranged = ranged
        self.asked = []

    def __call__(self, handler, received):
        asked = received.headers.get("range"), received.headers.get("if-range")
        self.asked.append(asked)
        if self.changed and len(self.asked) > 1:
            self.etag, self.film = self.changed.pop(0)
        cut = self.cuts.pop(0) if self.cuts else None
        if asked[0] and self.ranged is not None:
            self.ranged(handler, self)
            return
        start = int(re.fullmatch(r"bytes=(\d+)-", asked[0])[1]) if asked[0] else 0
        if asked[0] and asked[1] == self.etag and start >= len(self.film):
            self.send(handler, "416 Range Not Satisfiable", b"", {})
        elif asked[0] and asked[1] == self.etag:
            head = {"Content-Range": f"bytes {start}-{len(self.film) - 1}/{len(self.film)}"}
            self.send(handler, "206 Partial Content", self.film[start:], head, cut)
        else:
            self.send(handler, "200 OK", self.film, {}, cut)

    def send(self, handler, status, body, head, cut=None):
        named = {
            "Content-Length": str(len(body)),
            "ETag": self.etag,
            "Connection": "close",
            **head,
            **self.heads,
        }
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in named.items() if value)]
        handler.wfile.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body[:cut])
        handler.close_connection = True


def fetch(driver, server, loopback, **effect):
    url = loopback.on("/film", server)
    session = AccountSession(clock=driver.clock, auth=NoAuth(), base_url=loopback.url)
    return driver.run(_fetched(session, url, effect))


def _fetched(session, url, effect):
    request = Request(method="GET", url=url)
    return (yield Fetch(request=request, session=session, **{"max_bytes": 10**6, **effect}))


def version(loopback, etag=TAG):
    return Version(origin=f"http://127.0.0.1:{loopback.port}", etag=etag, length=len(FILM))


# --- within one fetch -------------------------------------------------------------------------------------------


def test_the_rest_of_a_film_is_asked_for(driver, loopback):
    server, into = Server(4000, 2000), io.BytesIO()
    response = fetch(driver, server, loopback, into=into)
    assert server.asked == [(None, None), ("bytes=4000-", TAG), ("bytes=6000-", TAG)]
    assert into.getvalue() == FILM
    assert (response.status, response.saved) == (206, len(FILM))


@pytest.mark.parametrize(
    "heads",
    [
        {"ETag": 'W/"v1"'},
        {"ETag": ""},
        {"ETag": "v1"},
        {"ETag": '"v1", "v2"'},
        {"ETag": '"v1'},
        {"Accept-Ranges": "none"},
    ],
    ids=["weak", "none", "without quotes", "two", "half", "no ranges"],
)
def test_without_a_strong_tag_a_film_is_begun_anew(driver, loopback, heads):
    server, into = Server(4000, heads=heads), io.BytesIO()
    assert fetch(driver, server, loopback, into=into).saved == len(FILM)
    assert server.asked == [(None, None)] * 2
    assert into.getvalue() == FILM


def test_without_a_length_a_film_is_begun_anew(driver, loopback, answers):
    half = b"HTTP/1.1 200 OK\r\nETag: %s\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n" % TAG.encode()
    url = loopback.on("/film", answers.raw(half), answers.reply(200, b"whole", ETag=TAG))
    session = AccountSession(clock=driver.clock, auth=NoAuth(), base_url=loopback.url)
    into = io.BytesIO()
    driver.run(_fetched(session, url, {"into": into}))
    assert [request.headers.get("range") for request in loopback.received] == [None, None]
    assert into.getvalue() == b"whole"


OTHER = bytes(reversed(FILM))


@pytest.mark.parametrize(
    "film", [OTHER, OTHER[:5000], OTHER + b"x" * 9999], ids=["same", "shorter", "longer"]
)
def test_another_film_under_the_same_address_is_no_mixture(driver, loopback, film):
    """The server compares the tags and answers with all of the new one."""
    server, into = Server(4000, changed=[('"v2"', film)]), io.BytesIO()
    fetch(driver, server, loopback, into=into)
    assert server.asked == [(None, None), ("bytes=4000-", TAG)]
    assert into.getvalue() == film


def test_a_server_that_knows_no_ranges_sends_all_of_it_again(driver, loopback):
    server, into = Server(4000, ranged=lambda h, s: s.send(h, "200 OK", FILM, {})), io.BytesIO()
    fetch(driver, server, loopback, into=into)
    assert into.getvalue() == FILM
    assert len(server.asked) == 2


def partial(start, end, total, body=None, **heads):
    content = FILM[start : end + 1] if body is None else body
    head = {"Content-Range": f"bytes {start}-{end}/{total}"} | {
        k.replace("_", "-"): v for k, v in heads.items()
    }
    return lambda handler, server: server.send(handler, "206 Partial Content", content, head)


LAST = len(FILM) - 1
WRONG = {
    "an earlier range": partial(0, LAST, len(FILM)),
    "a later range": partial(4001, LAST, len(FILM)),
    "a shorter range": partial(4000, LAST - 1, len(FILM)),
    "another length": partial(4000, LAST, len(FILM) + 1),
    "an unknown length": partial(4000, LAST, "*"),
    "no range": partial(4000, LAST, len(FILM), Content_Range=""),
    "other units": partial(4000, LAST, len(FILM), Content_Range=f"words 4000-{LAST}/{len(FILM)}"),
    "several parts": partial(
        4000, LAST, len(FILM), Content_Range="", Content_Type="multipart/byteranges; boundary=x"
    ),
    "another tag": partial(4000, LAST, len(FILM), ETag='"v2"'),
    "a weak tag": partial(4000, LAST, len(FILM), ETag='W/"v1"'),
    "no tag": partial(4000, LAST, len(FILM), ETag=""),
    "too little": partial(4000, LAST, len(FILM), body=FILM[4000:5000]),
    "too much": partial(4000, LAST, len(FILM), body=FILM[4000:] + b"x"),
    "416": lambda handler, server: server.send(handler, "416 Range Not Satisfiable", b"", {}),
}


@pytest.mark.parametrize("how", WRONG)
def test_a_rest_that_is_not_the_rest_is_not_written(driver, loopback, how):
    server, into = Server(4000, ranged=WRONG[how]), io.BytesIO()
    assert fetch(driver, server, loopback, into=into).saved == len(FILM)
    assert server.asked == [(None, None), ("bytes=4000-", TAG), (None, None)]
    assert into.getvalue() == FILM


def test_a_server_that_always_answers_wrongly_is_given_up(driver, loopback):
    server = Server(4000, 4000, 4000, 4000, ranged=WRONG["416"])
    with pytest.raises(FetchFailed, match="4,000 of 10,240 bytes"):
        fetch(driver, server, loopback, into=io.BytesIO())
    assert len(server.asked) == TRIES


def test_the_error_of_a_rest_says_how_far_the_film_came(driver, loopback):
    server = Server(4000, 100, 100)
    with pytest.raises(FetchFailed, match="4,200 of 10,240 bytes"):
        fetch(driver, server, loopback, into=io.BytesIO())


def test_a_bad_line_may_cut_a_long_film_off_often_as_long_as_it_comes_forward(driver, loopback, monkeypatch):
    monkeypatch.setattr("polyreel.continuation.PROGRESS", 1000)
    server, into = Server(*[1000] * 9), io.BytesIO()
    fetch(driver, server, loopback, into=into)
    assert len(server.asked) == 10
    assert into.getvalue() == FILM


def test_a_line_that_brings_next_to_nothing_is_given_up(driver, loopback, monkeypatch):
    monkeypatch.setattr("polyreel.continuation.PROGRESS", 1000)
    server = Server(*[999] * 9)
    with pytest.raises(FetchFailed, match="2,997 of 10,240"):
        fetch(driver, server, loopback, into=io.BytesIO())
    assert len(server.asked) == TRIES


def test_a_full_disk_ends_a_rest_too(driver, loopback):
    class Full(io.BytesIO):
        def write(self, data):
            if self.tell() >= 4000:
                raise OSError(28, "No space left on device")
            return super().write(data)

    server = Server(4000)
    with pytest.raises(StorageFailed):
        fetch(driver, server, loopback, into=Full())
    assert len(server.asked) == 2


def test_the_limit_counts_what_is_there(driver, loopback):
    server = Server(4000)
    with pytest.raises(FetchFailed, match="at most 10,239 are taken"):
        fetch(driver, server, loopback, into=io.BytesIO(), max_bytes=len(FILM) - 1)


# --- after a process that was killed ----------------------------------------------------------------------------


@pytest.mark.parametrize("there", [1, 4000, len(FILM) - 1])
def test_what_another_process_left_is_carried_on(driver, loopback, there):
    server, into, told = Server(), io.BytesIO(FILM[:there]), []
    response = fetch(driver, server, loopback, into=into, held=version(loopback), begun=told.append)
    assert server.asked == [(f"bytes={there}-", TAG)]
    assert (response.saved, into.getvalue()) == (len(FILM), FILM)
    assert told == []  # what was noted then still holds


@pytest.mark.parametrize("there", [0, len(FILM), len(FILM) + 5], ids=["nothing", "all", "more"])
def test_what_cannot_be_a_beginning_is_thrown_away(driver, loopback, there):
    server, into = Server(), io.BytesIO((FILM + b"extra")[:there])
    fetch(driver, server, loopback, into=into, held=version(loopback))
    assert server.asked == [(None, None)]
    assert into.getvalue() == FILM


def test_a_film_that_changed_meanwhile_is_begun_anew_and_noted_so(driver, loopback):
    server, into, told = Server(etag='"v2"', film=OTHER), io.BytesIO(FILM[:4000]), []
    fetch(driver, server, loopback, into=into, held=version(loopback), begun=told.append)
    assert into.getvalue() == OTHER
    assert told == [version(loopback, etag='"v2"')]


def test_equal_tags_of_two_servers_mean_nothing(driver, loopback, second_loopback):
    """The fresh address leads to another host, whose film happens to carry the same tag."""
    server, into = Server(film=OTHER), io.BytesIO(FILM[:4000])
    fetch(driver, server, loopback, into=into, held=version(second_loopback))
    assert server.asked == [("bytes=4000-", TAG), (None, None)]
    assert into.getvalue() == OTHER


def test_a_rest_is_asked_for_along_a_redirect(driver, loopback, second_loopback, answers):
    """The API sends on to a store; the tag is the store's."""
    server, into = Server(4000), io.BytesIO()
    place = second_loopback.on("/film", server)
    loopback.on("/content", answers.reply(302, Location=place))
    session = AccountSession(clock=driver.clock, auth=NoAuth(), base_url=loopback.url)
    driver.run(_fetched(session, f"{loopback.url}/content", {"into": into}))
    assert server.asked == [(None, None), ("bytes=4000-", TAG)]
    assert into.getvalue() == FILM
    assert loopback.paths() == ["/content"] * 2


def test_what_is_needed_to_carry_on_is_told_before_the_first_byte(driver, loopback):
    seen = []
    into = io.BytesIO()
    server = Server()
    fetch(driver, server, loopback, into=into, begun=lambda told: seen.append((told, into.getvalue())))
    assert seen == [(version(loopback), b"")]
    seen.clear()
    weak = Server(heads={"ETag": 'W/"v1"'})
    fetch(driver, weak, loopback, into=io.BytesIO(), begun=seen.append)
    assert seen == [None]


def test_an_error_is_no_beginning(driver, loopback, answers):
    url = loopback.on("/film", answers.reply(403, b"who are you?", ETag=TAG))
    session = AccountSession(clock=driver.clock, auth=NoAuth(), base_url=loopback.url)
    into, told = io.BytesIO(FILM[:4000]), []
    effect = {"into": into, "held": version(loopback), "begun": told.append}
    assert driver.run(_fetched(session, url, effect)).status == 403
    assert (into.getvalue(), told) == (FILM[:4000], [])


# --- any cuts, any changes --------------------------------------------------------------------------------------


@given(
    cuts=st.lists(st.integers(0, len(FILM)), max_size=6),
    changes=st.lists(st.sampled_from([(TAG, FILM), ('"v2"', OTHER), ('"v3"', OTHER[:777])]), max_size=6),
    there=st.integers(0, len(FILM)),
)
def test_whatever_happens_the_file_is_one_film_or_an_error(cuts, changes, there):
    """Driven in memory: the pure part, with a server that is cut and changed at will."""
    from polyreel.bodies import Body
    from polyreel.clock import VirtualClock
    from polyreel.flows import BlockingIO, run

    server = Server(*cuts, changed=changes)
    session = AccountSession(
        clock=VirtualClock(), auth=NoAuth(), base_url="http://films.example", carrier=None
    )

    class Sent:
        def __init__(self):
            self.data = io.BytesIO()
            self.wfile = self.data

    class Transport:
        def send(self, wire):
            handler = Sent()
            headers = {name.lower(): value for name, value in wire.request.headers.items()}
            server(handler, type("Asked", (), {"headers": headers}))
            head, _, content = handler.data.getvalue().partition(b"\r\n\r\n")
            status, *lines = head.decode().split("\r\n")
            named = dict(line.lower().split(": ", 1) for line in lines)
            body = Body(wire, int(status.split()[1]), named)
            if content:
                body.take(content)
            return body.finish()

    into = io.BytesIO(FILM[:there])
    held = Version(origin="http://films.example:80", etag=TAG, length=len(FILM)) if there else None
    effect = {"into": into, "held": held}
    try:
        run(
            _fetched(session, "http://films.example/film", effect),
            BlockingIO(transport=Transport(), clock=session.clock),
        )
    except (FetchFailed, TransportFailed):
        return  # what is there is a beginning, and no film
    assert into.getvalue() in {FILM, OTHER, OTHER[:777]}


@given(st.text(max_size=20))
def test_only_a_strong_tag_names_a_version(tag):
    found = version_of("https://films.example/a", {"etag": tag, "content-length": "9"})
    assert (found is not None) == bool(re.fullmatch(r'\s*"[\x21\x23-\x7e\x80-\xff]*"\s*', tag))


def test_a_file_is_measured_by_what_is_in_it(tmp_path, driver, loopback):
    """A real file, whose position is at its start when it is handed in."""
    path = tmp_path / "film"
    path.write_bytes(FILM[:4000])
    with path.open("r+b") as into:
        fetch(driver, Server(), loopback, into=into, held=version(loopback))
    assert path.read_bytes() == FILM
