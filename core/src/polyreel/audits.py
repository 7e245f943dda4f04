"""Whether the books are in order: checked entry by entry, and against the records of the jobs themselves. Pure.

``polyreel ledger verify`` says what it finds. Nothing is mended: a sentence names the job, what is wrong, and what should be.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from polyreel.budgets import Sums, Tally
from polyreel.ledger import UNPRICED, Hold, Sum, bookings, day_named, estimated, standing
from polyreel.types.job import Job

__all__ = ["Audit", "Balance", "Books", "Line", "audit"]

_BEGINNINGS: Final = ("opening", "hold")
_ENDS: Final = ("capture", "release")
_OPEN: Final = frozenset({"held", "at-risk", "simulated/held", "simulated/at-risk"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One entry of the books.

    Attributes:
        job: The job.
        hold: Which of the job's holds.
        kind: What happened.
        turn: With job, hold and kind the key of its booking.
        account: Where.
        currency: ISO 4217, or ``unpriced``.
        units: What was added, in micro-units.
        step: The number of its booking among those of the hold.
        at: When, seconds since 1970.
    """

    job: str
    hold: int
    kind: str
    turn: int
    account: str
    currency: str
    units: int
    step: int
    at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Balance:
    """What stands on one account.

    Attributes:
        account: Its name.
        currency: ISO 4217, or ``unpriced``: then the units are jobs.
        units: Micro-units.
    """

    account: str
    currency: str
    units: int

    @property
    def sum(self) -> Sum:
        """The same as a sum."""
        return Sum(units=self.units, currency=self.currency)


class Books(Sums, Protocol):
    """What a store lets an auditor read, all at one moment."""

    def jobs(self) -> Iterator[tuple[str, Job | None]]:
        """Return every job with its record; ``None`` for one that cannot be read."""
        ...

    def holds(self) -> Iterator[Hold]:
        """Return every hold, by job and number."""
        ...

    def lines(self, job_id: str | None = None) -> Iterator[Line]:
        """Return every entry, oldest first; or those of one job."""
        ...

    def balances(self) -> list[Balance]:
        """Return what stands on each account, by account and currency."""
        ...

    def tallies(self) -> dict[tuple[str, str], Tally]:
        """Return every sum, by scope and currency."""
        ...

    def missing_guards(self) -> list[str]:
        """Return what should keep the entries as they are, and is gone."""
        ...


@dataclass(frozen=True, kw_only=True)
class Audit:
    """The outcome of a look at the books.

    Attributes:
        jobs: How many jobs were looked at.
        bookings: How many bookings.
        findings: What is wrong.
        warnings: What is right and worth knowing: charges beyond an estimate, money at risk, prices that nobody knows.
    """

    jobs: int
    bookings: int
    findings: tuple[str, ...]
    warnings: tuple[str, ...]


class _Trail:
    """The bookings of one hold, added up."""

    def __init__(self) -> None:
        self.kinds: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)
        self.sums: Counter[tuple[str, str]] = Counter()

    def add(self, line: Line) -> None:
        """Add an entry."""
        self.kinds[line.step, line.kind][line.currency] += line.units
        self.sums[line.account, line.currency] += line.units


def audit(books: Books) -> Audit:
    """Check the books.

    Args:
        books: All of them, at one moment.

    Returns:
        What was found, in sentences.
    """
    holds: dict[str, list[Hold]] = defaultdict(list)
    for hold in books.holds():
        holds[hold.job].append(hold)
    trails: dict[tuple[str, int], _Trail] = defaultdict(_Trail)
    totals: Counter[tuple[str, str]] = Counter()
    for line in books.lines():
        trails[line.job, line.hold].add(line)
        totals[line.account, line.currency] += line.units
    booked = sum(len(trail.kinds) for trail in trails.values())
    findings = [f"the trigger {name} is gone: entries can be changed" for name in books.missing_guards()]
    jobs = set()
    warnings: list[str] = []
    for name, job in books.jobs():
        jobs.add(name)
        findings += (
            [f"the record of {name} cannot be read"] if job is None else _of_job(job, holds.get(name, []))
        )
        warnings += [] if job is None else _worth_knowing(job, holds.get(name, []))
    for name, owned in holds.items():
        findings += (
            [] if name in jobs else [f"{name} has a hold of {owned[0].reserved}, and there is no such job"]
        )
        findings += (
            told for hold in owned for told in _of_hold(hold, trails.pop((name, hold.number), _Trail()))
        )
    findings += [f"{job} has bookings for hold {number}, which does not exist" for job, number in trails]
    every = [hold for owned in holds.values() for hold in owned]
    findings += _of_balances(books.balances(), totals, every)
    findings += _of_tallies(books.tallies(), every)
    return Audit(jobs=len(jobs), bookings=booked, findings=tuple(findings), warnings=tuple(warnings))


