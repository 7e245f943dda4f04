"""A lock on an open file that the system takes away from a process that dies."""

from __future__ import annotations

import sys
from typing import BinaryIO

__all__ = ["lock"]

if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    def lock(file: BinaryIO) -> bool:
        """Lock a file if nobody has; closing it lets go."""
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]  # Windows alone has it
        except OSError:
            return False
        return True

else:
    import fcntl

    def lock(file: BinaryIO) -> bool:
        """Lock a file if nobody has; closing it lets go."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
