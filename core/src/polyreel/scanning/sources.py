"""The Python source of a project: which files are read, and each as a syntax tree."""

from __future__ import annotations

import ast
import io
import json
import os
import tokenize
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any, Final

__all__ = ["MAX_BYTES", "Source", "Unread", "parsed", "read", "source_files"]

MAX_BYTES: Final = 5 * 1024 * 1024
"""Larger files are generated, and not read."""

_SUFFIXES: Final = (".py", ".pyi", ".pyw", ".ipynb")
_FOREIGN: Final = frozenset(
    {"node_modules", "site-packages", "dist-packages", "__pycache__", "__pypackages__", "venv", "env"}
)
_NOT_PYTHON: Final = ("!", "%", "?")  # what a notebook hands to the shell or to its kernel


@dataclass(frozen=True, kw_only=True, slots=True)
class Unread:
    """A file that could not be read as Python.

    Attributes:
        path: The file.
        reason: Why, as a sentence.
    """

    path: Path
    reason: str


@dataclass(frozen=True, kw_only=True)
class Source:
    """One file, or the code of one notebook.

    Attributes:
        path: The file.
        text: Its code.
        tree: The same as a syntax tree.
        cells: Of a notebook: the number of each cell, and the line of ``text`` before its first.
    """

    path: Path
    text: str = field(repr=False)
    tree: ast.Module = field(repr=False)
    cells: tuple[tuple[int, int], ...] = ()

    @cached_property
    def lines(self) -> list[bytes]:
        """Its lines; a syntax tree counts columns in bytes."""
        return self.text.encode(errors="replace").split(b"\n")

    def place(self, line: int) -> tuple[int | None, int]:
        """Return the cell (``None`` outside notebooks) and the line in it of a line of ``text``."""
        if not self.cells:
            return None, line
        cell, before = max((entry for entry in self.cells if entry[1] < line), key=lambda entry: entry[1])
        return cell, line - before

    def written(self, node: ast.expr) -> str:
        """Return an expression on one line: as it is written, or in the usual way where that would not be readable."""
        if node.lineno == node.end_lineno:
            line = self.lines[node.lineno - 1]
            text = line[node.col_offset : node.end_col_offset].decode()
            if text.isprintable():
                return text
        try:
            return ast.unparse(node)
        except RecursionError:
            return "..."


def source_files(paths: Sequence[Path], *, exclude: Sequence[str] = ()) -> Iterator[Path]:
    """Yield the Python files and notebooks of files and folders, sorted within each folder.

    Environments, ``node_modules`` and what is hidden are left out, unless they are named themselves. A link to a folder
    is not followed.

    Args:
        paths: What to look through.
        exclude: Patterns of names, or of paths below what was named, that are left out: ``tests``, ``*_pb2.py``.
    """
    for root in paths:
        if not root.is_dir():
            yield root
            continue
        for folder, folders, files in os.walk(root):
            here = Path(folder)
            folders[:] = sorted(
                name
                for name in folders
                if not _is_foreign(here / name) and not _is_out(here / name, root, exclude)
            )
            for name in sorted(files):
                path = here / name
                if name.endswith(_SUFFIXES) and not name.startswith(".") and not _is_out(path, root, exclude):
                    yield path


def _is_foreign(folder: Path) -> bool:
    return folder.name in _FOREIGN or folder.name.startswith(".") or (folder / "pyvenv.cfg").is_file()


def _is_out(path: Path, root: Path, exclude: Sequence[str]) -> bool:
    below = path.relative_to(root).as_posix()
    return any(fnmatchcase(path.name, pattern) or fnmatchcase(below, pattern) for pattern in exclude)


def read(path: Path) -> tuple[Source | None, list[Unread]]:
    """Read one file.

    Args:
        path: A Python file or a notebook.

    Returns:
        Its source, and what of it could not be read: all of a file, or single cells of a notebook.
    """
    try:
        content = _content(path)
        if path.suffix == ".ipynb":
            return _notebook(path, content)
        text = _decoded(content)
        return Source(path=path, text=text, tree=parsed(text)), []
    except ValueError as error:
        return None, [Unread(path=path, reason=str(error))]


def _content(path: Path) -> bytes:
    try:
        if not path.is_file():  # a pipe would never end
            raise ValueError("it is no file")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(f"it cannot be read: {error.strerror or error}") from None
    if len(content) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES:,} bytes")
    return content


def _decoded(content: bytes) -> str:
    """Return the text of a Python file, in the encoding that it declares."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        text = content.decode(encoding)
    except (SyntaxError, ValueError, LookupError) as error:
        raise ValueError(f"its encoding is not understood: {error}") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def parsed(text: str) -> ast.Module:
    """Return a text as a syntax tree.

    Raises:
        ValueError: It is no Python that this interpreter understands.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the foreign source: nobody asked
            return ast.parse(text)
    except SyntaxError as error:
        where = f"line {error.lineno}: " if error.lineno else ""
        raise ValueError(f"it is no Python: {where}{error.msg}") from None
    except (RecursionError, MemoryError):
        raise ValueError("it is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"it is no Python: {error}") from None


def _notebook(path: Path, content: bytes) -> tuple[Source, list[Unread]]:
    """Return the code cells of a notebook that are Python, as one text."""
    pieces: list[str] = []
    cells: list[tuple[int, int]] = []
    unread = []
    before = 0
    for number, text in _code_cells(content):
        try:
            code = _python_of(text)
        except ValueError as error:
            unread.append(Unread(path=path, reason=f"cell {number}: {error}"))
            continue
        pieces.append(code)
        cells.append((number, before))
        before += code.count("\n") + 1
    text = "\n".join(pieces)
    return Source(path=path, text=text, tree=parsed(text), cells=tuple(cells)), unread


def _code_cells(content: bytes) -> Iterator[tuple[int, str]]:
    try:
        notebook = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError("it is no notebook: no JSON") from None
    cells: Any = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise ValueError("it is no notebook of format 4: it has no cells")  # noqa: TRY004  one kind for the caller
    for number, cell in enumerate(cells, start=1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source", "")
        lines = source if isinstance(source, list) else [source]
        text = "".join(line for line in lines if isinstance(line, str))
        yield number, text.encode(errors="replace").decode().replace("\r\n", "\n").replace("\r", "\n")


def _python_of(text: str) -> str:
    """Return a cell as Python: without the lines that are for the kernel, where it has any. Each line stays in its place.

    Raises:
        ValueError: It is none.
    """
    try:
        parsed(text)
    except ValueError:
        text = "\n".join(map(_without_order, text.split("\n")))
        parsed(text)
    return text


def _without_order(line: str) -> str:
    bare = line.lstrip()
    is_order = bare.startswith(_NOT_PYTHON) or bare.rstrip().endswith("?")
    return line[: len(line) - len(bare)] + "pass" if is_order else line
