"""What every job store promises, asked of each of them."""

import secrets
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polyreel.errors import StorageFailed
from polyreel.storage.conflicts import ConcurrentWrite
from polyreel.storage.memory import MemoryStore
from polyreel.storage.sqlite import SQLiteStore
from polyreel.types.job import Job, Phase

STORES = {
    "memory": lambda folder: MemoryStore(),
    "sqlite": lambda folder: SQLiteStore(folder / "deep" / "er" / "jobs.sqlite3"),
}


@pytest.fixture(params=STORES)
def store(request, tmp_path):
    made = STORES[request.param](tmp_path)
    yield made
    made.close()


def later(job, **changes):
    return job.model_copy(update={"version": job.version + 1, **changes})


class TestContract:
    def test_what_was_added_is_found_as_it_was(self, store, job):
        store.add(job())
        assert store.get("job_1") == job()
        assert store.get("job_2") is None

    def test_an_id_is_taken_once(self, store, job):
        store.add(job())
        with pytest.raises(StorageFailed, match="exists already"):
            store.add(job(prompt="another"))
        assert store.get("job_1").prompt == job().prompt

    def test_a_write_that_follows_the_last_one_wins(self, store, job):
        store.add(job())
        store.save(later(job(), message="one"), expected=0)
        store.save(later(store.get("job_1"), message="two"), expected=1)
        assert (store.get("job_1").message, store.get("job_1").version) == ("two", 2)

    def test_a_write_that_does_not_follow_is_refused(self, store, job):
        store.add(job())
        store.save(later(job(), message="first"), expected=0)
        with pytest.raises(ConcurrentWrite) as caught:
            store.save(later(job(), message="second"), expected=0)
        assert caught.value.job_id == "job_1"
        assert isinstance(caught.value, StorageFailed)
        assert store.get("job_1").message == "first"

    def test_what_was_never_added_cannot_be_replaced(self, store, job):
        with pytest.raises(ConcurrentWrite):
            store.save(later(job()), expected=0)
        assert store.get("job_1") is None

    def test_a_refused_write_leaves_the_store_usable(self, store, job):
        store.add(job())
        for _ in range(3):
            with pytest.raises(StorageFailed):
                store.add(job())
        store.add(job("job_2"))
        assert len(store.find()) == 2

    def test_jobs_are_found_newest_first(self, store, job):
        for name, at in (("job_b", 2.0), ("job_c", 3.0), ("job_a", 2.0)):
            store.add(job(name, at))
        assert [found.id for found in store.find()] == ["job_c", "job_b", "job_a"]
        assert [found.id for found in store.find(limit=2)] == ["job_c", "job_b"]
        assert store.find(limit=0) == []

    @pytest.mark.parametrize("phase", Phase)
    def test_the_unfinished_are_those_that_need_a_step(self, phase, store, job):
        store.add(job(phase=phase))
        unfinished = not job(phase=phase).done
        assert [found.id for found in store.find(unfinished=True)] == (["job_1"] if unfinished else [])

    def test_a_job_that_ends_is_unfinished_no_more(self, store, job):
        store.add(job())
        store.save(later(job(), phase=Phase.FAILED), expected=0)
        assert store.find(unfinished=True) == []
        store.add(job("job_2", 2.0))
        assert [found.id for found in store.find(unfinished=True, limit=1)] == ["job_2"]

    def test_the_owner_of_a_receipt(self, store, job):
        store.add(job())
        store.add(job("job_2", receipt=None))
        store.add(job("job_3", provider="zeta"))
        assert store.owner("acme", "film of job_1").id == "job_1"
        assert store.owner("zeta", "film of job_3").id == "job_3"
        assert store.owner("zeta", "film of job_1") is None
        assert store.owner("acme", "film of job_2") is None
        store.save(later(job("job_2"), receipt=job("job_2").receipt), expected=0)
        assert store.owner("acme", "film of job_2").id == "job_2"

    def test_of_many_writers_one_wins_each_time(self, store, job):
        store.add(job())
        wins, barrier = [], threading.Barrier(8)

        def write(number):
            barrier.wait()
            for _ in range(10):
                read = store.get("job_1")
                try:
                    store.save(later(read, message=str(number)), expected=read.version)
                except ConcurrentWrite:
                    continue
                wins.append(read.version)

        threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(wins) == list(range(len(wins)))
        assert store.get("job_1").version == len(wins)

    def test_closing_twice_is_no_mistake(self, store):
        store.close()
        store.close()


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(prompt=TEXTS, parameters=st.dictionaries(TEXTS, JSON, max_size=4))
def test_any_text_comes_back_as_it_went(prompt, parameters, tmp_path_factory):
    store = SQLiteStore(tmp_path_factory.getbasetemp() / "any-text.sqlite3")
    name = f"job_{secrets.token_hex(8)}"
    kept = Job(
        id=name, provider="a", model="a/b", prompt=prompt, parameters=parameters, created_at=1, updated_at=1
    )
    store.add(kept)
    assert store.get(name) == kept
    store.close()
