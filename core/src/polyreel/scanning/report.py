"""What a scan found: for each call the model, how it stands with it, and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from polyreel.scanning.replacements import Replacement
from polyreel.scanning.sources import Unread

__all__ = ["Finding", "Report", "Stand"]

Stand: TypeAlias = Literal["retired", "ending", "living", "unknown", "elsewhere"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A call that asks for a film, and one model that it may ask.

    Attributes:
        path: The file.
        cell: Of a notebook, the number of the cell.
        line: The line, in the cell where there is one.
        column: The column, from 1, in bytes.
        call: The call, with its package where that is known.
        model: The model as the call names it; ``None`` when only the running program knows.
        document: The model's id here; ``None`` when no provider describes it.
        stand: ``"retired"``, ``"ending"`` or ``"living"`` today; ``"unknown"`` when the model is not known;
            ``"elsewhere"`` when the call goes to another server than the one whose dates are known.
        message: The same as a sentence.
        replacement: What to write instead; ``None`` when nothing needs it, or nothing can be said.
        choice: When another model may be asked by the same call: a sentence, or nothing.
    """

    path: Path
    cell: int | None
    line: int
    column: int
    call: str
    model: str | None
    document: str | None
    stand: Stand
    message: str
    replacement: Replacement | None = None
    choice: str = ""

    @property
    def place(self) -> str:
        """``file:line``, and the cell of a notebook between them."""
        cell = "" if self.cell is None else f"cell {self.cell}:"
        return f"{self.path}:{cell}{self.line}"

    @property
    def json(self) -> dict[str, Any]:
        """The finding as JSON."""
        other = self.replacement
        return {
            "file": str(self.path),
            "cell": self.cell,
            "line": self.line,
            "column": self.column,
            "call": self.call,
            "model": self.model,
            "document": self.document,
            "stand": self.stand,
            "message": self.message,
            "choice": self.choice or None,
            "replacement": None
            if other is None
            else {"model": other.model, "call": other.call, "remarks": list(other.remarks)},
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """Everything that a scan found.

    Attributes:
        files: How many files were read.
        findings: The calls, by file and line.
        unread: What could not be read.
    """

    files: int
    findings: tuple[Finding, ...]
    unread: tuple[Unread, ...]

    def standing(self, stand: Stand) -> tuple[Finding, ...]:
        """Return the findings of one kind."""
        return tuple(finding for finding in self.findings if finding.stand == stand)

    @property
    def json(self) -> dict[str, Any]:
        """The report as JSON."""
        return {
            "files": self.files,
            "findings": [finding.json for finding in self.findings],
            "unread": [{"file": str(each.path), "reason": each.reason} for each in self.unread],
        }
