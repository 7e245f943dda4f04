"""Files with many requests: JSON Lines and CSV, line by line, with everything that is wrong named by its line."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TextIO, TypeAlias

import click

from polyreel.cli.flags import Flag, value_of
from polyreel.errors import InvalidRequest, Problem

__all__ = ["Form", "Row", "form_of", "rows_of", "typed"]

Form: TypeAlias = Literal["jsonl", "csv"]

_SUFFIXES: Final[Mapping[str, Form]] = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "csv"}
_SEPARATORS: Final = ",;\t"
_LONGEST_CELL: Final = 100_000_000  # a picture may stand in it as a data URI
_OPTIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "overwrite": {"type": "boolean"},
    "native": {"type": "object"},
    "fallback": {"type": "array", "items": {"type": "string"}},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One request of a file.

    Attributes:
        line: The line on which it begins, from 1.
        values: What stands there, by name.
        problems: Why it cannot be read.
    """

    line: int
    values: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def form_of(name: str, given: str | None) -> Form:
    """Return how a file is written, by what was said or by the end of its name.

    Args:
        name: The file's name; ``-`` for standard input, which is JSON Lines unless something else is said.
        given: What ``--format`` says.

    Raises:
        click.UsageError: Neither says it.
    """
    if given is not None:
        return "csv" if given == "csv" else "jsonl"
    if name == "-":
        return "jsonl"
    form = _SUFFIXES.get(Path(name).suffix.lower())
    if form is None:
        raise click.UsageError(f"{name}: name it .jsonl or .csv, or say --format jsonl or --format csv")
    return form


def rows_of(name: str, form: Form) -> Iterator[Row]:
    """Read a file's requests; empty lines are none.

    Args:
        name: The file; ``-`` for standard input.
        form: How it is written.

    Raises:
        click.UsageError: It cannot be read at all, or its head is none.
    """
    read = _json_rows if form == "jsonl" else _csv_rows
    try:
        if name == "-":
            if sys.stdin is None:
                raise click.UsageError("standard input is closed")
            yield from read(sys.stdin)
            return
        with Path(name).expanduser().open(encoding="utf-8-sig", newline="") as file:
            yield from read(file)
    except OSError as error:
        raise click.UsageError(f"{name} cannot be read: {error.strerror or error}") from None
    except UnicodeError:
        raise click.UsageError(f"{name} is no text in UTF-8") from None


def typed(row: Row, flags: Mapping[str, Flag]) -> Row:
    """Return a row of texts with values of the types that the model's document declares.

    A text that does not fit stays a text: the core then says what is allowed.

    Args:
        row: The row.
        flags: The model's parameters by name.
    """
    values: dict[str, Any] = {}
    problems = list(row.problems)
    for name, text in row.values.items():
        flag = flags.get(name)
        if name in _OPTIONS:
            flag = Flag(name=name, schema=_OPTIONS[name])
        try:
            values[name] = text if flag is None else value_of(flag, [text])
        except InvalidRequest as error:
            problems += error.problems
    return Row(line=row.line, values=values, problems=tuple(problems))


# --- JSON Lines -------------------------------------------------------------------------------------------------


def _json_rows(lines: Iterable[str]) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        text = line.strip().removeprefix("\ufeff")
        if text:
            yield _json_row(number, text)


def _json_row(number: int, text: str) -> Row:
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        return _unreadable(number, f"is no valid JSON: {error}")
    if isinstance(value, str):
        return Row(line=number, values={"prompt": value})
    if not isinstance(value, dict):
        return _unreadable(number, 'must be a JSON object: {"prompt": "...", "duration": 4}')
    return Row(line=number, values=value)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice!r} stands in it twice")
    return dict(pairs)


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number")


# --- CSV --------------------------------------------------------------------------------------------------------


def _csv_rows(file: TextIO) -> Iterator[Row]:
    csv.field_size_limit(_LONGEST_CELL)
    head = file.readline()
    if not head.strip():
        return
    separator = max(_SEPARATORS, key=head.count)
    names = _head(next(csv.reader([head], delimiter=separator, strict=True), []))
    reader = csv.reader(file, delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 2  # after the head, from 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # Where the next row begins is not known any more.
            yield _unreadable(line, f"is no valid CSV: {error}; nothing after it was read")
            return
        if any(cell.strip() for cell in cells):
            yield _csv_row(line, names, cells)


def _head(cells: list[str]) -> list[str]:
    names = [cell.strip().removeprefix("\ufeff").replace("-", "_") for cell in cells]
    if "" in names:
        raise click.UsageError(f"the head of the file has no name in column {names.index('') + 1}")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise click.UsageError(f"the head of the file names {twice!r} twice")
    if "prompt" not in names:
        raise click.UsageError(
            f"the first line must name the columns, and one of them 'prompt'; it names: {', '.join(names)[:200]}"
        )
    return names


def _csv_row(line: int, names: list[str], cells: list[str]) -> Row:
    if len(cells) != len(names):
        return _unreadable(
            line, f"has {len(cells)} cells and the head {len(names)}; quote a cell with a comma in it"
        )
    # An empty cell says nothing: the default counts.
    return Row(line=line, values={name: cell for name, cell in zip(names, cells, strict=True) if cell != ""})


def _unreadable(line: int, message: str) -> Row:
    return Row(line=line, problems=(Problem(parameter="line", message=message),))
