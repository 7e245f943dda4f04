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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from polyreel.errors import StorageFailed
from polyreel.storage.conflicts import ConcurrentWrite
from polyreel.storage.store import Guard
from polyreel.types.expense import Expense
from polyreel.types.job import Job

__all__ = ["SQLiteStore"]

_MOST: Final = 2**62  # what SQLite takes as a limit
_log = logging.getLogger("polyreel.storage")
_BUSY_MS: Final = 10_000
_EXPENSE: Final = ("model", "project", "simulated", "estimate", "cost")
_MIGRATIONS: Final = (
    """
    CREATE TABLE job (
        id TEXT PRIMARY KEY,
        created_at REAL NOT NULL,
        done INTEGER NOT NULL,
        next_at REAL,
        version INTEGER NOT NULL,
        record TEXT NOT NULL,
        provider TEXT GENERATED ALWAYS AS (json_extract(record, '$.provider')) VIRTUAL,
        receipt_id TEXT GENERATED ALWAYS AS (json_extract(record, '$.receipt.id')) VIRTUAL
    ) STRICT;
    CREATE INDEX job_by_receipt ON job (provider, receipt_id);
    CREATE INDEX job_by_age ON job (created_at DESC);
    CREATE INDEX job_unfinished ON job (next_at) WHERE done = 0;
    """,
)


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
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def add(self, job: Job, *, guard: Guard | None = None) -> None:
        """Write a new job, if the guard lets it.

        ``BEGIN IMMEDIATE`` takes the only write lock of the file before the guard looks.
        """
        with self._transaction() as connection:
            if guard is not None and guard.since is not None:
                guard(_expenses(connection, guard.since))
            try:
                connection.execute(
                    "INSERT INTO job (id, created_at, done, next_at, version, record) VALUES (?, ?, ?, ?, ?, ?)",
                    (job.id, job.created_at, job.done, job.next_at, job.version, _record(job)),
                )
            except sqlite3.IntegrityError:
                raise StorageFailed(f"the job {job.id} exists already") from None

    def save(self, job: Job, *, expected: int) -> None:
        """Replace a job if its stored version is ``expected``."""
        with self._transaction() as connection:
            changed = connection.execute(
                "UPDATE job SET done = ?, next_at = ?, version = ?, record = ? WHERE id = ? AND version = ?",
                (job.done, job.next_at, job.version, _record(job), job.id, expected),
            )
            if changed.rowcount != 1:
                raise ConcurrentWrite(job.id)

    def get(self, job_id: str) -> Job | None:
        """Return a job, or ``None``."""
        rows = self._read("SELECT record FROM job WHERE id = ?", (job_id,))
        return _job(rows[0]) if rows else None

    def owner(self, provider: str, receipt_id: str) -> Job | None:
        """Return the job that holds a provider's receipt, or ``None``."""
        query = "SELECT record FROM job WHERE provider = ? AND receipt_id = ? LIMIT 1"
        rows = self._read(query, (provider, receipt_id))
        return _job(rows[0]) if rows else None

    def find(self, *, unfinished: bool = False, limit: int | None = None) -> list[Job]:
        """Return jobs, newest first."""
        query = "SELECT record FROM job WHERE (? = 0 OR done = 0) ORDER BY created_at DESC, id DESC LIMIT ?"
        rows = self._read(query, (int(unfinished), -1 if limit is None else min(limit, _MOST)))
        jobs = []
        for record in rows:
            try:
                jobs.append(_job(record))
            except StorageFailed as error:
                _log.warning("%s", error)  # one damaged record does not hide the others
        return jobs

    def expenses(self, since: float = 0.0) -> list[Expense]:
        """Return what each job since then costs, oldest first; a damaged record costs nobody knows what."""
        with self._lock, self._translated():
            return _expenses(self._opened(), since)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _read(self, query: str, values: tuple[str | int, ...]) -> list[str]:
        with self._lock, self._translated():
            return [row[0] for row in self._opened().execute(query, values)]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._translated():
            connection = self._opened()
            connection.execute("BEGIN IMMEDIATE")
            try:
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
        if self._connection is None:
            self._connection = self._open()
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
            _migrate(connection, self.path)
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
    return [_expense(*row) for row in rows]


def _expense(name: str, created_at: float, facts: str | None) -> Expense:
    named = dict(zip(_EXPENSE, json.loads(facts or "[]"), strict=False))
    try:
        return Expense(
            job_id=name, created_at=created_at, **{n: v for n, v in named.items() if v is not None}
        )
    except ValueError:
        return Expense(job_id=name, created_at=created_at)


def _record(job: Job) -> str:
    try:
        return job.model_dump_json()
    except ValueError as error:
        raise StorageFailed(f"the record of {job.id} cannot be written: {error}") from None


def _job(record: str) -> Job:
    try:
        return Job.model_validate_json(record)
    except ValueError:
        name = re.search(r'"id":"([^"]{1,80})"', record)
        raise StorageFailed(
            f"the record of {name[1] if name else 'a job'} cannot be read; it is damaged, or was written by a newer "
            "polyreel"
        ) from None


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(_MIGRATIONS):
        raise StorageFailed(
            f"the job store {path} was written by a newer polyreel (layout {version}, this one knows "
            f"{len(_MIGRATIONS)}); upgrade polyreel"
        )
    if version == len(_MIGRATIONS):
        return
    connection.execute("BEGIN EXCLUSIVE")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        for number, script in enumerate(_MIGRATIONS[version:], start=version + 1):
            for statement in filter(str.strip, script.split(";")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
