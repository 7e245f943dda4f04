"""What a harsh user tried: moments and answers at which money or a film could have been lost."""

from dataclasses import replace

import pytest
from acme.house import FaithfulStore, House
from acme.plugin import INFO, Acme
from polyreel.clock import VirtualClock
from polyreel.errors import ConfigurationError, InvalidRequest, JobFailed, JobTimeout, StorageFailed
from polyreel.flows import BlockingIO, Call, Fetch, Send, Sleep, bounded, mapped, run
from polyreel.hookspecs import hookimpl
from polyreel.http import Request
from polyreel.simulation.faults import Fault
from polyreel.types.job import Phase

CREATE = {"method": "POST", "path": "/films$"}
LOOK = {"method": "GET", "path": "/films/[^/]+$"}


class Tokens(Acme):
    """Its vendor knows a token."""

    @hookimpl
    def provider_info(self):
        return replace(INFO, idempotency="header", idempotency_header="X-Token")


def test_a_vendor_that_knows_a_token_is_asked_again_with_the_same_one(tmp_path):
    seen = []
    house = House(tmp_path, provider=Tokens(), real=True, faults=(Fault(kind="drop_before", **CREATE),))
    handle = house.simulated.simulator.handle

    def watched(request):
        if request.method == "POST":
            seen.append(request.headers.get("x-token"))
        return handle(request)

    house.simulated.simulator.handle = watched
    house.simulated.faults._handler = watched
    with house.client() as client:
        job = client.submit("a paper boat", model="acme/one")
    assert job.status == "queued"
    assert house.count("POST") == 2
    assert house.paid == 1
    assert seen == [job.id]  # the first try was cut off before the server


class Interrupted(FaithfulStore):
    """Ctrl-C arrives while the receipt is being written."""

    armed = True

    def save(self, job, **given):
        if self.armed and job.receipt is not None:
            self.armed = False
            raise KeyboardInterrupt
        super().save(job, **given)


def test_an_interrupt_while_the_receipt_is_written_does_not_lose_it(tmp_path):
    house = House(tmp_path, real=True, store=Interrupted())
    with house.client() as client, pytest.raises(KeyboardInterrupt):
        client.submit("a paper boat", model="acme/one")
    with house.client() as client:
        (job,) = client.list_jobs()
        assert job.receipt is not None
        assert client.wait(job.id).job.status == "completed"
    assert house.paid == 1


class Recorded(FaithfulStore):
    """Ctrl-C arrives right after a record was written that ``caught`` recognises."""

    def __init__(self, caught):
        super().__init__()
        self.caught = caught

    def add(self, job, **given):
        added = super().add(job, **given)
        self._press(job)
        return added

    def save(self, job, **given):
        super().save(job, **given)
        self._press(job)

    def _press(self, job):
        if self.caught and self.caught(job):
            self.caught = None
            raise KeyboardInterrupt


def test_an_interrupt_right_after_the_receipt_was_written_is_still_an_interrupt(tmp_path):
    house = House(tmp_path, real=True, store=Recorded(lambda job: job.receipt is not None))
    with house.client() as client, pytest.raises(KeyboardInterrupt):
        client.generate("a paper boat", model="acme/one")
    (job,) = house.store.find()
    assert (job.phase, house.paid) == (Phase.ACCEPTED, 1)


@pytest.mark.parametrize("phase", [Phase.CREATED, Phase.SUBMITTING])
def test_an_interrupt_right_after_the_intent_was_written_leaves_nothing_that_is_sent_later(tmp_path, phase):
    house = House(tmp_path, real=True, store=Recorded(lambda job: job.phase is phase))
    with house.client() as client:
        with pytest.raises(KeyboardInterrupt) as caught:
            client.generate("a paper boat", model="acme/one")
        assert caught.value.job.phase is Phase.CANCELLED
        assert client.resume() == []
    assert house.paid == 0


class Full(FaithfulStore):
    """The disk has no room for a receipt."""

    def save(self, job, **given):
        if job.receipt is not None:
            raise StorageFailed("the disk is full")
        super().save(job, **given)


def test_an_interrupt_while_the_disk_is_full_tells_the_receipt(tmp_path):
    class Pressed(VirtualClock):
        def sleep(self, seconds):
            raise KeyboardInterrupt

    house = House(tmp_path, real=True, store=Full(), clock=Pressed())
    with house.client() as client, pytest.raises(KeyboardInterrupt) as caught:
        client.submit("a paper boat", model="acme/one")
    assert "--adopt film_1" in caught.value.__notes__[0]


@pytest.mark.parametrize("by", [100.0, -86_400.0])
def test_a_clock_that_is_set_neither_ends_nor_lengthens_a_timeout(tmp_path, by):
    class Set(VirtualClock):
        """Somebody sets the time of day during the first pause."""

        def sleep(self, seconds):
            super().sleep(seconds)
            self.set(by)
            self.__class__ = VirtualClock

    house = House(tmp_path, real=True, clock=Set(), render_seconds=600.0)
    with house.client() as client:
        began = house.clock.steady()
        with pytest.raises(JobTimeout):
            client.generate("a paper boat", model="acme/one", timeout=30)
    assert house.clock.steady() - began == pytest.approx(30, abs=1)


def test_an_observer_that_fails_before_the_request_leaves_no_riddle(tmp_path):
    house = House(tmp_path, real=True)

    def fail(job):
        raise RuntimeError("the observer's own fault")

    with house.client() as client:
        with pytest.raises(RuntimeError, match="own fault"):
            client.submit("a paper boat", model="acme/one", on_progress=fail)
        (job,) = client.list_jobs()
    assert (job.status, job.failure.billed) == ("failed", False)
    assert house.count("POST") == 0


