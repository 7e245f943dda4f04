"""Who is next among those that wait for one thing: label by label, and within a label as they came. Pure.

A project with ten thousand jobs and one with a single job share an account: each label is served in turn (round robin,
equal weights), so the single job waits for one of the others', not for all of them.

What it knows is what was told to it: the order holds among the jobs of one process. Between processes the account's rate
is exact, and who gets the next request of it is chance.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

__all__ = ["Turns"]

GRACE: Final = 10.0
"""Seconds after which one that was to come back and did not is no longer waited for."""


@dataclass(slots=True)
class _Waiter:
    number: int
    asks_at: float


@dataclass(kw_only=True, slots=True)
class _Line:
    waiting: OrderedDict[str, _Waiter] = field(default_factory=OrderedDict)
    in_flight: set[str] = field(default_factory=set)
    joined: int = 0

    def join(self, name: str, now: float) -> int:
        """Let one in, or ask again; return how many stand before it.

        If some left from the middle of the line, it is at most so many.
        """
        waiter = self.waiting.get(name)
        if waiter is None:
            waiter = self.waiting[name] = _Waiter(self.joined, now)
            self.joined += 1
        waiter.asks_at = now
        first = next(iter(self.waiting.values()))
        return min(waiter.number - first.number, len(self.waiting) - 1)


class Turns:
    """The waiting and the working of one account, by label.

    Args:
        most: So many of one label may be in flight at once; ``None`` for any number.
    """

    def __init__(self, *, most: int | None = None) -> None:
        self._most = most
        self._lines: OrderedDict[str, _Line] = OrderedDict()  # the label whose turn it is stands first

    def ask(self, name: str, label: str, *, now: float) -> int | None:
        """Join the line of a label, or ask again.

        Args:
            name: The job.
            label: Its label; jobs without one share the empty label.
            now: The steady clock.

        Returns:
            How many go before it: 0 when it is its turn. ``None`` when its label has as many in flight as it may.
        """
        line = self._lines.setdefault(label, _Line())
        line.join(name, now)
        self._drop_late(now)
        own, before = line.join(name, now), 0
        if self._is_full(line):
            return None
        for other_label, other in self._lines.items():
            if other_label == label:
                before += own
                own -= 1  # labels that stand behind are served once less
            elif not self._is_full(other):
                before += min(len(other.waiting), own + 1)
        return before

    def back_at(self, name: str, label: str, *, at: float) -> None:
        """Note when one that waits will ask again: if it does not, the others go on without it."""
        line = self._lines.get(label)
        if line is not None and name in line.waiting:
            line.waiting[name].asks_at = at

    def begin(self, name: str, label: str) -> None:
        """Note that one is served: it is in flight now, and its label's next turn is after the others'."""
        line = self._lines.setdefault(label, _Line())
        line.waiting.pop(name, None)
        self._lines.move_to_end(label)
        if self._most is not None:
            line.in_flight.add(name)
        elif not line.waiting:
            del self._lines[label]

    def end(self, name: str, label: str) -> None:
        """Note that one waits no more and is not in flight: it is over, or was given up."""
        line = self._lines.get(label)
        if line is None:
            return
        line.waiting.pop(name, None)
        line.in_flight.discard(name)
        if not line.waiting and not line.in_flight:
            del self._lines[label]

    def filling(self, label: str) -> tuple[str, ...]:
        """Return what is in flight of a label that has as many there as it may; nothing of any other."""
        line = self._lines.get(label)
        return tuple(line.in_flight) if line is not None and self._is_full(line) else ()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(len(line.waiting) for line in self._lines.values())

    def next(self) -> str | None:
        """Return whose turn it is; ``None`` when nobody waits who may go."""
        for line in self._lines.values():
            if line.waiting and not self._is_full(line):
                return next(iter(line.waiting))
        return None

    def _is_full(self, line: _Line) -> bool:
        return self._most is not None and len(line.in_flight) >= self._most

    def _drop_late(self, now: float) -> None:
        # Only the heads hold others up; one that stands further behind is looked at when it is a head.
        for label in list(self._lines):
            line = self._lines[label]
            while line.waiting:
                head = next(iter(line.waiting))
                if line.waiting[head].asks_at + GRACE >= now:
                    break
                del line.waiting[head]
            if not line.waiting and not line.in_flight:
                del self._lines[label]
