"""The plugin against the simulator, through the core's own driver: both must agree about every operation."""

import io
from dataclasses import replace

import pytest
from PIL import Image
from polyreel.clock import VirtualClock
from polyreel.errors import RequestRejected
from polyreel.exchange import AccountSession, Endpoint
from polyreel.flows import BlockingIO, run
from polyreel.http import encode
from polyreel.simulation.films import FilmSpec, render_film
from polyreel.simulation.simulator import Stage
from polyreel.types.media import MediaRef
from polyreel.types.provider import Account
from polyreel_openai_sora import plugin


class InProcess:
    """Carries exchanges to a simulator."""

    def __init__(self, simulator):
        self.simulator = simulator

    def send(self, wire):
        headers, content = encode(wire.request)
        lowered = {name.lower(): value for name, value in headers.items()}
        plain = replace(
            wire.request, url=wire.request.address, query={}, headers=lowered, form=None, json=None
        )
        return self.simulator.handle(replace(plain, content=content))


class Service:
    """The simulator, as the hooks see it."""

    def __init__(self, settings):
        self.clock = VirtualClock()
        simulator = plugin.simulator()(Stage(clock=self.clock))
        self.settings = settings(base_url=simulator.base_url, **simulator.settings)
        session = AccountSession(
            clock=self.clock, auth=plugin.authenticate(self.settings), base_url=simulator.base_url
        )
        self.http = Endpoint(session, simulator.base_url)
        self._io = BlockingIO(transport=InProcess(simulator), clock=self.clock)

    def bind(self, task):
        return replace(task, settings=self.settings, http=self.http)

    def run(self, flow):
        return run(flow, self._io)

    def make(self, task):
        """Submit, find it again as after a crash, let it finish, and return its receipt and last look."""
        task = self.bind(task)
        assert plugin.validate_parameters(task) == []
        since = self.clock.now()
        receipt = self.run(plugin.submit(task))
        assert self.run(plugin.poll(task, receipt)).state in {"queued", "running"}
        assert [found.id for found in self.run(plugin.find_submission(task, since))] == [receipt.id]
        self.clock.advance(60)
        return receipt, self.run(plugin.poll(task, receipt))


@pytest.fixture
def service(settings):
    return Service(settings)


@pytest.fixture
def picture(media):
    file = io.BytesIO()
    Image.new("RGB", (1280, 720)).save(file, "PNG")
    return media(content=file.getvalue(), width=1280, height=720)


@pytest.fixture(scope="module")
def film():
    return render_film(FilmSpec(model="test", prompt="Mo", width=1280, height=720, duration=2))


def test_new_film_from_words_and_a_picture(service, task, picture):
    asked = task(duration=8, size="1280x720", input_image=picture)
    receipt, last = service.make(asked)
    assert (last.state, last.payload["seconds"], last.payload["size"]) == ("succeeded", "8", "1280x720")
    asked = service.bind(asked)
    for asset in plugin.normalise_result(asked, last.payload):
        content = service.run(service.http.get(asset.url, query=asset.query, headers=asset.headers))
        assert (content.status, content.media_type) == (200, asset.media_type)
    assert plugin.settle(last.payload) is None
    assert service.run(plugin.cancel(asked, receipt)).outcome == "not_supported"
    assert service.run(plugin.delete(asked, receipt)).outcome == "cancelled"
    assert service.run(plugin.delete(asked, receipt)).outcome == "too_late"


def test_every_way_to_work_from_an_earlier_film(service, task):
    receipt, _ = service.make(task(duration=12))
    source = MediaRef(parameter="video", id=receipt.id)
    lengths = {}
    for operation in ("edit", "remix", "extend"):
        _, last = service.make(task(f"again, {operation}", video=source, openai_operation=operation))
        lengths[operation] = last.payload["seconds"]
    assert lengths == {"edit": "12", "remix": "12", "extend": "16"}
    listed = service.run(plugin.list_remote(Account(settings=service.settings, http=service.http), 10))
    assert [remote.prompt for remote in listed] == [
        "again, extend",
        "again, remix",
        "again, edit",
        "A paper boat",
    ]


def test_file_is_edited_by_the_model_that_was_asked_for(service, task, clip, film):
    _, last = service.make(task(model="sora-2-pro", video=clip(content=film)))
    assert (last.state, last.payload["model"]) == ("succeeded", "sora-2-pro")


def test_character_is_made_of_a_clip_and_appears_beside_a_picture(service, task, clip, film, picture):
    video = clip("openai_characters/0/video", film)
    asked = task(
        "Mo rows", size="1280x720", input_image=picture, openai_characters=[{"name": "Mo", "video": video}]
    )
    assert plugin.validate_parameters(service.bind(asked)) == []
    made = service.run(plugin.upload(service.bind(asked), video))
    parameters = {**asked.parameters, "openai_characters": [{"name": "Mo", "video": made}]}
    _, last = service.make(replace(asked, parameters=parameters))
    assert last.state == "succeeded"


def test_missing_model_is_said(service, task):
    with pytest.raises(RequestRejected) as caught:
        service.run(plugin.submit(service.bind(task(model="sora-9"))))
    assert (caught.value.code, caught.value.billed) == ("model_not_found", False)
