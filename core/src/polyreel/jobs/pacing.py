"""When to look again. Pure.

The order of authority: ``Retry-After``; what the vendor's own header advises, which its plugin reads
(:attr:`~polyreel.types.job.Progress.retry_in`); ``retry-after-ms``; ``x-ratelimit-reset*`` once nothing remains; else a
schedule that has learned how long films of this model take: the first look at 0.8 times the time in which one in ten is
ready, then after a share of what has passed. All of it is read anew from each answer.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from polyreel.messages import seconds_until

__all__ = [
    "ADVICE_CAP",
    "FIRST_LOOK",
    "WEBHOOK_STRETCH",
    "advice",
    "next_look",
    "pause_after_miss",
    "until_due",
]

FIRST_LOOK: Final = 2.0
"""Seconds until the first look at a job of a model of which nothing is known."""

WEBHOOK_STRETCH: Final = 4.0
"""So many times rarer is looked while messages of the provider come: they wake the job."""

# Chosen by benchmarks/pacing.py: as many looks as one each 10 s, and the film is noticed a quarter sooner.
SHORTEST: Final = 3.0
LONGEST: Final = 20.0
SHARE: Final = 0.06
EARLY_SHARE: Final = 0.8  # of the time in which one film in ten is ready
MAX_WAIT: Final = 3600.0  # seconds after which a job is looked at ever more rarely, but never no more
ADVICE_FLOOR: Final = 0.2  # a server that advises less would be asked in a tight loop
ADVICE_CAP: Final = 15 * 60.0  # one that advises days is not believed
WHOLE_FLOOR: Final = 1.0  # of what is told in whole seconds

_EPOCH: Final = 1e9  # seconds; a number above it is a time, not a pause
_EPOCH_MS: Final = 1e11
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(d|h|ms|m|s)", re.ASCII)
_DURATION: Final = re.compile(f"(?:{_PART.pattern})+", re.ASCII)
_UNITS: Final = {"d": 86_400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_RESET: Final = ("x-ratelimit-reset", "ratelimit-reset")


def next_look(  # noqa: PLR0913  what bears on it
    *,
    elapsed: float,
    looks: int = 0,
    advised: float | None = None,
    early: float | None = None,
    stretch: float = 1.0,
    chance: Callable[[], float] = random.random,
) -> float:
    """Return the seconds until the next poll, at most 15 minutes.

    Args:
        elapsed: Seconds since the job was submitted.
        looks: How many there were. A time of day that was set forward by a day makes no job old: an old one has been
            looked at often.
        advised: What the provider advises, or ``None``.
        early: The time in which one film in ten of this model is ready, in seconds; ``None`` when it is not known.
        stretch: So many times rarer than usual is looked, after the first look.
        chance: A number between 0 and 1, so that many jobs do not look at once: 10 % more or less.
    """
    if advised is not None and math.isfinite(advised):
        return min(max(advised, ADVICE_FLOOR), ADVICE_CAP)
    elapsed = max(elapsed, 0.0)
    first = EARLY_SHARE * (early or 0.0) - elapsed
    if elapsed == 0:
        pause = max(first, FIRST_LOOK)
    else:
        age = min(elapsed, looks * LONGEST)
        longest = LONGEST + SHARE * max(age - MAX_WAIT, 0.0)
        pause = first if first > SHORTEST else min(max(elapsed * SHARE, SHORTEST), longest) * stretch
    return min(pause * (0.9 + 0.2 * chance()), ADVICE_CAP)


def advice(headers: Mapping[str, str], *, now: float, own: float | None = None) -> float | None:
    """Return the seconds that an answer advises until the next look, or ``None``.

    Args:
        headers: Of the answer, names in lower case.
        now: The current time, seconds since 1970, for answers that name a time.
        own: What the vendor's own header advises, as its plugin read it.
    """
    told = _retry_after(headers.get("retry-after", "").strip(), now)
    if told is not None:
        return min(max(told, WHOLE_FLOOR), ADVICE_CAP)
    if own is not None and math.isfinite(own):
        return min(max(own, ADVICE_FLOOR), ADVICE_CAP)
    milliseconds = _number(headers.get("retry-after-ms", "").strip())
    if milliseconds is not None:
        return min(max(milliseconds / 1000, ADVICE_FLOOR), ADVICE_CAP)
    reset = _reset(headers, now)
    return None if reset is None else min(max(reset, WHOLE_FLOOR), ADVICE_CAP)


def _retry_after(text: str, now: float) -> float | None:
    seconds = _number(text)
    return seconds if seconds is not None or not text else seconds_until(text, now=now)


def _reset(headers: Mapping[str, str], now: float) -> float | None:
    """Return when the account may ask again, if nothing remains for it; the longest, if several things are counted."""
    pauses = []
    for name, text in headers.items():
        if name.startswith(_RESET) and _number(headers.get(name.replace("reset", "remaining"), "")) == 0:
            pause = _moment(text.strip(), now)
            if pause is not None:
                pauses.append(pause)
    return max(pauses, default=None)


def _moment(text: str, now: float) -> float | None:
    """Read a pause as servers write it: ``12``, ``6m0s``, ``120ms``, seconds or milliseconds since 1970, a date."""
    number = _number(text)
    if number is not None:
        return number if number < _EPOCH else number / (1000 if number > _EPOCH_MS else 1) - now
    if _DURATION.fullmatch(text):
        return sum(float(count) * _UNITS[unit] for count, unit in _PART.findall(text))
    try:
        date = datetime.fromisoformat(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now
    except (ValueError, OverflowError):
        return None


def _number(text: str) -> float | None:
    return float(text) if text.isascii() and text.replace(".", "", 1).isdecimal() and len(text) < 20 else None  # noqa: PLR2004  no server writes more digits


def pause_after_miss(misses: int, *, advised: float | None = None) -> float:
    """Return the seconds until the next poll after ``misses`` failed ones in a row: 2 s doubling to 60 s.

    Args:
        misses: How many failed, at least 1.
        advised: What the provider advises, or ``None``.
    """
    if advised is not None and math.isfinite(advised):
        return min(max(advised, WHOLE_FLOOR), ADVICE_CAP)
    return float(min(2.0 * 2 ** min(misses - 1, 10), 60.0))


def until_due(next_at: float | None, *, now: float) -> float:
    """Return the seconds until a step is due; 0 when it is.

    Args:
        next_at: When the step was set for, seconds since 1970; ``None`` for at once.
        now: The current time. If it was set back, ``next_at`` is further ahead than any step is ever set, and is not
            believed.
    """
    pause = max((next_at or now) - now, 0.0)
    return pause if pause <= ADVICE_CAP else 0.0
