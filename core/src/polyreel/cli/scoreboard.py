"""How a running batch looks: one live view in a terminal, lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, Protocol

from polyreel.cli import words
from polyreel.cli.display import Display, is_terminal
from polyreel.cli.progress import live_view
from polyreel.cli.streams import plain, printable

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from polyreel.cli.tallies import Entry, Tally
    from polyreel.types.job import Job

__all__ = ["Scoreboard", "scoreboard"]

_SHOWN: Final = 10  # jobs at once; a terminal has few lines, and a batch may have thousands of jobs


class Scoreboard(Protocol):
    """Shows how a batch goes on."""

    def changed(self, job: Job) -> None:
        """Show a job's change."""
        ...

    def ended(self, entry: Entry) -> None:
        """Show what became of a line."""
        ...


@contextmanager
def scoreboard(display: Display, tally: Tally) -> Iterator[Scoreboard]:
    """Show a batch while it goes on.

    Args:
        display: Where to.
        tally: Its account.
    """
    if display.quiet:
        yield _Silent()
    elif is_terminal(sys.stderr):
        with live_view() as progress:
            yield _Live(progress, tally)
    else:
        yield _Lines(display, tally)


class _Silent:
    def changed(self, job: Job) -> None:
        pass

    def ended(self, entry: Entry) -> None:
        pass


def _score(tally: Tally) -> str:
    counts = [f"{tally.count(kind)} {kind}" for kind in ("failed", "refused", "unknown") if tally.count(kind)]
    return ", ".join([f"{tally.count('completed')} of {tally.requests} completed", *counts])


class _Lines:
    def __init__(self, display: Display, tally: Tally) -> None:
        self._display = display
        self._tally = tally
        self._begun = time.monotonic()
        self._phases: dict[str, str] = {}

    def changed(self, job: Job) -> None:
        # A percent of one among thousands is no news.
        if not job.done and self._phases.get(job.id) != job.phase:
            self._phases[job.id] = job.phase
            self._say(f"{job.id}: {words.phase(job)}")

    def ended(self, entry: Entry) -> None:
        self._phases.pop(entry.job_id or "", None)
        what = entry.sentence or ("completed, begun before" if entry.earlier else "completed")
        name = f"{entry.job_id}: " if entry.job_id is not None else ""
        self._say(f"{self._tally.source}:{entry.line}: {name}{what} ({_score(self._tally)})")

    def _say(self, text: str) -> None:
        self._display.say(f"{text} [{time.monotonic() - self._begun:.1f} s]")


class _Live:
    def __init__(self, progress: Progress, tally: Tally) -> None:
        self._progress = progress
        self._tally = tally
        self._all = progress.add_task(_score(tally), total=tally.requests, id=tally.name)
        self._jobs: OrderedDict[str, TaskID] = OrderedDict()

    def changed(self, job: Job) -> None:
        # A terminal that went away must not end jobs that are paid for.
        with suppress(OSError, ValueError):
            self._show(job)

    def ended(self, entry: Entry) -> None:
        with suppress(OSError, ValueError):
            task = self._jobs.pop(entry.job_id or "", None)
            if task is not None:
                self._progress.remove_task(task)
            self._progress.update(
                self._all, description=_score(self._tally), completed=len(self._tally.entries)
            )

    def _show(self, job: Job) -> None:
        if job.done:
            return
        told = plain(printable(words.phase(job)), sys.stderr)
        if job.id not in self._jobs:
            if len(self._jobs) >= _SHOWN:
                _, oldest = self._jobs.popitem(last=False)
                self._progress.remove_task(oldest)
            self._jobs[job.id] = self._progress.add_task(told, total=None, id=f"  {job.id}")
        known = job.percent is not None
        self._progress.update(
            self._jobs[job.id],
            description=told,
            total=100.0 if known else None,
            completed=job.percent or 0.0,
        )