def test_half_a_character_in_an_answer_loses_nothing(tmp_path):
    house = House(tmp_path, real=True)
    with house.client() as client:
        job = client.submit("a paper boat", model="acme/one")
        house.script({"state": "failed", "error": {"code": "\ud800", "message": "half \udfff"}})
        with pytest.raises(JobFailed):
            client.wait(job.id)
        assert client.get_job(job.id).status == "failed"


def test_the_time_to_wait_bounds_a_server_that_hangs(tmp_path):
    house = House(tmp_path, real=True, faults=(Fault(kind="hang", times=None, **LOOK),))
    with house.client() as client:
        began = house.clock.now()
        with pytest.raises(JobTimeout, match="goes on"):
            client.generate("a paper boat", model="acme/one", timeout=5)
        assert house.clock.now() - began < 12
        assert client.list_jobs()[0].status == "queued"


@pytest.mark.parametrize(
    "native", [{"x": object()}, {"x": float("nan")}, {"x": b"a"}, {1: 2}, {"x": (1,)}, {"x": "\ud800"}]
)
def test_native_fields_that_json_cannot_say_are_refused(native, tmp_path):
    house = House(tmp_path, real=True)
    with house.client() as client, pytest.raises(InvalidRequest, match="native"):
        client.submit("a paper boat", model="acme/one", native=native)
    assert house.count("POST") == 0


def test_a_rendered_job_that_is_fetched_elsewhere_is_complete(tmp_path):
    house = House(tmp_path, real=True, faults=(Fault(kind="cut", times=3, path="/file/"),))
    with house.client() as client:
        with pytest.raises(Exception, match="ended after"):
            client.generate("a paper boat", model="acme/one")
        (job,) = client.list_jobs()
        assert job.phase.value == "rendered"
        (film,) = client.fetch(job.id, output=tmp_path / "elsewhere.mp4")
        assert film.path == tmp_path / "elsewhere.mp4"
        assert client.get_job(job.id).status == "completed"
        assert client.fetch(job, assets="video", output=tmp_path / "again.mp4")[0].path.exists()


@pytest.mark.parametrize(
    ("setup", "words"),
    [
        ({"settings": {"acme": {"regoin": "mars"}}}, "no setting 'regoin'.*did you mean 'region'"),
        ({"settings": {"acmee": {"region": "mars"}}}, "'acmee'.*not installed"),
        ({"api_keys": "sk-1"}, "api_keys must be a mapping"),
        ({"api_keys": {"acme": 5}}, "must be texts"),
        ({"settings": {"acme": {"base_url": "localhost:80"}}}, "no valid address"),
        ({"settings": {"acme": {"base_url": "https://a.example/v1?x=1"}}}, "query"),
        ({"settings": {"acme": {"base_url": "https://joe:pw123456@a.example/v1"}}}, "user name or password"),
        ({"api_keys": {"acme": "key\nwith a break"}}, "holds a line break"),
        ({"api_keys": {"acme": "schlüssel-123"}}, "copy it again"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_before_anything(setup, words, tmp_path):
    house = House(tmp_path)
    arguments = {**house.setup, "simulate": False, **setup}
    from polyreel import Client

    with pytest.raises(ConfigurationError, match=words) as caught, Client(**arguments) as client:
        client.submit("a paper boat", model="acme/one")
    assert "pw123456" not in str(caught.value)
    assert "schlüssel" not in str(caught.value)
    assert house.store.find() == []


def test_a_job_stands_for_its_id(tmp_path):
    with House(tmp_path).client() as client:
        result = client.generate("a paper boat", model="acme/one")
        assert client.get_job(result) == client.get_job(result.job) == client.get_job(result.job.id)
        with pytest.raises(Exception, match="not by a int"):
            client.get_job(5)
        with pytest.raises(InvalidRequest, match="timeout"):
            client.wait(result.job.id, timeout="5")
        assert client.list_jobs(limit=10**30)


def driven(flow, clock):
    class Nothing:
        def send(self, wire):
            raise AssertionError("nothing is sent")

    return run(flow, BlockingIO(transport=Nothing(), clock=clock))


def test_a_mapped_flow_performs_what_it_is_told_to_and_still_sees_errors():
    def flow():
        first = yield Call(function=lambda: 1)
        try:
            yield Call(function=lambda: 1 / 0)
        except ZeroDivisionError:
            yield Sleep(seconds=2)
        return first

    clock = VirtualClock()
    seen = []

    def change(effect):
        seen.append(type(effect))
        return replace(effect, seconds=7) if isinstance(effect, Sleep) else effect

    began = clock.now()
    assert driven(mapped(flow(), change), clock) == 1
    assert (seen, clock.now() - began) == ([Call, Call, Sleep], 7)


def test_a_bounded_flow_gives_each_exchange_only_the_time_that_is_left():
    clock = VirtualClock()
    until = clock.now() + 10
    request = Request(method="GET", url="https://a.example/")
    send = Send(request=request, session=None, timeout=60)
    fetch = Fetch(request=request, session=None, into=None, max_bytes=1, timeout=3)

    def flow():
        yield send
        yield fetch

    effects = []
    bound = bounded(flow(), until=until, clock=clock)
    effects.append(next(bound))
    clock.advance(4)
    effects.append(bound.send(None))
    bound.close()
    assert [(effect.timeout, effect.until) for effect in effects] == [(10, until), (3, until)]
