"""Files that appear whole or not at all: written beside their place under another name, checked, then renamed."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path, PurePath
from typing import BinaryIO, Final, TypeVar

from polyreel.errors import Problem, StorageFailed

__all__ = [
    "PREFIX",
    "SUFFIX",
    "NewFile",
    "destination_problem",
    "flushed",
    "folder_flushed",
    "free_names",
    "linked",
    "made_folder",
    "moved",
    "numbered",
    "readable_name",
]

P = TypeVar("P", bound=PurePath)
PREFIX: Final = ".polyreel-"
SUFFIX: Final = ".part"
_NAME_BYTES: Final = 48
ROOM: Final = 64 * 1024 * 1024  # less free space than this and a film is likely to be paid for and not kept


def destination_problem(path: Path, *, overwrite: bool) -> Problem | None:
    """Return why a film could not be written to ``path``, found before it is paid for; ``None`` when it could.

    Args:
        path: Where the film is to go.
        overwrite: Whether an existing file may be replaced.
    """
    return _name_problem(path, overwrite=overwrite) or _folder_problem(path.parent)


def readable_name(prompt: str, job_id: str) -> str:
    """Return a file name that people recognise and that no other job has: ``a-paper-boat-4b2c28f1.mp4``.

    Args:
        prompt: What the film shows, in any script.
        job_id: The job's id.
    """
    letters = "".join(sign if unicodedata.category(sign)[0] in "LMN" else " " for sign in prompt.casefold())
    slug = "-".join(letters.split()[:6])
    # A file system counts bytes, and a script may need several for each letter.
    short = slug.encode()[:_NAME_BYTES].decode(errors="ignore").strip("-") or "film"
    return f"{short}-{job_id[-8:]}.mp4"


class NewFile:
    """A file on its way: :meth:`open` it, fill it, then :meth:`publish` or :meth:`discard`. Every method blocks.

    Making one touches no disk, so that it can be discarded whatever interrupts its opening.

    Args:
        path: Where it is to appear.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.temporary = path.with_name(f"{PREFIX}{secrets.token_hex(8)}{SUFFIX}")
        self._file: BinaryIO | None = None

    def open(self) -> BinaryIO:
        """Begin the file; it is open for reading and writing.

        Raises:
            StorageFailed: The folder cannot be written.
        """
        try:
            made_folder(self.path.parent)
            self._file = self.temporary.open("x+b")
        except OSError as error:
            raise StorageFailed(f"{self.path.parent} cannot be written: {error.strerror}") from None
        return self._file

    def publish(self, *, overwrite: bool) -> Path:
        """Let it appear under its name; return the path.

        When the name is taken and must not be replaced, the next free one is used: a paid film is never lost.

        Args:
            overwrite: Whether an existing file may be replaced.

        Raises:
            StorageFailed: The disk refused.
        """
        try:
            if self._file is not None:
                flushed(self._file)
            self._close()
            path = self.path if overwrite else _placed_beside(self.temporary, self.path)
            if overwrite:
                self.temporary.replace(path)
            self.temporary.unlink(missing_ok=True)
            folder_flushed(path.parent)
        except OSError as error:
            raise StorageFailed(f"{self.path} cannot be written: {error.strerror}") from None
        return path

    def discard(self) -> None:
        """Remove it; does nothing after it was published."""
        with suppress(OSError):  # closing writes what still waits, and a full disk refuses it
            self._close()
        with suppress(OSError):  # the folder may have gone
            self.temporary.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()


def _placed_beside(temporary: Path, wanted: Path) -> Path:
    for path in free_names(wanted):
        try:
            if not linked(temporary, path):
                moved(temporary, path)
        except FileExistsError:
            continue
        return path
    raise AssertionError("there is always another name")


def free_names(path: Path) -> Iterator[Path]:
    """Return ``film.mp4``, ``film-2.mp4`` and so on, those left out that are taken now."""
    for number in count(1):
        name = numbered(path, number)
        if not os.path.lexists(name):
            yield name


def linked(temporary: Path, path: Path) -> bool:
    """Let a file appear under a name that is free, beside its temporary one; ``False`` where a disk knows no links.

    Args:
        temporary: The whole file.
        path: The name.

    Raises:
        FileExistsError: The name is taken.
    """
    try:
        os.link(temporary, path)  # fails when the name is taken; a rename would replace what is there
    except FileExistsError:
        raise
    except OSError:
        return False
    return True


def moved(temporary: Path, path: Path) -> None:
    """Let a file appear under a name that is free, on a disk without links.

    Args:
        temporary: The whole file.
        path: The name.

    Raises:
        FileExistsError: The name is taken.
        OSError: The disk refused.
    """
    path.touch(exist_ok=False)  # an empty file of ours takes the name, and only that is replaced
    try:
        temporary.replace(path)
    except OSError:
        path.unlink(missing_ok=True)
        raise


def flushed(file: BinaryIO) -> None:
    """Put a file's bytes on the disk itself: after this a power cut does not lose them.

    Raises:
        OSError: The disk refused.
    """
    file.flush()
    os.fsync(file.fileno())


def folder_flushed(folder: Path) -> None:
    """Put a folder's names on the disk itself.

    Raises:
        OSError: The disk refused.
    """
    if os.name == "nt":  # pragma: no cover  Windows opens no folders
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems have nothing to flush
            raise
    finally:
        os.close(handle)


def made_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing, so that a power cut does not lose them.

    Raises:
        OSError: The disk refused.
    """
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for place in missing:
        folder_flushed(place.parent)


def _name_problem(path: Path, *, overwrite: bool) -> Problem | None:
    if not _is_unicode(path.absolute()):
        return _problem(f"{str(path)!r} is no valid Unicode name; name another file, in another folder")
    taken = True
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        taken = False
    except (OSError, ValueError) as error:  # no disk takes such a name
        reason = getattr(error, "strerror", None) or str(error)
        return _problem(f"{str(path)!r} cannot be written: {reason}; name another file")
    if path.is_dir():
        return _problem(f"{path} is a folder; name the file: {path / 'film.mp4'}")
    if taken and not overwrite:
        return _problem(f"{path} exists already; name another file, or pass overwrite=True (--overwrite)")
    return None


def _folder_problem(folder: Path) -> Problem | None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=PREFIX, suffix=SUFFIX):
            pass
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return _problem(f"{folder} cannot be written: {error.strerror}; name another folder")
    if free < ROOM:
        return _problem(f"{folder} has only {free:,} bytes free, too little for a film; free some space")
    return None


def _is_unicode(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def numbered(path: P, number: int) -> P:
    """Return ``film-2.mp4`` for ``film.mp4`` and 2; for 1 the path itself."""
    return path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")


def _problem(message: str) -> Problem:
    return Problem(parameter="output", message=message)
