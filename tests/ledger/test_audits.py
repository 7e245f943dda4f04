"""Whatever is wrong with the books is found, and said in a sentence."""

import sqlite3

import pytest
from ledger_jobs import bill, failed, in_order, moved, price, priced
from polyreel.audits import audit
from polyreel.errors import StorageFailed
from polyreel.ledger import bookings
from polyreel.storage.books import TRIGGERS, SQLBooks
from polyreel.storage.memory import MemoryStore
from polyreel.storage.memory_books import MemoryBooks
from polyreel.storage.sqlite import SQLiteStore
from polyreel.types.job import Phase


@pytest.fixture
def kept(tmp_path):
    """A store with a job in each state, and its file."""
    path = tmp_path / "jobs.sqlite3"
    store = SQLiteStore(path)
    fill(store)
    in_order(store)
    yield store, path
    store.close()


def fill(store):
    for name in ("held", "spent", "free", "doubt", "again", "over", "play", "secret"):
        estimate = None if name == "secret" else "0.40"
        store.add(priced(name, estimate=estimate, simulated=name == "play", project="spots"))
    moved(store, "spent", phase=Phase.STORED, cost=bill("0.40"))
    moved(store, "free", **failed(billed=False), cost=bill("0", billed=False))
    for name in ("doubt", "again"):
        moved(store, name, phase=Phase.UNKNOWN, cost=bill("0.40", billed=None))
    moved(store, "again", phase=Phase.CREATED, cost=None)
    moved(store, "over", phase=Phase.STORED, cost=bill("0.55", basis="vendor"))


def damage(path, *statements):
    """Do to a file what polyreel never would; its guards are put back."""
    connection = sqlite3.connect(path, isolation_level=None)
    triggers = dict(
        connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    )
    for name in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("PRAGMA ignore_check_constraints = ON")
    for statement in statements:
        assert connection.execute(statement).rowcount != 0, statement
    for script in triggers.values():
        connection.execute(script)
    connection.close()


ENTER = "INSERT INTO entry (job, hold, kind, turn, account, currency, units, step, at) VALUES "
HOLD = (
    "INSERT INTO hold (job, number, provider, project, day, simulated, reserved, currency, state, turn) "
    "VALUES ('{}', {}, 'acme', 'spots', '2026-11-24', 0, 400000, 'USD', 'held', 1)"
)
RECORD = "UPDATE job SET record = json_set(record, {}) WHERE id = '{}'"

