"""How a running job looks: a live line in a terminal, one line for each change elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from polyreel.cli import words
from polyreel.cli.display import Display, is_terminal
from polyreel.cli.interrupts import offer_to_cancel
from polyreel.cli.streams import plain, printable, speaks_unicode

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from polyreel.client import Client
    from polyreel.types.job import Job

__all__ = ["following", "live_view"]

OnProgress = Callable[["Job"], None]


@contextmanager
def following(display: Display, client: Client) -> Iterator[OnProgress]:
    """Show the progress of what happens inside; yields what a client calls at each change.

    Whatever ends it, ``display.job`` is then the record as it was last written.
    """
    try:
        with _shown(display) as show:

            def on_progress(job: Job) -> None:
                if job.simulated and (display.job is None or not display.job.simulated):
                    display.say(
                        f"SIMULATED: a simulator on this machine plays {job.model}; nothing is sent, nothing is paid"
                    )
                display.job = job
                display.warn(job.warnings)
                # A terminal that went away must not end a job that is paid for.
                with suppress(OSError, ValueError):
                    show(job)

            yield on_progress
    except BaseException as error:
        job: Job | None = getattr(error, "job", None) or display.job
        if job is not None:
            display.job = job
            with suppress(Exception):
                display.job = client.get_job(job.id)
        if isinstance(error, KeyboardInterrupt):
            offer_to_cancel(display, client)
        raise


@contextmanager
def _shown(display: Display) -> Iterator[OnProgress]:
    if display.quiet:
        yield lambda job: None  # noqa: ARG005
    elif is_terminal(sys.stderr):
        with live_view() as progress:
            yield _Live(progress)
    else:
        yield _Lines(display)


class _Lines:
    def __init__(self, display: Display) -> None:
        self._display = display
        self._begun = time.monotonic()
        self._last: dict[str, str] = {}

    def __call__(self, job: Job) -> None:
        line = words.phase(job)
        if self._last.get(job.id) != line:
            self._last[job.id] = line
            self._display.say(f"{job.id}: {line} [{time.monotonic() - self._begun:.1f} s]")


class _Live:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, job: Job) -> None:
        if job.id not in self._tasks:
            self._tasks[job.id] = self._progress.add_task("", total=None, id=job.id)
        known = job.percent is not None
        self._progress.update(
            self._tasks[job.id],
            description=plain(printable(words.phase(job)), sys.stderr),
            total=100.0 if known else None,
            completed=job.percent or 0.0,
        )
        if job.done:
            self._progress.stop_task(self._tasks[job.id])


def live_view() -> Progress:
    """Return a live view on standard error; it vanishes when it ends."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    return Progress(
        SpinnerColumn("dots" if speaks_unicode(sys.stderr) else "line"),
        TextColumn("{task.fields[id]}", style="dim", markup=False),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        console=Console(file=sys.stderr),
        refresh_per_second=4,
        redirect_stdout=False,
        redirect_stderr=False,
        transient=True,
    )
