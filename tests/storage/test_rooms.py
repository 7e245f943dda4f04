"""No film is paid for that the disk cannot hold beside those that are under way."""

import shutil
from typing import NamedTuple

import pytest
from acme.house import House
from hypothesis import given
from hypothesis import strategies as st
from polyreel.clock import VirtualClock
from polyreel.errors import InvalidRequest
from polyreel.storage.memory import MemoryStore
from polyreel.storage.rooms import COUNTED_EVERY, LEAST, Room, expected_bytes
from polyreel.storage.sqlite import SQLiteStore
from polyreel.types.job import Job, Phase


class Usage(NamedTuple):
    """What the system says of a disk."""

    total: int
    used: int
    free: int


MB = 1024 * 1024


@pytest.fixture
def disk(monkeypatch):
    """Set how much is free on every disk."""

    def free(size):
        monkeypatch.setattr(shutil, "disk_usage", lambda place: Usage(2 * size, size, size))

    return free


@pytest.mark.parametrize(
    ("parameters", "megabytes"),
    [
        ({"duration": 8, "resolution": "1080p"}, 15.6),
        ({"duration": "8", "size": "1920x1080"}, 15.6),
        ({"duration": 8, "resolution": "720p"}, 6.9),
        ({"duration": 8, "size": "720x1280"}, 6.9),
        ({"duration": 8, "resolution": "4k"}, 62.2),
        ({"duration": 8, "resolution": "4K", "n": 4}, 248.8),
        ({"duration": 8, "resolution": "1080p", "fps": 60}, 31.1),
        ({"duration": 120, "resolution": "720p"}, 103.7),
        ({}, 19.4),
        ({"duration": None, "resolution": None, "n": None}, 19.4),
        ({"duration": "auto", "resolution": "auto", "n": "many"}, 19.4),
        ({"duration": 2, "size": "320x320"}, LEAST / 1e6),
    ],
)
def test_how_large_a_film_may_become(parameters, megabytes):
    assert expected_bytes(parameters) / 1e6 == pytest.approx(megabytes, rel=0.01)


values = st.one_of(st.none(), st.text(max_size=9), st.floats(), st.integers(), st.booleans())


@given(st.dictionaries(st.sampled_from(["duration", "resolution", "size", "n", "fps"]), values))
def test_whatever_is_asked_for_is_a_size(parameters):
    assert expected_bytes(parameters) >= LEAST


@pytest.mark.parametrize(("unfinished", "fits"), [(0, True), (9, True), (10, False), (10_000, False)])
def test_what_is_under_way_counts(tmp_path, disk, unfinished, fits):
    disk(10 * 20 * MB)
    room = Room(unfinished=lambda: unfinished, clock=VirtualClock())
    problem = room.problem(tmp_path / "films" / "deep", 20 * MB)
    assert (problem is None) is fits
    if problem is not None:
        assert problem.parameter == "output"
        assert f"the {unfinished + 1:,} films that are under way" in problem.message
        assert "nothing was sent" in problem.message
        assert "--output" in problem.message


def test_a_place_of_which_nobody_knows_the_size_is_not_refused(tmp_path, monkeypatch):
    def unknown(place):
        raise OSError("no such system call")

    monkeypatch.setattr(shutil, "disk_usage", unknown)
    assert Room(unfinished=lambda: 10**6, clock=VirtualClock()).problem(tmp_path, 10**9) is None


def test_a_burst_of_requests_is_counted_by_itself(tmp_path, disk):
    """Ten thousand at once do not count ten thousand jobs ten thousand times, and none slips through."""
    disk(100 * MB)
    asked, clock = [], VirtualClock()
    room = Room(unfinished=lambda: asked.append(1) or 90, clock=clock)
    let_in = sum(room.problem(tmp_path, MB) is None for _ in range(50))
    assert (let_in, len(asked)) == (10, 1)
    clock.advance(COUNTED_EVERY)
    assert room.problem(tmp_path, MB) is None
    assert len(asked) == 2


@pytest.mark.parametrize("named", [True, False], ids=["output", "data folder"])
def test_new_submits_stop_while_the_disk_cannot_hold_what_is_under_way(tmp_path, disk, monkeypatch, named):
    monkeypatch.setattr("polyreel.storage.files.ROOM", 0)
    house = House(tmp_path, real=True)
    disk(3 * expected_bytes({"duration": 4, "size": "320x320"}))
    with house.client() as client:

        def submit(number):
            options = {"output": tmp_path / f"{number}.mp4"} if named else {}
            return client.submit("a paper boat", model="acme/one", **options)

        first = [submit(number) for number in range(3)]
        with pytest.raises(InvalidRequest, match="the 4 films that are under way") as caught:
            submit(3)
        assert [problem.parameter for problem in caught.value.problems] == ["output"]
        assert house.paid == 3
        client.wait(first[0].id)
        submit(4)
    assert house.paid == 4


def test_a_simulated_film_is_small_and_needs_no_room(tmp_path, disk):
    disk(1)
    house = House(tmp_path)
    with house.client() as client:
        assert client.generate("a paper boat", model="acme/one").path.exists()


# --- how many are under way -------------------------------------------------------------------------------------


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    made = MemoryStore() if request.param == "memory" else SQLiteStore(tmp_path / "jobs.sqlite3")
    yield made
    made.close()


def record(name, phase=Phase.RUNNING, **facts):
    return Job(
        id=name,
        provider="acme",
        model="acme/one",
        phase=phase,
        prompt="a",
        created_at=1.0,
        updated_at=1.0,
        **facts,
    )


def test_jobs_that_need_a_step_are_counted(store):
    assert store.unfinished_count() == 0
    for name in ("a", "b", "c"):
        store.add(record(name))
    store.add(record("over", Phase.FAILED))
    store.add(record("looked for", Phase.UNKNOWN, next_at=5.0))
    store.add(record("given up", Phase.UNKNOWN))
    assert store.unfinished_count() == len(store.find(unfinished=True)) == 4
    store.save(record("a", Phase.STORED, version=1), expected=0)
    store.save(record("b", Phase.RENDERED, version=1), expected=0)
    assert store.unfinished_count() == len(store.find(unfinished=True)) == 3
    store.wake("b", 0.5)
    assert store.unfinished_count() == 3


def test_counting_reads_no_records(tmp_path):
    """An index of unfinished jobs is counted, however many are over and however long their records are."""
    store = SQLiteStore(tmp_path / "jobs.sqlite3")
    store.add(record("a"))
    plan = store._read("EXPLAIN QUERY PLAN SELECT COUNT(*) FROM job WHERE done = 0", ())
    assert "INDEX job_unfinished" in plan[0][-1]
    store.close()
