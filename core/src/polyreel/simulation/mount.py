"""The in-process mount: answers exchanges from a simulator and reaches nothing else.

It takes the same exchanges as the transports to the network and fails in the same ways, so that nothing above it can
tell a simulation from the network.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection

from polyreel.clock import Clock, SystemClock
from polyreel.http import Body, Handler, Response, Wire, as_received, is_origin, origin
from polyreel.messages import failed
from polyreel.simulation.answers import sealed
from polyreel.simulation.faults import Disturbance

__all__ = ["HandlerFor", "Mount", "at_origin"]

HandlerFor = Callable[[str], Handler | None]
"""From an absolute address to who answers there, or ``None``."""


def at_origin(base_url: str, handler: Handler, *, others: Collection[str] = ()) -> HandlerFor:
    """Return a function that knows ``handler`` at the origin of ``base_url``, and nobody anywhere else.

    Args:
        base_url: Where it answers.
        handler: Who answers.
        others: More addresses where it does; a ``*`` stands for a part of one label of the host.
    """
    places = (base_url, *others)
    return lambda url: handler if any(is_origin(origin(url), place) for place in places) else None


class Mount:
    """Answers exchanges in-process, one at a time.

    Args:
        handler_for: Who answers at an address; see :func:`at_origin`.
        clock: Spends the time of a fault that takes some; the machine's by default.
    """

    def __init__(self, handler_for: HandlerFor, *, clock: Clock | None = None) -> None:
        self._handler_for = handler_for
        self._lock = threading.Lock()
        self._clock = clock or SystemClock()

    def send(self, wire: Wire) -> Response:
        """Answer one exchange; blocks while a film is being made.

        Raises:
            TransportFailed: Nobody answers at this address, or a fault of the connection.
            FetchFailed: The body is longer than allowed or ended early.
        """
        handler = self._handler_for(wire.request.url)
        if handler is None:
            raise failed(wire, "a simulated client reaches only its simulators, nothing else", sent=False)
        request = as_received(wire)
        began = time.monotonic()
        cut = False
        try:
            with self._lock:
                response = handler(request)
        except Disturbance as fault:
            response = self._disturbed(wire, fault)
            cut = fault.kind == "cut"
        if time.monotonic() - began > wire.timeout:
            raise failed(wire, f"no answer in {wire.timeout:g} s", sent=True)
        return _delivered(wire, sealed(request, response), cut=cut)

    def close(self) -> None:
        """Do nothing: there are no connections."""

    def _disturbed(self, wire: Wire, fault: Disturbance) -> Response:
        """Spend the time of a fault; return the answer that comes in spite of it."""
        match fault.kind:
            case "refuse":
                raise failed(wire, "connection refused", sent=False)
            case "drop":
                raise failed(wire, "the server disconnected without an answer", sent=True)
            case "hang":
                self._clock.sleep(wire.timeout)
                raise failed(wire, f"no answer in {wire.timeout:g} s", sent=True)
            case "slow":
                self._clock.sleep(min(fault.seconds, wire.timeout))
                if fault.seconds > wire.timeout:
                    raise failed(wire, f"no answer in {wire.timeout:g} s", sent=True)
        assert fault.response is not None, "a disturbance that lets an answer through carries it"
        return fault.response


def _delivered(wire: Wire, response: Response, *, cut: bool) -> Response:
    body = Body(wire, response.status, response.headers)
    content = response.content
    arriving = content[: len(content) // 2] if cut else content
    body.take(arriving)
    if len(arriving) < len(content):
        raise body.cut()
    return body.finish()
