"""How often an account may be asked. Pure: a bucket and the time go in, a bucket and a verdict come out.

The generic cell rate algorithm (ITU-T I.371; also the "virtual scheduling" of ATM): a bucket remembers one time, the
theoretical arrival of the next request. A request may go when that time is near enough, and moves it on by the interval
between two. The row that a store keeps is therefore a few numbers, however many processes share it.

A refusal for too many requests halves the rate, and time gives it back in equal steps: additive increase,
multiplicative decrease, as in TCP, which lets several who share one limit settle on equal shares of it.

All times are seconds on the steady clock (:meth:`polyreel.clock.Clock.steady`), so that a time of day that is set
forward or back by a day changes nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias, get_args

__all__ = [
    "KINDS",
    "LIMIT_SETTINGS",
    "MOST_BLOCKED",
    "UNLIMITED",
    "Bucket",
    "Grant",
    "Kind",
    "Limits",
    "Place",
    "Rate",
    "Refusal",
    "is_idle",
    "slowed",
    "take",
]

Kind: TypeAlias = Literal["submit", "poll", "fetch"]
"""What a bucket is for. Each has its own, so that a submit never waits behind polls."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

LIMIT_SETTINGS: Final = ("rate_submit", "rate_poll", "rate_fetch", "in_flight")
"""What every provider can be told beside its own settings; see :meth:`polyreel.settings.Configuration.limits`."""

MOST_BLOCKED: Final = 15 * 60.0
"""So many seconds at most an account is left alone, whatever a server advises."""

LEAST_START: Final = 2 / 60
"""The rate that is assumed after the first refusal when nothing is known, per second: two a minute, the lowest allowance
for making films that is published. What was sent lately is a better guess where it is more."""

SLOWEST: Final = 1 / 120  # a rate that could fall for ever would never be found to be too low
RECOVERY: Final = 5 * 60.0  # seconds in which half a rate grows back to the whole
FORGOTTEN: Final = 3 * RECOVERY  # then four times the halved rate is allowed: nothing is left of the refusal

_ROUNDING: Final = 1e-6  # seconds; what sums of fractions leave over is no wait

