"""A simulator on a socket, whose time moves by a fixed step with every request."""

from contextlib import contextmanager
from dataclasses import dataclass, field

from polyreel.clock import VirtualClock
from polyreel.simulation.server import SimulationServer
from polyreel.simulation.simulator import FilmStudio, Stage


@dataclass
class Service:
    """A simulator that is being served.

    Attributes:
        stage: Its clock, ledger and memory.
        simulator: The simulator.
        seen: What it was asked, in order.
        url: The origin that it is served at; set while it is.
        base_url: What stands there for the simulator's own base URL.
    """

    stage: Stage
    simulator: object
    seen: list = field(default_factory=list)
    url: str = ""
    base_url: str = ""


def _nothing(request, service):
    """Let a request pass as it is."""


@contextmanager
def served(simulator, *, studio=None, step=0.3, render_seconds=1.0, prepare=_nothing):
    """Serve a simulator for as long as the block lasts.

    Args:
        simulator: Its class, or any function from a :class:`Stage` to a simulator.
        studio: Makes the films; real ones if nothing is said.
        step: Seconds that pass on the simulator's clock before each request.
        render_seconds: How long a film takes on that clock.
        prepare: Called with each request and the service before it is answered, for example to limit the rate; a
            response that it returns is given in place of the simulator's answer.
    """
    stage = Stage(clock=VirtualClock(), render_seconds=render_seconds, studio=studio or FilmStudio())
    service = Service(stage=stage, simulator=simulator(stage))

    def handle(request):
        stage.clock.advance(step)
        service.seen.append(request)
        return prepare(request, service) or service.simulator.handle(request)

    with SimulationServer(handle, base_url=service.simulator.base_url) as server:
        service.url, service.base_url = server.url, server.base_url
        yield service
