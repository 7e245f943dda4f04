"""A server that answers from a table and keeps what was asked, normalised so that two senders can be compared."""

import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

# Who sends, and how the connection is kept: nothing of what is asked. The type of the body stands in Sent.media_type.
IGNORED_HEADERS = frozenset(
    {"user-agent", "host", "accept-encoding", "connection", "content-length", "content-type"}
)
FIELD = re.compile(rb'form-data; name="(?P<name>[^"]*)"(?:; filename="(?P<filename>[^"]*)")?')
JSON = "application/json"


@dataclass(frozen=True)
class Sent:
    """A request as it is compared: JSON as values, a form as its fields, names of headers in lower case."""

    method: str
    path: str
    query: dict = field(hash=False)
    headers: dict = field(hash=False)
    media_type: str
    body: object = field(hash=False)

    @property
    def parts(self):
        """The form's fields by name; a file as (name, media type, bytes)."""
        return dict(self.body)


@dataclass(frozen=True)
class Answer:
    """What the recorder says: ``body`` is bytes, or anything else to be written as JSON."""

    body: object = b""
    status: int = 200
    media_type: str = JSON
    headers: dict = field(default_factory=dict)

    @property
    def content(self):
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass
class Recorder:
    """What was asked of a server, by the first segment of the path: its group."""

    url: str
    groups: dict = field(default_factory=dict)
    mistakes: list = field(default_factory=list)

    def base_url(self, group, path=""):
        """Return the address of a group, with what an API's own base URL has after its host."""
        return f"{self.url}/{group}{path}"

    def take(self, group):
        """Return what came for a group since the last time."""
        return self.groups.pop(group, [])


def normalised(method, target, headers, content, is_ignored=lambda name: False):
    """Return the group of a request, which is the first segment of its path, and the request as it is compared."""
    parts = urlsplit(target)
    group, _, path = parts.path.removeprefix("/").partition("/")
    content_type = headers.get("content-type", "")
    kept = {
        name: value for name, value in headers.items() if name not in IGNORED_HEADERS and not is_ignored(name)
    }
    media_type = content_type.partition(";")[0]
    body = content or None
    if media_type == JSON and content:
        body = json.loads(content)
    elif media_type == "multipart/form-data":
        body = sorted(_parts_of(content, content_type.partition("boundary=")[2].encode()), key=repr)
    query = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    assert len(dict(query)) == len(query), f"a name is repeated in {target}"
    return group, Sent(method, f"/{path}", dict(query), kept, media_type, body)


def _parts_of(content, boundary):
    """Take a form apart, knowing nothing of polyreel's own reader."""
    assert boundary
    opening, *pieces, end = content.split(b"--" + boundary)
    assert (opening, end.strip()) == (b"", b"--")
    for piece in pieces:
        head, separator, body = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        assert separator
        assert body.endswith(b"\r\n")
        headers = dict(line.split(b": ", 1) for line in head.split(b"\r\n"))
        found = FIELD.fullmatch(headers.pop(b"Content-Disposition"))
        name, filename = (None if text is None else text.decode() for text in found.group("name", "filename"))
        media_type = headers.pop(b"Content-Type", b"").decode()
        assert not headers, f"a part has more headers: {headers}"
        body = body.removesuffix(b"\r\n")
        yield name, (body.decode() if filename is None else (filename, media_type, body))


@contextmanager
def recording(answer, *, is_ignored=lambda name: False):
    """Serve ``answer(group, sent) -> Answer`` on a loopback address and record, for as long as the block lasts.

    Args:
        answer: What is said to a request; if it raises, the block fails at its end.
        is_ignored: Whether a header, by its name in lower case, is left out beside those that always are.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet
        disable_nagle_algorithm = True

        def respond(self):
            headers = {name.lower(): value for name, value in self.headers.items()}
            content = self.rfile.read(int(headers.get("content-length", 0)))
            try:
                group, sent = normalised(self.command, self.path, headers, content, is_ignored)
                recorder.groups.setdefault(group, []).append(sent)
                said = answer(group, sent)
            except Exception as error:  # noqa: BLE001  said by the test, not by the server's thread
                recorder.mistakes.append(f"{self.command} {self.path}: {error!r}")
                said = Answer(b"the recorder failed", status=418, media_type="text/plain")
            self.send_response(said.status)
            length = {"content-length": str(len(said.content))}
            for name, value in {"content-type": said.media_type, **length, **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(said.content)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = respond  # noqa: N815  the base class looks for them

        def log_message(self, *arguments):
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        recorder = Recorder(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield recorder
        server.shutdown()
        thread.join()
        assert recorder.mistakes == []
