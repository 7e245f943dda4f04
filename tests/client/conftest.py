"""Both clients behind one blocking face, simulating under a virtual clock with quick films."""

import asyncio
import inspect
from contextlib import ExitStack

import pytest
from acme.house import House, acme_plugins, quick_studio
from acme.plugin import Acme
from polyreel.async_client import AsyncClient
from polyreel.client import Client
from polyreel.clock import VirtualClock
from polyreel.workspace import Simulation


class Face:
    """A client whose methods block, whichever it is; ``watch`` gives a list."""

    def __init__(self, kind, runner, **setup):
        self.kind = kind
        self._runner = runner
        self.client = Client(**setup) if kind == "blocking" else AsyncClient(**setup)

    def __getattr__(self, name):
        method = getattr(self.client, name)

        def called(*args, **kwargs):
            return self._ended(method(*args, **kwargs))

        return called

    def _ended(self, result):
        if inspect.isawaitable(result):
            return self._runner.run(_awaited(result))
        if inspect.isasyncgen(result):
            return self._runner.run(_listed(result))
        return list(result) if inspect.isgenerator(result) else result

    @property
    def workspace(self):
        return self.client.workspace


async def _awaited(awaitable):
    return await awaitable


async def _listed(items):
    return [item async for item in items]


@pytest.fixture(params=["blocking", "async"])
def face(request, monkeypatch, tmp_path):
    """Make clients of one kind; the OpenAI provider is simulated unless something else is said."""
    monkeypatch.setenv("POLYREEL_HOME", str(tmp_path / "home"))
    with ExitStack() as stack:
        runner = stack.enter_context(asyncio.Runner())

        def made(**setup):
            setup = {"simulate": simulation(), "store": "memory"} | setup
            face = Face(request.param, runner, **setup)
            stack.callback(face.close)
            return face

        yield made


def simulation(**options):
    return Simulation(
        **({"clock": VirtualClock(), "studio": quick_studio(), "render_seconds": 30.0} | options)
    )


@pytest.fixture
def simulated():
    """Make a simulation that waits for nothing."""
    return simulation


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


@pytest.fixture
def client(monkeypatch, tmp_path):
    """A blocking client that simulates."""
    monkeypatch.setenv("POLYREEL_HOME", str(tmp_path / "home"))
    with Client(simulate=simulation(), store="memory") as made:
        yield made


def stage_of(client, provider="openai"):
    """The simulator that answers for a provider, with its faults and its charges."""
    return client.workspace.stage(client.workspace.plugins.provider(provider))


@pytest.fixture
def stage():
    return stage_of


@pytest.fixture
def plain_plugins():
    """Only a provider with no more than it must have."""
    return acme_plugins(Acme())
