"""What happens around a fetch: leases, leftovers, digests, and the alarm when a film is about to be deleted."""

import hashlib
import logging
import os

import pytest
from acme.house import House, leftovers, tiny_film
from acme.plugin import HoldsOpen
from hypothesis import given
from hypothesis import strategies as st
from polyreel.clock import VirtualClock
from polyreel.errors import FetchFailed
from polyreel.hookspecs import hookimpl
from polyreel.jobs.holding import HELD_FOR, RENEWED_EVERY, Hold
from polyreel.jobs.retention import kept_until, overdue
from polyreel.simulation.faults import Fault
from polyreel.storage.conflicts import ConcurrentWrite
from polyreel.storage.leases import Lease
from polyreel.storage.locks import lock
from polyreel.types.asset import Asset
from polyreel.types.job import Job, Phase

FILM = {"method": "GET", "path": "/file/", "times": None}
DAY = 24 * 3600.0


def unfetched(house, **options):
    """A job whose film is ready and could not be fetched."""
    house.add(Fault(kind="status", status=500, **FILM))
    with house.client() as client:
        with pytest.raises(FetchFailed) as caught:
            client.generate("a paper boat", model="acme/one", **options)
        return client.get_job(caught.value.job.id)


def resumed(house, job):
    house.simulated.faults.clear()
    with house.client() as client:
        return client.wait(job.id).job


# --- the record -------------------------------------------------------------------------------------------------


def test_the_digest_of_each_film_is_recorded(house, tmp_path):
    with house.client() as client:
        client.generate("a paper boat", model="acme/one", n=2, output=tmp_path / "boat.mp4")
        (job,) = client.list_jobs()
    assert [film.sha256 for film in job.videos] == [hashlib.sha256(tiny_film()).hexdigest()] * 2
    assert [film.size_bytes for film in job.videos] == [len(tiny_film())] * 2
    assert leftovers(tmp_path) == []


def test_a_film_that_came_inside_the_answer_has_a_digest_too(tmp_path):
    class Inline(HoldsOpen):
        @hookimpl(tryfirst=True)
        def normalise_result(self, payload):
            return [Asset(content=tiny_film())]

    house = House(tmp_path, provider=Inline())
    with house.client() as client:
        film = client.generate("a paper boat", model="acme/one").videos[0].asset
    assert film.sha256 == hashlib.sha256(tiny_film()).hexdigest()
    assert leftovers(tmp_path) == []


# --- the alarm --------------------------------------------------------------------------------------------------


def test_half_of_the_time_that_a_film_is_kept_raises_the_alarm_once(house, caplog):
    job = unfetched(house)
    assert job.warnings == ()
    house.clock.advance(1800)  # of the 3600 seconds that acme keeps a film
    told = []
    house.plugins.notify = lambda after, before: told.append((after, before))
    with caplog.at_level(logging.WARNING, logger="polyreel"), house.client() as client:
        for _ in range(2):
            with pytest.raises(FetchFailed):
                client.wait(job.id)
        warned = client.get_job(job.id)
    (notice,) = warned.warnings
    assert notice.message.startswith("half of the time for which acme keeps the film has passed")
    assert f"polyreel jobs resume {job.id}" in notice.message
    assert [record.levelname for record in caplog.records if job.id in record.message] == ["WARNING"]
    assert warned.phase is Phase.RENDERED
    done = resumed(house, job)
    assert (done.status, done.warnings) == ("completed", (notice,))


def test_observers_see_the_alarm(house):
    job = unfetched(house)
    house.clock.advance(1800)
    told = []
    with house.client() as client:
        lifecycle = client._operations.lifecycle
        object.__setattr__(lifecycle, "notify", lambda after, before: told.append((before, after)))
        with pytest.raises(FetchFailed):
            client.wait(job.id)
    changes = [
        (before.warnings, after.warnings) for before, after in told if before.warnings != after.warnings
    ]
    assert [(len(before), len(after)) for before, after in changes] == [(0, 1)]


