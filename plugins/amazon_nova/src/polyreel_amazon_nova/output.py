"""The folder of a finished job: which film is there, which shots, and what the status file says about them.

Files: fact sheet on Bedrock's asynchronous invocations, section 3 (2026-11-23). The status file has two names on the same
page of Amazon's and was not written by the first version, so nothing depends on it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from polyreel.errors import MissingExtra, MissingKey, PolyreelError
from polyreel.flows import Flow
from polyreel.redaction import clean
from polyreel.types.asset import Asset
from polyreel.types.job import Failure, Notice, Progress
from polyreel.types.task import Task

from polyreel_amazon_nova.failures import answer_error, is_refused_content
from polyreel_amazon_nova.nova import shots_of
from polyreel_amazon_nova.places import Place, place_told
from polyreel_amazon_nova.storage import FORBIDDEN, MISSING, Storage
from polyreel_amazon_nova.wire import is_nova

__all__ = ["assets", "explained", "with_files"]

FILM: Final = "output.mp4"
STATUS_FILES: Final = ("video-generation-status.json", "generation-status.json")
_SHOT: Final = re.compile(r"shot_(?P<number>[0-9]{4})\.mp4")
_UNKNOWN: Final = frozenset({FORBIDDEN, MISSING})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Folder:
    """What is known of a job's folder.

    Attributes:
        place: The folder.
        storage: S3 in its bucket's region.
        names: What is in it; ``None`` when it cannot be listed.
        status: What the status file says; empty without one.
        notices: What is to be said about it.
    """

    place: Place
    storage: Storage
    names: frozenset[str] | None
    status: Mapping[str, Any] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()

    def url(self, name: str) -> str:
        return self.storage.url(self.place.below(name))


def with_files(seen: Progress, task: Task, places: Sequence[Place], storage: Storage) -> Flow[Progress]:
    """Return a look at a job that is completed, with the addresses of its files, or with why there is no film.

    Args:
        seen: The look.
        task: The request.
        places: Folders in which the film can be, the likeliest first.
        storage: S3 in the job's region.

    Raises:
        ProviderError: S3 cannot serve now, or refuses the credentials.
    """
    if not places:
        return _without_film("Bedrock says that it is completed, and not in which folder", {})
    try:
        folder = yield from _opened(task, places, storage)
    except (MissingKey, MissingExtra) as error:
        if not task.settings.secret("api_key"):
            raise
        return _with(seen, _left(task, places[0], error))
    film, found = yield from _film(folder)
    notices = (*folder.notices, *found, *_told(task, folder.status, has_film=film is not None))
    if film is None:
        inside = ", ".join(sorted(folder.names or ())) or "nothing"
        reason = f"Bedrock says that it is completed, but {folder.place.uri} has no {FILM}; it has: {inside}"
        return _without_film(reason, folder.status, *notices)
    shots = yield from _shots(task, folder)
    return _with(seen, {"film": film, "shots": shots}, *notices)


def explained(seen: Progress, task: Task, places: Sequence[Place], storage: Storage) -> Flow[Progress]:
    """Return a look at a job that failed, with what the status file says about its shots, if it can be read.

    Args:
        seen: The look.
        task: The request.
        places: As for :func:`with_files`.
        storage: As for :func:`with_files`.
    """
    if seen.failure is None or not places or not is_nova(task) or shots_of(task) < 2:  # noqa: PLR2004  one is the film
        return seen
    try:
        status, _ = yield from _status(storage, places[0], STATUS_FILES)
    except PolyreelError:
        return seen  # the job failed either way
    reasons = [notice.message for notice in _told(task, status, has_film=False)]
    if not reasons:
        return seen
    message = "; ".join((seen.failure.message, *reasons))
    changes: dict[str, Any] = {"message": message}
    if seen.failure.kind == "failed" and is_refused_content(message):
        changes |= {"kind": "filtered"}  # whether it is free, nobody says
    return seen.model_copy(update={"failure": seen.failure.model_copy(update=changes)})


def assets(payload: Mapping[str, Any]) -> list[Asset]:
    """Return the film and its shots.

    Args:
        payload: The payload that :func:`with_files` made.
    """
    film = payload.get("film")
    if not isinstance(film, str):
        return []
    return [
        Asset(url=film, stays=payload.get("stays")),
        *(Asset(role="shot", index=index, url=url) for index, url in payload.get("shots", ())),
    ]


def _opened(task: Task, places: Sequence[Place], storage: Storage) -> Flow[_Folder]:
    for place in places:
        there, names = yield from storage.names(place)
        if names is None or names:
            break
    if not is_nova(task) or (names is not None and names.isdisjoint(STATUS_FILES)):
        return _Folder(place=place, storage=there, names=names)
    wanted = [name for name in STATUS_FILES if names is None or name in names]
    status, notices = yield from _status(there, place, wanted)
    return _Folder(place=place, storage=there, names=names, status=status, notices=notices)


def _status(
    storage: Storage, place: Place, names: Sequence[str]
) -> Flow[tuple[Mapping[str, Any], tuple[Notice, ...]]]:
    for name in names:
        response = yield from storage.get(place.below(name))
        if response.status in _UNKNOWN:
            continue
        if not response.ok:
            raise answer_error(response)
        status = response.json_object()
        if status is None:
            return {}, (
                Notice(parameter="video", message=f"{place.below(name).uri} cannot be read: it is no JSON"),
            )
        return status, ()
    return {}, ()


def _film(folder: _Folder) -> Flow[tuple[str | None, tuple[Notice, ...]]]:
    """The film is where it always is; where the status file puts it counts only if it is not there."""
    if folder.names is not None:
        for name in (FILM, *_named(folder, folder.status.get("fullVideo"))):
            if name in folder.names:
                return folder.url(name), ()
        return None, ()
    response = yield from folder.storage.head(folder.place.below(FILM))
    if response.status == MISSING:
        return None, ()
    if response.status != FORBIDDEN:
        if not response.ok:
            raise answer_error(response)
        return folder.url(FILM), ()
    advice = (
        f"{folder.place.below(FILM).uri} may not be read by these credentials: give them s3:GetObject, and take the job "
        "up again with 'polyreel jobs resume'"
    )
    return folder.url(FILM), (Notice(parameter="video", message=advice),)


def _shots(task: Task, folder: _Folder) -> Flow[list[tuple[int, str]]]:
    if not is_nova(task):
        return []
    if folder.names is not None:
        names = sorted(name for name in folder.names if _SHOT.fullmatch(name))
    else:
        told = [name for shot in _entries(folder.status) for name in _named(folder, shot)]
        names = told or (yield from _guessed(task, folder))
    numbered = [(found, name) for name in names if (found := _SHOT.fullmatch(name))]
    return [(max(int(found["number"]) - 1, 0), folder.url(name)) for found, name in numbered]


def _guessed(task: Task, folder: _Folder) -> Flow[list[str]]:
    """All shots are there or none (section 3), so one look tells."""
    if shots_of(task) < 2:  # noqa: PLR2004  one shot is the film
        return []
    names = [f"shot_{number:04}.mp4" for number in range(1, shots_of(task) + 1)]
    response = yield from folder.storage.head(folder.place.below(names[0]))
    return names if response.ok else []


def _entries(status: Mapping[str, Any]) -> list[Any]:
    shots = status.get("shots")
    return shots if isinstance(shots, list) else []


def _named(folder: _Folder, entry: Any) -> Iterator[str]:
    """The name of a file that the status file places in this very folder; anything else is not believed."""
    location = entry.get("location") if isinstance(entry, Mapping) else None
    place = place_told(location) if isinstance(location, str) else None
    if place is not None and place.key:
        name = place.key.rpartition("/")[2]
        if place == folder.place.below(name):
            yield name


def _told(task: Task, status: Mapping[str, Any], *, has_film: bool) -> Iterator[Notice]:
    """What the status file says went wrong; of a file that tells of more shots than there are, no more than those."""
    shots = _entries(status)
    failed = [(number, reason) for number, shot in enumerate(shots, start=1) if (reason := _reason(shot))]
    most = shots_of(task) if failed else 0
    for number, reason in failed[:most]:
        yield Notice(parameter="shot", message=f"shot {number} of {len(shots)} failed: {reason}")
    if len(failed) > most:
        more = len(failed) - most
        yield Notice(
            parameter="shot",
            message=f"the status file tells of {more} more failed shots, though {most} were asked for; look into it",
        )
    reason = _reason(status.get("fullVideo"))
    if reason and has_film:
        yield Notice(
            parameter="video",
            message=f"the status file says that the film failed ({reason}), and yet it is there; look at it",
        )


def _reason(entry: Any) -> str:
    if not isinstance(entry, Mapping) or entry.get("status") != "FAILURE":
        return ""
    words = [entry.get(name) for name in ("failureType", "failureMessage")]
    return ": ".join(clean(word) for word in words if isinstance(word, str) and word) or "no reason is given"


def _with(seen: Progress, files: Mapping[str, Any], *notices: Notice) -> Progress:
    payload = {**(seen.payload or {}), **files}
    return seen.model_copy(update={"payload": payload, "warnings": (*seen.warnings, *notices)})


def _without_film(reason: str, status: Mapping[str, Any], *notices: Notice) -> Progress:
    told = _reason(status.get("fullVideo"))
    message = f"{reason}. The status file says: {told}" if told else reason
    kind = "filtered" if is_refused_content(message) or "RAI_VIOLATION" in told else "failed"
    failure = Failure.model_validate({"kind": kind, "message": message, "billed": None})
    return Progress(state="failed", failure=failure, warnings=notices)


def _left(task: Task, place: Place, error: PolyreelError) -> dict[str, Any]:
    film = place.below(FILM).uri
    copy = f"Copy it with 'aws s3 cp {shlex.quote(film)} .'"
    if task.settings.is_own_key:
        why = "the Bedrock API key of this call cannot read S3, and no other credentials of this machine are used beside it"
        return {"film": film, "stays": f"{why}. {copy} as whoever the key belongs to"}
    ways = "or give access keys too before the next job"
    return {"film": film, "stays": f"a Bedrock API key cannot read S3. {copy}, {ways} ({error})"}
