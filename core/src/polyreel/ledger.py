"""The books of paid jobs: double entry in whole micro-units, moved by what happens to a job. Pure.

A job has a hold for each time that it may have been charged: one when it is made, another when it is sent again although
nobody knows whether the first request was taken. A hold says what is set aside, and what became of it; from that alone
follows what stands on each account. A booking is the difference between two such moments, so it always sums to zero.

Accounts: ``wallet`` (what everything is taken from; its balance is minus all that is held and spent), ``held``, ``at-risk``
(held while nobody knows whether it was charged), ``spent/<provider>``, and ``overrun/<provider>`` for what a provider
charged beyond the estimate. Those of simulated jobs begin with ``simulated/``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Context, Decimal
from typing import Final, Literal, TypeAlias

from polyreel.types.job import Job, Notice, Phase

__all__ = [
    "MICRO",
    "ONCE",
    "UNPRICED",
    "Booking",
    "Hold",
    "Kind",
    "Posting",
    "Standing",
    "State",
    "Sum",
    "bookings",
    "day_named",
    "estimated",
    "opening",
    "overrun",
    "scoped",
    "standing",
]

MICRO: Final = 1_000_000
"""So many units are one of a currency: amounts are whole numbers of micro-units."""

UNPRICED: Final = "unpriced"
"""Instead of a currency: one unit stands for one job of which nobody knows the price. It is in no sum of money."""

_MOST: Final = 10**15  # a thousand million of a currency; nine thousand of these still fit into 64 bits
_CENT: Final = MICRO // 100
_EXACT: Final = Context(prec=60, rounding=ROUND_CEILING)  # whatever the caller's own context says

State: TypeAlias = Literal["held", "doubtful", "captured", "released"]
Kind: TypeAlias = Literal[
    "opening", "hold", "doubt", "found", "capture", "release", "adjust", "refund", "overrun"
]
ONCE: Final = ("opening", "hold", "capture", "release")
"""What is booked at most once for each hold."""

_ON_THE_WAY: Final = frozenset({Phase.CREATED, Phase.SUBMITTING, Phase.ACCEPTED, Phase.RUNNING})
_MADE: Final = frozenset({Phase.RENDERED, Phase.STORED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Sum:
    """An amount of money, or of jobs whose price nobody knows.

    Attributes:
        units: Micro-units of the currency; with :data:`UNPRICED` a number of jobs.
        currency: ISO 4217, or :data:`UNPRICED`.
    """

    units: int
    currency: str

    @classmethod
    def of(cls, amount: Decimal | None, currency: str) -> Sum:
        """Return an amount in micro-units. A part of one counts as a whole: the books never say less than the price.

        Args:
            amount: The price; ``None`` when nobody knows it. One that no price can be (negative, infinite, above a thousand
                million) is taken as unknown, so that a wrong figure of a provider keeps no job from being recorded.
            currency: ISO 4217.
        """
        if amount is None or not amount.is_finite() or not 0 <= amount <= _MOST // MICRO:
            return cls(units=1, currency=UNPRICED)
        units = _EXACT.multiply(amount, Decimal(MICRO)).to_integral_value(ROUND_CEILING)
        return cls(units=int(units), currency=currency)

    @property
    def amount(self) -> Decimal | None:
        """The amount with two to six decimals; ``None`` when nobody knows it."""
        if self.currency == UNPRICED:
            return None
        if self.units % _CENT:
            return _EXACT.divide(Decimal(self.units), Decimal(MICRO))
        return _EXACT.scaleb(Decimal(self.units // _CENT), -2)

    def __str__(self) -> str:
        if self.currency == UNPRICED:
            return f"{self.units} job{'' if abs(self.units) == 1 else 's'} of unknown price"
        return f"{self.amount} {self.currency}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Posting:
    """One line of a booking.

    Attributes:
        account: Where.
        currency: ISO 4217, or :data:`UNPRICED`.
        units: What is added, in micro-units.
    """

    account: str
    currency: str
    units: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What a job's record says about its money.

    Attributes:
        state: What its last hold should be.
        charged: What it did cost, when it is captured.
    """

    state: State
    charged: Sum | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """What is set aside for one time that a job may be charged, and what became of it.

    Attributes:
        job: The job's id.
        number: 1 for its first.
        provider: Who is paid.
        project: The label that the job was made under.
        day: The day in UTC on which the job was made, ``YYYY-MM-DD``.
        simulated: Whether nothing is paid in truth.
        reserved: The estimate.
        state: ``"held"``; ``"doubtful"``: nobody knows whether it was charged; ``"captured"``; ``"released"``.
        charged: What it did cost; given exactly when it is captured.
        turn: How many bookings it has.
    """

    job: str
    number: int
    provider: str
    project: str | None
    day: str
    simulated: bool
    reserved: Sum
    state: State = "held"
    charged: Sum | None = None
    turn: int = 1

    @property
    def balances(self) -> dict[tuple[str, str], int]:
        """What stands on each account because of it, by account and currency."""
        book = "simulated/" if self.simulated else ""
        if self.state == "released":
            return {}
        if self.charged is None:
            place = "held" if self.state == "held" else "at-risk"
            units, currency = self.reserved.units, self.reserved.currency
            return {(f"{book}wallet", currency): -units, (f"{book}{place}", currency): units}
        units, currency = self.charged.units, self.charged.currency
        within = self.within(self.charged).units
        lines = {(f"{book}wallet", currency): -units, (f"{book}spent/{self.provider}", currency): within}
        return lines | (
            {(f"{book}overrun/{self.provider}", currency): units - within} if units > within else {}
        )

    @property
    def scopes(self) -> tuple[str, ...]:
        """The sums that it is part of; limits are kept by them."""
        names = ["total", f"day/{self.day}"] + ([f"project/{self.project}"] if self.project else [])
        return tuple(scoped(name, simulated=self.simulated) for name in names)

    @property
    def weight(self) -> dict[str, tuple[int, int]]:
        """What it adds to each of its sums, by currency: what is open, and what is spent."""
        if self.charged is not None:
            return {self.charged.currency: (0, self.charged.units)}
        return {} if self.state == "released" else {self.reserved.currency: (self.reserved.units, 0)}

    def within(self, charged: Sum) -> Sum:
        """Return what of a charge the hold covers; there is no bound when its own price or the currency is unlike."""
        if charged.currency != self.reserved.currency:
            return charged
        return replace(charged, units=min(charged.units, self.reserved.units))