def test_before_half_of_the_time_nobody_is_alarmed(house):
    job = unfetched(house)
    house.clock.advance(1700)
    assert resumed(house, job).warnings == ()


def record(*, phase=Phase.RENDERED, rendered_at=1000.0, **film):
    asset = Asset(**{"url": "/a", "expires_at": 3000.0, **film})
    return Job(
        id="job_1",
        provider="acme",
        model="acme/one",
        phase=phase,
        prompt="a",
        created_at=0.0,
        updated_at=0.0,
        rendered_at=rendered_at,
        assets=(asset,),
    )


@pytest.mark.parametrize(
    ("job", "late"),
    [
        (record(), True),
        (record(phase=Phase.STORED), False),
        (record(phase=Phase.RUNNING), False),
        (record(rendered_at=None), False),
        (record(expires_at=None), False),
        (record(path="/films/a.mp4"), False),
        (record(stored="s3://films/a.mp4"), False),
        (record(stays="it is in your bucket"), False),
    ],
)
def test_only_a_film_that_is_about_to_be_lost_is_worth_an_alarm(job, late):
    assert (overdue(job, now=2500.0) is not None) is late


@given(rendered=st.floats(0, 1e6), kept=st.floats(1, 1e6), passed=st.floats(0, 2, allow_nan=False))
def test_the_alarm_is_at_half_of_the_time(rendered, kept, passed):
    job = record(rendered_at=rendered, expires_at=rendered + kept)
    late = overdue(job, now=rendered + kept * passed) is not None
    assert late == (passed >= 0.5) or abs(passed - 0.5) < 1e-6
    assert kept_until(job) == rendered + kept


def test_the_film_that_goes_first_counts():
    first, last = Asset(url="/a", expires_at=10.0), Asset(url="/b", index=1, expires_at=20.0)
    job = record().model_copy(update={"assets": (last, first)})
    assert kept_until(job) == 10.0


# --- holding a job ----------------------------------------------------------------------------------------------


class Leases:
    """A store that keeps nothing but one lease."""

    def __init__(self, lease):
        self.lease = lease
        self.renewed = 0

    def renew(self, job_id, lease, *, held):
        if self.lease != held:
            return False
        self.lease, self.renewed = lease, self.renewed + 1
        return True

    def release(self, job_id, lease):
        if self.lease == lease:
            self.lease = None


def test_a_fetch_holds_its_job_for_as_long_as_it_takes():
    clock, mine = VirtualClock(), Lease(owner="me", until=1100.0)
    store = Leases(mine)
    hold = Hold(store=store, clock=clock, job_id="job_1", lease=mine)
    for _ in range(10):
        clock.advance(HELD_FOR - 1)
        hold.renew()
    assert store.lease == Lease(owner="me", until=clock.steady() + HELD_FOR)
    hold.release()
    assert store.lease is None


def test_a_fetch_of_a_moment_writes_no_lease():
    clock = VirtualClock()
    store = Leases(Lease(owner="me", until=clock.steady() + HELD_FOR))
    hold = Hold(store=store, clock=clock, job_id="job_1", lease=store.lease)
    clock.advance(RENEWED_EVERY)
    hold.renew()
    assert store.renewed == 0
    clock.advance(0.5)
    hold.renew()
    assert store.renewed == 1


def test_a_job_that_somebody_took_is_not_held_any_more():
    store = Leases(Lease(owner="you", until=9999.0))
    hold = Hold(store=store, clock=VirtualClock(), job_id="job_1", lease=Lease(owner="me", until=1100.0))
    with pytest.raises(ConcurrentWrite):
        hold.renew()
    hold.release()
    assert store.lease == Lease(owner="you", until=9999.0)


def test_without_a_lease_nothing_is_renewed():
    hold = Hold(store=Leases(None), clock=VirtualClock(), job_id="job_1", lease=None)
    hold.renew()
    hold.release()


