"""From a whole file of this machine to its place in a store: once, whatever interrupts it."""

from __future__ import annotations

from functools import partial
from pathlib import PurePosixPath

from polyreel.flows import Call, Flow
from polyreel.storage.files import numbered
from polyreel.storage.places import Place, Reel, has_same

__all__ = ["deposit"]


def deposit(place: Place, name: str, reel: Reel, *, overwrite: bool) -> Flow[str]:
    """Put a file into its place; return the name that it has there.

    Done again after an interruption, it finds its own work and adds nothing: a name that holds exactly this file is
    taken as it is. A name that holds another file is left alone, and the next free one is used: ``film-2.mp4``.

    Args:
        place: The place.
        name: The name that is wanted.
        reel: The file.
        overwrite: Whether another file under that name may be replaced.

    Raises:
        StorageFailed: The place refused.
    """
    if overwrite:
        yield Call(function=partial(place.replace, name, reel))
        return name
    number = 1
    while True:
        candidate = str(numbered(PurePosixPath(name), number))
        if (yield Call(function=partial(place.put_if_absent, candidate, reel))):
            return candidate
        same: bool | None = yield Call(function=partial(has_same, place, candidate, reel))
        if same:
            return candidate
        if same is not None:  # what held the name a moment ago may be gone: then it is tried again
            number += 1
