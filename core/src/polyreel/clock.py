"""Time as a thing that can be handed in: the real clock, and one that moves only when told."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from typing import Protocol

__all__ = ["Clock", "SystemClock", "VirtualClock", "day_of"]


class Clock(Protocol):
    """What flows and drivers know of time."""

    def now(self) -> float:
        """Return seconds since 1970, UTC."""
        ...

    def steady(self) -> float:
        """Return seconds on a clock that nobody sets and that counts while the machine sleeps."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait, blocking."""
        ...

    async def sleep_async(self, seconds: float) -> None:
        """Wait, letting others run."""
        ...


def _steady() -> float:
    # CLOCK_MONOTONIC counts a machine's sleep everywhere but on Linux, where CLOCK_BOOTTIME does.
    number = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
    return time.monotonic() if number is None else time.clock_gettime(number)


def day_of(clock: Clock) -> date:
    """Return the day that it is by a clock, in UTC."""
    return datetime.fromtimestamp(clock.now(), UTC).date()


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Return seconds since 1970, UTC."""
        return time.time()

    def steady(self) -> float:
        """Return the seconds since the machine was started, those that it slept included."""
        return _steady()

    def sleep(self, seconds: float) -> None:
        """Wait, blocking."""
        time.sleep(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """Wait, letting others run."""
        import asyncio

        await asyncio.sleep(seconds)


class VirtualClock:
    """A clock that moves only by sleeping or by :meth:`advance`: hours pass at once in a test.

    Args:
        start: Where it begins, in seconds since 1970 (default 2026-01-01, 00:00 UTC).
    """

    def __init__(self, start: float = 1_767_225_600.0) -> None:
        self._now = start
        self._steady = 1_000.0

    def now(self) -> float:
        """Return the virtual time in seconds since 1970."""
        return self._now

    def steady(self) -> float:
        """Return the virtual seconds that passed, however the time was set."""
        return self._steady

    def advance(self, seconds: float) -> None:
        """Move on; a negative step is the clock set back, which the steady clock does not see."""
        self._now += seconds
        self._steady += max(seconds, 0.0)

    def set(self, seconds: float) -> None:
        """Set the time forward or back without any passing, as somebody does who corrects a clock."""
        self._now += seconds

    def sleep(self, seconds: float) -> None:
        """Move on by ``seconds`` without waiting."""
        self.advance(max(seconds, 0.0))

    async def sleep_async(self, seconds: float) -> None:
        """Move on by ``seconds``, letting other tasks run once."""
        import asyncio

        self.sleep(seconds)
        await asyncio.sleep(0)
