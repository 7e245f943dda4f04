"""The oracles: each version of a vendor's SDK in an environment of its own, and what records requests.

The environments are made once, below ``.oracles/`` at the root, and kept. An SDK never runs in the process of the
tests: a driver from ``drivers/`` is run by the oracle's own Python, takes one JSON document and prints another.
"""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from PIL import Image
from polyreel.simulation.films import FilmSpec, render_film

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parents[1] / ".oracles"
SKIP = "POLYREEL_SKIP_ORACLES"
# 3.54.0 was the newest on 2026-11-23; 2.26.0 is the last one that sent JSON for a create without a file.
VERSIONS = ("3.54.0", "2.26.0")
# Neither settings nor proxies of this machine may reach a driver: it speaks to a loopback address only.
KEPT_VARIABLES = ("PATH", "HOME", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG", "LC_ALL")


# --- environments -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Oracle:
    """One version of the SDK, ready to be driven."""

    version: str
    python: Path

    @property
    def is_new(self):
        return self.version == VERSIONS[0]

    def run(self, driver, timeout=120, **told):
        """Run a driver and return what it prints."""
        environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        done = subprocess.run(
            [self.python, "-W", "ignore", HERE / "drivers" / f"{driver}.py"],
            input=json.dumps(told),
            capture_output=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
            env={**environment, "PYTHONUTF8": "1"},
        )
        assert done.returncode == 0, f"{driver}.py failed with openai {self.version}:\n{done.stderr[-4000:]}"
        return json.loads(done.stdout)


@contextmanager
def locked(path):
    """Hold ``path`` against other processes; the system lets go of it when a process dies."""
    with path.open("a+b") as file:
        if sys.platform == "win32":
            import msvcrt

            while True:
                with suppress(OSError):  # it gives up after ten seconds
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
                    break
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def environment_of(version):
    """Return the Python of an environment that has the SDK, made now unless an earlier run left it."""
    ENVIRONMENTS.mkdir(exist_ok=True)
    folder = ENVIRONMENTS / f"openai-{version}-python-{'.'.join(map(str, sys.version_info[:3]))}"
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    complete = folder / "complete"
    with locked(ENVIRONMENTS / f"{folder.name}.lock"):
        if not (complete.exists() and python.exists()):
            make(folder, python, f"openai=={version}")
            complete.touch()
    return python


def make(folder, python, requirement):
    """Make an environment with one package, trying twice, or let the test fail with a sentence."""
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement]
    for _ in range(2):
        shutil.rmtree(folder, ignore_errors=True)
        for command in ([sys.executable, "-m", "venv", folder], install):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                break
        else:
            return
    pytest.fail(
        f"an environment with {requirement} could not be made in two tries. The oracle tests need the package registry "
        f"once, to fill {ENVIRONMENTS}; set {SKIP}=1 to leave them out. The last words were:\n"
        f"{(done.stdout + done.stderr)[-2000:]}",
        pytrace=False,
    )


@pytest.fixture(scope="session", params=VERSIONS)
def sdk(request):
    """Give each pinned version of the SDK; a test for one of them says so with an indirect parameter."""
    if os.environ.get(SKIP) == "1":
        pytest.skip(f"{SKIP}=1: the official SDK is not compared with")
    return Oracle(request.param, environment_of(request.param))


# --- media ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def film():
    """Return a film that can be edited, and that can become a character."""
    return render_film(FilmSpec(model="oracle", prompt="A clip", width=1280, height=720, duration=2))


@pytest.fixture(scope="session")
def small_film():
    return render_film(FilmSpec(model="oracle", prompt="", width=128, height=128, duration=0.5))


def picture(kind, width, height):
    file = io.BytesIO()
    Image.new("RGB", (width, height), (32, 128, 144)).save(file, kind)
    return file.getvalue()


@pytest.fixture(scope="session")
def media(tmp_path_factory, film):
    """Write the files that both sides send, and return their folder."""
    folder = tmp_path_factory.mktemp("media")
    folder.joinpath("clip.mp4").write_bytes(film)
    for kind, suffix in (("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp")):
        folder.joinpath(f"wide.{suffix}").write_bytes(picture(kind, 1280, 720))
    folder.joinpath("tall.png").write_bytes(picture("PNG", 720, 1280))
    shutil.copy(folder / "wide.png", folder / 'Straße am "Meer" 海.png')
    return folder


@pytest.fixture(scope="session")
def thumbnail():
    return picture("WEBP", 64, 64)


@pytest.fixture(scope="session")
def spritesheet():
    return picture("JPEG", 256, 256)


# --- the recorder -----------------------------------------------------------------------------------------------

# Who sends, and how the connection is kept: nothing of what is asked. All other headers are compared.
IGNORED_HEADERS = {"user-agent", "host", "accept-encoding", "connection", "content-length", "content-type"}
FIELD = re.compile(rb'form-data; name="(?P<name>[^"]*)"(?:; filename="(?P<filename>[^"]*)")?')


@dataclass(frozen=True)
class Sent:
    """A request, normalised as section 8 of the fact sheet on the OpenAI Videos API says."""

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


def normalised(method, target, headers, content):
    """Return the group of a request, the first segment of its path, and the request as it is compared."""
    parts = urlsplit(target)
    group, _, path = parts.path.removeprefix("/").partition("/")
    content_type = headers.get("content-type", "")
    kept = {
        name: value
        for name, value in headers.items()
        if name not in IGNORED_HEADERS and not name.startswith("x-stainless-")
    }
    media_type = content_type.partition(";")[0]
    body = content or None
    if media_type == "application/json" and content:
        body = json.loads(content)
    elif media_type == "multipart/form-data":
        body = sorted(parts_of(content, content_type.partition("boundary=")[2].encode()), key=repr)
    query = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    assert len(dict(query)) == len(query), f"a name is repeated in {target}"
    return group, Sent(method, f"/{path}", dict(query), kept, media_type, body)


def parts_of(content, boundary):
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


@dataclass
class Recorder:
    """A server that answers from a table and keeps what was asked, by the first segment of the path."""

    url: str
    groups: dict = field(default_factory=dict)
    mistakes: list = field(default_factory=list)

    def base_url(self, group):
        return f"{self.url}/{group}/v1"

    def take(self, group):
        """Return what came for a group since the last time."""
        return self.groups.pop(group, [])


@contextmanager
def recording(answer):
    """Serve ``answer(group, request) -> (status, media type, bytes)`` and record."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet
        disable_nagle_algorithm = True

        def respond(self):
            headers = {name.lower(): value for name, value in self.headers.items()}
            content = self.rfile.read(int(headers.get("content-length", 0)))
            try:
                group, sent = normalised(self.command, self.path, headers, content)
                recorder.groups.setdefault(group, []).append(sent)
                status, media_type, body = answer(group, sent)
            except Exception as error:  # noqa: BLE001  said by the test, not by the server's thread
                recorder.mistakes.append(f"{self.command} {self.path}: {error!r}")
                status, media_type, body = 418, "text/plain", b"the recorder failed"
            self.send_response(status)
            self.send_header("content-type", media_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = respond  # noqa: N815  the names that the base class looks for

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


@pytest.fixture(scope="session")
def record():
    return recording
