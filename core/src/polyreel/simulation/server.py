"""The socket mount: any handler on a loopback address, with nothing but the standard library.

One thread per connection reads and writes; the handler itself is called by one thread at a time.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from polyreel.http import Handler
from polyreel.simulation.answers import one_at_a_time
from polyreel.simulation.connection import Listener, Site

__all__ = ["SimulationServer"]

MAX_REQUEST_BYTES: Final = 256 * 1024 * 1024  # above what any service takes in one request
_POLL_SECONDS: Final = 0.05  # how long stop() may take to be noticed
_JOIN_SECONDS: Final = 5.0  # a handler that is making a film may finish it


class SimulationServer:
    """Serves a handler over HTTP/1.1; a context manager.

    A request to ``http://127.0.0.1:PORT/v1/videos`` reaches the handler of a simulator whose ``base_url`` is
    ``https://api.example.com/v1`` as one to ``https://api.example.com/v1/videos``. Addresses below that origin in
    a ``Location`` header and at the start of a JSON string lead back to this server.

    Args:
        handler: What answers: a simulator's ``handle``, or what is wrapped around it.
        base_url: Where the handler believes to be.
        host: The address to listen at. Anything but loopback is reachable for others: there are no passwords.
        port: ``0`` takes a free one; it is kept when the server is started again.
        max_bytes: The longest body of a request; a longer one is answered with 413.

    Example::

        with SimulationServer(simulator.handle, base_url=simulator.base_url) as server:
            client = acme.Client(base_url=server.base_url, api_key="simulated")
    """

    def __init__(
        self,
        handler: Handler,
        *,
        base_url: str,
        host: str = "127.0.0.1",
        port: int = 0,
        max_bytes: int = MAX_REQUEST_BYTES,
    ) -> None:
        parts = urlsplit(base_url)
        self._site = Site(
            handler=one_at_a_time(handler), origin=f"{parts.scheme}://{parts.netloc}", max_bytes=max_bytes
        )
        self._path = parts.path.rstrip("/")
        self.host = host
        self.port = port
        self._listener: Listener | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Its own origin, for example ``http://127.0.0.1:43123``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def base_url(self) -> str:
        """What stands for the simulator's ``base_url``: the origin with its path."""
        return self.url + self._path

    def start(self) -> Self:
        """Listen; return this server.

        Raises:
            OSError: The port is taken.
        """
        if self._listener is not None:
            return self
        listener = Listener(self.host, self.port, self._site)
        self.port = listener.server_port
        self._listener = listener
        self._thread = threading.Thread(
            target=listener.serve_forever, args=(_POLL_SECONDS,), name="polyreel-simulation", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close every connection and end every thread. A second call does nothing."""
        listener, thread = self._listener, self._thread
        if listener is None or thread is None:
            return
        self._listener = self._thread = None
        listener.stopping.set()
        listener.shutdown()
        thread.join()
        listener.server_close()
        listener.hang_up(seconds=_JOIN_SECONDS)

    def wait(self) -> None:
        """Block until :meth:`stop` is called by another thread, or by an interrupt in this one."""
        while (thread := self._thread) is not None and thread.is_alive():
            thread.join(_POLL_SECONDS)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
