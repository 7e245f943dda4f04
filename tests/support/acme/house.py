"""A client with everything around it that a test looks at: the time, the simulator, its faults and its ledger."""

import json
import struct
import zlib
from dataclasses import dataclass, field, replace
from functools import cache

from polyreel.async_client import AsyncClient
from polyreel.client import Client
from polyreel.clock import VirtualClock
from polyreel.plugins import Plugins
from polyreel.simulation.films import FilmSpec, render_film
from polyreel.simulation.simulator import FilmStudio
from polyreel.storage.memory import MemoryStore
from polyreel.types.job import Job
from polyreel.workspace import Simulation

from acme.plugin import FullAcme


@cache
def tiny_film():
    """A real MP4 with sound, made once."""
    return render_film(FilmSpec(model="acme/one", prompt="tiny", width=320, height=320, duration=0.5, fps=8))


@cache
def quick_studio():
    """Every film is the tiny one, every picture one pixel."""
    return FilmStudio(
        film=lambda _: tiny_film(), thumbnail=lambda _: picture(), spritesheet=lambda _: picture()
    )


def picture(width=1, height=1):
    """A whole PNG in one colour."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\x80\x80\x80" * width for _ in range(height)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


class FaithfulStore(MemoryStore):
    """In memory, but everything goes through JSON as it would on a disk."""

    def add(self, job, **given):
        return super().add(Job.model_validate_json(job.model_dump_json()), **given)

    def save(self, job, **given):
        super().save(Job.model_validate_json(job.model_dump_json()), **given)

    def forget_leases(self):
        """Do what the system does when a process ends: what it held is free."""
        self._leases.clear()


def acme_plugins(provider=None, **options):
    """Plugins of which ``acme`` is the only one."""
    plugins = Plugins(entry_points=lambda _: [], **options)
    plugins.add_provider("acme", provider or FullAcme())
    return plugins


@dataclass
class House:
    """Clients of one simulated provider, and what they stand on.

    Attributes:
        home: The folder for data and configuration.
        provider: The provider; the complete one if nothing is said.
        render_seconds: How long a film takes.
        real: Whether jobs count as real, so that their bill can be looked at; the simulator answers all the same.
        budget: What its clients may spend.
    """

    home: object
    provider: object = field(default_factory=FullAcme)
    faults: tuple = ()
    render_seconds: float = 30.0
    real: bool = False
    budget: object = None
    store: object = field(default_factory=FaithfulStore)
    clock: VirtualClock = field(default_factory=VirtualClock)

    def __post_init__(self):
        self.plugins = acme_plugins(self.provider)
        self._stages = {}

    @property
    def setup(self):
        return {
            "simulate": Simulation(
                clock=self.clock,
                faults=self.faults,
                render_seconds=self.render_seconds,
                kept=False,
                studio=quick_studio(),
            ),
            "plugins": self.plugins,
            "home": self.home,
            "store": self.store,
            "budget": self.budget,
            "api_keys": {"acme": "acme-simulated"},
        }

    def client(self):
        """A new client, as another process would make one: the store and the provider are the same."""
        return self._furnished(Client(**self.setup))

    def async_client(self):
        return self._furnished(AsyncClient(**self.setup))

    def _furnished(self, client):
        client.workspace._stages.update(self._stages)
        self._stages = client.workspace._stages
        client.workspace.stage(self.plugins.provider("acme"))
        if self.real:
            desk = client._operations.desk
            desk = replace(desk, simulated=False, purse=replace(desk.purse, rehearsing=False))
            client._operations = replace(client._operations, desk=desk)
        return client

    @property
    def simulated(self):
        if not self._stages:
            self.client().close()
        return self._stages["acme"]

    @property
    def state(self):
        return self.simulated.simulator.stage.state

    @property
    def charges(self):
        return self.simulated.charges

    def add(self, *faults):
        self.simulated.faults.add(*faults)

    def count(self, method, path=""):
        return self.simulated.faults.count(method, path)

    @property
    def paid(self):
        """How often a film was paid for."""
        return len(self.charges.billed_jobs)

    def script(self, *answers):
        """What the next looks at a job are told, laid over the truth."""
        self.state["script"] = json.loads(json.dumps(answers))


def leftovers(folder):
    """What interrupted fetches left behind."""
    return sorted(folder.rglob(".polyreel-*"))
