"""What of a file is there already, over the tries of one fetch: its rest is asked for, or it is begun anew."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from polyreel.bodies import Changed, writing
from polyreel.errors import FetchFailed, TransportFailed
from polyreel.flows import Fetch
from polyreel.http import Response, Version, Wire

__all__ = ["Continuation"]

PROGRESS: Final = 1024 * 1024
"""A try that brought so many bytes is no failed one: a long file over a bad line may be cut off often."""

_NO_SUCH_RANGE: Final = 416


class Continuation:
    """How far a fetch got.

    Args:
        effect: The fetch.
    """

    def __init__(self, effect: Fetch) -> None:
        self.effect = effect
        #: What the rest can be asked for by; ``None`` when the file must be begun anew.
        self.version = effect.held
        #: How many bytes of it are there.
        self.offset = 0

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers that ask for the rest, or for all of it if it is another file by now."""
        if self.version is None or not self.offset:
            return {}
        return {"Range": f"bytes={self.offset}-", "If-Range": self.version.etag}

    def wire(self, wire: Wire) -> Wire:
        """Return an exchange that continues the file."""
        return Wire(
            request=wire.request,
            timeout=wire.timeout,
            max_bytes=wire.max_bytes,
            into=self.effect.into,
            seconds_left=wire.seconds_left,
            connect_to=wire.connect_to,
            held=self.version if self.offset else None,
            offset=self.offset,
            begun=self._note,
            beat=self.effect.beat,
            pace=self.effect.pace,
        )

    def judged(
        self, ended: Response | TransportFailed | FetchFailed
    ) -> Response | TransportFailed | FetchFailed:
        """Return how a try ended; from now on the file is begun anew if its rest cannot be had."""
        if isinstance(ended, Response) and ended.status == _NO_SUCH_RANGE and self.offset:
            ended = Changed("the server no longer has the rest of the file that was begun")
        if isinstance(ended, Changed):
            self.version = None
        return ended

    def measure(self) -> bool:
        """Look at the file, and empty it if it must be begun anew. Blocks.

        Returns:
            Whether much of it came since the last look.

        Raises:
            StorageFailed: The disk refused.
        """
        into = self.effect.into
        with writing():
            size = into.seek(0, os.SEEK_END)
            if self.version is None or size >= self.version.length:
                into.seek(0)
                into.truncate()
                size = 0
        grown, self.offset = size - self.offset, size
        return grown >= PROGRESS

    def _note(self, version: Version | None) -> None:
        self.version, self.offset = version, 0
        if self.effect.begun is not None:
            self.effect.begun(version)