def test_a_process_whose_lease_was_over_publishes_nothing(house, tmp_path):
    """It was stopped while the film came, and another process took the job over meanwhile."""
    job = unfetched(house, output=tmp_path / "boat.mp4")
    house.simulated.faults.clear()
    with house.client() as client:
        store = client._operations.store
        house.add(
            Fault(
                kind="rewrite",
                rewrite=lambda answer: (claimed(store, job, house.clock), answer)[1],
                **{**FILM, "times": 1},
            )
        )
        house.clock.advance(HELD_FOR * 2)
        client._run(client._operations.steps.advance(job.id))
        assert list(tmp_path.glob("boat*")) == []
        assert client.get_job(job.id).phase is Phase.RENDERED


def claimed(store, job, clock):
    """Another process takes the job, our lease being over."""
    clock.advance(HELD_FOR * 2)
    lease = Lease(owner=f"{store.me.partition(':')[0]}:another", until=clock.steady() + 60.0)
    assert isinstance(store.claim(job.id, lease, steady=clock.steady()), Job)


@pytest.mark.parametrize("second", ["finds the first one's film", "fetches another"])
def test_of_two_processes_that_both_fetched_only_the_recorded_film_stays(house, tmp_path, second):
    """The first was stopped between its film's appearing and its record, for longer than its lease."""
    job = unfetched(house, output=tmp_path / "boat.mp4")
    house.simulated.faults.clear()
    with house.client() as slow, house.client() as quick:
        store = slow._operations.store
        real = store.save

        def overtaken(after, **options):
            if after.phase is Phase.STORED:
                store.save = real
                house.clock.advance(HELD_FOR * 2)
                (hidden,) = leftovers(tmp_path)
                with hidden.open("r+b") as file:
                    if second == "fetches another":  # a process that holds on to the film is never waited for
                        assert lock(file)
                    quick.wait(job.id)
            return real(after, **options)

        store.save = overtaken
        result = slow.wait(job.id)
        record = slow.get_job(job.id)
    name = "boat-2.mp4" if second == "fetches another" else "boat.mp4"
    assert (record.status, result.path) == ("completed", tmp_path / name)
    assert result.path.read_bytes() == tiny_film()
    assert [path.name for path in tmp_path.glob("boat*")] == [name]
    assert leftovers(tmp_path) == []


# --- leftovers --------------------------------------------------------------------------------------------------


def left(folder, name, *, age, now):
    path = folder / name
    path.write_bytes(b"left")
    os.utime(path, (now - age, now - age))
    return path


def test_the_first_fetch_into_a_folder_sweeps_it(house, tmp_path):
    waiting = unfetched(house, output=tmp_path / "waiting.mp4")
    house.simulated.faults.clear()
    now = house.clock.now()
    over = [
        left(tmp_path, ".polyreel-0123456789abcdef.part", age=2 * DAY, now=now),
        left(tmp_path, ".polyreel-job_gone-video-0-00000000.part", age=2 * DAY, now=now),
        left(tmp_path, ".polyreel-job_gone-video-0-00000000.part.json", age=2 * DAY, now=now),
    ]
    young = left(tmp_path, ".polyreel-job_gone-video-1-00000000.part", age=DAY / 2, now=now)
    resumable = left(tmp_path, f".polyreel-{waiting.id}-shot-3-00000000.part", age=2 * DAY, now=now)
    mine = left(tmp_path, "mine.part", age=2 * DAY, now=now)
    with house.client() as client:
        client.generate("a paper boat", model="acme/one", output=tmp_path / "boat.mp4")
        assert not any(path.exists() for path in over)
        assert all(path.exists() for path in (young, resumable, mine))
        again = left(tmp_path, ".polyreel-0123456789abcdef.part", age=2 * DAY, now=now)
        client.generate("a paper boat", model="acme/one", output=tmp_path / "boat2.mp4")
        assert again.exists()  # a folder of ten thousand films is not read ten thousand times
    with house.client() as client:
        client.generate("a paper boat", model="acme/one", output=tmp_path / "boat3.mp4")
        assert not again.exists()
