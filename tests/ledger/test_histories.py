"""Any legal life of jobs leaves the books in order, after each step: in memory and in a file."""

import sqlite3
import tempfile
from collections import Counter
from math import ceil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_jobs import NOON, balances, bill, in_order, kinds, price, priced, sums
from polyreel.audits import audit
from polyreel.jobs.records import cost_of
from polyreel.jobs.states import allows, moved
from polyreel.ledger import MICRO
from polyreel.storage.books import BOOKS
from polyreel.storage.layout import STEPS, bring_up_to_date
from polyreel.storage.memory import MemoryStore
from polyreel.storage.sqlite import SQLiteStore
from polyreel.types.expense import Expense
from polyreel.types.job import Failure, Phase

VENDORS = st.builds(
    bill,
    st.sampled_from([None, "0", "0.01", "0.40", "0.4000005", "12.345678"]),
    basis=st.just("vendor"),
    currency=st.sampled_from(["USD", "USD", "EUR"]),
)
ENDED = frozenset({Phase.RENDERED, Phase.STORED, Phase.FAILED, Phase.EXPIRED, Phase.CANCELLED, Phase.UNKNOWN})
STORES = {
    "memory": lambda folder: MemoryStore(),
    "sqlite": lambda folder: SQLiteStore(Path(folder) / "jobs.sqlite3"),
}


@st.composite
def made_jobs(draw):
    """Some jobs, as they are made."""
    return [
        priced(
            f"job_{number}",
            project=draw(st.sampled_from([None, "spots", "play"])),
            simulated=draw(st.sampled_from([False, False, True])),
            created_at=NOON + draw(st.sampled_from([0, 86_400])),
            provider=draw(st.sampled_from(["acme", "zeta"])),
        ).model_copy(
            update={
                "estimate": draw(
                    st.sampled_from([None, *map(price, (None, "0", "0.40", "3")), price("2", "EUR")])
                )
            }
        )
        for number in range(draw(st.integers(1, 3)))
    ]


def stepped(draw, job):
    """Return a job after a legal step, with a bill where there may be one."""
    phase = draw(st.sampled_from([phase for phase in Phase if phase is job.phase or allows(job, phase)]))
    changes = {}
    if phase is Phase.CREATED and job.phase is Phase.UNKNOWN:
        changes = {"cost": None, "failure": None}
    elif phase is Phase.UNKNOWN:
        changes["cost"] = cost_of(job, billed=None)
    elif phase in ENDED and draw(st.booleans()):
        by_list = cost_of(job, billed=draw(st.sampled_from([True, False, None])))
        changes["cost"] = draw(VENDORS) if not job.simulated and draw(st.booleans()) else by_list
        if phase in {Phase.FAILED, Phase.EXPIRED}:
            billed = draw(st.sampled_from([True, False, None]))
            kind = draw(st.sampled_from(["failed", "uncertain"]))  # the latter may still be found
            changes["failure"] = Failure(kind=kind, message="no", billed=billed)
    elif phase not in ENDED and job.phase in ENDED:
        changes = {"cost": None, "failure": None}
    return moved(job, phase, now=job.updated_at + 1, version=job.version + 1, **changes)


class Ideal:
    """What a person with paper would say: each job once, by its record, and each doubtful request besides."""

    def __init__(self):
        self.doubtful = Counter()
        self.wandering = set()

    def watch(self, before, after):
        if after.phase is Phase.CREATED and before.phase is Phase.UNKNOWN:
            self.doubtful[after.id] += 1
        was = Expense.of(before).kind
        # Said to be charged, and then not or nobody knows: the books are careful, see the table of lives.
        if (
            was in {"billed", "estimated", "free", "unknown"}
            and before.phase in ENDED
            and was != Expense.of(after).kind
        ):
            self.wandering.add(after.id)

    def weight(self, job):
        expense = Expense.of(job)
        made = Expense.of(priced().model_copy(update={"estimate": job.estimate}))
        now = {} if expense.kind in {"free", "simulated"} else {self._place(expense): self._units(expense)}
        return Counter(now) + Counter({self._place(made): self._units(made) * self.doubtful[job.id]})

    @staticmethod
    def _place(expense):
        return "unpriced" if expense.amount is None else expense.currency

    @staticmethod
    def _units(expense):
        return 1 if expense.amount is None else ceil(expense.amount * MICRO)


