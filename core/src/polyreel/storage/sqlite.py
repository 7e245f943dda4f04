"""Jobs in SQLite: one file in the data folder, durable at each write, shared by all processes of a user.

The record is the job's JSON; the columns beside it are what is searched. ``synchronous=FULL`` makes a committed
intent outlive a power cut: it is written before the first byte of a request that costs money.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from polyreel.errors import StorageFailed
from polyreel.storage.arrivals import WAKE, ArrivalsInSQLite
from polyreel.storage.books import SQLBooks
from polyreel.storage.conflicts import ConcurrentWrite
from polyreel.storage.layout import bring_up_to_date
from polyreel.storage.leases import Lease, Owners
from polyreel.storage.rates import RatesInSQLite
from polyreel.storage.store import Guard
from polyreel.types.expense import Expense, with_doubts
from polyreel.types.job import Job

if TYPE_CHECKING:
    from polyreel.audits import Books

__all__ = ["SQLiteStore"]

T = TypeVar("T")
_MOST: Final = 2**62  # what SQLite takes as a limit
_log = logging.getLogger("polyreel.storage")
_BUSY_MS: Final = 10_000
_INSERT: Final = (
    "INSERT INTO job (done, next_at, version, record, created_at, idempotency_key, intent, lease_owner, lease_until, id) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_UPDATE: Final = (
    "UPDATE job SET done = ?, next_at = ?, version = ?, record = ?, lease_owner = ?, lease_until = ?, "
    "intent = CASE WHEN ? THEN intent END WHERE id = ? AND version = ?"
)
_EXPENSE: Final = ("model", "project", "simulated", "estimate", "cost")


class SQLiteStore:
    """A job store in one SQLite file.

    Args:
        path: The file; it and its folder are made if missing, readable by their owner only.

    Raises:
        StorageFailed: The file cannot be opened, is no database, or was written by a newer polyreel.
    """

    quick = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self._owners = Owners(path.with_name(f"{path.name}-owners"))
        self._locks: dict[int, threading.Lock] = {}
        self._connection: sqlite3.Connection | None = None
        self._inherited: list[sqlite3.Connection | None] = []
        self._opened_by = 0
        self._is_durable = True
        self.rates = RatesInSQLite(read=self._read, write=self._transaction)
        self.arrivals = ArrivalsInSQLite(read=self._read, write=self._transaction)

    @property
    def _lock(self) -> threading.Lock:
        # Another thread of the parent may have held its lock in the moment of a fork: a forked process has its own.
        return self._locks.setdefault(os.getpid(), threading.Lock())

    @property
    def me(self) -> str:
        """The name of this process in leases."""
        return self._owners.me

    def add(
        self, job: Job, *, guard: Guard | None = None, lease: Lease | None = None, intent: bytes | None = None
    ) -> Job:
        """Write a new job, if the guard lets it; or return the earlier one with the same key.

        ``BEGIN IMMEDIATE`` takes the only write lock of the file before the guard looks.
        """
        # Nothing was sent for it yet; the record that something is sent makes both outlive a power cut.
        with self._transaction(durable=False) as connection:
            if job.idempotency_key is not None:
                query = "SELECT record, version, next_at FROM job WHERE idempotency_key = ?"
                row = connection.execute(query, (job.idempotency_key,)).fetchone()
                if row is not None:
                    return _job(row)
            books = SQLBooks(connection)
            if guard is not None:
                guard(books)
            holder, until = (None, None) if lease is None else (lease.owner, lease.until)
            values = (*_columns(job), job.created_at, job.idempotency_key, intent, holder, until, job.id)
            try:
                connection.execute(_INSERT, values)
            except sqlite3.IntegrityError:
                raise StorageFailed(f"the job {job.id} exists already") from None
            books.place(job)
        return job

    def intent(self, job_id: str) -> bytes | None:
        """Return what was kept of a request beside its record."""
        rows = self._read("SELECT intent FROM job WHERE id = ?", (job_id,))
        return rows[0][0] if rows else None

    def claim(self, job_id: str, lease: Lease, *, steady: float) -> Job | Lease | None:
        """Take the right to a job's next step, if nobody else has it."""
        with self._transaction(durable=False) as connection:
            query = "SELECT record, version, next_at, lease_owner, lease_until FROM job WHERE id = ?"
            row = connection.execute(query, (job_id,)).fetchone()
            if row is None:
                return None
            *facts, owner, until = row
            if owner is not None:
                held = Lease(owner=owner, until=until)
                if held.holds(steady=steady) and not self._owners.is_gone(owner):
                    return held
            claimed = "UPDATE job SET version = version + 1, lease_owner = ?, lease_until = ? WHERE id = ?"
            connection.execute(claimed, (lease.owner, lease.until, job_id))
        record, version, next_at = facts
        return _job((record, version + 1, next_at))

    def renew(self, job_id: str, lease: Lease, *, held: Lease) -> bool:
        """Hold a job's lease for longer."""
        query = "UPDATE job SET lease_until = ? WHERE id = ? AND lease_owner = ? AND lease_until = ?"
        with self._transaction(durable=False) as connection:
            return connection.execute(query, (lease.until, job_id, held.owner, held.until)).rowcount == 1

    def release(self, job_id: str, lease: Lease) -> None:
        """Let go of a lease."""
        query = (
            "UPDATE job SET lease_owner = NULL, lease_until = NULL "
            "WHERE id = ? AND lease_owner = ? AND lease_until = ?"
        )
        with self._transaction(durable=False) as connection:
            connection.execute(query, (job_id, lease.owner, lease.until))

    def save(self, job: Job, *, expected: int, durable: bool = True, lease: Lease | None = None) -> None:
        """Replace a job if its stored version is ``expected``."""
        holder, until = (None, None) if lease is None else (lease.owner, lease.until)
        values = (*_columns(job), holder, until, job.may_be_sent, job.id, expected)
        with self._transaction(durable=durable) as connection:
            if connection.execute(_UPDATE, values).rowcount != 1:
                raise ConcurrentWrite(job.id)
            SQLBooks(connection).follow(job)

    def get(self, job_id: str) -> Job | None:
        """Return a job, or ``None``."""
        rows = self._read("SELECT record, version, next_at FROM job WHERE id = ?", (job_id,))
        return _job(rows[0]) if rows else None

    def keyed(self, idempotency_key: str) -> Job | None:
        """Return the job that was made under an idempotency key, or ``None``."""
        query = "SELECT record, version, next_at FROM job WHERE idempotency_key = ?"
        rows = self._read(query, (idempotency_key,))
        return _job(rows[0]) if rows else None

    def owner(self, provider: str, receipt_id: str) -> Job | None:
        """Return the job that holds a provider's receipt, or ``None``."""
        query = "SELECT record, version, next_at FROM job WHERE provider = ? AND receipt_id = ? LIMIT 1"
        rows = self._read(query, (provider, receipt_id))
        return _job(rows[0]) if rows else None

    def orphans(self, provider: str, prompt: str) -> int:
        """Return how many jobs with the same prompt may own a film of which no receipt tells."""
        query = (
            # What Job.may_own_unnamed says.
            "SELECT COUNT(*) FROM job WHERE provider = ? AND json_extract(record, '$.prompt') = ? AND ("
            "json_extract(record, '$.attempts') > 1 OR receipt_id IS NULL AND ("
            "json_extract(record, '$.phase') IN ('submitting', 'unknown') OR "
            "json_extract(record, '$.failure.kind') = 'uncertain'))"
        )
        return int(self._read(query, (provider, prompt))[0][0])

    def find(self, *, unfinished: bool = False, limit: int | None = None) -> list[Job]:
        """Return jobs, newest first."""
        query = "SELECT record, version, next_at FROM job WHERE (? = 0 OR done = 0) ORDER BY created_at DESC, id DESC LIMIT ?"
        rows = self._read(query, (int(unfinished), -1 if limit is None else min(limit, _MOST)))
        jobs = []
        for row in rows:
            try:
                jobs.append(_job(row))
            except StorageFailed as error:
                _log.warning("%s", error)  # one damaged record does not hide the others
        return jobs

    def unfinished_count(self) -> int:
        """Return how many jobs need a step."""
        return int(self._read("SELECT COUNT(*) FROM job WHERE done = 0", ())[0][0])

    def wake(self, job_id: str, at: float) -> bool:
        """Let a job's next step be due earlier."""
        with self._transaction(durable=False) as connection:
            return connection.execute(WAKE, (at, at, job_id)).rowcount == 1

    def consult(self, question: Callable[[Books], T]) -> T:
        """Return what a question to the books answers, in one read transaction."""
        with self._lock, self._translated():
            connection = self._opened()
            try:
                connection.execute("BEGIN")
                return question(SQLBooks(connection))
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def expenses(self, since: float = 0.0) -> list[Expense]:
        """Return what each job since then costs, oldest first; a damaged record costs nobody knows what."""
        with self._lock, self._translated():
            return _expenses(self._opened(), since)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._connection is not None and self._opened_by == os.getpid():
                self._connection.close()
                self._connection = None
        self._owners.close()

    def _read(self, query: str, values: tuple[str | int, ...]) -> list[Any]:
        with self._lock, self._translated():
            return self._opened().execute(query, values).fetchall()

    @contextmanager
    def _transaction(self, *, durable: bool) -> Iterator[sqlite3.Connection]:
        """Write: to the disk itself when it must outlive a power cut, else to the system's memory first."""
        with self._lock, self._translated():
            connection = self._opened()
            if durable != self._is_durable:
                # First: Ctrl-C in between must not leave a durable write to the system's memory.
                self._is_durable = False
                connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                self._is_durable = durable
            try:
                # Inside: Ctrl-C while another process writes is raised right after this statement.
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # some errors end it themselves
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StorageFailed(
                f"the job store {self.path} refused: {error}. Set POLYREEL_HOME to "
                "a folder that can be written, or free some space"
            ) from None

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None or self._opened_by != os.getpid():
            # A forked process must not write through its parent's connection, nor close it: it is only kept.
            self._inherited.append(self._connection)
            self._connection, self._opened_by, self._is_durable = self._open(), os.getpid(), True
        return self._connection

    def _open(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Made by us first: sqlite3 would give it the process's default permissions.
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise StorageFailed(
                f"the job store {self.path} cannot be opened: {error.strerror}. Set POLYREEL_HOME to a folder that "
                "can be written"
            ) from None
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        try:
            connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
            _write_ahead(connection)
            connection.execute("PRAGMA synchronous = FULL")
            bring_up_to_date(connection, self.path)
        except BaseException:
            connection.close()
            raise
        return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    # Whoever opens the file first has it alone for a moment, and for this statement SQLite does not wait by itself.
    until = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _expenses(connection: sqlite3.Connection, since: float) -> list[Expense]:
    rows = connection.execute(
        "SELECT id, created_at, CASE WHEN json_valid(record) THEN "
        "json_extract(record, '$.model', '$.project', '$.simulated', '$.estimate', '$.cost') END "
        "FROM job WHERE created_at >= ? ORDER BY created_at, id",
        (since,),
    )
    return with_doubts([_expense(*row) for row in rows], SQLBooks(connection).in_doubt())


def _expense(name: str, created_at: float, facts: str | None) -> Expense:
    named = dict(zip(_EXPENSE, json.loads(facts or "[]"), strict=False))
    try:
        return Expense(
            job_id=name, created_at=created_at, **{n: v for n, v in named.items() if v is not None}
        )
    except ValueError:
        return Expense(job_id=name, created_at=created_at)


def _columns(job: Job) -> tuple[Any, ...]:
    """Return the values that ``_INSERT`` and ``_UPDATE`` begin with."""
    try:
        record = job.model_dump_json()
    except ValueError as error:
        raise StorageFailed(f"the record of {job.id} cannot be written: {error}") from None
    return not job.needs_step, job.next_at, job.version, record


def _job(row: tuple[str, int, float | None]) -> Job:
    # Claims and wakes write the columns version and next_at alone: these are right, not the same facts in the record.
    record, version, next_at = row
    try:
        job = Job.model_validate_json(record)
    except ValueError:
        name = re.search(r'"id":"([^"]{1,80})"', record)
        raise StorageFailed(
            f"the record of {name[1] if name else 'a job'} cannot be read; it is damaged, or was written by a newer "
            "polyreel"
        ) from None
    if (job.version, job.next_at) == (version, next_at):
        return job
    return job.model_copy(update={"version": version, "next_at": next_at})