@dataclass(frozen=True, kw_only=True, slots=True)
class Booking:
    """One step in the life of a hold, as it is written into the books.

    Attributes:
        kind: ``"hold"`` (``"opening"`` for a job that is older than the books), ``"doubt"``, ``"found"``, ``"capture"``,
            ``"release"``, ``"adjust"`` and ``"refund"`` (a later figure; what was booked stays), ``"overrun"`` (charged beyond
            what was held).
        before: The hold before it; ``None`` for its first.
        hold: The hold after it.
        at: When, seconds since 1970.
    """

    kind: Kind
    before: Hold | None
    hold: Hold
    at: float

    @property
    def turn(self) -> int:
        """With job, hold and kind the key under which it can be booked once: 1 for what happens once."""
        return 1 if self.kind in ONCE else self.hold.turn

    @property
    def postings(self) -> tuple[Posting, ...]:
        """Its lines; in each currency they sum to zero."""
        old = {} if self.before is None else self.before.balances
        new = self.hold.balances
        return tuple(
            Posting(account=account, currency=currency, units=new.get(key, 0) - old.get(key, 0))
            for key in dict.fromkeys((*old, *new))
            for account, currency in (key,)
            if old.get(key) != new.get(key)
        )

    @property
    def shifts(self) -> dict[str, tuple[int, int]]:
        """What it adds to each of the hold's sums, by currency: to what is open, and to what is spent."""
        old = {} if self.before is None else self.before.weight
        new = self.hold.weight
        none = (0, 0)
        shifts = {
            currency: tuple(
                a - b for a, b in zip(new.get(currency, none), old.get(currency, none), strict=True)
            )
            for currency in {**old, **new}
        }
        return {currency: (opened, spent) for currency, (opened, spent) in shifts.items() if opened or spent}


def scoped(name: str, *, simulated: bool = False) -> str:
    """Return the name of a sum: ``total``, ``day/YYYY-MM-DD`` or ``project/LABEL``; those of simulated jobs are apart."""
    return f"simulated/{name}" if simulated else name


def day_named(at: float) -> str:
    """Return the day in UTC of a time in seconds since 1970, as ``YYYY-MM-DD``."""
    return str(datetime.fromtimestamp(at, UTC).date())


def estimated(job: Job) -> Sum:
    """Return what is set aside for a job: its estimate; a price that nobody knows is an unpriced hold, never zero."""
    estimate = job.estimate
    return Sum.of(None, "") if estimate is None else Sum.of(estimate.amount, estimate.currency)


