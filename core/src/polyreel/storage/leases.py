"""Who works on a job: a lease with an end, and a lock that the system takes from a process that dies.

A lease ends on the steady clock, which nobody sets and which counts while the machine sleeps: a process that was
stopped for an hour finds its lease over, whatever the time of day says. That of a process that was killed is free at
once: the process holds an advisory lock on a file of its own, and the system lets go of it when the process ends, by
``kill -9`` too.
"""

from __future__ import annotations

import os
import secrets
import threading
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Final

from polyreel.errors import StorageFailed
from polyreel.storage.locks import lock

__all__ = ["Lease", "Owners", "boot_id"]

_PREFIX: Final = "owner-"


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """The right to take a job's steps for a while.

    Attributes:
        owner: Who has it: one client of one process, in one life of the machine.
        until: When it ends, in seconds on the steady clock of that machine.
    """

    owner: str
    until: float

    def holds(self, *, steady: float) -> bool:
        """Whether it is not over.

        Args:
            steady: The steady clock now. In another life of the machine its owner cannot be working any more.
        """
        return self.owner.startswith(f"{boot_id()}:") and steady < self.until


@lru_cache(maxsize=1)
def boot_id() -> str:
    """Return what tells this life of the machine from its others."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return "this-machine"  # where the system does not say, leases end by their time alone


class Owners:
    """The processes that work on the jobs of one folder.

    Args:
        folder: Where each process keeps the file that it holds locked.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._guard = threading.Lock()
        self._held: tuple[int, str, BinaryIO] | None = None

    @property
    def me(self) -> str:
        """The name of this process in leases; a forked one has its own.

        Raises:
            StorageFailed: Its file cannot be written.
        """
        with self._guard:
            if self._held is not None and self._held[0] != os.getpid():
                self._held[2].close()  # this process was forked: the lock is still its parent's
                self._held = None
            if self._held is None:
                self._held = self._begin()
            return self._held[1]

    def is_gone(self, owner: str) -> bool:
        """Whether a process certainly ended; ``False`` also when nobody can tell.

        Args:
            owner: Its name in a lease.
        """
        boot, _, name = owner.partition(":")
        if boot != boot_id():
            return True
        if self._held is not None and self._held[1] == owner:
            return False
        try:
            with self._path(name).open("rb+") as file:
                return lock(file)
        except FileNotFoundError:
            return True  # it let go of its file when it was closed
        except OSError:
            return False

    def close(self) -> None:
        """End: what this process still held is free."""
        with self._guard:
            if self._held is not None and self._held[0] == os.getpid():
                _, owner, file = self._held
                with suppress(OSError):
                    self._path(owner.partition(":")[2]).unlink(missing_ok=True)
                file.close()
            self._held = None

    def _begin(self) -> tuple[int, str, BinaryIO]:
        name = f"{os.getpid()}-{secrets.token_hex(6)}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._sweep()
            # Locked under another name first: whoever finds the file finds it locked.
            hidden = self._folder / f"new-{name}"
            file = hidden.open("xb+")
            if not lock(file):
                raise OSError(None, "it cannot be locked")  # noqa: TRY301  translated just below
            hidden.rename(self._path(name))
        except OSError as error:
            raise StorageFailed(
                f"{self._folder} cannot be written: {error.strerror}. Set POLYREEL_HOME to a folder that can be written"
            ) from None
        return os.getpid(), f"{boot_id()}:{name}", file

    def _sweep(self) -> None:
        for path in self._folder.glob(f"{_PREFIX}*"):
            with suppress(OSError), path.open("rb+") as file:
                if lock(file):  # its process is gone
                    path.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{_PREFIX}{Path(name).name}"
