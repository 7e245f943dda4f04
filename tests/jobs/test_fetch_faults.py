"""Everything that can be wrong with a film on its way, over real sockets: nothing half appears, and the next try has it."""

import errno
import hashlib
import os
import signal
import socket
import struct
import subprocess
import sys
import textwrap

import pytest
from acme.house import leftovers, tiny_film
from polyreel.errors import AddressRefused, FetchFailed, StorageFailed, TransportFailed
from polyreel.exchange import AccountSession, Endpoint
from polyreel.flows import Fetch, mapped
from polyreel.http import NoAuth, Pace
from polyreel.jobs.fetching import DeadLink, Landing, fetch_asset
from polyreel.storage.hashing import HashedFile
from polyreel.types.asset import Asset

JOB = "job_0123456789ab"
TAG = '"v1"'


def head(status="200 OK", **headers):
    headers["Connection"] = "close"
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def plain(body, length=None):
    return head(Content_Length=len(body) if length is None else length) + body


def reset_in_the_middle(handler, received):
    """Half of the film, and then the connection is torn down rather than closed."""
    film = tiny_film()
    handler.wfile.write(head(Content_Length=len(film)) + film[: len(film) // 2])
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def endless(handler, received):
    handler.wfile.write(head(Transfer_Encoding="chunked"))
    piece = tiny_film()
    while not handler.server.loopback.stopping.is_set():
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))


def dripping(handler, received):
    handler.wfile.write(head(Content_Length=len(tiny_film())))
    for sign in tiny_film():
        handler.wfile.write(bytes([sign]))
        if handler.server.loopback.stopping.wait(0.02):
            break
    handler.close_connection = True


def cut_short(keep):
    """A film whose end is missing, or zeros in its place, with the right length."""
    film = tiny_film()
    return film[:keep] + bytes(len(film) - keep)


HALF = 2
FAULTS = {
    "reset in the middle": (lambda answers: reset_in_the_middle, FetchFailed, "bytes; fetch it again"),
    "truncated, with the right length": (
        lambda answers: answers.raw(plain(tiny_film()[:-500])),
        FetchFailed,
        "not whole",
    ),
    "announced as longer": (
        lambda answers: answers.raw(plain(tiny_film(), len(tiny_film()) + 1)),
        FetchFailed,
        "ended after",
    ),
    "announced as shorter": (
        lambda answers: answers.raw(plain(tiny_film(), len(tiny_film()) - 1)),
        FetchFailed,
        "not whole",
    ),
    "packed": (
        lambda answers: answers.reply(200, tiny_film(), Content_Encoding="gzip"),
        FetchFailed,
        "content-encoding",
    ),
    "chunks without an end": (lambda answers: endless, FetchFailed, "are taken"),
    "nothing": (lambda answers: answers.reply(200, b""), FetchFailed, "empty, not a film"),
    "a page": (
        lambda answers: answers.reply(200, b"<!DOCTYPE html><html>sign in</html>", Content_Type="text/html"),
        FetchFailed,
        "a web page, not a film",
    ),
    "JSON": (lambda answers: answers.reply(200, b'{"error": "no"}'), FetchFailed, "not a film"),
    "a loop": (lambda answers: answers.reply(302, Location="/film"), FetchFailed, "redirects more than"),
    "a redirect inside": (
        lambda answers: answers.reply(302, Location="http://10.0.0.1/film"),
        AddressRefused,
        "not a public address",
    ),
    "a drip": (lambda answers: dripping, FetchFailed, "too slowly"),
    "a connection that ends": (lambda answers: answers.drop(), TransportFailed, "it may have arrived"),
    "an error": (lambda answers: answers.reply(500, b"no"), FetchFailed, "status 500"),
    **{
        f"a link that ran out, {status}": (
            lambda answers, status=status: answers.reply(status, b"no"),
            DeadLink,
            f"status {status}",
        )
        for status in (401, 403, 404, 410)
    },
}


@pytest.fixture
def fetched(driver, loopback, tmp_path):
    """Fetch the film at ``/film`` of the loopback server, with less patience than usual."""

    def fetch(*, overwrite=False, beat=lambda: None):
        session = AccountSession(clock=driver.clock, auth=NoAuth(), base_url=loopback.url)
        landing = Landing(path=tmp_path / "boat.mp4", job=JOB, overwrite=overwrite)
        flow = fetch_asset(Asset(url="/film"), landing, http=Endpoint(session, loopback.url), beat=beat)
        return driver.run(mapped(flow, impatient))

    return fetch


