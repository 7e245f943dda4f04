"""One connection of the socket mount: requests read strictly, answers written as they are, faults carried out."""

from __future__ import annotations

import json
import logging
import os
import re
import selectors
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, Final, cast
from urllib.parse import urlsplit

from polyreel.http import Handler, Request, Response
from polyreel.simulation.answers import sealed
from polyreel.simulation.faults import Disturbance

__all__ = ["Connection", "Listener", "Site"]

_PIECE: Final = 1024 * 1024  # a socket's timeout is for one piece, so that a slow reader is not cut off
_MAX_DRAIN_SECONDS: Final = 2.0
_MAX_TRAILERS: Final = 100
_CHUNK_SIZE: Final = re.compile(rb"[0-9A-Fa-f]{1,15}")
_log = logging.getLogger("polyreel.simulation")


@dataclass(frozen=True, kw_only=True)
class Site:
    """What every connection of one server shares.

    Attributes:
        handler: What answers, one request at a time.
        origin: Where the handler believes to be, for example ``https://api.example.com``.
        max_bytes: The longest body of a request.
    """

    handler: Handler
    origin: str
    max_bytes: int


class _Refused(Exception):
    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Connection(BaseHTTPRequestHandler):
    """Reads requests from one socket, asks the handler, writes the answers."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120.0  # of one read or write; an idle connection ends after it

    @property
    def _listener(self) -> Listener:
        return cast("Listener", self.server)

    @property
    def _site(self) -> Site:
        return self._listener.site

    def _answer(self) -> None:
        if self.request_version != "HTTP/1.1":
            self.close_connection = True
        try:
            request = self._request()
        except _Refused as refusal:
            self._refuse(refusal)
            return
        self._ask(request)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer  # noqa: N815  the base's names

    def _ask(self, request: Request) -> None:
        try:
            response = self._site.handler(request)
        except Disturbance as fault:
            self._disturbed(request, fault)
        except Exception as error:  # noqa: BLE001  a simulator's mistake must not look like a dead network
            _log.exception("the simulator failed at %s %s", request.method, urlsplit(request.url).path)
            message = f"the simulator failed: {type(error).__name__}: {error}"
            self._write(request, _in_json(HTTPStatus.INTERNAL_SERVER_ERROR, message))
        else:
            self._write(request, response)

    # --- reading -------------------------------------------------------------------------------------------

    def handle_expect_100(self) -> bool:
        """Invite the body only if it will be taken."""
        try:
            self._announced()
        except _Refused as refusal:
            self._refuse(refusal)
            return False
        return super().handle_expect_100()

    def _request(self) -> Request:
        headers: dict[str, str] = {}
        for raw_name, raw_value in self.headers.items():
            name, value = raw_name.lower(), raw_value.strip()
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        length = self._announced()
        content = self._chunked() if length is None else self._exactly(length)
        headers.pop("transfer-encoding", None)
        target = self.path
        if not target.startswith("/"):
            parts = urlsplit(target)
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Request(method=self.command, url=self._site.origin + target, headers=headers, content=content)

    def _announced(self) -> int | None:
        """Return the length of the body, ``None`` when it is chunked."""
        lengths = self.headers.get_all("Content-Length", [])
        coding = self.headers.get("Transfer-Encoding")
        if coding is not None:
            if coding.strip().lower() != "chunked" or lengths:
                raise _Refused(HTTPStatus.BAD_REQUEST, "the length of the body is said in an unknown way")
            return None
        if len(set(lengths)) > 1 or not all(re.fullmatch(r"[0-9]{1,18}", text.strip()) for text in lengths):
            raise _Refused(HTTPStatus.BAD_REQUEST, "the Content-Length is not a number")
        length = int(lengths[0]) if lengths else 0
        if length > self._site.max_bytes:
            raise self._too_long()
        return length

    def _exactly(self, length: int) -> bytes:
        content = self.rfile.read(length) if length else b""
        if len(content) < length:
            raise ConnectionAbortedError("the client left in the middle of its request")
        return content

    def _chunked(self) -> bytes:
        chunks: list[bytes] = []
        left = self._site.max_bytes
        while size := self._chunk_size():
            left -= size
            if left < 0:
                raise self._too_long()
            chunks.append(self._exactly(size))
            if self._exactly(2) != b"\r\n":
                raise _Refused(HTTPStatus.BAD_REQUEST, "a chunk of the body is longer than it says")
        for _ in range(_MAX_TRAILERS):
            if self.rfile.readline(_PIECE) in {b"\r\n", b"\n", b""}:
                return b"".join(chunks)
        raise _Refused(HTTPStatus.BAD_REQUEST, "the body has too many trailers")

    def _chunk_size(self) -> int:
        line = self.rfile.readline(1024)
        size = line.partition(b";")[0].strip()
        if not line.endswith(b"\n") or not _CHUNK_SIZE.fullmatch(size):
            raise _Refused(HTTPStatus.BAD_REQUEST, "a chunk of the body does not say its size")
        return int(size, 16)

    def _too_long(self) -> _Refused:
        return _Refused(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"the body of a request may have {self._site.max_bytes:,} bytes",
        )

    def _refuse(self, refusal: _Refused) -> None:
        self.close_connection = True
        self._write(Request(method="POST", url=""), _in_json(refusal.status, str(refusal)))
        # Closing on a client that is still sending would reset the connection before it has read the answer.
        until = time.monotonic() + _MAX_DRAIN_SECONDS
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(_MAX_DRAIN_SECONDS)
            while self.connection.recv(_PIECE) and time.monotonic() < until:
                pass

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Answer what the standard library found wrong, like any other refusal."""
        self._refuse(_Refused(HTTPStatus(code), message or HTTPStatus(code).phrase))

    # --- writing -------------------------------------------------------------------------------------------

    def _write(self, request: Request, response: Response, *, cut: bool = False) -> None:
        answer = sealed(request, self._led_back(response))
        content = memoryview(answer.content)
        if cut and len(content) > 0:
            content = content[: len(content) // 2]
            self.close_connection = True
        lines = [f"HTTP/1.1 {answer.status} {_reason(answer.status)}"]
        lines += [f"{name}: {_one_line(value)}" for name, value in answer.headers.items()]
        if self.close_connection:
            lines.append("connection: close")
        head = "\r\n".join([*lines, "\r\n"]).encode("latin-1", "replace")
        # Head and a small body in one packet; a film is sent from where it is.
        self.connection.sendall(head + bytes(content[:_PIECE]))
        for start in range(_PIECE, len(content), _PIECE):
            self.connection.sendall(content[start : start + _PIECE])
        _log.info("%s %s: %s", request.method, urlsplit(request.url).path, answer.status)

    def _led_back(self, response: Response) -> Response:
        """Let addresses of the handler's own lead to this server; only where an address begins."""
        there, here = self._site.origin + "/", self._listener.url + "/"
        headers = {
            name: here + value[len(there) :]
            if name.lower() == "location" and value.startswith(there)
            else value
            for name, value in response.headers.items()
        }
        content = response.content
        kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
        if kind.partition(";")[0].strip().endswith("json"):
            content = content.replace(f'"{there}'.encode(), f'"{here}'.encode())
        return replace(response, headers=headers, content=content)

    # --- faults --------------------------------------------------------------------------------------------

    def _disturbed(self, request: Request, fault: Disturbance) -> None:
        match fault.kind:
            case "cut" | "slow":
                assert fault.response is not None
                if fault.kind == "cut" or self._still_there(fault.seconds):
                    self._write(request, fault.response, cut=fault.kind == "cut")
                    return
            case "hang":
                self._still_there(fault.seconds)
            case "refuse":
                # Lingering for no time makes closing a reset, the nearest thing to a refusal after the fact.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
        self.close_connection = True

    def _still_there(self, seconds: float) -> bool:
        """Wait; return whether the client is still there, at once when it leaves or the server stops."""
        until = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self.connection, selectors.EVENT_READ)
            if not selector.select(seconds):
                return True
        if not self.connection.recv(1, socket.MSG_PEEK):
            return False
        return not self._listener.stopping.wait(max(until - time.monotonic(), 0.0))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base's name
        """Log what the standard library would print."""
        _log.debug(format, *args)