def standing(job: Job) -> Standing:
    """Return what a job's record says about its money. A simulated job is charged its estimate when it is made."""
    if job.phase in _ON_THE_WAY:
        return Standing(state="held")
    billed = None if job.phase is Phase.UNKNOWN else _billed(job)
    if billed is None:
        return Standing(state="doubtful")
    return Standing(state="captured", charged=_charged(job)) if billed else Standing(state="released")


def _billed(job: Job) -> bool | None:
    if job.cost is not None and not job.simulated:
        return job.cost.billed
    if job.phase in _MADE:
        return True
    if job.failure is not None:
        return job.failure.billed
    return False if job.simulated else None


def _charged(job: Job) -> Sum:
    if job.cost is None or job.simulated:
        return estimated(job)
    return Sum.of(job.cost.amount, job.cost.currency)


def overrun(job: Job) -> Notice | None:
    """Return a warning when a job's provider charged more than was estimated."""
    reserved, charged = estimated(job), standing(job).charged
    if charged is None or charged.currency != reserved.currency or charged.units <= reserved.units:
        return None
    return Notice(
        parameter="cost", message=f"{job.provider} charged {charged}, and the estimate was {reserved}"
    )


def opening(job: Job) -> tuple[Booking, ...]:
    """Return the first bookings of a job that is older than the books: at once what became of it."""
    now = standing(job)
    hold = _placed(job, 1)
    if now.state != "released":
        hold = replace(hold, state=now.state, charged=now.charged)
    opened = Booking(kind="opening", before=None, hold=hold, at=job.updated_at)
    return (opened, *bookings(job, (hold,)))


def bookings(job: Job, holds: Sequence[Hold]) -> tuple[Booking, ...]:
    """Return what is to be booked so that the books say what a job's record says; nothing when they do.

    Args:
        job: The record, as it is being written.
        holds: All holds of the job, by number.
    """
    wanted = standing(job)
    made: list[Booking] = []
    last = holds[-1] if holds else None
    if last is None or _may_be_charged_again(last, job, wanted):
        last = _placed(job, len(holds) + 1)
        made.append(Booking(kind="hold", before=None, hold=last, at=job.updated_at))
    for kind, state, charged in _steps(last, job, wanted):
        after = replace(last, state=state, charged=charged, turn=last.turn + 1)
        made.append(Booking(kind=kind, before=last, hold=after, at=job.updated_at))
        last = after
    return tuple(made)


def _placed(job: Job, number: int) -> Hold:
    return Hold(
        job=job.id,
        number=number,
        provider=job.provider,
        project=job.project,
        day=day_named(job.created_at),
        simulated=job.simulated,
        reserved=estimated(job),
    )


def _may_be_charged_again(last: Hold, job: Job, wanted: Standing) -> bool:
    """Whether another hold is needed: it is sent again while its fate is unknown, or was let go too early."""
    if last.state == "doubtful":
        return job.phase is Phase.CREATED
    return last.state == "released" and wanted.state != "released"


def _steps(hold: Hold, job: Job, wanted: Standing) -> Iterator[tuple[Kind, State, Sum | None]]:
    match hold.state, wanted.state:
        case (("held" | "doubtful"), "captured"):
            assert wanted.charged is not None, "what is captured has an amount"
            yield "capture", "captured", hold.within(wanted.charged)
            if hold.within(wanted.charged) != wanted.charged:
                yield "overrun", "captured", wanted.charged
        case (("held" | "doubtful"), "released"):
            yield "release", "released", None
        case "held", "doubtful":
            yield "doubt", "doubtful", None
        case "doubtful", "held" if job.phase in {Phase.ACCEPTED, Phase.RUNNING}:
            yield "found", "held", None
        case "captured", "captured" if hold.charged != wanted.charged:
            assert hold.charged is not None, "what is captured has an amount"
            assert wanted.charged is not None, "what is captured has an amount"
            yield from _adjusted(hold, hold.charged, wanted.charged)
        case "captured", "released" if hold.charged is not None and hold.charged.units:
            yield "refund", "captured", replace(hold.charged, units=0)


def _adjusted(hold: Hold, old: Sum, new: Sum) -> Iterator[tuple[Kind, State, Sum | None]]:
    """Correct what was charged; the part that the hold does not cover is booked apart."""
    covered = hold.within(new)
    is_beyond = covered != new
    if is_beyond and hold.within(old) != old:
        yield ("overrun" if new.units > old.units else "adjust"), "captured", new
        return
    if covered != old:
        yield "adjust", "captured", covered
    if is_beyond:
        yield "overrun", "captured", new