def _of_job(job: Job, holds: Sequence[Hold]) -> Iterator[str]:
    if not holds:
        yield f"{job.id} ({job.phase}) has no hold: {estimated(job)} are not in the books"
        return
    last = holds[-1]
    if bookings(job, holds):
        wanted = standing(job)
        as_it_is = f"{last.state} at {last.charged or last.reserved}"
        should = f"{wanted.state} at {wanted.charged or last.reserved}"
        yield f"{job.id} is {job.phase}, and its hold {last.number} is {as_it_is}; by the record it should be {should}"
    facts = (job.provider, job.project, day_named(job.created_at), job.simulated)
    for hold in holds:
        if (hold.provider, hold.project, hold.day, hold.simulated) != facts:
            yield f"hold {hold.number} of {job.id} is booked under another provider, project or day, or as another kind of job"
        if hold.reserved != estimated(job):
            yield f"hold {hold.number} of {job.id} is {hold.reserved}, and the estimate {estimated(job)}"
        if hold is not last and hold.state == "held":
            yield f"hold {hold.number} of {job.id} is still held, though hold {hold.number + 1} followed it"
        # What was charged before the provider said that it goes on, stays until it says more.
        is_by_list = job.cost is None or job.cost.basis != "vendor"
        if _is_beyond(hold) and is_by_list and hold.charged == standing(job).charged:
            yield f"{job.id} was charged {hold.charged}, more than its hold of {hold.reserved}, and not by its provider's figure"
    if [hold.number for hold in holds] != list(range(1, len(holds) + 1)):
        yield f"the holds of {job.id} are numbered {', '.join(str(hold.number) for hold in holds)}"


def _worth_knowing(job: Job, holds: Sequence[Hold]) -> Iterator[str]:
    if job.simulated:
        return
    for hold in holds:
        if _is_beyond(hold):
            yield f"{job.id}: {job.provider} charged {hold.charged}, more than the {hold.reserved} that were held"
        if hold.state == "doubtful":
            yield f"{job.id}: {hold.reserved} are at risk: nobody knows whether {job.provider} charged request {hold.number}"
        if hold.state != "released" and UNPRICED in hold.weight:
            yield f"{job.id}: its price is not known, so it is in no sum of money"


def _is_beyond(hold: Hold) -> bool:
    return hold.charged is not None and hold.within(hold.charged) != hold.charged


def _of_hold(hold: Hold, trail: _Trail) -> Iterator[str]:
    name = f"hold {hold.number} of {hold.job}"
    for (_, kind), sums in trail.kinds.items():
        for currency, units in sums.items():
            if units:
                left = Sum(units=units, currency=currency)
                yield f"{name}: its booking {kind!r} does not sum to zero: {left} are left"
    kinds = [kind for _, kind in sorted(trail.kinds)]
    if [kind in _BEGINNINGS for kind in kinds] != [True, *[False] * (hold.turn - 1)]:
        told = ", ".join(kinds) or "none"
        yield f"{name} should have one placing and {hold.turn - 1} more bookings; it has: {told}"
    ended = sum(kind in _ENDS for kind in kinds)
    is_over = hold.state in {"captured", "released"}
    if ended > 1 or (is_over and not ended and "opening" not in kinds) or (ended and not is_over):
        counts = f"captured {kinds.count('capture')} and released {kinds.count('release')} times"
        yield f"{name} is {hold.state}, and was {counts}"
    stands = {place: units for place, units in trail.sums.items() if units}
    should = {place: units for place, units in hold.balances.items() if units}
    if stands != should:
        yield f"{name} is {hold.state}, so its entries should come to {_listed(should)}; they come to {_listed(stands)}"


def _of_balances(
    balances: Iterable[Balance], totals: Mapping[tuple[str, str], int], holds: Iterable[Hold]
) -> Iterator[str]:
    posted = {(balance.account, balance.currency): balance.units for balance in balances}
    for account, currency in dict.fromkeys((*posted, *totals)):
        stands, should = posted.get((account, currency), 0), totals.get((account, currency), 0)
        if stands != should:
            yield f"the balance of {account} is {_sum(stands, currency)}, and its entries come to {_sum(should, currency)}"
    open_holds: Counter[tuple[str, str]] = Counter()
    for hold in holds:
        open_holds.update({place: units for place, units in hold.balances.items() if place[0] in _OPEN})
    for account, currency in dict.fromkeys((*open_holds, *posted)):
        stands, should = posted.get((account, currency), 0), open_holds[account, currency]
        if account in _OPEN and stands != should:
            yield f"{_sum(stands, currency)} stand on {account}, and the open holds come to {_sum(should, currency)}"
    left: Counter[tuple[bool, str]] = Counter()
    for (account, currency), units in posted.items():
        left[account.startswith("simulated/"), currency] += units
    for (simulated, currency), units in left.items():
        if units:
            which = "simulated" if simulated else "real"
            yield f"all {which} accounts together come to {_sum(units, currency)} and should come to zero"


def _of_tallies(tallies: Mapping[tuple[str, str], Tally], holds: Iterable[Hold]) -> Iterator[str]:
    should: dict[tuple[str, str], Tally] = {}
    for hold in holds:
        for currency, (opened, spent) in hold.weight.items():
            for scope in hold.scopes:
                old = should.get((scope, currency), Tally())
                should[scope, currency] = Tally(open=old.open + opened, spent=old.spent + spent)
    for scope, currency in dict.fromkeys((*tallies, *should)):
        told, true = tallies.get((scope, currency), Tally()), should.get((scope, currency), Tally())
        if told != true:
            yield (
                f"the sum {scope} is {_sum(told.open, currency)} open and {_sum(told.spent, currency)} spent; by the holds "
                f"it is {_sum(true.open, currency)} and {_sum(true.spent, currency)}"
            )


def _sum(units: int, currency: str) -> Sum:
    return Sum(units=units, currency=currency)


def _listed(sums: Mapping[tuple[str, str], int]) -> str:
    return (
        ", ".join(f"{account} {_sum(units, c)}" for (account, c), units in sorted(sums.items())) or "nothing"
    )