def impatient(effect):
    from dataclasses import replace

    if not isinstance(effect, Fetch):
        return effect
    return replace(effect, pace=Pace(size=1000, seconds=0.1), max_bytes=50 * len(tiny_film()))


@pytest.fixture(autouse=True)
def _watchful(monkeypatch):
    monkeypatch.setattr("polyreel.bodies.BATCH_SECONDS", 0.05)


@pytest.mark.parametrize("name", FAULTS)
def test_a_film_that_is_spoiled_on_its_way_is_not_there(name, fetched, loopback, answers, tmp_path):
    answer, error, said = FAULTS[name]
    loopback.on("/film", answer(answers))
    with pytest.raises(error, match=said):
        fetched()
    assert list(tmp_path.iterdir()) == []
    loopback.on("/film", answers.reply(200, tiny_film()))
    film = fetched()
    assert film.path.read_bytes() == tiny_film()
    assert film.sha256 == hashlib.sha256(tiny_film()).hexdigest()
    assert film.size_bytes == len(tiny_film())


@pytest.mark.parametrize("kept", [100, 500])
def test_a_film_with_zeros_in_place_of_its_index_is_not_whole(kept, fetched, loopback, answers, tmp_path):
    """What a store shows of a file that was uploaded by half; zeros among the pictures alone nobody can see."""
    loopback.on("/film", answers.reply(200, cut_short(kept)))
    with pytest.raises(FetchFailed, match="not whole"):
        fetched()
    assert list(tmp_path.iterdir()) == []


