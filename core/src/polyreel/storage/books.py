"""Where the books are kept: beside the jobs, and written in the same transaction as the job's record.

A store calls :meth:`place` when it adds a job and :meth:`follow` when it saves one, inside its own transaction. What is
booked is decided in :mod:`polyreel.ledger`; a save that moves no money, such as a poll's, reads one row and writes none.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from polyreel.budgets import Tally
from polyreel.ledger import Booking, Hold, Sum, bookings, opening
from polyreel.types.job import Job, Phase

if TYPE_CHECKING:
    from polyreel.audits import Balance, Line

__all__ = ["BOOKS", "TRIGGERS", "SQLBooks", "open_books"]

_log = logging.getLogger("polyreel.storage")

BOOKS: Final = """
    CREATE TABLE hold (
        job TEXT NOT NULL,
        number INTEGER NOT NULL CHECK (number >= 1),
        provider TEXT NOT NULL,
        project TEXT,
        day TEXT NOT NULL,
        simulated INTEGER NOT NULL CHECK (simulated IN (0, 1)),
        reserved INTEGER NOT NULL CHECK (reserved >= 0),
        currency TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('held', 'doubtful', 'captured', 'released')),
        charged INTEGER CHECK (charged >= 0),
        charged_currency TEXT,
        turn INTEGER NOT NULL CHECK (turn >= 1),
        CHECK ((state = 'captured') = (charged IS NOT NULL)),
        CHECK ((charged IS NULL) = (charged_currency IS NULL)),
        PRIMARY KEY (job, number)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX hold_in_doubt ON hold (state) WHERE state = 'doubtful';
    CREATE TABLE entry (
        job TEXT NOT NULL,
        hold INTEGER NOT NULL,
        kind TEXT NOT NULL,
        turn INTEGER NOT NULL,
        account TEXT NOT NULL,
        currency TEXT NOT NULL,
        units INTEGER NOT NULL,
        step INTEGER NOT NULL,
        at REAL NOT NULL,
        CHECK (
            turn = 1 AND kind IN ('opening', 'hold', 'capture', 'release')
            OR turn = step AND kind IN ('doubt', 'found', 'adjust', 'refund', 'overrun')
        ),
        PRIMARY KEY (job, hold, kind, turn, account, currency)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE balance (
        account TEXT NOT NULL,
        currency TEXT NOT NULL,
        units INTEGER NOT NULL,
        PRIMARY KEY (account, currency)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE tally (
        scope TEXT NOT NULL,
        currency TEXT NOT NULL,
        open INTEGER NOT NULL CHECK (open >= 0),
        spent INTEGER NOT NULL CHECK (spent >= 0),
        PRIMARY KEY (scope, currency)
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER entry_is_booked_once BEFORE INSERT ON entry WHEN EXISTS (
        SELECT 1 FROM entry
        WHERE job = NEW.job AND hold = NEW.hold AND kind = NEW.kind AND turn = NEW.turn AND step != NEW.step
    ) BEGIN
        SELECT RAISE(ABORT, 'it is in the books already');
    END;
    CREATE TRIGGER entry_is_summed AFTER INSERT ON entry BEGIN
        INSERT INTO balance (account, currency, units) VALUES (NEW.account, NEW.currency, NEW.units)
        ON CONFLICT DO UPDATE SET units = units + excluded.units;
    END;
    CREATE TRIGGER entry_is_not_edited BEFORE UPDATE ON entry BEGIN
        SELECT RAISE(ABORT, 'entries are never edited: a correction is a new one');
    END;
    CREATE TRIGGER entry_is_not_deleted BEFORE DELETE ON entry BEGIN
        SELECT RAISE(ABORT, 'entries are never deleted: a correction is a new one');
    END;
    CREATE TRIGGER hold_is_not_deleted BEFORE DELETE ON hold BEGIN
        SELECT RAISE(ABORT, 'holds are never deleted');
    END;
    CREATE TRIGGER hold_keeps_its_price
    BEFORE UPDATE OF job, number, provider, project, day, simulated, reserved, currency ON hold BEGIN
        SELECT RAISE(ABORT, 'what was set aside for a job is never edited');
    END;
"""
"""The tables of the books, for the store's layout."""

TRIGGERS: Final = (
    "entry_is_booked_once",
    "entry_is_not_deleted",
    "entry_is_not_edited",
    "entry_is_summed",
    "hold_is_not_deleted",
    "hold_keeps_its_price",
)

_HOLD: Final = "job, number, provider, project, day, simulated, reserved, currency, state, charged, charged_currency, turn"
_ENTRY: Final = "job, hold, kind, turn, account, currency, units, step, at"
_ENTER: Final = f"INSERT INTO entry ({_ENTRY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  a constant
_CHANGE: Final = (
    "UPDATE hold SET state = ?, charged = ?, charged_currency = ?, turn = ? "
    "WHERE job = ? AND number = ? AND turn = ?"
)
_COUNT: Final = "UPDATE tally SET open = open + ?, spent = spent + ? WHERE scope = ? AND currency = ?"
_BEGIN: Final = "INSERT INTO tally (open, spent, scope, currency) VALUES (?, ?, ?, ?)"
_MOVED: Final = "SELECT 1 FROM hold WHERE job = ? AND state != 'held' LIMIT 1"
_IN_DOUBT: Final = """
    SELECT job FROM hold WHERE state = 'doubtful' AND NOT simulated
    AND EXISTS (SELECT 1 FROM hold AS later WHERE later.job = hold.job AND later.number > hold.number)
"""
_OBSCURE: Final = """
    SELECT DISTINCT job FROM hold
    WHERE NOT simulated AND (:kind = 'total' OR :kind = 'day' AND day = :name OR :kind = 'project' AND project = :name)
    AND (state IN ('held', 'doubtful') AND reserved AND currency != :currency
         OR state = 'captured' AND charged AND charged_currency != :currency)
    ORDER BY job
"""
_WAITED_FOR: Final = frozenset({Phase.ACCEPTED, Phase.RUNNING})
_AT_ONCE: Final = 500  # so many records are read at a time


def open_books(connection: sqlite3.Connection) -> None:
    """Give each job that is older than the books its opening entries; the layout calls it after :data:`BOOKS`.

    Args:
        connection: The store, in a transaction.
    """
    books = SQLBooks(connection)
    for name, job in books.jobs():
        if job is None:
            _log.warning("the record of %s cannot be read, so the books know nothing of it", name)
        else:
            books.write(opening(job))


class SQLBooks:
    """The books in a store's SQLite file.

    Args:
        connection: The store, in its own transaction.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def place(self, job: Job) -> None:
        """Set money aside for a job that is being added.

        Raises:
            sqlite3.IntegrityError: The books refuse it; the job must not be added.
        """
        self.write(bookings(job, ()))

    def follow(self, job: Job) -> None:
        """Book what a job's new record says.

        The books keep no record from being written: what cannot be booked is logged, and ``polyreel ledger verify`` finds
        it.

        Args:
            job: The record that is being saved.
        """
        if job.phase in _WAITED_FOR and self._connection.execute(_MOVED, (job.id,)).fetchone() is None:
            return  # a poll: what it learns moves no money
        due = bookings(job, self._holds_of(job.id))
        if not due:
            return
        self._connection.execute("SAVEPOINT books")
        try:
            self.write(due)
        except sqlite3.IntegrityError as error:
            self._connection.execute("ROLLBACK TO books")
            _log.error("%s: %s could not be booked: %s", job.id, due[0].kind, error)
        self._connection.execute("RELEASE books")

    def write(self, due: Iterable[Booking]) -> None:
        """Write bookings.

        Raises:
            sqlite3.IntegrityError: One was booked before, or somebody else moved the hold.
        """
        execute, many = self._connection.execute, self._connection.executemany
        for booking in due:
            hold = booking.hold
            if booking.before is None:
                execute(f"INSERT INTO hold ({_HOLD}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _row(hold))  # noqa: S608  a constant
            else:
                outcome = _row(hold)[8:]
                if execute(_CHANGE, (*outcome, hold.job, hold.number, booking.before.turn)).rowcount != 1:
                    raise sqlite3.IntegrityError(f"hold {hold.number} of {hold.job} is not as it was read")
            key = (hold.job, hold.number, booking.kind, booking.turn)
            then = (hold.turn, booking.at)
            many(
                _ENTER, [(*key, line.account, line.currency, line.units, *then) for line in booking.postings]
            )
            for currency, shift in booking.shifts.items():
                for scope in hold.scopes:
                    # Not an upsert: the constraints would look at what is added, which may be negative.
                    if not execute(_COUNT, (*shift, scope, currency)).rowcount:
                        execute(_BEGIN, (*shift, scope, currency))

    def in_doubt(self) -> list[str]:
        """Return the job of each earlier request of which nobody knows whether it was charged, once for each."""
        return [job for (job,) in self._connection.execute(_IN_DOUBT)]

    def _holds_of(self, job_id: str) -> list[Hold]:
        rows = self._connection.execute(f"SELECT {_HOLD} FROM hold WHERE job = ? ORDER BY number", (job_id,))  # noqa: S608  a constant
        return [_hold(row) for row in rows]

    def sums(self, scope: str) -> dict[str, Tally]:
        """Return one sum of the real jobs, by currency."""
        rows = self._connection.execute("SELECT currency, open, spent FROM tally WHERE scope = ?", (scope,))
        return {currency: Tally(open=opened, spent=spent) for currency, opened, spent in rows}

    def obscure(self, scope: str, currency: str) -> list[str]:
        """Return the jobs of a sum whose cost is not known in a currency, by id."""
        kind, _, name = scope.partition("/")
        rows = self._connection.execute(_OBSCURE, {"kind": kind, "name": name, "currency": currency})
        return [job for (job,) in rows]

    def holds(self) -> Iterator[Hold]:
        """Return every hold, by job and number."""
        rows = self._connection.execute(f"SELECT {_HOLD} FROM hold ORDER BY job, number")  # noqa: S608  a constant
        return map(_hold, rows)

    def lines(self, job_id: str | None = None) -> Iterator[Line]:
        """Return every entry, oldest first; or those of one job."""
        from polyreel.audits import Line

        rows = self._connection.execute(
            f"SELECT {_ENTRY} FROM entry WHERE ?1 IS NULL OR job = ?1 ORDER BY at, job, hold, step, account",  # noqa: S608  a constant
            (job_id,),
        )
        for job, hold, kind, turn, account, currency, units, step, at in rows:
            yield Line(
                job=job,
                hold=hold,
                kind=kind,
                turn=turn,
                account=account,
                currency=currency,
                units=units,
                step=step,
                at=at,
            )

    def balances(self) -> list[Balance]:
        """Return what stands on each account, by account and currency."""
        from polyreel.audits import Balance

        rows = self._connection.execute(
            "SELECT account, currency, units FROM balance ORDER BY account, currency"
        )
        return [Balance(account=account, currency=currency, units=units) for account, currency, units in rows]

    def tallies(self) -> dict[tuple[str, str], Tally]:
        """Return every sum, by scope and currency."""
        rows = self._connection.execute("SELECT scope, currency, open, spent FROM tally")
        return {(scope, currency): Tally(open=opened, spent=spent) for scope, currency, opened, spent in rows}

    def jobs(self) -> Iterator[tuple[str, Job | None]]:
        """Return every job with its record; ``None`` for one that cannot be read."""
        after = ""
        while True:  # in pieces: the layout writes while it reads
            rows = self._connection.execute(
                "SELECT id, record FROM job WHERE id > ? ORDER BY id LIMIT ?", (after, _AT_ONCE)
            ).fetchall()
            for name, record in rows:
                yield name, _read(record)
            if len(rows) < _AT_ONCE:
                return
            after = rows[-1][0]

    def missing_guards(self) -> list[str]:
        """Return the triggers that keep the entries as they are, and are gone."""
        rows = self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        found = {name for (name,) in rows}
        return [name for name in TRIGGERS if name not in found]


def _row(hold: Hold) -> tuple[str | int | None, ...]:
    charged, currency = (None, None) if hold.charged is None else (hold.charged.units, hold.charged.currency)
    facts = (hold.job, hold.number, hold.provider, hold.project, hold.day, int(hold.simulated))
    return (*facts, hold.reserved.units, hold.reserved.currency, hold.state, charged, currency, hold.turn)


def _hold(row: Sequence[Any]) -> Hold:
    job, number, provider, project, day, simulated, reserved, currency, state, charged, in_currency, turn = (
        row
    )
    return Hold(
        job=job,
        number=number,
        provider=provider,
        project=project,
        day=day,
        simulated=bool(simulated),
        reserved=Sum(units=reserved, currency=currency),
        state=state,
        charged=None if charged is None else Sum(units=charged, currency=in_currency),
        turn=turn,
    )


def _read(record: str) -> Job | None:
    try:
        return Job.model_validate_json(record)
    except ValueError:
        return None
