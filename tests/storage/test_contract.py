"""What every job store promises, asked of each of them."""

import secrets
import threading
import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polyreel.errors import BudgetExceeded, StorageFailed
from polyreel.storage.conflicts import ConcurrentWrite
from polyreel.storage.memory import MemoryStore
from polyreel.storage.sqlite import SQLiteStore
from polyreel.types.cost import Cost, Estimate
from polyreel.types.expense import Expense
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


class Watchman:
    """Lets a job in while there are fewer than a limit."""

    def __init__(self, *, limit=100):
        self.limit, self.seen = limit, []

    def __call__(self, books):
        self.seen.append([hold.job for hold in books.holds()])
        time.sleep(0.005)  # in which another writer could come
        if len(self.seen[-1]) >= self.limit:
            raise BudgetExceeded("enough")


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

    def test_expenses_are_what_the_jobs_cost(self, store, job):
        estimate = Estimate(amount=Decimal("0.40"), rule="4 s", as_of="2026-01-01")
        cost = Cost(amount=Decimal("0.10"), billed=True, basis="vendor")
        jobs = [
            job("job_c", 1_795_500_003.123456, estimate=estimate, project="spots", simulated=True),
            job("job_a", 1.0),
            job("job_b", 2.0, estimate=estimate, cost=cost),
        ]
        for each in jobs:
            store.add(each)
        oldest_first = sorted(jobs, key=lambda each: each.id)
        assert store.expenses() == [Expense.of(each) for each in oldest_first]
        assert store.expenses(2.0) == [Expense.of(each) for each in oldest_first[1:]]
        assert store.expenses(1_795_500_003.2) == []

    def test_a_guard_sees_the_books_as_they_are(self, store, job):
        store.add(job())
        store.add(job("job_2", 2.0))
        guard = Watchman()
        store.add(job("job_3", 3.0), guard=guard)
        assert guard.seen == [["job_1", "job_2"]]
        assert store.consult(lambda books: [hold.job for hold in books.holds()]) == [
            "job_1",
            "job_2",
            "job_3",
        ]

    def test_what_a_question_raises_is_raised_and_the_store_stays_usable(self, store, job):
        store.add(job())
        with pytest.raises(BudgetExceeded):
            store.consult(Watchman(limit=0))
        store.add(job("job_2", 2.0))
        assert len(store.find()) == 2

    def test_what_a_guard_refuses_is_not_written(self, store, job):
        with pytest.raises(BudgetExceeded):
            store.add(job(), guard=Watchman(limit=0))
        assert store.find() == []
        store.add(job(), guard=Watchman(limit=1))
        assert [found.id for found in store.find()] == ["job_1"]

    def test_between_the_guards_look_and_the_write_nobody_else_writes(self, store, job):
        outcomes, barrier = [], threading.Barrier(8)

        def add(number):
            barrier.wait()
            try:
                store.add(job(f"job_{number}"), guard=Watchman(limit=3))
            except BudgetExceeded:
                outcomes.append("refused")
            else:
                outcomes.append("written")

        threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["refused"] * 5 + ["written"] * 3
        assert len(store.find()) == 3

    def test_closing_twice_is_no_mistake(self, store):
        store.close()
        store.close()


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)  # a busy disk is no finding
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