def test_what_came_of_a_film_with_a_strong_tag_stays_and_is_carried_on(fetched, loopback, answers, tmp_path):
    film = tiny_film()
    half = head(Content_Length=len(film), ETag=TAG) + film[: len(film) // 2]
    loopback.on("/film", answers.raw(half), *[answers.raw(head(Content_Length=9, ETag='"v2"'))] * 9)
    with pytest.raises(FetchFailed):
        fetched()
    loopback.received.clear()
    loopback.on("/film", answers.raw(half), answers.drop(), answers.drop())
    with pytest.raises(TransportFailed):
        fetched()
    assert len(leftovers(tmp_path)) == 2
    start = len(film) // 2
    rest = head(
        "206 Partial Content",
        Content_Length=len(film) - start,
        Content_Range=f"bytes {start}-{len(film) - 1}/{len(film)}",
        ETag=TAG,
    )
    loopback.received.clear()
    loopback.on("/film", answers.raw(rest + film[start:]))
    assert fetched().path.read_bytes() == film
    (asked,) = loopback.received
    assert (asked.headers["range"], asked.headers["if-range"]) == (f"bytes={start}-", TAG)


@pytest.mark.parametrize("tag", [TAG, 'W/"v1"'], ids=["strong", "weak"])
def test_the_digest_is_that_of_the_film_however_often_it_was_begun(tag, fetched, loopback, answers):
    """Cut off in the middle, and then carried on or begun anew within the same fetch."""
    film = tiny_film()
    half = head(Content_Length=len(film), ETag=tag) + film[: len(film) // 2]
    loopback.on("/film", answers.raw(half), answers.reply(200, film, ETag=tag))
    asset = fetched()
    assert asset.path.read_bytes() == film
    assert asset.sha256 == hashlib.sha256(film).hexdigest()


def test_a_full_disk_is_not_kept_full_however_strong_the_tag(
    fetched, loopback, answers, tmp_path, monkeypatch
):
    class Full(HashedFile):
        def write(self, data):
            if self.tell() + len(data) > 9000:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(data)

    monkeypatch.setattr("polyreel.storage.parts.HashedFile", Full)
    loopback.on("/film", answers.reply(200, tiny_film(), ETag=TAG))
    with pytest.raises(StorageFailed, match="No space left on device"):
        fetched()
    assert list(tmp_path.iterdir()) == []


def test_a_film_that_is_no_film_is_not_carried_on_however_strong_its_tag(
    fetched, loopback, answers, tmp_path
):
    loopback.on("/film", answers.reply(200, tiny_film()[:-500], ETag=TAG))
    with pytest.raises(FetchFailed, match="not whole"):
        fetched()
    assert list(tmp_path.iterdir()) == []


def test_who_lost_the_job_publishes_nothing_and_leaves_what_came(fetched, loopback, answers, tmp_path):
    from polyreel.storage.conflicts import ConcurrentWrite

    def lost():
        raise ConcurrentWrite(JOB)

    loopback.on("/film", answers.reply(200, tiny_film(), ETag=TAG))
    with pytest.raises(ConcurrentWrite):
        fetched(beat=lost)
    assert not (tmp_path / "boat.mp4").exists()
    assert len(leftovers(tmp_path)) == 2
    loopback.received.clear()
    assert fetched().path.read_bytes() == tiny_film()
    assert loopback.received == []  # all of it was there


@pytest.mark.skipif(os.name == "nt", reason="the system kills nobody so")
@pytest.mark.parametrize("kind", ["blocking", "async"])
def test_a_process_that_was_killed_in_the_middle_is_carried_on_by_another(
    kind, loopback, answers, tmp_path, driver_of
):
    """``kill -9`` while the film comes: the next process asks for the rest alone."""
    film = tiny_film() + struct.pack(">I4s", 200_008, b"free") + bytes(200_000)
    half = len(film) // 2

    def until_it_dies(handler, received):
        handler.wfile.write(head(Content_Length=len(film), ETag=TAG) + film[:half])
        handler.server.loopback.stopping.wait(20)

    loopback.on("/film", until_it_dies)
    script = f"""
        import asyncio
        from pathlib import Path
        from polyreel import bodies
        from polyreel.clock import SystemClock
        from polyreel.exchange import AccountSession, Endpoint
        from polyreel.flows import AsyncIO, BlockingIO, run, run_async
        from polyreel.http import AsyncTransport, BlockingTransport, NoAuth
        from polyreel.jobs.fetching import Landing, fetch_asset
        from polyreel.types.asset import Asset

        bodies.BATCH_BYTES = 1000
        clock = SystemClock()
        session = AccountSession(clock=clock, auth=NoAuth(), base_url={loopback.url!r})
        landing = Landing(path=Path({str(tmp_path / "boat.mp4")!r}), job={JOB!r})
        flow = fetch_asset(
            Asset(url="/film"), landing, http=Endpoint(session, {loopback.url!r}), beat=lambda: None
        )
        if {kind!r} == "blocking":
            run(flow, BlockingIO(transport=BlockingTransport(), clock=clock))
        else:
            asyncio.run(run_async(flow, AsyncIO(transport=AsyncTransport(), clock=clock)))
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)]) as process:
        hidden = None
        for _ in range(1000):
            hidden = next((path for path in leftovers(tmp_path) if path.suffix == ".part"), None)
            if hidden is not None and hidden.stat().st_size >= half - 9000:
                break
            try:
                process.wait(0.01)
            except subprocess.TimeoutExpired:
                continue
            pytest.fail("the process ended by itself")
        os.kill(process.pid, signal.SIGKILL)
    there = hidden.stat().st_size
    assert 0 < there <= half

    def rest(handler, received):
        start = int(received.headers["range"].removeprefix("bytes=").removesuffix("-"))
        named = head(
            "206 Partial Content",
            Content_Length=len(film) - start,
            Content_Range=f"bytes {start}-{len(film) - 1}/{len(film)}",
            ETag=TAG,
        )
        handler.wfile.write(named + film[start:])
        handler.close_connection = True

    loopback.received.clear()
    loopback.on("/film", rest)
    driver = driver_of(kind)
    session = AccountSession(clock=driver.clock, auth=NoAuth(), base_url=loopback.url)
    landing = Landing(path=tmp_path / "boat.mp4", job=JOB)
    http = Endpoint(session, loopback.url)
    asset = driver.run(fetch_asset(Asset(url="/film"), landing, http=http, beat=lambda: None))
    assert [request.headers["range"] for request in loopback.received] == [f"bytes={there}-"]
    assert asset.path.read_bytes() == film
    assert asset.sha256 == hashlib.sha256(film).hexdigest()
