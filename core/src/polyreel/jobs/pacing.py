"""When to look again. Pure.

The order of authority: what the server advises, else a schedule that follows how long the job has run: 7 % of
the elapsed time, between 2 and 20 seconds, with a little chance so that many jobs do not look at once.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

__all__ = ["FIRST_LOOK", "next_look", "pause_after_miss", "until_due"]

FIRST_LOOK: Final = 2.0
SHORTEST: Final = 2.0
LONGEST: Final = 20.0
SHARE: Final = 0.07
ADVICE_FLOOR: Final = 0.2  # a server that advises less would be asked in a tight loop
ADVICE_CAP: Final = 15 * 60.0  # one that advises days is not believed


def next_look(*, elapsed: float, advised: float | None, chance: Callable[[], float] = random.random) -> float:
    """Return the seconds until the next poll.

    Args:
        elapsed: Seconds since the job was submitted.
        advised: What the provider advises, or ``None``.
        chance: A number between 0 and 1.
    """
    if advised is not None:
        return min(max(advised, ADVICE_FLOOR), ADVICE_CAP)
    pause = min(max(elapsed * SHARE, SHORTEST), LONGEST)
    return pause * (0.9 + 0.2 * chance())


def pause_after_miss(misses: int, *, advised: float | None = None) -> float:
    """Return the seconds until the next poll after ``misses`` failed ones in a row: 2 s doubling to 60 s.

    Args:
        misses: How many failed, at least 1.
        advised: What the provider advises, or ``None``.
    """
    if advised is not None:
        return min(max(advised, 1.0), ADVICE_CAP)
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
