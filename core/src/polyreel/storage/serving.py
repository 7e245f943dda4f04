"""Finished films at addresses of this machine, for programs that fetch results by URL."""

from __future__ import annotations

import secrets
import shutil
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

__all__ = ["FilmServer"]

_POLL_SECONDS: Final = 0.05  # how long stop() may take to be noticed


class FilmServer:
    """Serves chosen files on the loopback interface, each under a path that cannot be guessed.

    It lives as long as the client that started it.
    """

    def __init__(self) -> None:
        self._files: dict[str, Path] = {}
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen on a free port of 127.0.0.1."""
        files = self._files

        class Handler(_Handler):
            served = files

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), name="polyreel-films", daemon=True
        )
        self._thread.start()

    def address(self, path: Path) -> str:
        """Return the address of a file; the same file keeps its address."""
        assert self._server is not None, "the server is started"
        for place, served in self._files.items():
            if served == path:
                return self._url(place)
        place = f"/{secrets.token_urlsafe(24)}/{quote(path.name)}"
        self._files[place] = path
        return self._url(place)

    def stop(self) -> None:
        """Stop listening."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = self._thread = None

    def _url(self, place: str) -> str:
        assert self._server is not None, "the server is started"
        return f"http://127.0.0.1:{self._server.server_address[1]}{place}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent: a reader that hangs up is no error of ours."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: dict[str, Path]

    def do_GET(self) -> None:
        path = self.served.get(self.path)
        if path is None or not path.is_file():
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        with path.open("rb") as film:
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "video/mp4")
            self.send_header("Content-Length", str(path.stat().st_size))
            self.end_headers()
            shutil.copyfileobj(film, self.wfile)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class names it so
        """Stay silent: the address is a secret of the caller's."""
