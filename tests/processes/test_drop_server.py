"""The server that takes a paid request and hangs up: asked once by every first-party provider, whichever way it is asked.

The body has arrived whole when the connection is closed, so nobody can know whether it was taken. With the connection cut like
this the official SDKs and the routers send the request again, up to ten times.
"""

import asyncio
import json
import re

import pytest
from acme.house import quick_studio
from polyreel.async_client import AsyncClient
from polyreel.client import Client
from polyreel.clock import VirtualClock
from polyreel.errors import JobError, JobTimeout, JobUncertain
from polyreel.simulation.faults import Disturbance
from polyreel.simulation.server import SimulationServer
from polyreel.workspace import Simulation

PROMPT = "A paper boat crossing a puddle"
# model -> the model that stands behind it, and what the address of a paid request ends in
MODELS = {
    "openai/sora-2": ("openai/sora-2-pro", "/videos$"),
    "google/gemini-omni-1.2-flash": ("google/veo-3.1-generate-001", "/interactions$|:predictLongRunning$"),
    "google/gemini-omni-1.2-flash@vertex": (
        "google/veo-3.1-generate-001",
        "/interactions$|:predictLongRunning$",
    ),
    "google/veo-3.1-generate-001": ("google/gemini-omni-1.2-flash", "/interactions$|:predictLongRunning$"),
    "amazon/nova-reel-v1:1": ("amazon/luma.ray-v2:0", "/async-invoke$"),
    "amazon/luma.ray-v2:0": ("amazon/nova-reel-v1:1", "/async-invoke$"),
}


class Dropping:
    """Takes every paid request, hangs up, and answers all others.

    Args:
        handler: Who answers.
        paid: A pattern of the paths of paid requests.
        taken: Whether they are acted upon.
    """

    def __init__(self, handler, paid, *, taken):
        self._handler = handler
        self._paid = re.compile(paid)
        self._taken = taken
        self.bodies = []

    def __call__(self, request):
        path = request.url.partition("?")[0]
        if request.method != "POST" or not self._paid.search(path):
            return self._handler(request)
        self.bodies.append(request.content)
        if self._taken:
            self._handler(request)
        raise Disturbance("drop")


@pytest.fixture
def drop(request, tmp_path, monkeypatch):
    """Serve a provider that drops; return it, its simulator's stage, and the setup of a client of it."""
    for name in ("OPENAI_API_KEY", "GOOGLE_API_KEY", "GEMINI_API_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    servers = []

    def serve(model, *, taken):
        clock = VirtualClock()
        clock.set(1_795_500_000 - clock.now())
        simulation = Simulation(clock=clock, studio=quick_studio(), kept=False, render_seconds=5.0)
        name = model.partition("/")[0]
        with Client(simulate=simulation, store="memory", home=tmp_path) as client:
            provider = client.workspace.plugins.provider(name)
            stage = client.workspace.stage(provider)
        dropping = Dropping(stage.simulator.handle, MODELS[model][1], taken=taken)
        server = SimulationServer(dropping, base_url=stage.simulator.base_url).start()
        servers.append(server)
        values = {setting.name: server.url for setting in provider.info.settings if setting.address}
        values |= {"base_url": server.base_url, **stage.simulator.settings}
        names = {setting.name for setting in provider.info.settings}
        settings = {name: {key: value for key, value in values.items() if key in names}}
        return dropping, stage, {"settings": settings, "clock": clock, "store": "memory", "home": tmp_path}

    yield serve
    for server in servers:
        server.stop()


def asked(client, verb, model):
    """Ask for a film; return what came of it."""
    match verb:
        case "generate":
            return client.generate(PROMPT, model=model)
        case "submit":
            return client.submit(PROMPT, model=model)
        case "map":
            (outcome,) = client.map([PROMPT], model=model)
            if outcome.error is not None:
                raise outcome.error
            return outcome.result
        case "fallback":
            return client.generate(PROMPT, model=model, fallback=[MODELS[model][0]])


async def asked_async(client, verb, model):
    match verb:
        case "generate":
            return await client.generate(PROMPT, model=model)
        case "submit":
            return await client.submit(PROMPT, model=model)
        case "map":
            (outcome,) = [outcome async for outcome in client.map([PROMPT], model=model)]
            if outcome.error is not None:
                raise outcome.error
            return outcome.result
        case "fallback":
            return await client.generate(PROMPT, model=model, fallback=[MODELS[model][0]])


def ask(face, setup, verb, model):
    """Ask in one of the two ways; return what came of it, and the one record that there is."""

    async def awaited():
        async with AsyncClient(**setup) as client:
            try:
                result = await asked_async(client, verb, model)
            except JobError as error:
                result = error
            return result, await client.list_jobs()

    if face == "async":
        return asyncio.run(awaited())
    with Client(**setup) as client:
        try:
            result = asked(client, verb, model)
        except JobError as error:
            result = error
        return result, client.list_jobs()


@pytest.mark.parametrize("taken", [True, False], ids=["taken", "not taken"])
@pytest.mark.parametrize("verb", ["generate", "submit", "map", "fallback"])
@pytest.mark.parametrize("face", ["blocking", "async"])
@pytest.mark.parametrize("model", MODELS)
def test_one_request_whatever_becomes_of_it(drop, model, face, verb, taken):
    dropping, stage, setup = drop(model, taken=taken)
    result, jobs = ask(face, setup, verb, model)
    (job,) = jobs  # no other model was asked
    assert job.model == model.partition("@")[0]
    charges = len(stage.charges.entries)
    # One simulator charges when somebody sees the film.
    assert charges <= taken if model.startswith("google/") else charges == taken
    if model.startswith("amazon/"):
        # It knows a token: the same request may come again, and is charged once.
        assert {json.loads(body)["clientRequestToken"] for body in dropping.bodies} == {job.id}
    else:
        assert len(dropping.bodies) == 1
    if job.receipt is None:
        assert not isinstance(result, JobError) or isinstance(result, JobUncertain | JobTimeout)
        assert job.status in {"unknown", "queued"}  # a submit may leave it to be sent again with its token
        assert job.failure is None or job.failure.billed is None
    else:
        assert taken
        assert not isinstance(result, JobError)


@pytest.mark.parametrize("face", ["blocking", "async"])
def test_a_token_or_a_list_saves_the_film(drop, face):
    for model in ("openai/sora-2", "amazon/nova-reel-v1:1"):
        _, stage, setup = drop(model, taken=True)
        result, (job,) = ask(face, setup, "generate", model)
        assert job.status == "completed", result
        assert len(stage.charges.entries) == 1
