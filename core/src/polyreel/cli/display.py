"""Where a verb's words go: results to standard output, everything else to standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from polyreel.cli import streams
from polyreel.cli.failures import OutputLost
from polyreel.cli.interrupts import Presses

if TYPE_CHECKING:
    from polyreel.types.job import Cancellation, Job, Notice

__all__ = ["Display", "is_terminal"]


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person looks at a stream, on a terminal that can redraw a line."""
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


class Display:
    """The output of one run.

    Args:
        as_json: Whether the result is one JSON document.

    Attributes:
        quiet: Whether only the result, warnings and errors are written.
        job: The last known record of the job that is being worked on, for what is said after Ctrl-C.
        presses: How often Ctrl-C was pressed.
        cancellation: What became of the job that was cancelled by pressing it twice.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.quiet = False
        self.job: Job | None = None
        self.presses = Presses()
        self.cancellation: Cancellation | None = None
        self._warned: set[str] = set()

    def out(self, text: str) -> None:
        """Write a line of the result.

        Raises:
            OutputLost: Nobody reads it.
        """
        if streams.out(text):
            raise OutputLost

    def say(self, text: str) -> None:
        """Write a line for people."""
        streams.say(text)

    def remark(self, text: str) -> None:
        """Write a line for people that ``-q`` leaves out."""
        if not self.quiet:
            streams.say(text)

    def warn(self, notices: Iterable[Notice]) -> None:
        """Write what is not done quite as asked, each sentence once."""
        for notice in notices:
            if str(notice) not in self._warned:
                self._warned.add(str(notice))
                streams.say(f"warning: {notice}")

    def document(self, value: Any) -> None:
        """Write the one JSON document."""
        text = json.dumps(value, indent=2, ensure_ascii=False, default=_in_json)
        if not (streams.speaks_unicode(sys.stdout) and _encodes(text)):
            text = json.dumps(value, indent=2, default=_in_json)
        self.out(text)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Write a table: drawn on a terminal, else aligned lines that are never cut."""
        texts = [[streams.printable(str(cell)).replace("\n", " ") for cell in row] for row in rows]
        if is_terminal(sys.stdout):
            self._drawn(columns, texts)
            return
        widths = [max(map(len, column)) for column in zip(columns, *texts, strict=True)]
        for row in ([name.upper() for name in columns], *texts):
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.out("  ".join(cells).rstrip())

    def _drawn(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in columns:
            table.add_column(name, overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        console = Console(file=sys.stdout)
        with console.capture() as captured:
            console.print(table)
        self.out(captured.get().rstrip("\n"))


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _in_json(value: object) -> object:
    if isinstance(value, Decimal | Path):
        return str(value)
    raise TypeError(f"a {type(value).__name__} has no place in a JSON document")