class Listener(ThreadingHTTPServer):
    """Accepts connections and knows every thread and socket, so that all of them can be ended.

    Args:
        host: The address to listen at.
        port: The port; ``0`` takes a free one.
        site: What its connections share.

    Raises:
        OSError: The address is taken or not this machine's.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    allow_reuse_address = os.name != "nt"  # there it would let two servers share a port

    def __init__(self, host: str, port: int, site: Site) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.site = site
        self.stopping = threading.Event()
        self._connections: dict[threading.Thread, socket.socket] = {}
        super().__init__((host, port), Connection)
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self.server_address[1]}"

    def server_bind(self) -> None:
        """Bind without asking the resolver for this machine's name, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start the thread of a connection."""
        thread = threading.Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            name="polyreel-simulation-connection",
            daemon=True,
        )
        self._connections = {t: s for t, s in self._connections.items() if t.is_alive()}
        thread.start()
        self._connections[thread] = request

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  the base's signature
        """Log: a client that leaves is normal, anything else is a mistake of ours."""
        import sys

        error = sys.exception()
        if isinstance(error, (ConnectionError, TimeoutError)) or self.stopping.is_set():
            _log.debug("a client left: %s", error)
        else:
            _log.exception("a connection failed")

    def hang_up(self, *, seconds: float) -> None:
        """End every connection and its thread; call it when no more are accepted.

        Args:
            seconds: How long a handler that is at work may take to finish.
        """
        until = time.monotonic() + seconds
        for connection in self._connections.values():
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._connections:
            thread.join(max(until - time.monotonic(), 0.0))
        self._connections = {}


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _one_line(value: str) -> str:
    return " ".join(value.splitlines())


def _in_json(status: int, message: str) -> Response:
    content = json.dumps({"error": {"message": message, "type": "simulation", "code": None}}).encode()
    return Response(status=status, headers={"content-type": "application/json"}, content=content)
