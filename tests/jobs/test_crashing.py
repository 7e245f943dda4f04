"""Crashes at every point: never paid twice, and in the end the film is there or its fate honestly unknown.

A crash is not an exception: no handler and no ``finally`` of the dying process runs. So the flow is driven effect by
effect and then simply let go; what it did to the provider, the store and the disk stays, what it knew is lost.
"""

import pytest
from acme.house import House, leftovers, tiny_film
from acme.plugin import Acme, Finds, FullAcme, HoldsOpen
from polyreel.errors import PolyreelError
from polyreel.flows import Fetch, Send
from polyreel.jobs.recovery import SUBMIT_WINDOW
from polyreel.storage.sqlite import SQLiteStore
from polyreel.types.job import Phase

FRESH = {"Finds": type("Finding", (Acme, Finds), {}), "Plain": Acme, "Full": FullAcme, "Holds": HoldsOpen}


class Crashed(Exception):
    """The process is gone."""


class Machine:
    """Drives flows, and crashes after a number of effects."""

    def __init__(self):
        self.morgue = []

    def drive(self, flow, io, *, effects=None):
        """Perform at most ``effects`` effects of ``flow``, those inside an exchange counted singly."""
        stack, result, error, performed = [flow], None, None, 0
        self.morgue.append(stack)  # kept, so that nothing is finalised
        while stack:
            try:
                effect = stack[-1].send(result) if error is None else stack[-1].throw(error)
                result = error = None
            except StopIteration as stop:
                stack.pop()
                result, error = stop.value, None
                continue
            except BaseException as raised:  # noqa: BLE001  handed on, as the drivers do
                stack.pop()
                result, error = None, raised
                continue
            if isinstance(effect, Send | Fetch):
                stack.append(effect.session.exchange(effect))
                continue
            if performed == effects:
                raise Crashed
            performed += 1
            try:
                result = io.perform(effect)
            except BaseException as raised:  # noqa: BLE001  handed on, as the drivers do
                error = raised
        if error is not None:
            raise error
        return result, performed

    def bury(self):
        for stack in self.morgue:
            for flow in reversed(stack):
                flow.close()


@pytest.fixture
def machine():
    made = Machine()
    yield made
    made.bury()


def generating(client):
    return client._operations.generate("a paper boat", "acme/one", {})


def resuming(client):
    return client._operations.resume(None, None, None)


def crash(machine, house, flow_of, effects):
    """Run a process that dies after so many effects; return whether it came to its end before."""
    client = house.client()
    try:
        machine.drive(flow_of(client), client._io, effects=effects)
    except Crashed:
        return False
    except PolyreelError:
        pass
    return True


def settle(house):
    """Start anew, as often as it takes, and return the job as it ends; ``None`` when there never was one."""
    with house.client() as client:
        client.resume()
        jobs = client.list_jobs()
        if not jobs:
            return None
        (job,) = jobs
        if job.phase is Phase.UNKNOWN:
            (job,) = client.resume(job.id)
        return job


def assert_sound(house, job, *, finds):
    assert house.paid <= 1
    assert house.count("POST", "/films$") <= 1
    if job is None:
        assert house.paid == 0
        return
    assert job.status in {"completed", "unknown"}
    if job.status == "completed":
        assert house.paid == 1
        assert job.videos[0].path.read_bytes() == tiny_film()
        assert job.failure is None
    else:
        assert job.failure.billed is None
        # A provider that can be asked leaves nothing in doubt that was paid for.
        assert not (finds and house.paid)


@pytest.mark.parametrize("provider", FRESH)
def test_a_crash_after_any_effect(provider, tmp_path, machine):
    effects, outcomes = 0, []
    while True:
        folder = tmp_path / str(effects)
        house = House(folder, provider=FRESH[provider](), render_seconds=5.0)
        if crash(machine, house, generating, effects):
            break
        job = settle(house)
        assert_sound(house, job, finds=provider in {"Finds", "Full"})
        outcomes.append(None if job is None else job.status)
        effects += 1
    # Every kind of crash was there: before the intent, around the submit, and after the receipt.
    assert effects > 8
    assert outcomes[0] is None
    assert outcomes[-1] == "completed"
    assert "unknown" in outcomes
    if provider == "Plain":
        # Exactly between the intent and the receipt nobody can know.
        doubtful = [index for index, outcome in enumerate(outcomes) if outcome == "unknown"]
        assert doubtful == list(range(doubtful[0], doubtful[-1] + 1))
        assert len(doubtful) <= 3


@pytest.mark.parametrize("provider", ["Finds", "Plain"])
def test_a_crash_after_any_effect_with_a_real_store(provider, tmp_path, machine):
    effects = 0
    while True:
        folder = tmp_path / str(effects)
        path = folder / "jobs.sqlite3"
        house = House(folder, provider=FRESH[provider](), render_seconds=1.0, store=SQLiteStore(path))
        ended = crash(machine, house, generating, effects)
        house.store.close()
        if ended:
            break
        house.store = SQLiteStore(path)
        assert_sound(house, settle(house), finds=provider == "Finds")
        effects += 1
    assert effects > 8


@pytest.mark.parametrize("provider", ["Finds", "Plain"])
def test_two_crashes_after_any_effects(provider, tmp_path, machine):
    first = 0
    histories = 0
    while True:
        second = 0
        while True:
            house = House(tmp_path / f"{first}-{second}", provider=FRESH[provider](), render_seconds=1.0)
            ended = crash(machine, house, generating, first)
            if ended:
                break
            over = crash(machine, house, resuming, second)
            assert_sound(house, settle(house), finds=provider == "Finds")
            histories += 1
            if over:
                break
            second += 1
        if ended:
            break
        first += 1
    assert histories > 50


def test_what_a_crash_left_on_the_disk_is_only_a_part_that_can_be_swept(tmp_path, machine):
    effects, parts = 0, 0
    while True:
        folder = tmp_path / str(effects)
        house = House(folder, render_seconds=1.0)
        if crash(machine, house, generating, effects):
            break
        films = list(folder.rglob("*.mp4"))
        assert all(film.read_bytes() == tiny_film() for film in films)
        parts += len(leftovers(folder))
        effects += 1
    assert parts > 0


def test_a_resume_right_after_a_crash_waits_until_the_submit_is_surely_over(tmp_path, machine):
    house = House(tmp_path, provider=FRESH["Finds"]())
    client, effects = house.client(), 0
    while house.paid == 0:
        house = House(tmp_path, provider=FRESH["Finds"]())
        client = house.client()
        effects += 1
        with pytest.raises(Crashed):
            machine.drive(generating(client), client._io, effects=effects)
    (job,) = client.list_jobs()
    assert (job.phase, job.receipt) == (Phase.SUBMITTING, None)
    began = house.clock.now()
    with house.client() as again:
        (still,) = again.resume(timeout=SUBMIT_WINDOW - 10)
        assert (still.status, house.clock.now()) == ("queued", began)
        (ended,) = again.resume()
    assert ended.status == "completed"
    assert house.clock.now() >= began + SUBMIT_WINDOW
    assert house.count("POST") == house.paid == 1


def test_a_clock_that_is_set_back_stalls_nothing(house):
    with house.client() as client:
        job = client.submit("a paper boat", model="acme/one")
        house.clock.advance(-86_400)
        began = house.clock.now()
        house.state["films"]["film_1"] |= {"at": began, "ready": began + 30}
        assert client.wait(job.id).job.status == "completed"
    assert house.clock.now() - began < 120
