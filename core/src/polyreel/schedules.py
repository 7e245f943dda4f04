"""What is to be done, and when: schedules, as pure state machines that perform nothing.

A schedule knows which flow is to be begun now and when the next one is due. It knows no threads, no tasks and no clock,
so that it can be tested by calling it; :mod:`polyreel.crews` performs it. Something that waits is an entry in a schedule,
never a thread, a task or a suspended flow: ten thousand waiting jobs cost ten thousand entries.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from polyreel.flows import Flow

__all__ = ["Ended", "Errand", "Schedule"]

R_contra = TypeVar("R_contra", contravariant=True)
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Errand:
    """A flow that is to be performed now.

    Attributes:
        ticket: The schedule's own name for it.
        flow: What is to be done. It is short: waiting is the schedule's business.
    """

    ticket: int
    flow: Flow[Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How an errand ended.

    Attributes:
        value: What its flow returned.
        error: What it raised instead.
    """

    value: Any = None
    error: BaseException | None = None


class Schedule(Protocol[R_contra, T_co]):
    """What is to be done, and when. All methods are quick, touch nothing outside, and are called one at a time."""

    def wants(self) -> bool:
        """Whether there is room for one more request."""
        ...

    def offer(self, request: R_contra) -> None:
        """Take a request in."""
        ...

    def close(self) -> None:
        """Learn that no more requests come."""
        ...

    def begin(self, now: float, hands: int) -> Sequence[Errand]:
        """Return what is to be begun.

        Args:
            now: Seconds on the steady clock.
            hands: At most so many.
        """
        ...

    def ended(self, ticket: int, how: Ended, now: float) -> Iterable[T_co]:
        """Learn how an errand ended, and return what the caller is to get.

        Args:
            ticket: The errand's.
            how: Its end.
            now: Seconds on the steady clock.
        """
        ...

    def next_at(self) -> float | None:
        """Return when the next errand is due, on the steady clock; ``None`` when none is before another one ends."""
        ...
