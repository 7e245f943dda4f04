"""Answers that are made to hold a client for ever, or to fill its memory or its disk."""

import gzip
import io
import time
import tracemalloc
import zlib
from contextlib import suppress

import pytest
from polyreel.bodies import BATCH_BYTES, Body
from polyreel.errors import FetchFailed, TransportFailed
from polyreel.exchange import AccountSession
from polyreel.flows import Fetch
from polyreel.http import NoAuth, Pace, Request, Wire

SMALL = Pace(size=1000, seconds=0.2)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    """What comes slowly is looked at often."""
    monkeypatch.setattr("polyreel.bodies.BATCH_SECONDS", 0.05)


def get(url, **exchange):
    return Wire(request=Request(method="GET", url=url), **exchange)


def fetch(driver, url, into, **effect):
    session = AccountSession(clock=driver.clock, auth=NoAuth(), base_url=url)
    request = Request(method="GET", url=url)
    return driver.run(_fetched(session, request, into, effect))


def _fetched(session, request, into, effect):
    return (yield Fetch(request=request, session=session, into=into, **{"max_bytes": 10**6, **effect}))


def dripping_head(every=0.03, lines=200):
    """A status line, and then one byte of a header at a time."""

    def answer(handler, received):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drip: ")
        for _ in range(lines):
            handler.wfile.write(b"x")
            if handler.server.loopback.stopping.wait(every):
                break
        handler.close_connection = True

    return answer


def endless(piece=b"x" * 65536):
    """Chunks without an end, as fast as they are taken."""

    def answer(handler, received):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not handler.server.loopback.stopping.is_set():
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))

    return answer


# --- time -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("into", [None, io.BytesIO()], ids=["answer", "film"])
def test_a_head_that_drips_has_a_deadline(driver, loopback, into, monkeypatch):
    monkeypatch.setattr(
        "polyreel.carriers.CONNECT_SECONDS", 0.2
    )  # aiohttp's head shares the time of connecting
    url = loopback.on("/a", dripping_head())
    started = time.monotonic()
    with pytest.raises(TransportFailed, match="it may have arrived") as caught:
        driver.send(get(url, timeout=0.3, into=into))
    assert caught.value.request_sent is True
    assert time.monotonic() - started < 3  # and not the six seconds of the head


def test_the_head_of_the_next_answer_has_a_deadline_of_its_own(driver, loopback, answers, monkeypatch):
    """The connection is kept, and so is what watches it."""
    monkeypatch.setattr("polyreel.carriers.CONNECT_SECONDS", 0.2)
    loopback.on("/quick", answers.reply(200, b"ok"))
    url = loopback.on("/a", dripping_head())
    for _ in range(3):
        assert driver.send(get(loopback.url + "/quick", timeout=5)).text == "ok"
    with pytest.raises(TransportFailed):
        driver.send(get(url, timeout=0.3))
    assert driver.send(get(loopback.url + "/quick", timeout=5)).text == "ok"


def test_a_body_may_take_longer_than_its_head(driver, loopback, answers):
    url = loopback.on("/a", answers.drip(b"film", every=0.05, pieces=12))
    assert driver.send(get(url, into=io.BytesIO(), timeout=0.3)).saved == 48


def test_a_film_that_drips_is_given_up(driver, loopback, answers):
    url = loopback.on("/a", answers.drip(b"x", every=0.02, pieces=300, announced=10**6))
    into = io.BytesIO()
    started = time.monotonic()
    with pytest.raises(FetchFailed, match=r"comes too slowly: [\d]+ bytes in \d+ s, and at least 1,000"):
        driver.send(get(url, into=into, pace=SMALL))
    assert time.monotonic() - started < 4  # and not the hours that it would have taken


def test_a_fetch_that_drips_is_tried_three_times_and_given_up(driver, loopback, answers):
    url = loopback.on("/a", answers.drip(b"x", every=0.02, pieces=300, announced=10**6))
    with pytest.raises(FetchFailed, match="too slowly"):
        fetch(driver, url, io.BytesIO(), pace=Pace(size=1000, seconds=0.1))
    assert len(loopback.received) == 3


def test_a_film_that_comes_at_the_slowest_pace_is_taken(driver, loopback, answers):
    url = loopback.on("/a", answers.drip(b"x" * 300, every=0.02, pieces=30))
    assert driver.send(get(url, into=io.BytesIO(), pace=SMALL)).saved == 9000


def test_a_film_has_a_time_for_all_of_it(driver, loopback, answers):
    url = loopback.on("/a", answers.drip(b"x" * 5000, every=0.05, pieces=200))
    with pytest.raises(TransportFailed, match="when the time to wait was over"):
        driver.send(get(url, into=io.BytesIO(), max_bytes=10**9, seconds_left=0.2))


def test_the_time_of_a_fetch_counts_all_its_tries(driver, loopback, answers):
    url = loopback.on("/a", answers.drop())
    with pytest.raises(TransportFailed):
        fetch(driver, url, io.BytesIO(), seconds=0.3)
    assert len(loopback.received) == 2  # the first pause was longer than what was left


