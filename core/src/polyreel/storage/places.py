"""Where films are kept: the port of a place, a folder of this machine as one, and how any of them is found and read."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from polyreel.errors import StorageFailed
from polyreel.storage.files import NewFile
from polyreel.types.location import Location

__all__ = ["Folder", "Held", "Place", "Reel", "has_same", "place_and_name", "reading", "reel_of"]

BLOCK: Final = 8 * 1024 * 1024  # bytes that are read at once


@dataclass(frozen=True, kw_only=True, slots=True)
class Reel:
    """A whole file of this machine on its way to its place.

    Attributes:
        path: The file.
        size_bytes: Its length.
        sha256: Its digest, in hexadecimal.
        media_type: What it is.
    """

    path: Path
    size_bytes: int
    sha256: str
    media_type: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """What a place tells of a file without handing it out.

    Attributes:
        size_bytes: Its length.
        sha256: Its digest in hexadecimal, where the place keeps one.
    """

    size_bytes: int
    sha256: str | None = None


class Place(Protocol):
    """Where films are kept. Names have ``/`` between folders; every method blocks and raises ``StorageFailed``."""

    def put_if_absent(self, name: str, reel: Reel) -> bool:
        """Let a file appear under a name, whole, unless the name is taken; return whether it did.

        Of several that try at the same time exactly one is told ``True``.
        """
        ...

    def replace(self, name: str, reel: Reel) -> None:
        """Let a file appear under a name, whole, whatever was there."""
        ...

    def head(self, name: str) -> Held | None:
        """Return what is under a name; ``None`` for nothing."""
        ...

    def get(self, name: str, start: int, end: int) -> bytes:
        """Return the bytes from ``start`` up to, and without, ``end``."""
        ...

    def delete(self, name: str) -> None:
        """Remove what is under a name; nothing there is no error."""
        ...

    def presign(self, name: str, seconds: float) -> str:
        """Return an address that anybody can read for so long."""
        ...


class Folder:
    """A folder of this machine.

    Args:
        root: Where it is.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def put_if_absent(self, name: str, reel: Reel) -> bool:
        """Copy a file to a free name; see :meth:`Place.put_if_absent`."""
        wanted = self.root / name
        if wanted.exists():
            return False
        published = self._published(wanted, reel, overwrite=False)
        if published == wanted:
            return True
        self.delete(published.relative_to(self.root).as_posix())  # somebody took the name while it was copied
        return False

    def replace(self, name: str, reel: Reel) -> None:
        """Copy a file to a name; see :meth:`Place.replace`."""
        self._published(self.root / name, reel, overwrite=True)

    def head(self, name: str) -> Held | None:
        """Return a file's length."""
        try:
            return Held(size_bytes=(self.root / name).stat().st_size)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageFailed(f"{self.root / name} cannot be read: {error.strerror}") from None

    def get(self, name: str, start: int, end: int) -> bytes:
        """Return a part of a file."""
        try:
            with (self.root / name).open("rb") as file:
                file.seek(start)
                return file.read(end - start)
        except OSError as error:
            raise StorageFailed(f"{self.root / name} cannot be read: {error.strerror}") from None

    def delete(self, name: str) -> None:
        """Remove a file."""
        try:
            (self.root / name).unlink(missing_ok=True)
        except OSError as error:
            raise StorageFailed(f"{self.root / name} cannot be removed: {error.strerror}") from None

    def presign(self, name: str, seconds: float) -> str:  # noqa: ARG002  nobody but this machine's users can read it, for as long as it is there
        """Return the file's address on this machine."""
        return (self.root / name).resolve().as_uri()

    def _published(self, wanted: Path, reel: Reel, *, overwrite: bool) -> Path:
        new = NewFile(wanted)
        try:
            with reel.path.open("rb") as source:
                shutil.copyfileobj(source, new.open(), BLOCK)
            return new.publish(overwrite=overwrite)
        except OSError as error:
            raise StorageFailed(f"{reel.path} cannot be copied to {wanted}: {error.strerror}") from None
        finally:
            new.discard()


def place_and_name(where: Path | Location) -> tuple[Place, str]:
    """Return the place of a file or of a folder, and its name there.

    Raises:
        MissingExtra: It is in an object store, and what speaks to those is not installed.
        StorageFailed: The store's settings cannot be used.
    """
    if isinstance(where, Path):
        return Folder(where.parent), where.name
    from polyreel.storage.objects import Bucket

    return Bucket.at(where), where.key


def reading(where: Path | Location, *, purpose: str = "read") -> Iterator[bytes]:
    """Yield the content of a file in blocks.

    Args:
        where: The file.
        purpose: What it cannot be when it is gone, for people.

    Raises:
        StorageFailed: It is not there, or cannot be read.
    """
    place, name = place_and_name(where)
    held = place.head(name)
    if held is None:
        raise StorageFailed(f"{where} cannot be {purpose}: it is not there any more")
    yield from _blocks(place, name, held.size_bytes)


def reel_of(path: Path, media_type: str, sha256: str | None = None) -> Reel:
    """Return a file of this machine with what a place needs to know of it; it is read once if its digest is not known.

    Raises:
        StorageFailed: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            digest = sha256 or hashlib.file_digest(file, "sha256").hexdigest()
        return Reel(path=path, size_bytes=path.stat().st_size, sha256=digest, media_type=media_type)
    except OSError as error:
        raise StorageFailed(f"{path} cannot be read: {error.strerror}") from None


def has_same(place: Place, name: str, reel: Reel) -> bool | None:
    """Say whether a name holds exactly this file; ``None`` when it holds nothing (any more).

    Where the place keeps no digest, the file is read back: a length alone proves nothing.
    """
    held = place.head(name)
    if held is None:
        return None
    if held.size_bytes != reel.size_bytes:
        return False
    if held.sha256 is not None:
        return held.sha256 == reel.sha256
    digest = hashlib.sha256()
    for block in _blocks(place, name, held.size_bytes):
        digest.update(block)
    return digest.hexdigest() == reel.sha256


def _blocks(place: Place, name: str, size: int) -> Iterator[bytes]:
    for start in range(0, size, BLOCK):
        yield place.get(name, start, min(start + BLOCK, size))
