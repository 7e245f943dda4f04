"""Films on their way to their place, which another process can carry on where one was killed.

Beside the film's place stand two hidden files with names that follow from the job: the bytes that came, and a note.
Who fetches holds the first one locked, so that two processes never write into it. What the note is for:

* After the process was killed in the middle, the rest is asked for by the tag that the note holds. It counts only
  while the machine runs: after a power cut the last bytes may never have reached the disk, and they are fetched again.
* After it was killed between the film's appearing and the record that says so, the film is found again and is neither
  fetched nor published twice. Where the disk knows links, the hidden name is a second name of the same file, and that
  is the proof. Where the film was renamed, the note tells its name and its digest.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import secrets
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path
from typing import Final

from polyreel.errors import StorageFailed
from polyreel.http import Version
from polyreel.storage.files import (
    PREFIX,
    SUFFIX,
    flushed,
    folder_flushed,
    free_names,
    linked,
    made_folder,
    moved,
    numbered,
)
from polyreel.storage.hashing import HashedFile
from polyreel.storage.leases import boot_id
from polyreel.storage.locks import lock

__all__ = ["Begun", "Part", "sweep", "tidy", "withdraw"]

_NOTE: Final = ".json"
_OPEN: Final = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_PLAIN: Final = re.compile(r"[A-Za-z0-9_]{1,64}")
_NAMES_LOOKED_AT: Final = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Begun:
    """What an earlier process left of a film.

    Attributes:
        version: What the rest can be asked for by; ``None`` when the film must be fetched from its start.
        is_whole: Whether nothing is missing.
        published: Where the film is, when it appeared and only the record of it is missing.
    """

    version: Version | None = None
    is_whole: bool = False
    published: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Note:
    boot: str
    version: Version | None = None
    name: str | None = None
    size: int = 0
    sha256: str = ""

    @classmethod
    def read(cls, path: Path) -> _Note | None:
        """Return a note; ``None`` when there is none, or half of one."""
        try:
            found = json.loads(path.read_bytes())
            version = found.pop("version")
            return cls(version=None if version is None else Version(**version), **found)
        except (OSError, ValueError, TypeError, LookupError, AttributeError):
            return None


class Part:
    """A film on its way: :meth:`open` it, fill its ``file``, :meth:`publish` it, and :func:`tidy` once that is recorded.

    Making one touches no disk, so that it can be closed whatever interrupts its opening. Every method blocks.

    Args:
        path: Where the film is to appear.
        job: The job's id.
        name: Which of the job's files it is: its role and index.
    """

    def __init__(self, path: Path, *, job: str, name: str) -> None:
        self.path = path
        self.temporary = _hidden(path, job, name)
        self.file: HashedFile | None = None
        self.continues = False
        self._is_shared = True
        self._is_published = False
        # A task that is cancelled lets go of the film while a thread may still be publishing it.
        self._ending = threading.RLock()

    @property
    def _note_path(self) -> Path:
        return self.temporary.with_name(self.temporary.name + _NOTE)

    def open(self) -> Begun:
        """Begin the film, or find what is there of it.

        Raises:
            StorageFailed: The folder cannot be written.
        """
        try:
            made_folder(self.path.parent)
            self.file = self._locked() or self._private()
            begun = self._found(self.file) if self._is_shared else Begun()
            if not begun.is_whole and begun.version is None and begun.published is None:
                self.file.seek(0)
                self.file.truncate()
                self._note_path.unlink(missing_ok=True)
            if begun.published is not None:
                folder_flushed(self.path.parent)  # the process may have ended before it did this
        except OSError as error:
            raise StorageFailed(
                f"{self.path.parent} cannot be written: {error.strerror}; the job is kept, so name another folder or "
                "make room, and resume it"
            ) from None
        self.continues = begun.version is not None
        self._is_published = begun.published is not None  # it is found by this again, should no record follow
        return begun

    def _locked(self) -> HashedFile | None:
        """Return the shared file, locked; ``None`` when another process has it."""
        file = HashedFile(io.FileIO(os.open(self.temporary, _OPEN, 0o666), "r+b"))
        with suppress(OSError):
            opened, named = os.fstat(file.fileno()), self.temporary.stat()
            if lock(file) and os.path.samestat(opened, named) and _is_own(opened):
                return file
        file.close()
        return None

    def _private(self) -> HashedFile:
        """Return a file of our own: whoever has the shared one may be stopped for ever, and the film may not wait."""
        self._is_shared = False
        self.temporary = self.path.with_name(f"{PREFIX}{secrets.token_hex(8)}{SUFFIX}")
        return HashedFile(io.FileIO(os.open(self.temporary, _OPEN | os.O_EXCL, 0o666), "r+b"))

    def _found(self, file: HashedFile) -> Begun:
        if os.fstat(file.fileno()).st_nlink > 1:
            # It appeared under another name, so it is whole; whoever moved that name away holds the same bytes, and
            # nothing is written into them.
            file.count()
            return Begun(is_whole=True, published=next(_names_of(self.temporary, self.path), None))
        note, size = _Note.read(self._note_path), os.fstat(file.fileno()).st_size
        if note is None:
            return Begun()
        if note.name is not None:
            return self._found_moved(file, note)
        version = note.version
        # A system that does not tell its lives apart cannot tell a killed process from a power cut.
        if version is None or note.boot != boot_id() or not _tells_lives():
            return Begun()
        if not 0 < size <= version.length:
            return Begun()
        file.count()
        return Begun(version=version, is_whole=size == version.length)

    def _found_moved(self, file: HashedFile, note: _Note) -> Begun:
        target = self.path.with_name(Path(str(note.name)).name)
        if (file.count(), file.sha256) == (note.size, note.sha256):
            if target.is_file() and target.stat().st_size == 0:
                target.unlink()  # what held the name for it
            return Begun(is_whole=True)
        with suppress(OSError), target.open("rb") as published:
            digest = hashlib.file_digest(published, "sha256").hexdigest()
            if (published.tell(), digest) == (note.size, note.sha256):
                return Begun(is_whole=True, published=target)
        return Begun()

    def note(self, version: Version | None) -> None:
        """Note what the rest can be asked for by, should this process be killed now."""
        self.continues = version is not None
        with suppress(OSError):  # without it the film is fetched from its start
            if version is None or not self._is_shared:
                self._note_path.unlink(missing_ok=True)
            else:
                _write(self._note_path, _Note(boot=boot_id(), version=version))

    def publish(self, *, overwrite: bool) -> Path:
        """Let the film appear under its name, durably; return the path.

        When the name is taken and must not be replaced, the next free one is used: a paid film is never lost.

        Args:
            overwrite: Whether an existing file may be replaced.

        Raises:
            StorageFailed: The disk refused.
        """
        with self._ending:
            return self._published(overwrite=overwrite)

    def _published(self, *, overwrite: bool) -> Path:
        assert self.file is not None, "it was opened"
        try:
            flushed(self.file)
            done = _Note(boot=boot_id(), size=os.fstat(self.file.fileno()).st_size, sha256=self.file.sha256)
            self.file.close()
            path = self._replacing(done) if overwrite else self._beside(done)
            self._is_published = True
            folder_flushed(path.parent)
            if not self._is_shared:
                _remove(self.temporary)  # nobody would find it by its name
        except OSError as error:
            raise StorageFailed(
                f"{self.path} cannot be written: {error.strerror}; the job is kept, so free some space and resume it"
            ) from None
        return path

    def _replacing(self, done: _Note) -> Path:
        self._announce(replace(done, name=self.path.name))
        self.temporary.replace(self.path)
        return self.path

    def _beside(self, done: _Note) -> Path:
        for path in free_names(self.path):
            with suppress(FileExistsError):
                if not linked(self.temporary, path):
                    self._announce(replace(done, name=path.name))
                    moved(self.temporary, path)
                return path
        raise AssertionError("there is always another name")

    def _announce(self, note: _Note) -> None:
        """Write down under which name the film is about to appear, where no link will prove it."""
        if self._is_shared:
            _write(self._note_path, note, durable=True)
            folder_flushed(self.path.parent)

    def close(self) -> None:
        """Let go of it: what another process can carry on stays, the rest is removed. Does nothing a second time."""
        with self._ending:
            if not (self._is_shared and self.continues) and not self._is_published:
                self.discard()
            elif self.file is not None:
                with suppress(OSError):  # closing writes what still waits, and a full disk refuses it
                    self.file.close()

    def discard(self) -> None:
        """Remove what came of it. A film that was published stays, and so does what it is found by."""
        with self._ending:
            if self.file is None or self._is_published:
                return
            if os.name == "nt":  # pragma: no cover  Windows removes no open files
                with suppress(OSError):
                    self.file.close()
            # The name goes before the lock does, so that nobody locks a file that is about to go.
            _remove(self.temporary)
            with suppress(OSError):
                self.file.close()
            self.continues = False


def tidy(path: Path, *, job: str, name: str, kept: Path) -> None:
    """Remove what the fetch of a film leaves beside it, once the job's record says where the film is.

    A film that appeared twice, because a process was stopped for so long that another took the job over, goes but for
    the one that the record names.

    Args:
        path: Where the film was to appear.
        job: The job's id.
        name: Which of the job's files it is.
        kept: Where it is by the record.
    """
    temporary = _hidden(path, job, name)
    with suppress(OSError), temporary.open("r+b") as file:
        if not lock(file):
            return  # somebody is still writing
        if not (kept.exists() and os.path.samestat(os.fstat(file.fileno()), kept.stat())):
            for other in _names_of(temporary, path):
                _remove(other)
    _remove(temporary)


def withdraw(path: Path, *, job: str, name: str) -> bool:
    """Take a film back that appeared and is not the one that the job's record names; return whether it was there.

    Args:
        path: Where it was to appear.
        job: The job's id.
        name: Which of the job's files it is.
    """
    temporary = _hidden(path, job, name)
    published = list(_names_of(temporary, path))
    for place in (*published, temporary):
        _remove(place)
    return bool(published)


def sweep(folder: Path, *, older_than: float, is_unfinished: Callable[[str], bool]) -> int:
    """Remove leftovers of interrupted fetches; return how many.

    Args:
        folder: Where.
        older_than: Seconds since 1970; younger ones may still be written.
        is_unfinished: Whether a job may still fetch something, by its id.
    """
    removed = 0
    for path in folder.glob(f"{PREFIX}*{SUFFIX}*"):
        with suppress(OSError):  # somebody else swept it, or still holds it
            if path.stat().st_mtime >= older_than or is_unfinished(_job_of(path)):
                continue
            with path.open("r+b") as file:
                if lock(file):
                    path.unlink()
                    removed += 1
    return removed


def _hidden(path: Path, job: str, name: str) -> Path:
    # Names and folders are the user's, ids a plugin's or a store's: only plain ones become part of a file's name.
    plain = job if _PLAIN.fullmatch(job) else hashlib.sha256(job.encode()).hexdigest()[:24]
    place = zlib.crc32(path.name.encode("utf-8", "surrogateescape"))
    return path.with_name(f"{PREFIX}{plain}-{name}-{place:08x}{SUFFIX}")


def _job_of(hidden: Path) -> str:
    return hidden.name.removeprefix(PREFIX).partition("-")[0]


def _names_of(temporary: Path, path: Path) -> Iterator[Path]:
    """Return under which of its names a film appeared, its hidden name being another one of the same file."""
    with suppress(OSError):
        hidden = temporary.stat()
        if hidden.st_nlink < 2:  # noqa: PLR2004  its hidden name alone
            return
        for number in count(1):
            name = numbered(path, number)
            with suppress(OSError):
                if os.path.samestat(name.lstat(), hidden):
                    yield name
            if number >= _NAMES_LOOKED_AT and not os.path.lexists(name):
                return


def _is_own(status: os.stat_result) -> bool:
    return os.name == "nt" or status.st_uid == os.geteuid()


def _tells_lives() -> bool:
    return boot_id() != "this-machine"


def _write(path: Path, note: _Note, *, durable: bool = False) -> None:
    with io.FileIO(os.open(path, _OPEN | os.O_TRUNC, 0o600), "r+b") as file:
        file.write(json.dumps(asdict(note)).encode())
        if durable:
            os.fsync(file.fileno())


def _remove(path: Path) -> None:
    for name in (path, path.with_name(path.name + _NOTE)):
        with suppress(OSError):
            name.unlink(missing_ok=True)
