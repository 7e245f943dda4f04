"""A file that knows the digest of what was written into it."""

from __future__ import annotations

import hashlib
import io
from typing import Any, Final

__all__ = ["HashedFile"]

_READ: Final = 1024 * 1024


class HashedFile(io.BufferedRandom):
    """A file that is written from its beginning to its end and knows the digest of what it holds."""

    def __init__(self, raw: io.FileIO) -> None:
        super().__init__(raw)
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """The digest of its bytes, in hexadecimal."""
        return self._digest.hexdigest()

    def write(self, data: Any, /) -> int:
        """Write behind what is there."""
        size = super().write(data)
        self._digest.update(data)
        return size

    def truncate(self, size: int | None = None, /) -> int:
        """Empty it; it is never cut elsewhere."""
        left = super().truncate(size)
        assert left == 0, "a film is begun anew or carried on"
        self._digest = hashlib.sha256()
        return left

    def count(self) -> int:
        """Read all that it holds, for its digest; return its length."""
        self._digest = hashlib.sha256()
        self.seek(0)
        while chunk := self.read(_READ):
            self._digest.update(chunk)
        return self.tell()
