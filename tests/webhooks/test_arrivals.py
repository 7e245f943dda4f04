"""Messages as a store keeps them: each wakes once, in whatever process, and is remembered for long enough."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from polyreel.storage.arrivals import KEPT_FOR, Arrival, Landing
from polyreel.storage.memory import MemoryStore
from polyreel.storage.sqlite import SQLiteStore
from polyreel.types.job import Job, Phase, Receipt

NOW = 1_780_000_000.0
MESSAGE = Arrival(provider="acme", id="msg_1", account="0123", receipt_id="film_1", at=NOW)
STORES = {
    "memory": lambda folder: MemoryStore(),
    "sqlite": lambda folder: SQLiteStore(folder / "jobs.sqlite3"),
}


@pytest.fixture(params=STORES)
def store(request, tmp_path):
    made = STORES[request.param](tmp_path)
    yield made
    made.close()


def job(name="job_1", **facts):
    given = {
        "provider": "acme",
        "model": "acme/one",
        "prompt": "a paper boat",
        "phase": Phase.ACCEPTED,
        "receipt": Receipt(id="film_1"),
        "next_at": NOW + 60.0,
    }
    return Job(id=name, created_at=NOW, updated_at=NOW, **(given | facts))


def test_a_message_makes_its_job_due(store):
    store.add(job())
    assert store.arrivals.take(MESSAGE) == Landing(is_new=True, job_id="job_1", woke=True)
    assert store.get("job_1").next_at == NOW
    assert [(found.id, found.next_at) for found in store.find(unfinished=True)] == [("job_1", NOW)]


def test_a_job_that_is_due_earlier_stays_due_earlier(store):
    store.add(job(next_at=NOW - 5.0))
    assert store.arrivals.take(MESSAGE).woke
    assert store.get("job_1").next_at == NOW - 5.0


def test_the_second_time_nothing_happens(store):
    store.add(job())
    store.arrivals.take(MESSAGE)
    store.save(store.get("job_1").model_copy(update={"version": 1, "next_at": NOW + 99.0}), expected=0)
    assert store.arrivals.take(replace(MESSAGE, at=NOW + 1)) == Landing(is_new=False, job_id="job_1")
    assert store.get("job_1").next_at == NOW + 99.0


@pytest.mark.parametrize("other", [{"id": "msg_2"}, {"provider": "zeta"}])
def test_another_message_is_another(other, store):
    store.arrivals.take(MESSAGE)
    assert store.arrivals.take(replace(MESSAGE, **other)).is_new


@pytest.mark.parametrize(
    "facts", [{"provider": "zeta"}, {"receipt": Receipt(id="film_2")}, {"receipt": None}]
)
def test_a_job_of_somebody_else_is_not_woken(facts, store):
    store.add(job(**facts))
    assert store.arrivals.take(MESSAGE) == Landing(is_new=True)
    assert store.get("job_1").next_at == NOW + 60.0


def test_a_message_about_no_job_wakes_no_job_without_a_receipt(store):
    store.add(job(receipt=None, phase=Phase.CREATED))
    assert store.arrivals.take(replace(MESSAGE, receipt_id=None)) == Landing(is_new=True)
    assert store.get("job_1").next_at == NOW + 60.0


def test_a_job_that_is_over_is_not_woken(store):
    store.add(job(phase=Phase.STORED, next_at=None))
    assert store.arrivals.take(MESSAGE) == Landing(is_new=True, job_id="job_1", woke=False)
    assert store.get("job_1").next_at is None


def test_what_was_told_about_a_job_before_it_was_here(store):
    assert not store.arrivals.was_told("acme", "film_1", 0.0)
    store.arrivals.take(MESSAGE)
    assert store.arrivals.was_told("acme", "film_1", 0.0)
    assert store.arrivals.was_told("acme", "film_1", NOW)
    assert not store.arrivals.was_told("acme", "film_1", NOW + 1)
    assert not store.arrivals.was_told("acme", "film_2", 0.0)
    assert not store.arrivals.was_told("zeta", "film_1", 0.0)


def test_when_the_last_message_of_an_account_came(store):
    assert store.arrivals.last("acme", "0123") is None
    store.arrivals.take(MESSAGE)
    store.arrivals.take(replace(MESSAGE, id="msg_2", at=NOW + 5))
    store.arrivals.take(replace(MESSAGE, id="msg_3", account="other", at=NOW + 9))
    assert store.arrivals.last("acme", "0123") == NOW + 5


def test_a_message_is_remembered_for_more_than_a_day_and_not_for_ever(store):
    store.arrivals.take(MESSAGE)
    day = 86_400.0
    assert not store.arrivals.take(replace(MESSAGE, at=NOW + day)).is_new
    assert not store.arrivals.take(replace(MESSAGE, at=NOW - day)).is_new
    store.arrivals.take(replace(MESSAGE, id="later", receipt_id=None, at=NOW + KEPT_FOR + 1))
    assert not store.arrivals.was_told("acme", "film_1", 0.0)
    assert store.arrivals.take(replace(MESSAGE, at=NOW + KEPT_FOR + 2)).is_new


def test_a_time_of_day_set_forward_and_back_by_a_day_forgets_no_message(store):
    store.arrivals.take(MESSAGE)
    store.arrivals.take(replace(MESSAGE, id="other", at=NOW + 86_400.0))
    assert not store.arrivals.take(replace(MESSAGE, at=NOW + 60.0)).is_new


TAKES = """
import json, sys
from pathlib import Path
from polyreel.storage.arrivals import Arrival
from polyreel.storage.sqlite import SQLiteStore

store = SQLiteStore(Path(sys.argv[1]))
store.get("job_1")
sys.stdout.write("ready\\n")
sys.stdout.flush()
sys.stdin.readline()
landings = []
for number in range(200):
    arrival = Arrival(provider="acme", id=f"msg_{number}", account="", receipt_id="film_1", at=1_780_000_000.0 + number)
    landing = store.arrivals.take(arrival)
    landings.append([landing.is_new, landing.woke])
print(json.dumps(landings))
"""


def test_of_two_processes_with_the_same_messages_at_once_one_wakes(tmp_path):
    path = tmp_path / "jobs.sqlite3"
    store = SQLiteStore(path)
    store.add(job())
    command = [sys.executable, "-c", TAKES, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, **pipes) for _ in range(2)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    one, other = (json.loads(process.communicate()[0]) for process in processes)
    assert [first[0] + second[0] for first, second in zip(one, other, strict=True)] == [1] * 200
    assert [first[1] + second[1] for first, second in zip(one, other, strict=True)] == [1] * 200
    assert store.get("job_1").next_at == NOW
    store.close()