@pytest.mark.parametrize("kind", STORES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_life_leaves_the_books_in_order(kind, data):
    with tempfile.TemporaryDirectory() as folder:
        store, ideal = STORES[kind](folder), Ideal()
        jobs = {job.id: job for job in data.draw(made_jobs())}
        for job in jobs.values():
            store.add(job)
        for _ in range(data.draw(st.integers(1, 14))):
            before = jobs[data.draw(st.sampled_from(sorted(jobs)))]
            after = stepped(data.draw, before)
            store.save(after, expected=before.version)
            ideal.watch(before, after)
            jobs[after.id] = after
            in_order(store)
        _compare(store, jobs, ideal)
        store.close()


def _compare(store, jobs, ideal):
    """The sums of the books are those of the records, where a record alone can tell."""
    real = [job for job in jobs.values() if not job.simulated]
    if any(job.id in ideal.wandering for job in real):
        return
    should = sum((ideal.weight(job) for job in real), Counter())
    stands = store.consult(lambda books: books.sums("total"))
    assert {
        currency: tally.open + tally.spent for currency, tally in stands.items() if tally.open + tally.spent
    } == should


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_file_and_the_memory_keep_the_same_books(data):
    with tempfile.TemporaryDirectory() as folder:
        stores = [made(folder) for made in STORES.values()]
        jobs = {job.id: job for job in data.draw(made_jobs())}
        for store in stores:
            for job in jobs.values():
                store.add(job)
        for _ in range(data.draw(st.integers(1, 14))):
            before = jobs[data.draw(st.sampled_from(sorted(jobs)))]
            jobs[before.id] = stepped(data.draw, before)
            for store in stores:
                store.save(jobs[before.id], expected=before.version)
        one, other = (
            store.consult(
                lambda books: (
                    list(books.holds()),
                    sorted(books.lines(), key=repr),
                    books.balances(),
                    {place: tally for place, tally in books.tallies().items() if tally.open or tally.spent},
                )
            )
            for store in stores
        )
        assert one == other
        stores[1].close()


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_books_that_are_opened_later_are_in_order_too(data):
    """Jobs of any age and phase, written before there were books."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "jobs.sqlite3"
        jobs = data.draw(made_jobs())
        for number in range(len(jobs)):
            for _ in range(data.draw(st.integers(0, 8))):
                jobs[number] = stepped(data.draw, jobs[number])
            jobs[number] = jobs[number].model_copy(update={"version": 0})
        old_file(path, jobs)
        store = SQLiteStore(path)
        assert in_order(store).jobs == len(jobs)
        for job in jobs:
            after = stepped(data.draw, job)
            store.save(after, expected=0)
            in_order(store)
        store.close()


def old_file(path, jobs):
    """Write a store as the release before the books left it."""
    before = next(number for number, step in enumerate(STEPS) if step.script is BOOKS)
    connection = sqlite3.connect(path, isolation_level=None)
    bring_up_to_date(connection, path, STEPS[:before])
    for job in jobs:
        connection.execute(
            "INSERT INTO job (id, created_at, done, next_at, version, record) VALUES (?, ?, ?, ?, ?, ?)",
            (job.id, job.created_at, job.done, job.next_at, job.version, job.model_dump_json()),
        )
    connection.close()


def test_a_store_that_is_older_than_the_books_gets_opening_entries(tmp_path):
    path = tmp_path / "jobs.sqlite3"
    spent = priced("job_2", phase=Phase.STORED, cost=bill("0.30", basis="vendor"))
    free = priced("job_3", phase=Phase.FAILED, cost=bill("0", billed=False))
    old_file(path, [priced("job_1", phase=Phase.RUNNING), spent, free])
    store = SQLiteStore(path)
    assert balances(store) == {"wallet": "-0.70 USD", "held": "0.40 USD", "spent/acme": "0.30 USD"}
    assert [kinds(store, name) for name in ("job_1", "job_2", "job_3")] == [
        [(1, 1, "opening")],
        [(1, 1, "opening")],
        [(1, 1, "opening"), (1, 2, "release")],
    ]
    assert sums(store, "day/2026-11-24") == {"USD": (400_000, 300_000)}
    in_order(store)
    store.close()


def test_a_record_that_cannot_be_read_does_not_keep_the_books_from_being_opened(tmp_path, caplog):
    path = tmp_path / "jobs.sqlite3"
    old_file(path, [priced("job_1"), priced("job_2")])
    connection = sqlite3.connect(path)
    connection.execute("UPDATE job SET record = json_set(record, '$.phase', 'nowhere') WHERE id = 'job_1'")
    connection.commit()
    connection.close()
    store = SQLiteStore(path)
    assert balances(store) == {"wallet": "-0.40 USD", "held": "0.40 USD"}
    assert "the record of job_1 cannot be read" in caplog.text
    assert store.consult(audit).findings == ("the record of job_1 cannot be read",)
    store.close()
