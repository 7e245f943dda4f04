"""The layout of the job store's file, as numbered steps: a file of any earlier release is brought up to date.

Each step is recorded with the digest of its text, so that a file that was made by other steps is noticed before it is
written to. A step that was released is never edited: the next one mends it.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from polyreel.errors import StorageFailed
from polyreel.storage.arrivals import ARRIVALS
from polyreel.storage.books import BOOKS, open_books
from polyreel.storage.rates import RATES

__all__ = ["STEPS", "Step", "bring_up_to_date"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One change of the layout.

    Attributes:
        script: SQL.
        fill: Called after it, in the same transaction, for what SQL cannot say.
    """

    script: str
    fill: Callable[[sqlite3.Connection], None] | None = None

    @property
    def checksum(self) -> str:
        """The digest of the script; how it is indented does not matter."""
        words = " ".join(self.script.split())
        return hashlib.sha256(words.encode()).hexdigest()


_JOBS: Final = """
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
"""
_LEASES: Final = """
    ALTER TABLE job ADD COLUMN lease_owner TEXT;
    ALTER TABLE job ADD COLUMN lease_until REAL;
    ALTER TABLE job ADD COLUMN intent BLOB;
    ALTER TABLE job ADD COLUMN idempotency_key TEXT;
    CREATE UNIQUE INDEX job_by_key ON job (idempotency_key) WHERE idempotency_key IS NOT NULL;
"""

STEPS: Final[Sequence[Step]] = (
    Step(script=_JOBS),
    Step(script=_LEASES),
    Step(script=RATES),
    Step(script=ARRIVALS),
    Step(script=BOOKS, fill=open_books),
)

_BOOK: Final = "CREATE TABLE IF NOT EXISTS layout (number INTEGER PRIMARY KEY, checksum TEXT NOT NULL) STRICT"


def bring_up_to_date(connection: sqlite3.Connection, path: Path, steps: Sequence[Step] = STEPS) -> None:
    """Apply the steps that a file has not seen yet, all or none.

    Args:
        connection: The open file.
        path: Its name, for errors.
        steps: The layout.

    Raises:
        StorageFailed: The file was written by a newer release, or by other steps than these.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(steps):
        raise StorageFailed(
            f"the job store {path} was written by a newer polyreel (layout {version}, this one knows {len(steps)}); "
            "upgrade polyreel"
        )
    if version == len(steps):
        return
    connection.execute("BEGIN EXCLUSIVE")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute(_BOOK)
        _compare(connection, path, steps[:version])
        for number, step in enumerate(steps[version:], start=version + 1):
            for statement in _statements(step.script):
                connection.execute(statement)
            if step.fill is not None:
                step.fill(connection)
            connection.execute("INSERT INTO layout VALUES (?, ?)", (number, step.checksum))
            connection.execute(f"PRAGMA user_version = {number}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _compare(connection: sqlite3.Connection, path: Path, applied: Sequence[Step]) -> None:
    recorded = dict(connection.execute("SELECT number, checksum FROM layout"))
    for number, step in enumerate(applied, start=1):
        if recorded.setdefault(number, step.checksum) != step.checksum:
            raise StorageFailed(
                f"the job store {path} was made by another step {number} than this polyreel's; it is not touched. "
                "Use the release that made it, or set POLYREEL_HOME to another folder"
            )
    if len(applied) == 1:  # the first release kept no book
        connection.execute("INSERT OR IGNORE INTO layout VALUES (1, ?)", (applied[0].checksum,))


def _statements(script: str) -> Iterator[str]:
    # A trigger holds semicolons of its own: only SQLite knows where a statement ends.
    statement = ""
    for part in script.split(";"):
        statement += part + ";"
        if sqlite3.complete_statement(statement):
            if statement.strip(" \n;"):
                yield statement
            statement = ""
