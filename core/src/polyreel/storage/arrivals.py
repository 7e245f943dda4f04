"""Messages that came from providers, each remembered for two days: one that comes again changes nothing.

A message is written, and the job that it is about is woken, in one transaction: of two processes that get the same
message at the same time, one wakes the job. A message about a job that is not here yet is kept too: its submit may be
under way, and is looked at once it returns.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from polyreel.storage.rates import Read, Write

__all__ = [
    "ARRIVALS",
    "KEPT_FOR",
    "WAKE",
    "Arrival",
    "Arrivals",
    "ArrivalsInMemory",
    "ArrivalsInSQLite",
    "Landing",
]

KEPT_FOR: Final = 48 * 3600.0
"""Seconds for which a message is remembered: far longer than its signature is taken for fresh, and still a day when the
time of day is set forward by one."""

ARRIVALS: Final = """
    CREATE TABLE arrival (
        provider TEXT NOT NULL,
        id TEXT NOT NULL,
        account TEXT NOT NULL,
        receipt_id TEXT,
        at REAL NOT NULL,
        PRIMARY KEY (provider, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX arrival_by_receipt ON arrival (provider, receipt_id, at);
    CREATE INDEX arrival_by_account ON arrival (provider, account, at);
    CREATE INDEX arrival_by_age ON arrival (at);
"""
"""The layout of these rows."""

_JOB: Final = "SELECT id, done FROM job WHERE provider = ? AND receipt_id = ? LIMIT 1"
_SWEEP: Final = "DELETE FROM arrival WHERE at < ? OR at > ?"
_INSERT: Final = (
    "INSERT OR IGNORE INTO arrival (provider, id, account, receipt_id, at) VALUES (?, ?, ?, ?, ?)"
)
_TOLD: Final = "SELECT 1 FROM arrival WHERE provider = ? AND receipt_id = ? AND at >= ? LIMIT 1"
_LAST: Final = "SELECT MAX(at) FROM arrival WHERE provider = ? AND account = ?"
WAKE: Final = "UPDATE job SET next_at = MIN(COALESCE(next_at, ?), ?) WHERE id = ? AND done = 0"


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """A verified message.

    Attributes:
        provider: Whose it is.
        id: Its id, the same each time that it is sent.
        account: What tells the account of the receiver from others.
        receipt_id: The provider's id of the job that it is about; ``None`` when it is about none.
        at: When it came, seconds since 1970.
    """

    provider: str
    id: str
    account: str
    receipt_id: str | None
    at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Landing:
    """What a message met.

    Attributes:
        is_new: Whether it came for the first time.
        job_id: The job that it is about, if it is here.
        woke: Whether that job is due now because of it.
    """

    is_new: bool
    job_id: str | None = None
    woke: bool = False


class Arrivals(Protocol):
    """Messages, as a store keeps them. Its methods block and may be called from any thread."""

    def take(self, arrival: Arrival) -> Landing:
        """Remember a message, and wake the job that it is about, both or neither."""
        ...

    def was_told(self, provider: str, receipt_id: str, since: float) -> bool:
        """Return whether a message about a provider's job came at ``since`` (seconds since 1970) or later."""
        ...

    def last(self, provider: str, account: str) -> float | None:
        """Return when the last message for an account came, seconds since 1970."""
        ...


class ArrivalsInSQLite:
    """In the table :data:`ARRIVALS`.

    Args:
        read: Runs a query.
        write: Begins a transaction.
    """

    def __init__(self, *, read: Read, write: Write) -> None:
        self._read = read
        self._write = write

    def take(self, arrival: Arrival) -> Landing:
        """Remember a message, and wake the job that it is about."""
        # Durably: the sender is told that it arrived, and does not send it again.
        with self._write(durable=True) as connection:
            # One of the future was written before the time of day was set back.
            connection.execute(_SWEEP, (arrival.at - KEPT_FOR, arrival.at + KEPT_FOR))
            values = (arrival.provider, arrival.id, arrival.account, arrival.receipt_id, arrival.at)
            is_new = connection.execute(_INSERT, values).rowcount == 1
            row = connection.execute(_JOB, (arrival.provider, arrival.receipt_id)).fetchone()
            if row is None or not is_new:
                return Landing(is_new=is_new, job_id=None if row is None else row[0])
            woken = connection.execute(WAKE, (arrival.at, arrival.at, row[0]))
            return Landing(is_new=True, job_id=row[0], woke=woken.rowcount == 1)

    def was_told(self, provider: str, receipt_id: str, since: float) -> bool:
        """Return whether a message about a provider's job came lately."""
        return bool(self._read(_TOLD, (provider, receipt_id, since)))

    def last(self, provider: str, account: str) -> float | None:
        """Return when the last message for an account came."""
        at: float | None = self._read(_LAST, (provider, account))[0][0]
        return at


class ArrivalsInMemory:
    """The same for one process.

    Args:
        find: Gives the id of the job that has a provider's receipt.
        wake: Lets a job be due at a time, if it still needs a step.
    """

    def __init__(self, *, find: Callable[[str, str], str | None], wake: Callable[[str, float], bool]) -> None:
        self._find = find
        self._wake = wake
        self._kept: dict[tuple[str, str], Arrival] = {}
        self._lock = threading.Lock()

    def take(self, arrival: Arrival) -> Landing:
        """Remember a message, and wake the job that it is about."""
        with self._lock:
            self._kept = {
                key: kept for key, kept in self._kept.items() if abs(kept.at - arrival.at) <= KEPT_FOR
            }
            is_new = (arrival.provider, arrival.id) not in self._kept
            self._kept.setdefault((arrival.provider, arrival.id), arrival)
        job_id = None if arrival.receipt_id is None else self._find(arrival.provider, arrival.receipt_id)
        woke = is_new and job_id is not None and self._wake(job_id, arrival.at)
        return Landing(is_new=is_new, job_id=job_id, woke=woke)

    def was_told(self, provider: str, receipt_id: str, since: float) -> bool:
        """Return whether a message about a provider's job came lately."""
        told = (kept.at for kept in self._all() if (kept.provider, kept.receipt_id) == (provider, receipt_id))
        return any(at >= since for at in told)

    def last(self, provider: str, account: str) -> float | None:
        """Return when the last message for an account came."""
        times = (kept.at for kept in self._all() if (kept.provider, kept.account) == (provider, account))
        return max(times, default=None)

    def _all(self) -> list[Arrival]:
        with self._lock:
            return list(self._kept.values())
