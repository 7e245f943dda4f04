"""A whole project: every file is read, every call is judged by today's dates, and none of it is executed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Protocol

from polyreel.documents.document import ModelDocument
from polyreel.documents.lifecycle import Standing
from polyreel.scanning.bindings import Bindings
from polyreel.scanning.calls import Asked, Claim, calls_in
from polyreel.scanning.modules import Modules
from polyreel.scanning.replacements import Replacement, Request, request_of
from polyreel.scanning.report import Finding, Report, Stand
from polyreel.scanning.scopes import surveyed
from polyreel.scanning.sources import Source, Unread, read, source_files

__all__ = ["Advice", "Scan"]


class Advice(Protocol):
    """Says which model is asked instead."""

    def __call__(self, request: Request) -> tuple[ModelDocument, str] | None:
        """Return a model's document and how the model is named; ``None`` when there is nothing to advise."""
        ...


@dataclass(frozen=True, kw_only=True)
class Scan:
    """How a project is scanned.

    Attributes:
        claims: What to look for.
        advice: Says which model is asked instead.
        today: The day that counts.
    """

    claims: Sequence[Claim]
    advice: Advice
    today: date

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(name.rpartition(".")[2] for claim in self.claims for name in claim.call.calls)

    def of(self, paths: Sequence[Path], *, exclude: Sequence[str] = ()) -> Report:
        """Look through files and folders.

        Args:
            paths: Files and folders.
            exclude: Patterns of names and paths that are left out.
        """
        modules = Modules(paths)
        findings: list[Finding] = []
        unread: list[Unread] = []
        files = 0
        for path in source_files(paths, exclude=exclude):
            source, problems = read(path)
            unread += problems
            if source is None:
                continue
            files += 1
            try:
                findings += self._findings(source, modules)
            except RecursionError:
                unread.append(Unread(path=path, reason="it is nested too deeply"))
        return Report(files=files, findings=tuple(findings), unread=tuple(unread))

    def _findings(self, source: Source, modules: Modules) -> Iterator[Finding]:
        if not any(name in source.text for name in self._names):
            return  # a call is never made without its name
        survey = surveyed(source)
        modules.add(survey)
        bindings = Bindings(modules)
        for asked in calls_in(survey, self.claims, bindings):
            node = asked.site.node
            cell, line = source.place(node.lineno)
            stand, message = self._judged(asked)
            yield Finding(
                path=source.path,
                cell=cell,
                line=line,
                column=node.col_offset + 1,
                call=asked.name,
                model=asked.model,
                document=None if asked.document is None else asked.document.id,
                stand=stand,
                message=message,
                replacement=self._replacement(asked, bindings) if stand in {"retired", "ending"} else None,
                choice=asked.choice,
            )

    def _judged(self, asked: Asked) -> tuple[Stand, str]:
        document = asked.document
        if asked.model is None:
            return "unknown", f"model not known here: {asked.written or 'the call names none'}"
        if asked.elsewhere is not None:
            return "elsewhere", (
                f"it goes to another server ({asked.elsewhere}); whether that has {asked.model} is not known here"
            )
        if document is None:
            return "unknown", f"model not known here: no installed provider describes {asked.model!r}"
        lifecycle = document.lifecycle
        standing = lifecycle.standing(self.today)
        if standing is Standing.RETIRED:
            return "retired", f"{document.id} was shut down on {lifecycle.retires_on}"
        if standing is Standing.ENDING:
            left = lifecycle.days_left(self.today)
            return "ending", f"{document.id} ends on {lifecycle.retires_on} ({left} days left)"
        return "living", f"{document.id} is living"

    def _replacement(self, asked: Asked, bindings: Bindings) -> Replacement | None:
        request = request_of(asked, bindings)
        advised = self.advice(request)
        return None if advised is None else request.replacement(*advised)
