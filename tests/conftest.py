"""A real HTTP server on the loopback interface that misbehaves on request, and both drivers against it."""

import asyncio
import socket
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from polyreel.carriers import FastTransport
from polyreel.clock import VirtualClock
from polyreel.flows import AsyncIO, BlockingIO, run, run_async
from polyreel.http import AsyncTransport, BlockingTransport, Response


@dataclass(frozen=True)
class Received:
    """A request as the server got it; header names in lower case."""

    method: str
    path: str
    headers: dict
    body: bytes


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.server.loopback.connections.add(self.connection)

    def finish(self):
        with suppress(OSError):
            super().finish()
        self.server.loopback.connections.discard(self.connection)

    def answer_any(self):
        loopback = self.server.loopback
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        received = Received(self.command, self.path, headers, body)
        loopback.received.append(received)
        answers = loopback.script.get(self.path.partition("?")[0])
        if not answers:
            reply(404, b"no such path")(self, received)
            return
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        with suppress(ConnectionError):  # a client that has had enough hangs up
            answer(self, received)

    do_GET = do_HEAD = do_POST = do_DELETE = do_PUT = answer_any  # noqa: N815  the base class names them so

    def log_message(self, *args):
        pass


class _Server(ThreadingHTTPServer):
    request_queue_size = 256

    def handle_error(self, request, client_address):
        pass


@dataclass
class Loopback:
    """A server whose answers are scripted by path; the last answer of a path is repeated."""

    received: list = field(default_factory=list)
    script: dict = field(default_factory=dict)
    connections: set = field(default_factory=set)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self):
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.loopback = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def port(self):
        return self._server.server_address[1]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def on(self, path, *answers):
        self.script[path] = list(answers)
        return self.url + path

    def paths(self, method=None):
        return [request.path for request in self.received if method in {None, request.method}]

    def close(self):
        self.stopping.set()
        self._server.shutdown()
        for connection in list(self.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()
        self._thread.join()


def reply(status=200, body=b"", **headers):
    """A well-formed answer; an underscore in a header's name stands for a hyphen."""

    def answer(handler, received):
        handler.send_response(status)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in ({"Content-Length": str(len(body))} | named).items():
            for one in [value] if isinstance(value, str) else value:
                handler.send_header(name, one)
        handler.end_headers()
        if received.method != "HEAD":
            handler.wfile.write(body)

    return answer


def raw(data):
    """These bytes, and then the connection is closed."""

    def answer(handler, received):
        handler.wfile.write(data)
        handler.close_connection = True

    return answer


def drop():
    """Read the whole request, then hang up without a word."""
    return raw(b"")


def hang():
    """Never answer."""

    def answer(handler, received):
        handler.server.loopback.stopping.wait(20)
        handler.close_connection = True

    return answer


def drip(piece=b" ", *, every=0.05, pieces=60, announced=None):
    """One piece at a time."""

    def answer(handler, received):
        length = len(piece) * pieces if announced is None else announced
        handler.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode())
        for _ in range(pieces):
            handler.wfile.write(piece)
            if handler.server.loopback.stopping.wait(every):
                break
        handler.close_connection = True

    return answer


class Answers:
    """The ways in which the server can answer."""

    reply = staticmethod(reply)
    raw = staticmethod(raw)
    drop = staticmethod(drop)
    hang = staticmethod(hang)
    drip = staticmethod(drip)


class PatientClock(VirtualClock):
    """A virtual clock that remembers each pause."""

    def __init__(self):
        super().__init__()
        self.pauses = []

    def sleep(self, seconds):
        self.pauses.append(seconds)
        super().sleep(seconds)


TRANSPORTS = {"blocking": BlockingTransport, "async": AsyncTransport, "fast": FastTransport}


class Driver:
    """One of the two drivers with its transport; a test calls both in the same blocking way."""

    def __init__(self, kind, runner):
        self.kind = kind
        self.clock = PatientClock()
        self._runner = runner
        self.transport = TRANSPORTS[kind]()

    def send(self, wire):
        result = self.transport.send(wire)
        return result if isinstance(result, Response) else self._runner.run(_awaited(result))

    def run(self, flow):
        if self.kind == "blocking":
            return run(flow, BlockingIO(transport=self.transport, clock=self.clock))
        return self._runner.run(run_async(flow, AsyncIO(transport=self.transport, clock=self.clock)))

    def close(self):
        closing = self.transport.close()
        if closing is not None:
            self._runner.run(_awaited(closing))


async def _awaited(awaitable):
    return await awaitable


@pytest.fixture
def loopback():
    server = Loopback()
    yield server
    server.close()


@pytest.fixture
def second_loopback():
    """Another origin: the same host, another port."""
    server = Loopback()
    yield server
    server.close()


@pytest.fixture(scope="session")
def answers():
    return Answers


@pytest.fixture
def driver_of():
    """Return a driver by the name of its transport; it is closed at the end."""
    with ExitStack() as stack:
        runner = stack.enter_context(asyncio.Runner())

        def make(kind):
            made = Driver(kind, runner)
            stack.callback(made.close)
            return made

        yield make


@pytest.fixture(params=["blocking", "async"])
def driver(request, driver_of):
    return driver_of(request.param)


@pytest.fixture
def closed_port():
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def eventually():
    """Wait for a condition that another thread brings about."""

    def wait(condition, seconds=5.0):
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until, "it did not come true in time"
            time.sleep(0.005)

    return wait
