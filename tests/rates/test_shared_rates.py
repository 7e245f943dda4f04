"""What all processes of a store share: one row for each kind of requests of an account, and how long films take."""

import json
import subprocess
import sys
from functools import partial

import pytest
from polyreel.clock import SystemClock
from polyreel.rates import Bucket, Grant, Place, Rate, Refusal, slowed, take
from polyreel.storage.sqlite import SQLiteStore

PLACE = Place(provider="acme", account="0123456789abcdef")
BURSTS = Rate(count=300, seconds=60, burst=5)


def ask(store, now, *, limit=BURSTS, place=PLACE, kind="submit"):
    return store.rates.change(place, kind, partial(take, limit=limit, now=now))


def test_where_nothing_is_limited_nothing_is_written(store):
    assert ask(store, 1_000.0, limit=None) == Grant()
    assert store.rates.buckets(PLACE) == {}


def test_a_bucket_is_found_as_it_was_left(store):
    for _ in range(5):
        assert ask(store, 1_000.0) == Grant()
    assert ask(store, 1_000.0) == Refusal(wait=pytest.approx(0.2), interval=0.2)
    assert store.rates.buckets(PLACE) == {"submit": Bucket(due=pytest.approx(1_001.0))}


def test_each_kind_and_each_account_has_its_own(store):
    for _ in range(6):
        ask(store, 1_000.0, kind="poll")
    assert ask(store, 1_000.0, kind="submit") == Grant()
    assert ask(store, 1_000.0, kind="poll", place=Place(provider="acme", account="another")) == Grant()
    assert ask(store, 1_000.0, kind="poll", place=Place(provider="zeta", account=PLACE.account)) == Grant()
    assert isinstance(ask(store, 1_000.0, kind="poll"), Refusal)
    assert set(store.rates.buckets(PLACE)) == {"submit", "poll"}


def test_a_refusal_is_seen_by_all_and_forgotten_in_the_end(store):
    def refuse(bucket):
        return slowed(bucket, None, now=1_000.0, sent_at=999.0, advised=30.0), None

    store.rates.change(PLACE, "poll", refuse)
    assert ask(store, 1_001.0, limit=None, kind="poll").wait == pytest.approx(29.0)
    assert ask(store, 3_000.0, limit=None, kind="poll") == Grant()
    assert store.rates.buckets(PLACE) == {}


def test_a_change_that_fails_changes_nothing(store):
    ask(store, 1_000.0)
    before = store.rates.buckets(PLACE)

    def fail(bucket):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.rates.change(PLACE, "submit", fail)
    assert store.rates.buckets(PLACE) == before
    assert ask(store, 1_000.0) == Grant()


def test_how_long_films_take_is_learned_by_model(store):
    for seconds in range(100, 200):
        store.rates.learn("acme/one", float(seconds))
    store.rates.learn("acme/two", 5.0)
    assert store.rates.durations("acme/one").quantile(0.1) == pytest.approx(110.0, rel=0.05)
    assert store.rates.durations("acme/two").total == 1
    assert store.rates.durations("acme/three").total == 0


def test_another_store_on_the_file_goes_on(tmp_path):
    path = tmp_path / "jobs.sqlite3"
    first, second = SQLiteStore(path), SQLiteStore(path)
    granted = sum(isinstance(ask(store, 1_000.0), Grant) for store in (first, second) * 5)
    assert granted == 5
    first.rates.learn("acme/one", 100.0)
    assert second.rates.durations("acme/one").total == 1
    first.close()
    second.close()


# Four processes ask as fast as they can: first for what may go at once, of which there is a fixed number, then for what
# time gives.
ASKS = """
import json, sys
from functools import partial
from pathlib import Path
from polyreel.clock import SystemClock
from polyreel.rates import Grant, Place, Rate, take
from polyreel.storage.sqlite import SQLiteStore

store, clock = SQLiteStore(Path(sys.argv[1])), SystemClock()
place, pile = Place(provider="acme"), Rate(count=1, seconds=86_400, burst=400)
limit = Rate(count=300, seconds=60, burst=5)


def is_granted(kind, limit, now):
    return isinstance(store.rates.change(place, kind, partial(take, limit=limit, now=now)), Grant)


store.rates.buckets(place)
print("ready", flush=True)
sys.stdin.readline()
taken = 0
while is_granted("submit", pile, 1_000.0):
    taken += 1
print("emptied", flush=True)
until, granted, now = float(sys.stdin.readline()), [], 0.0
while now < until:
    now = clock.steady()
    if is_granted("poll", limit, now):
        granted.append(now)
print(json.dumps([taken, granted, now]))
"""


def told(processes, line):
    for process in processes:
        process.stdin.write(f"{line}\n")
        process.stdin.flush()


def test_four_processes_together_get_exactly_what_one_would(tmp_path):
    command = [sys.executable, "-c", ASKS, str(tmp_path / "jobs.sqlite3")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, **pipes) for _ in range(4)]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 4
    told(processes, "go")
    assert [process.stdout.readline() for process in processes] == ["emptied\n"] * 4
    until = SystemClock().steady() + 1.5
    told(processes, until)
    answers = [json.loads(process.communicate()[0]) for process in processes]

    assert sum(taken for taken, _, _ in answers) == 400
    times = sorted(time for _, granted, _ in answers for time in granted)
    # They asked from the first grant to the last moment, so all that the rate gives in this time was taken.
    last = max(now for _, _, now in answers)
    assert 0 <= 5 + int((last - times[0]) * 5) - len(times) <= 1
    for number, time in enumerate(times):
        assert sum(other > time - 1.0 for other in times[: number + 1]) <= 5 + 5