def test_whoever_holds_the_job_hears_of_a_film_that_comes_slowly(driver, loopback, answers, monkeypatch):
    monkeypatch.setattr("polyreel.bodies.BEAT_SECONDS", 0.1)
    url = loopback.on("/a", answers.drip(b"film", every=0.03, pieces=20))
    beats = []
    driver.send(get(url, into=io.BytesIO(), beat=lambda: beats.append(time.monotonic())))
    assert 2 <= len(beats) <= 7


def test_what_ends_the_right_to_a_film_ends_its_coming(driver, loopback, answers, monkeypatch):
    monkeypatch.setattr("polyreel.bodies.BEAT_SECONDS", 0.05)
    url = loopback.on("/a", answers.drip(b"film", every=0.03, pieces=200))

    def lost():
        raise LookupError("the job is somebody else's")

    with pytest.raises(LookupError):
        driver.send(get(url, into=io.BytesIO(), beat=lost))


# --- size -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("streamed", [False, True])
def test_chunks_without_an_end_are_given_up_at_the_limit(driver, loopback, streamed):
    url = loopback.on("/a", endless())
    into = io.BytesIO() if streamed else None
    with pytest.raises(FetchFailed, match="at most 1,000,000 are taken"):
        driver.send(get(url, max_bytes=10**6, into=into))
    assert into is None or len(into.getvalue()) <= 10**6


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_bomb_is_not_unpacked(driver, loopback, answers, coding):
    """64 kB that unpack to 64 MB."""
    plain = bytes(64 * 1024 * 1024)
    packed = gzip.compress(plain, 9) if coding == "gzip" else zlib.compress(plain, 9)
    del plain
    assert len(packed) < 70_000
    url = loopback.on("/a", answers.reply(200, packed, Content_Encoding=coding))
    tracemalloc.start()
    try:
        with pytest.raises(FetchFailed, match="at most 1,000,000 are taken"):
            driver.send(get(url, max_bytes=10**6))
        assert tracemalloc.get_traced_memory()[1] < 10 * 1024 * 1024
    finally:
        tracemalloc.stop()


def raw_deflate(content):
    engine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return engine.compress(content) + engine.flush()


PACKED = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": raw_deflate,  # some servers leave the head out
}


@pytest.mark.parametrize("coding", PACKED)
@pytest.mark.parametrize("content", [b"{}", b'{"id": "v1"}' * 100_000], ids=["short", "long"])
def test_a_packed_answer_is_unpacked(driver, loopback, answers, coding, content):
    url = loopback.on("/a", answers.reply(200, PACKED[coding](content), Content_Encoding=coding))
    assert driver.send(get(url)).content == content


@pytest.mark.parametrize("coding", PACKED)
def test_a_packed_answer_that_is_cut_is_no_answer(driver, loopback, answers, coding):
    packed = PACKED[coding](b"0123456789" * 500)
    url = loopback.on("/a", answers.reply(200, packed[:-9], Content_Encoding=coding))
    with pytest.raises(TransportFailed, match=r"ended after [\d,]+ of|is packed wrongly"):
        driver.send(get(url))


def test_a_coding_that_nobody_asked_for_is_left_as_it_is(driver, loopback, answers):
    """What unpacks it has no bound; the answer is no JSON, and the error shows how it begins."""
    url = loopback.on("/a", answers.reply(200, b"\x1b\x00packed", Content_Encoding="br"))
    assert driver.send(get(url)).content == b"\x1b\x00packed"


def test_a_piece_is_never_longer_than_a_batch_whatever_it_unpacks_to():
    wire = get("http://films.example/a", max_bytes=50 * 1024 * 1024)
    body = Body(wire, 200, {"content-encoding": "gzip"})
    body.take(gzip.compress(bytes(10 * 1024 * 1024)))
    assert max(map(len, body._chunks)) <= BATCH_BYTES
    assert len(body.finish().content) == 10 * 1024 * 1024


# --- a film that is announced as something else -----------------------------------------------------------------


SPOILED = {
    "shorter than announced": (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfilm", "4 of 9 bytes"),
    "chunked, and cut": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfilm\r\n",
        "ended after 4 bytes",
    ),
    "packed": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nfilm",
        "content-encoding 'gzip'",
    ),
    "a part nobody asked for": (
        b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-3/9\r\nContent-Length: 4\r\n\r\nfilm",
        "a part of the file came",
    ),
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_film_that_is_not_as_announced_is_not_taken(driver, loopback, answers, how):
    data, said = SPOILED[how]
    url = loopback.on("/a", answers.raw(data))
    with pytest.raises(FetchFailed, match=said):
        driver.send(get(url, into=io.BytesIO()))


def test_what_comes_behind_the_announced_length_is_not_the_film(driver, loopback, answers):
    url = loopback.on("/a", answers.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfilm and more"))
    into = io.BytesIO()
    with suppress(
        TransportFailed
    ):  # aiohttp finds that what follows is no answer, before it hands the film out
        assert driver.send(get(url, into=into)).saved == 4
    assert into.getvalue() in {b"film", b""}
