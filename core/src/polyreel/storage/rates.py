"""What all processes of a store share about an account's pace: its buckets, and how long its films take.

Each row is a few numbers. It is read, changed by a pure function and written in one transaction of one writer, so that
no two processes can both take the last request of a rate. Nothing here is worth a write to the disk itself: after a power
cut a bucket is full again.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from polyreel.durations import Durations
from polyreel.rates import KINDS, Bucket, Kind, Place

__all__ = ["RATES", "Change", "Rates", "RatesInMemory", "RatesInSQLite", "Read", "Write"]

T = TypeVar("T")
Change: TypeAlias = Callable[[Bucket | None], tuple[Bucket | None, T]]
"""From a bucket to the one that takes its place, and an answer; ``None`` for no bucket."""

Read: TypeAlias = Callable[[str, tuple[Any, ...]], Sequence[Any]]
"""Runs a query and returns its rows."""


class Write(Protocol):
    """Begins a transaction in which nobody else writes."""

    def __call__(self, *, durable: bool) -> AbstractContextManager[sqlite3.Connection]:
        """Return it.

        Args:
            durable: Whether what is written must outlive a power cut.
        """
        ...


RATES: Final = """
    CREATE TABLE rate (
        provider TEXT NOT NULL,
        account TEXT NOT NULL,
        kind TEXT NOT NULL,
        due REAL NOT NULL,
        blocked_until REAL NOT NULL,
        allowed REAL NOT NULL,
        refused_at REAL NOT NULL,
        PRIMARY KEY (provider, account, kind)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE duration (
        model TEXT PRIMARY KEY,
        counts TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
"""
"""The layout of these rows."""

_READ: Final = (
    "SELECT due, blocked_until, allowed, refused_at FROM rate WHERE provider = ? AND account = ? AND kind = ?"
)
_WRITE: Final = (
    "INSERT INTO rate (due, blocked_until, allowed, refused_at, provider, account, kind) VALUES (?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (provider, account, kind) DO UPDATE SET due = excluded.due, "
    "blocked_until = excluded.blocked_until, allowed = excluded.allowed, refused_at = excluded.refused_at"
)
_DROP: Final = "DELETE FROM rate WHERE provider = ? AND account = ? AND kind = ?"
_ALL: Final = (
    "SELECT kind, due, blocked_until, allowed, refused_at FROM rate WHERE provider = ? AND account = ?"
)
_DURATION: Final = "SELECT counts FROM duration WHERE model = ?"
_LEARN: Final = "INSERT INTO duration (model, counts) VALUES (?, ?) ON CONFLICT (model) DO UPDATE SET counts = excluded.counts"


class Rates(Protocol):
    """The pace of accounts, as a store keeps it. Its methods block and may be called from any thread."""

    def change(self, place: Place, kind: Kind, change: Change[T]) -> T:
        """Change a bucket, and return what the change answers. No other process changes it in between.

        Args:
            place: Whose bucket.
            kind: Which of its buckets.
            change: From what is there to what is to be there. Pure: it may be called twice.
        """
        ...

    def buckets(self, place: Place) -> Mapping[Kind, Bucket]:
        """Return the buckets of an account that something is remembered of."""
        ...

    def learn(self, model: str, seconds: float) -> None:
        """Add to what is known of how long a model's films take."""
        ...

    def durations(self, model: str) -> Durations:
        """Return how long a model's films took."""
        ...


class RatesInSQLite:
    """In the tables :data:`RATES`.

    Args:
        read: Runs a query.
        write: Begins a transaction.
    """

    def __init__(self, *, read: Read, write: Write) -> None:
        self._read = read
        self._write = write

    def change(self, place: Place, kind: Kind, change: Change[T]) -> T:
        """Change a bucket; see :meth:`Rates.change`."""
        key = (place.provider, place.account, kind)
        with self._write(durable=False) as connection:
            row = connection.execute(_READ, key).fetchone()
            before = None if row is None else _bucket(row)
            after, answer = change(before)
            if after is None and before is not None:
                connection.execute(_DROP, key)
            elif after is not None and after != before:
                values = (after.due, after.blocked_until, after.allowed, after.refused_at)
                connection.execute(_WRITE, (*values, *key))
        return answer

    def buckets(self, place: Place) -> Mapping[Kind, Bucket]:
        """Return the buckets of an account."""
        rows = self._read(_ALL, (place.provider, place.account))
        known: dict[str, Kind] = {kind: kind for kind in KINDS}
        return {known[kind]: _bucket(numbers) for kind, *numbers in rows if kind in known}

    def learn(self, model: str, seconds: float) -> None:
        """Add to what is known of how long a model's films take."""
        with self._write(durable=False) as connection:
            row = connection.execute(_DURATION, (model,)).fetchone()
            learned = _durations(row).with_one(seconds)
            connection.execute(_LEARN, (model, str(learned)))

    def durations(self, model: str) -> Durations:
        """Return how long a model's films took."""
        rows = self._read(_DURATION, (model,))
        return _durations(rows[0] if rows else None)


def _bucket(numbers: Sequence[float]) -> Bucket:
    due, blocked_until, allowed, refused_at = numbers
    return Bucket(due=due, blocked_until=blocked_until, allowed=allowed, refused_at=refused_at)


def _durations(row: Sequence[str] | None) -> Durations:
    return Durations() if row is None else Durations.of(row[0])


class RatesInMemory:
    """The same for one process."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[Place, Kind], Bucket] = {}
        self._durations: dict[str, Durations] = {}
        self._lock = threading.Lock()

    def change(self, place: Place, kind: Kind, change: Change[T]) -> T:
        """Change a bucket; see :meth:`Rates.change`."""
        with self._lock:
            before = self._buckets.get((place, kind))
            after, answer = change(before)
            if after is not None:
                self._buckets[place, kind] = after
            elif before is not None:
                del self._buckets[place, kind]
            return answer

    def buckets(self, place: Place) -> Mapping[Kind, Bucket]:
        """Return the buckets of an account."""
        with self._lock:
            return {kind: bucket for (owner, kind), bucket in self._buckets.items() if owner == place}

    def learn(self, model: str, seconds: float) -> None:
        """Add to what is known of how long a model's films take."""
        with self._lock:
            self._durations[model] = self._durations.get(model, Durations()).with_one(seconds)

    def durations(self, model: str) -> Durations:
        """Return how long a model's films took."""
        return self._durations.get(model, Durations())
