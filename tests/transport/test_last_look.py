"""The last moment at which a request can be kept from its server: right before the first byte of its body leaves."""

import socket
import threading
from contextlib import suppress

import pytest
from polyreel.errors import TransportFailed
from polyreel.http import Part, Request, Wire

BODY = b"canary-body" * 10_000  # longer than what a socket takes at once
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def _head(stream):
    head = {}
    while (line := stream.readline().strip()) or not head:
        if not line:
            return None  # hung up
        name, _, value = line.partition(b":")
        head[name.lower()] = value.strip()
    return head


class Listener:
    """Keeps what it gets of each body, and answers what came whole."""

    def __init__(self):
        self.bodies = []
        self.accepted = threading.Semaphore(0)
        self.ended = threading.Semaphore(0)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}/v1/videos"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                self.accepted.release()
                threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection):
        with suppress(ConnectionError), connection, connection.makefile("rb") as stream:
            while head := _head(stream):
                body = bytearray()
                self.bodies.append(body)
                while len(body) < int(head[b"content-length"]) and (piece := stream.read1(65536)):
                    body += piece
                if len(body) == int(head[b"content-length"]):
                    connection.sendall(ANSWER)
        self.ended.release()

    def close(self):
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


@pytest.fixture
def listener():
    server = Listener()
    yield server
    server.close()


def too_late():
    raise TransportFailed("too late", request_sent=False, method="POST", url="http://127.0.0.1/")


def post(url, before, **body):
    return Wire(request=Request(method="POST", url=url, **(body or {"content": BODY})), before=before)


def test_a_request_that_is_too_late_never_reaches_the_server(driver, listener):
    refusal = TransportFailed("too late", request_sent=False, method="POST", url=listener.url)

    def before():
        raise refusal

    with pytest.raises(TransportFailed) as caught:
        driver.send(post(listener.url, before))
    assert caught.value is refusal
    assert listener.ended.acquire(timeout=5), "the connection was kept"
    assert b"".join(listener.bodies) == b""


@pytest.mark.parametrize(
    "body",
    [{"json": {"prompt": "canary-body"}}, {"form": [Part(name="prompt", content="canary-body")]}],
    ids=["json", "form"],
)
def test_whatever_the_body_is_none_of_it_leaves(driver, listener, body):
    with pytest.raises(TransportFailed, match="too late"):
        driver.send(post(listener.url, too_late, **body))
    assert listener.ended.acquire(timeout=5)
    assert b"".join(listener.bodies) == b""


def test_the_question_is_asked_once_the_connection_stands(driver, listener):
    asked = []

    def before():
        assert listener.accepted.acquire(timeout=5)
        asked.append(b"".join(listener.bodies))

    assert driver.send(post(listener.url, before)).text == "ok"
    assert asked == [b""]
    assert listener.bodies == [BODY]


def test_a_kept_connection_asks_for_each_request(driver, listener):
    asked = []
    for _ in range(3):
        driver.send(post(listener.url, lambda: asked.append(1), content=b"{}"))
    assert asked == [1, 1, 1]
    assert listener.accepted.acquire(timeout=5)
    assert not listener.accepted.acquire(blocking=False)


def test_a_kept_connection_is_dropped_by_a_request_that_is_too_late(driver, listener):
    driver.send(post(listener.url, None, content=b"{}"))
    with pytest.raises(TransportFailed, match="too late"):
        driver.send(post(listener.url, too_late, content=b"canary"))
    assert listener.ended.acquire(timeout=5), "half a request stands on a connection that is kept"
    assert b"canary" not in b"".join(listener.bodies)
    assert driver.send(post(listener.url, None, content=b"{}")).text == "ok"


def test_a_request_without_a_body_that_is_too_late_does_not_leave(driver, listener):
    with pytest.raises(TransportFailed, match="too late"):
        driver.send(Wire(request=Request(method="POST", url=listener.url), before=too_late))
    assert listener.bodies == []
    asked = []
    wire = Wire(request=Request(method="POST", url=listener.url), before=lambda: asked.append(1))
    assert driver.send(wire).text == "ok"
    assert asked == [1]


def test_any_error_comes_as_it_is(driver, listener):
    def before():
        raise LookupError("not mine")

    with pytest.raises(LookupError, match="not mine"):
        driver.send(post(listener.url, before))


def test_where_nobody_listens_nothing_is_asked(driver, closed_port):
    asked = []
    with pytest.raises(TransportFailed, match="nothing was sent"):
        driver.send(post(f"http://127.0.0.1:{closed_port}/", lambda: asked.append(1)))
    assert asked == []