WRONG = {
    "a booking that does not sum to zero": (
        ["UPDATE entry SET units = units + 1 WHERE job = 'held' AND account = 'held'"],
        "hold 1 of held: its booking 'hold' does not sum to zero: 0.000001 USD are left",
    ),
    "an entry that is gone": (
        ["DELETE FROM entry WHERE job = 'spent' AND kind = 'capture'"],
        "hold 1 of spent should have one placing and 1 more bookings; it has: hold",
    ),
    "all entries of a hold that are gone": (
        ["DELETE FROM entry WHERE job = 'held'"],
        "hold 1 of held should have one placing and 0 more bookings; it has: none",
    ),
    "what stands on the accounts of a hold": (
        ["UPDATE entry SET units = units * 2 WHERE job = 'held'"],
        (
            "hold 1 of held is held, so its entries should come to held 0.40 USD, wallet -0.40 USD; they come to "
            "held 0.80 USD, wallet -0.80 USD"
        ),
    ),
    "a hold that was captured twice": (
        [
            ENTER + "('spent', 1, 'capture', 2, 'wallet', 'USD', -400000, 3, 0)",
            ENTER + "('spent', 1, 'capture', 2, 'spent/acme', 'USD', 400000, 3, 0)",
        ],
        "hold 1 of spent is captured, and was captured 2 and released 0 times",
    ),
    "a hold that was captured and released": (
        [
            ENTER + "('spent', 1, 'release', 1, 'wallet', 'USD', 0, 3, 0)",
            "UPDATE hold SET turn = 3 WHERE job = 'spent'",
        ],
        "hold 1 of spent is captured, and was captured 1 and released 1 times",
    ),
    "a hold that is open again": (
        ["UPDATE hold SET state = 'held', charged = NULL, charged_currency = NULL WHERE job = 'spent'"],
        "spent is stored, and its hold 1 is held at 0.40 USD; by the record it should be captured at 0.40 USD",
    ),
    "a stored job that was released": (
        ["UPDATE hold SET state = 'released', charged = NULL, charged_currency = NULL WHERE job = 'spent'"],
        "spent is stored, and its hold 1 is released at 0.40 USD; by the record it should be captured at 0.40 USD",
    ),
    "an unbilled failure that is held": (
        ["UPDATE hold SET state = 'held' WHERE job = 'free'"],
        "free is failed, and its hold 1 is held at 0.40 USD; by the record it should be released at 0.40 USD",
    ),
    "an unknown job that was let go": (
        ["UPDATE hold SET state = 'released' WHERE job = 'doubt'"],
        "doubt is unknown, and its hold 1 is released at 0.40 USD; by the record it should be doubtful at 0.40 USD",
    ),
    "a charge that is not what the record says": (
        ["UPDATE hold SET charged = 300000 WHERE job = 'spent'"],
        "spent is stored, and its hold 1 is captured at 0.30 USD; by the record it should be captured at 0.40 USD",
    ),
    "a record that says another charge": (
        [RECORD.format("'$.cost.amount', '0.10'", "spent")],
        "spent is stored, and its hold 1 is captured at 0.40 USD; by the record it should be captured at 0.10 USD",
    ),
    "a record that says another estimate": (
        [RECORD.format("'$.estimate.amount', '0.10'", "held")],
        "hold 1 of held is 0.40 USD, and the estimate 0.10 USD",
    ),
    "a charge beyond the hold that nobody reported": (
        [RECORD.format("'$.cost.basis', 'estimate'", "over")],
        "over was charged 0.55 USD, more than its hold of 0.40 USD, and not by its provider's figure",
    ),
    "a job without a hold": (
        [
            "DELETE FROM entry WHERE job = 'held'",
            "DELETE FROM hold WHERE job = 'held'",
        ],
        "held (created) has no hold: 0.40 USD are not in the books",
    ),
    "a hold without a job": (
        ["DELETE FROM job WHERE id = 'spent'"],
        "spent has a hold of 0.40 USD, and there is no such job",
    ),
    "entries without a hold": (
        ["DELETE FROM hold WHERE job = 'held'"],
        "held has bookings for hold 1, which does not exist",
    ),
    "an earlier request that is still held": (
        ["UPDATE hold SET state = 'held' WHERE job = 'again' AND number = 1"],
        "hold 1 of again is still held, though hold 2 followed it",
    ),
    "a hold that is missing in between": (
        [HOLD.format("held", 3)],
        "the holds of held are numbered 1, 3",
    ),
    "a job of another provider": (
        [RECORD.format("'$.provider', 'zeta'", "held")],
        "hold 1 of held is booked under another provider, project or day, or as another kind of job",
    ),
    "a job of another project": (
        [RECORD.format("'$.project', 'other'", "held")],
        "hold 1 of held is booked under another provider, project or day, or as another kind of job",
    ),
    "a simulated job that is booked as a real one": (
        ["UPDATE hold SET simulated = 0 WHERE job = 'play'"],
        "hold 1 of play is booked under another provider, project or day, or as another kind of job",
    ),
    "a balance that is not what the entries say": (
        ["UPDATE balance SET units = units - 5 WHERE account = 'spent/acme' AND currency = 'USD'"],
        "the balance of spent/acme is 0.799995 USD, and its entries come to 0.80 USD",
    ),
    "a balance that is gone": (
        ["DELETE FROM balance WHERE account = 'overrun/acme'"],
        "the balance of overrun/acme is 0.00 USD, and its entries come to 0.15 USD",
    ),
    "what is held is not what the open holds come to": (
        ["UPDATE balance SET units = units + 100 WHERE account = 'at-risk'"],
        "0.8001 USD stand on at-risk, and the open holds come to 0.80 USD",
    ),
    "accounts that do not come to zero": (
        ["UPDATE balance SET units = units + 10000 WHERE account = 'wallet' AND currency = 'USD'"],
        "all real accounts together come to 0.01 USD and should come to zero",
    ),
    "simulated accounts that do not come to zero": (
        ["UPDATE balance SET units = units + 10000 WHERE account = 'simulated/wallet'"],
        "all simulated accounts together come to 0.01 USD and should come to zero",
    ),
    "a sum that forgot what was spent": (
        ["UPDATE tally SET spent = 0 WHERE scope = 'total' AND currency = 'USD'"],
        "the sum total is 1.60 USD open and 0.00 USD spent; by the holds it is 1.60 USD and 0.95 USD",
    ),
    "a sum that is gone": (
        ["DELETE FROM tally WHERE scope = 'project/spots' AND currency = 'unpriced'"],
        (
            "the sum project/spots is 0 jobs of unknown price open and 0 jobs of unknown price spent; by the holds it is "
            "1 job of unknown price and 0 jobs of unknown price"
        ),
    ),
    "a record that cannot be read": (
        [RECORD.format("'$.phase', 'nowhere'", "held")],
        "the record of held cannot be read",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_found(wrong, kept):
    store, path = kept
    statements, told = WRONG[wrong]
    damage(path, *statements)
    assert told in store.consult(audit).findings


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_a_guard_that_is_gone_is_found(trigger, kept):
    store, _ = kept
    store._connection.execute(f"DROP TRIGGER {trigger}")
    assert store.consult(audit).findings == (f"the trigger {trigger} is gone: entries can be changed",)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE entry SET units = 0", "entries are never edited"),
        ("DELETE FROM entry", "entries are never deleted"),
        ("DELETE FROM hold", "holds are never deleted"),
        ("UPDATE hold SET reserved = 1", "what was set aside for a job is never edited"),
        ("UPDATE hold SET state = 'captured'", "CHECK constraint failed"),
        ("UPDATE hold SET charged = 1", "CHECK constraint failed"),
        ("UPDATE tally SET open = -1", "CHECK constraint failed"),
        (ENTER + "('held', 1, 'hold', 1, 'wallet', 'USD', -1, 1, 0)", "UNIQUE constraint failed"),
        (ENTER + "('held', 1, 'hold', 1, 'elsewhere', 'USD', -1, 2, 0)", "it is in the books already"),
        (ENTER + "('spent', 1, 'capture', 2, 'wallet', 'USD', -1, 2, 0)", "CHECK constraint failed"),
        (ENTER + "('spent', 1, 'gift', 1, 'wallet', 'USD', -1, 2, 0)", "CHECK constraint failed"),
    ],
)
def test_the_file_itself_refuses(statement, told, kept):
    store, path = kept
    connection = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match=told):
        connection.execute(statement)
    connection.close()
    in_order(store)


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_what_is_worth_knowing_is_no_finding(kind, tmp_path):
    store = MemoryStore() if kind == "memory" else SQLiteStore(tmp_path / "jobs.sqlite3")
    fill(store)
    found = in_order(store)
    assert (found.jobs, found.bookings) == (8, 15)
    assert sorted(found.warnings) == [
        "again: 0.40 USD are at risk: nobody knows whether acme charged request 1",
        "doubt: 0.40 USD are at risk: nobody knows whether acme charged request 1",
        "over: acme charged 0.55 USD, more than the 0.40 USD that were held",
        "secret: its price is not known, so it is in no sum of money",
    ]
    store.close()


