"""Everything that a simulated provider needs, put together: what ``Client(simulate=True)`` stands on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from polyreel.clock import Clock
from polyreel.http import Handler
from polyreel.simulation.answers import one_at_a_time
from polyreel.simulation.charges import Charges
from polyreel.simulation.faults import Fault, Faults
from polyreel.simulation.memory import Remembering
from polyreel.simulation.mount import HandlerFor, Mount, at_origin
from polyreel.simulation.server import SimulationServer
from polyreel.simulation.simulator import FilmStudio, Simulator, Stage

__all__ = ["Simulated", "set_stage"]


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """A simulator on its stage, with its faults and its memory, ready to be mounted.

    Attributes:
        simulator: The simulator.
        faults: The faults, which can be added to and counted.
        handler: What a mount calls: the faults around the memory around the simulator.
        clock: The time of all of them.
        origins: More addresses than the simulator's where it answers in-process: those of the provider's other APIs.
    """

    simulator: Simulator
    faults: Faults
    handler: Handler
    clock: Clock
    origins: Collection[str] = ()

    @property
    def charges(self) -> Charges:
        """What it would have billed; with a kept memory, as of the last request."""
        return self.simulator.stage.charges

    @property
    def handler_for(self) -> HandlerFor:
        """Who answers at an address: it, at the origins that are its provider's own."""
        return at_origin(self.simulator.base_url, self.handler, others=self.origins)

    def mount(self) -> Mount:
        """Return what answers in-process."""
        return Mount(self.handler_for, clock=self.clock)

    def server(self, *, host: str = "127.0.0.1", port: int = 0) -> SimulationServer:
        """Return a server, not started yet, that answers on a socket.

        Args:
            host: The address to listen at.
            port: ``0`` takes a free one.
        """
        return SimulationServer(self.handler, base_url=self.simulator.base_url, host=host, port=port)


def set_stage(  # noqa: PLR0913  what a stage consists of
    factory: Callable[[Stage], Simulator],
    *,
    clock: Clock,
    kept_at: Path | None = None,
    faults: Sequence[Fault] = (),
    render_seconds: float = 3.0,
    studio: FilmStudio | None = None,
    origins: Collection[str] = (),
) -> Simulated:
    """Put a simulator on a stage.

    Args:
        factory: What the hook ``simulator`` gave.
        clock: Its time.
        kept_at: The file for its memory, its own; ``None`` forgets with the process.
        faults: What goes wrong.
        render_seconds: How long a film takes on the clock.
        studio: Makes the films.
        origins: More addresses where it answers in-process, as ``ProviderInfo.origins`` has them.
    """
    stage = Stage(clock=clock, studio=studio or FilmStudio(), render_seconds=render_seconds)
    simulator = factory(stage)
    inner: Handler = simulator.handle if kept_at is None else Remembering(simulator, kept_at)
    faulty = Faults(one_at_a_time(inner), faults)
    return Simulated(simulator=simulator, faults=faulty, handler=faulty, clock=clock, origins=origins)
