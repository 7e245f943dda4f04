"""The books of a store in memory: the same promises as those in its file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from polyreel.budgets import Tally
from polyreel.errors import StorageFailed
from polyreel.ledger import Booking, Hold, bookings
from polyreel.types.job import Job

if TYPE_CHECKING:
    from polyreel.audits import Balance, Line

__all__ = ["MemoryBooks"]


class MemoryBooks:
    """The books of a store in memory.

    Args:
        jobs: The store's jobs, by id; they are read, never changed.
    """

    def __init__(self, jobs: Mapping[str, Job]) -> None:
        self._jobs = jobs
        self._holds: dict[str, tuple[Hold, ...]] = {}
        self._bookings: list[Booking] = []
        self._booked: set[tuple[str, int, str, int]] = set()
        self._balances: dict[tuple[str, str], int] = {}
        self._tallies: dict[str, dict[str, Tally]] = {}

    def place(self, job: Job) -> None:
        """Set money aside for a job that is being added."""
        self.write(bookings(job, ()))

    def follow(self, job: Job) -> None:
        """Book what a job's new record says."""
        due = bookings(job, self._holds.get(job.id, ()))
        if due:
            self.write(due)

    def write(self, due: Iterable[Booking]) -> None:
        """Write bookings.

        Raises:
            StorageFailed: One was booked before.
        """
        for booking in due:
            hold = booking.hold
            key = (hold.job, hold.number, booking.kind, booking.turn)
            if key in self._booked:
                raise StorageFailed(
                    f"{booking.kind} of hold {hold.number} of {hold.job} is in the books already"
                )
            self._booked.add(key)
            self._bookings.append(booking)
            self._holds[hold.job] = (*self._holds.get(hold.job, ())[: hold.number - 1], hold)
            for line in booking.postings:
                place = (line.account, line.currency)
                self._balances[place] = self._balances.get(place, 0) + line.units
            for scope in hold.scopes:
                sums = self._tallies.setdefault(scope, {})
                for currency, (opened, spent) in booking.shifts.items():
                    old = sums.get(currency, Tally())
                    sums[currency] = Tally(open=old.open + opened, spent=old.spent + spent)

    def in_doubt(self) -> list[str]:
        """Return the job of each earlier request of which nobody knows whether it was charged, once for each."""
        earlier = (hold for holds in self._holds.values() for hold in holds[:-1])
        return [hold.job for hold in earlier if hold.state == "doubtful" and not hold.simulated]

    def sums(self, scope: str) -> dict[str, Tally]:
        """Return one sum of the real jobs, by currency."""
        return dict(self._tallies.get(scope, {}))

    def obscure(self, scope: str, currency: str) -> list[str]:
        """Return the jobs of a sum whose cost is not known in a currency, by id."""
        names = [
            hold.job
            for hold in self.holds()
            if scope in hold.scopes
            and any(sum(both) for each, both in hold.weight.items() if each != currency)
        ]
        return list(dict.fromkeys(names))

    def holds(self) -> Iterator[Hold]:
        """Return every hold, by job and number."""
        return (hold for name in sorted(self._holds) for hold in self._holds[name])

    def lines(self, job_id: str | None = None) -> Iterator[Line]:
        """Return every entry, oldest first; or those of one job."""
        from polyreel.audits import Line

        for booking in self._bookings:
            hold = booking.hold
            for posting in booking.postings if job_id in {None, hold.job} else ():
                yield Line(
                    job=hold.job,
                    hold=hold.number,
                    kind=booking.kind,
                    turn=booking.turn,
                    account=posting.account,
                    currency=posting.currency,
                    units=posting.units,
                    step=hold.turn,
                    at=booking.at,
                )

    def balances(self) -> list[Balance]:
        """Return what stands on each account, by account and currency."""
        from polyreel.audits import Balance

        return [
            Balance(account=account, currency=currency, units=units)
            for (account, currency), units in sorted(self._balances.items())
        ]

    def tallies(self) -> dict[tuple[str, str], Tally]:
        """Return every sum, by scope and currency."""
        return {(scope, each): tally for scope, sums in self._tallies.items() for each, tally in sums.items()}

    def jobs(self) -> Iterator[tuple[str, Job | None]]:
        """Return every job with its record."""
        return iter(sorted(self._jobs.items()))

    def missing_guards(self) -> list[str]:
        """Return nothing: nobody else can reach what is in memory."""
        return []