def test_what_is_wrong_in_memory_is_found_too():
    store = MemoryStore()
    store.add(priced("job_1"))
    store._jobs["job_1"] = priced("job_1", phase=Phase.STORED, cost=bill("0.40"))
    store._jobs["job_2"] = priced("job_2").model_copy(update={"estimate": price("1", "EUR")})
    assert store.consult(audit).findings == (
        "job_1 is stored, and its hold 1 is held at 0.40 USD; by the record it should be captured at 0.40 USD",
        "job_2 (created) has no hold: 1.00 EUR are not in the books",
    )


def test_a_hold_that_somebody_else_moved_is_not_moved_again(kept):
    store, _ = kept
    books_of = lambda books: {hold.job: hold for hold in books.holds()}  # noqa: E731
    before = store.consult(books_of)["held"]
    done = store.get("held").model_copy(update={"phase": Phase.STORED, "cost": bill("0.40")})
    due = bookings(done, [before])
    books = SQLBooks(store._connection)
    books.write(due)
    with pytest.raises(sqlite3.IntegrityError, match="not as it was read"):
        books.write(due)


def test_memory_books_nothing_twice_either():
    books, job = MemoryBooks({}), priced()
    books.write(bookings(job, ()))
    with pytest.raises(StorageFailed, match="hold of hold 1 of job_1 is in the books already"):
        books.write(bookings(job, ()))
    assert len(list(books.lines())) == 2
