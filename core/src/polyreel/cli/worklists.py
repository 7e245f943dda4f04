"""The requests of a batch as they will be asked for: a file's rows, typed, each with a place for its film."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from polyreel.cli.sheets import Form, Row, rows_of, typed
from polyreel.errors import Problem
from polyreel.storage.files import readable_name

if TYPE_CHECKING:
    from polyreel.cli.flags import Flag

__all__ = ["FIELDS", "Worklist", "check_template"]

FIELDS: Final = ("index", "line", "slug", "model", "name")
"""What may stand in braces in ``--output``."""

_SUFFIX_OF_ID: Final = re.compile(r"-[^-]*\.mp4$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Worklist:
    """The requests of a batch.

    Attributes:
        name: The batch's name.
        source: The file's name.
        rows: Its rows; those with problems are no requests.
    """

    name: str
    source: str
    rows: Sequence[Row]

    @classmethod
    def read(  # noqa: PLR0913  what a file is read by
        cls,
        source: str,
        form: Form,
        *,
        name: str,
        defaults: Mapping[str, Any],
        template: str | None,
        flags: Callable[[str], Mapping[str, Flag]],
    ) -> Worklist:
        """Read a file.

        Args:
            source: The file's name; ``-`` for standard input.
            form: How it is written.
            name: The batch's name.
            defaults: What counts where a row says nothing.
            template: The films' names, with :data:`FIELDS` in braces; ``None`` for readable ones.
            flags: From a model to its parameters; the cells of a CSV file are typed by them.

        Raises:
            click.UsageError: The file cannot be read.
        """
        rows = [*rows_of(source, form)]
        if form == "csv":
            rows = [
                typed(row, flags(str(row.values.get("model") or defaults.get("model") or ""))) for row in rows
            ]
        told = "standard input" if source == "-" else source
        if template is not None:
            rows = [*_named(rows, template, name, str(defaults.get("model") or ""))]
        return cls(name=name, source=told, rows=[*_apart(rows)])

    @property
    def requests(self) -> list[Row]:
        """The rows that can be asked for."""
        return [row for row in self.rows if not row.problems]

    def without(self, lines: frozenset[int]) -> Worklist:
        """Return the same without some lines."""
        return replace(self, rows=[row for row in self.rows if row.line not in lines and not row.problems])


def check_template(template: str) -> None:
    """Refuse a template that is none.

    Raises:
        click.UsageError: A field in it is none of :data:`FIELDS`, or it has none and all films would be one file.
    """
    try:
        fields = [field for _, field, _, _ in string.Formatter().parse(template) if field is not None]
    except ValueError as error:
        raise click.UsageError(f"--output {template!r}: {error}") from None
    shown = ", ".join(f"{{{name}}}" for name in FIELDS)
    for field in fields:
        if field not in FIELDS:
            raise click.UsageError(f"--output {template!r}: there is no {{{field}}}; it may hold {shown}")
    if not {"index", "line"} & set(fields):
        raise click.UsageError(
            f"--output {template!r} would name several films alike: put {{index}} into it, the number of the request, "
            f"or name a folder with --folder. It may hold {shown}"
        )


def _named(rows: Sequence[Row], template: str, name: str, model: str) -> Iterator[Row]:
    width = len(str(len(rows)))
    for number, row in enumerate(rows, start=1):
        if row.problems or row.values.get("output") is not None:
            yield row
            continue
        prompt = str(row.values.get("prompt", ""))
        facts = {
            "index": f"{number:0{width}}",
            "line": str(row.line),
            "slug": _SUFFIX_OF_ID.sub("", readable_name(prompt, "")),
            "model": str(row.values.get("model") or model).replace("/", "-"),
            "name": name,
        }
        yield replace(row, values={**row.values, "output": template.format_map(facts)})


def _apart(rows: Sequence[Row]) -> Iterator[Row]:
    """Find the rows whose films would have one name."""
    taken: dict[str, int] = {}
    for row in rows:
        output = row.values.get("output")
        if not isinstance(output, str) or not output:
            yield row
            continue
        place = output if "://" in output else str(Path(output).expanduser().absolute())
        first = taken.setdefault(place, row.line)
        if first == row.line:
            yield row
        else:
            message = f"{output} is the film of line {first} already; name another file"
            problem = Problem(parameter="output", message=message, value=output)
            yield replace(row, problems=(*row.problems, problem))
