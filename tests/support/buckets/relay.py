"""A relay in front of a server that loses, refuses and delays what it is told to, and remembers every request."""

import http.client
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

CUT = "cut"
"""As a fault: the connection is closed without an answer."""

REFUSED = 403, b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
"""As a fault: the key may not do this."""

_HOP = {"transfer-encoding", "connection", "content-length", "server", "date"}


@dataclass
class Relay:
    """A relay.

    Attributes:
        target: The address of the server behind it.
        url: Its own address.
        seen: Method, path and headers of each request.
        fault: Decides what goes wrong with a request: ``None``, :data:`CUT`, or status and body.
        lost: Names of headers, in lower case, that are not passed on.
        turn: Held by the one request that the server behind is working on.
        after: Called with each request after the server behind has answered and before the answer goes on.
    """

    target: str
    url: str = ""
    seen: list = field(default_factory=list)
    fault: object = staticmethod(lambda method, path: None)
    lost: set = field(default_factory=set)
    turn: object = field(default_factory=threading.Lock, repr=False)
    after: object = staticmethod(lambda method, path: None)

    def asked(self, method, part=""):
        """How often was asked with a method for a path that contains ``part``."""
        return sum(asked == method and part in path for asked, path, _ in self.seen)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def pass_on(self):
        relay = self.server.relay
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        relay.seen.append((self.command, self.path, dict(self.headers)))
        fault = relay.fault(self.command, self.path)
        if fault == CUT:
            self.close_connection = True
            return
        if fault is None:
            # A cloud decides about requests for one name one after the other. Moto's threads look whether a name is free
            # and write later: so it is asked in turn.
            with relay.turn:
                status, headers, answer = self._asked(urlsplit(relay.target), body)
            if relay.after(self.command, self.path) == CUT:
                self.close_connection = True
                return
        else:
            (status, answer), headers = fault, []
        self.send_response(status)
        length = dict(headers).get("Content-Length") if self.command == "HEAD" else None
        for name, value in headers:
            if name.lower() not in _HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", length or str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    def _asked(self, target, body):
        connection = http.client.HTTPConnection(target.hostname, target.port, timeout=30)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in self.server.relay.lost:
                    connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            connection.close()

    do_GET = do_HEAD = do_POST = do_DELETE = do_PUT = pass_on  # noqa: N815  the base class names them so

    def log_message(self, *args):
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


@contextmanager
def relayed(target):
    """Give a relay in front of ``target`` for as long as the block lasts."""
    relay = Relay(target=target)
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.relay = relay
        relay.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield relay
        finally:
            server.shutdown()
            thread.join()