_UNITS: Final = {
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "min": 60.0,
    "minute": 60.0,
    "h": 3600.0,
    "hour": 3600.0,
}
_WRITTEN: Final = re.compile(
    r"(?P<count>\d{1,9}(?:\.\d{1,6})?)\s*/\s*(?P<unit>[a-z]+)(?:\s+burst\s+(?P<burst>\d{1,6}))?",
    re.ASCII,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """So many requests in so much time.

    Attributes:
        count: How many.
        seconds: In how many seconds.
        burst: How many may go at once after a quiet time, at least 1; in any ``T`` seconds at most ``burst + T x count /
            seconds`` go.
    """

    count: float
    seconds: float
    burst: int = 1

    @classmethod
    def of(cls, text: str) -> Rate:
        """Read a rate as people write it: ``"10/min"``, ``"2/s"``, ``"300/min burst 5"``.

        Raises:
            ValueError: It is none; the message says what is.
        """
        found = _WRITTEN.fullmatch(text.strip().lower())
        seconds = _UNITS.get(found["unit"]) if found else None
        if found is None or seconds is None or float(found["count"]) <= 0 or found["burst"] == "0":
            raise ValueError(
                "is no rate; write a number above 0 per s, min or h, such as 10/min or 300/min burst 5, or none"
            )
        return cls(count=float(found["count"]), seconds=seconds, burst=int(found["burst"] or 1))

    @property
    def per_second(self) -> float:
        """The rate per second."""
        return self.count / self.seconds

    def __str__(self) -> str:
        unit = {1.0: "s", 60.0: "min", 3600.0: "h"}.get(self.seconds, f"{self.seconds:g} s")
        return f"{self.count:g}/{unit}" + (f" burst {self.burst}" if self.burst > 1 else "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What is known about how often an account may be asked; ``None`` where nothing is.

    Attributes:
        submit: Requests that begin a job.
        poll: Looks at jobs.
        fetch: Fetches of files.
        in_flight: So many jobs of one label may be in flight at once, in one process.
    """

    submit: Rate | None = None
    poll: Rate | None = None
    fetch: Rate | None = None
    in_flight: int | None = None

    def of(self, kind: Kind) -> Rate | None:
        """Return the limit of one kind."""
        if kind == "submit":
            return self.submit
        return self.poll if kind == "poll" else self.fetch


UNLIMITED: Final = Limits()


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Whose requests are counted together.

    Attributes:
        provider: The provider's id.
        account: A fingerprint of the account's key; empty where there is none.
    """

    provider: str
    account: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bucket:
    """What is remembered of one kind of requests of one account: a row of the store.

    Attributes:
        due: When the next request would be due if they came evenly (the theoretical arrival time).
        blocked_until: Before then none is sent, since the server said so.
        allowed: The rate per second after the last refusal; 0 when none was refused lately.
        refused_at: When that was.
    """

    due: float = 0.0
    blocked_until: float = 0.0
    allowed: float = 0.0
    refused_at: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """A request may be sent.

    Attributes:
        wait: After so many seconds; it is counted already.
    """

    wait: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """A request may not be sent yet; nothing is counted.

    Attributes:
        wait: Seconds after which it is worth asking again.
        interval: Seconds between two requests now.
    """

    wait: float
    interval: float


def take(
    bucket: Bucket | None, limit: Rate | None, *, now: float, patience: float = 0.0
) -> tuple[Bucket | None, Grant | Refusal]:
    """Ask for one request.

    Args:
        bucket: What is remembered; ``None`` when nothing is.
        limit: What is configured or declared; ``None`` for no limit.
        now: The steady clock.
        patience: So many seconds the caller would wait; a longer wait is refused.

    Returns:
        The bucket as it is to be remembered, and whether the request may go. ``None`` or the same bucket when there
        is nothing to write.
    """
    rate = _rate(bucket, limit, now)
    if rate is None:
        return None, Grant()
    interval, slack = 1 / rate.per_second, (rate.burst - 1) / rate.per_second
    bucket = _plausible(bucket or Bucket(), rate, now)
    due = max(bucket.due, now)
    if bucket.blocked_until > now:
        due = max(due, bucket.blocked_until + slack)
    wait = due - slack - now
    wait = wait if wait > _ROUNDING else 0.0
    if wait > patience:
        return bucket, Refusal(wait=min(wait, MOST_BLOCKED), interval=interval)
    return replace(bucket, due=due + interval), Grant(wait=wait)


def slowed(  # noqa: PLR0913  what was known, and what was learned
    bucket: Bucket | None,
    limit: Rate | None,
    *,
    now: float,
    sent_at: float,
    observed: float = 0.0,
    advised: float | None = None,
) -> Bucket:
    """Return what is to be remembered after the server refused a request as one too many: the rate is halved.

    Args:
        bucket: What was remembered.
        limit: What is configured or declared.
        now: The steady clock.
        sent_at: When the refused request was sent. One that was under way when the rate was halved already does not
            halve it again.
        observed: What was sent per second lately, where no limit is known.
        advised: Seconds for which the server wants no request; ``None`` when it does not say.
    """
    rate = _rate(bucket, limit, now)
    before = bucket or Bucket()
    allowed, refused_at = before.allowed, min(before.refused_at, now)
    if not allowed or sent_at >= refused_at:
        known = max(observed, 2 * LEAST_START) if rate is None else rate.per_second
        allowed, refused_at = max(known / 2, SLOWEST), now
    rate = rate or Rate(count=allowed, seconds=1.0)
    before = _plausible(before, rate, now)
    pause = 1 / allowed if advised is None else max(advised, 1.0)
    until = max(before.blocked_until, now + min(pause, MOST_BLOCKED))
    return Bucket(
        due=max(before.due, until + (rate.burst - 1) / allowed),  # afterwards they go one by one: no burst
        blocked_until=until,
        allowed=allowed,
        refused_at=refused_at,
    )


def is_idle(bucket: Bucket, *, now: float) -> bool:
    """Whether nothing is left to remember where no limit is configured: the last refusal is long ago."""
    return not bucket.allowed or not 0 <= now - bucket.refused_at < FORGOTTEN


def _rate(bucket: Bucket | None, limit: Rate | None, now: float) -> Rate | None:
    """Return the rate that holds now; ``None`` for none."""
    if bucket is None or is_idle(bucket, now=now):
        return limit
    grown = bucket.allowed * (1 + (now - bucket.refused_at) / RECOVERY)
    if limit is None:
        return Rate(count=grown, seconds=1.0)
    if grown >= limit.per_second:
        return limit
    return Rate(count=grown, seconds=1.0, burst=limit.burst)


def _plausible(bucket: Bucket, rate: Rate, now: float) -> Bucket:
    """Drop times that no request can have left: the machine was started again, and its steady clock with it."""
    furthest = now + MOST_BLOCKED + 2 * rate.burst / rate.per_second
    return replace(
        bucket,
        due=bucket.due if bucket.due <= furthest else now,
        blocked_until=bucket.blocked_until if bucket.blocked_until <= now + MOST_BLOCKED else 0.0,
    )
