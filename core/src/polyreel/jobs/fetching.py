"""From a remote file to a whole local one: streamed beside its place, examined, then renamed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from polyreel.bodies import Unwanted, writing
from polyreel.errors import FetchFailed, StorageFailed, UnexpectedAnswer
from polyreel.exchange import Endpoint
from polyreel.flows import Call, Fetch, Flow
from polyreel.http import Request, Response
from polyreel.media.mp4 import read_facts
from polyreel.media.sniffing import image_size, is_truncated, sniff
from polyreel.storage.conflicts import ConcurrentWrite
from polyreel.storage.parts import Begun, Part
from polyreel.types.asset import Asset

__all__ = ["DeadLink", "Landing", "fetch_asset", "file_suffix"]

MAX_FILM_BYTES: Final = 8 * 1024**3  # far above any film that is sold; an endless answer stops here
_FILMS: Final[Mapping[str, str]] = {
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "video/x-msvideo": ".avi",
}
_PICTURES: Final[Mapping[str, str]] = {"image/webp": ".webp", "image/jpeg": ".jpg", "image/png": ".png"}
_MOVING: Final = frozenset({"video", "shot"})
_FORBIDDEN: Final = frozenset({401, 403})
_DEAD: Final = frozenset({401, 403, 404, 410})


class DeadLink(FetchFailed):
    """The address no longer leads to the file; a fresh one may."""


def file_suffix(asset: Asset) -> str:
    """Return the file name's ending for an asset."""
    return {**_FILMS, **_PICTURES}.get(asset.media_type, ".bin")


@dataclass(frozen=True, kw_only=True, slots=True)
class Landing:
    """Where one file of a job goes.

    Attributes:
        path: Where it is to appear.
        job: The job's id.
        overwrite: Whether an existing file may be replaced; otherwise the next free name is used.
    """

    path: Path
    job: str
    overwrite: bool = False


def fetch_asset(asset: Asset, landing: Landing, *, http: Endpoint, beat: Callable[[], None]) -> Flow[Asset]:
    """Fetch one asset, or what is still missing of it, to its place.

    What it leaves beside the file, so that another process can carry it on, is removed with
    :func:`polyreel.storage.parts.tidy` once the job's record says where the file is.

    Args:
        asset: What to fetch.
        landing: Where it goes.
        http: The account's endpoint.
        beat: Called now and then while it comes, and right before it appears; what it raises ends the fetch.

    Returns:
        The asset with its local facts.

    Raises:
        DeadLink: No address of it leads to the file any more.
        FetchFailed: It did not arrive whole, or is no film.
        StorageFailed: The disk refused.
        TransportFailed: The network failed, repeatedly.
    """
    if asset.stays is not None:
        raise FetchFailed(f"{asset.url} is not fetched: {asset.stays}", asset=asset)
    part = Part(landing.path, job=landing.job, name=f"{asset.role}-{asset.index}")
    try:
        begun: Begun = yield Call(function=part.open)
        if not begun.is_whole:
            yield from _filled(asset, part, begun, http, beat)
        here: Asset = yield Call(function=lambda: _landed(asset, part, begun.published, landing, beat))
    except (StorageFailed, Unwanted) as error:
        if isinstance(error, ConcurrentWrite):
            part.close()  # whoever took the job over carries it on
        else:
            part.discard()  # a full disk is not kept full, and the same file would be as long again
        raise
    except BaseException:
        part.close()  # called directly: a flow that is being closed cannot yield
        raise
    return here


def _filled(asset: Asset, part: Part, begun: Begun, http: Endpoint, beat: Callable[[], None]) -> Flow[None]:
    assert part.file is not None, "it was opened"
    file, content = part.file, asset.content
    if content is None:
        yield from _download(asset, part, begun, http, beat)
        return
    if begun.version is not None:
        yield Call(function=lambda: _emptied(part))
    yield Call(function=lambda: _write(file, content))


def _download(asset: Asset, part: Part, begun: Begun, http: Endpoint, beat: Callable[[], None]) -> Flow[None]:
    assert part.file is not None, "it was opened"
    addresses = [address for address in (asset.url, *asset.alternatives) if address]
    if not addresses:
        raise DeadLink("the provider gave no address from which the file can be fetched", asset=asset)
    for index, address in enumerate(addresses):
        first = index == 0
        fetch = Fetch(
            request=Request(
                method="GET",
                url=http.address(address),
                query=asset.query if first else {},
                headers=asset.headers if first else {},
            ),
            session=http.session,
            into=part.file,
            max_bytes=MAX_FILM_BYTES,
            held=begun.version,
            begun=part.note,
            beat=beat,
        )
        try:
            response: Response = yield fetch
        except UnexpectedAnswer as error:
            raise FetchFailed(f"the {asset.role} could not be fetched: {error}", asset=asset) from None
        if response.ok:
            return
    message = f"the {asset.role} could not be fetched: status {response.status}"
    if response.status in _FORBIDDEN:
        message += "; the credentials do not open it, or its link has run out"
    raise (DeadLink if response.status in _DEAD else FetchFailed)(message, asset=asset)


def _write(file: BinaryIO, content: bytes) -> None:
    with writing():
        file.write(content)


def _emptied(part: Part) -> None:
    assert part.file is not None, "it was opened"
    part.note(None)
    with writing():
        part.file.seek(0)
        part.file.truncate()


def _landed(
    asset: Asset, part: Part, published: Path | None, landing: Landing, beat: Callable[[], None]
) -> Asset:
    """Look at what came, let it appear if it has not, and return the asset with what its bytes say."""
    assert part.file is not None, "it was opened"
    if published is None:
        examined = _whole(asset, part, part.file)
        beat()  # who lost the job to another process meanwhile must not publish
        digest = part.file.sha256
        place = part.publish(overwrite=landing.overwrite)
    else:
        try:
            with published.open("rb") as file:
                examined, place = _whole(asset, part, file), published
                file.seek(0)
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise StorageFailed(f"{published} cannot be read: {error.strerror}") from None
        part.close()
    return examined.model_copy(update={"path": place, "content": None, "sha256": digest})


def _whole(asset: Asset, part: Part, file: BinaryIO) -> Asset:
    try:
        return _examined(asset, file)
    except FetchFailed:
        part.discard()  # bytes that are no whole film are not carried on
        raise


def _examined(asset: Asset, file: BinaryIO) -> Asset:
    with writing():
        file.flush()
    file.seek(0, os.SEEK_END)
    size = file.tell()
    file.seek(0)
    kind = sniff(file.read(64))
    if kind is not None and kind in _FILMS and asset.role in _MOVING:
        return _examined_film(asset, file, kind, size)
    if kind is not None and kind in _PICTURES and asset.role not in _MOVING:
        return _examined_picture(asset, file, kind, size)
    found = {None: "bytes of an unknown kind", "text/html": "a web page"}.get(kind, str(kind))
    expected = "a film" if asset.role in _MOVING else "a picture"
    raise FetchFailed(
        f"the {asset.role} is {found if size else 'empty'}, not {expected}; the job is kept", asset=asset
    )


def _examined_film(asset: Asset, file: BinaryIO, kind: str, size: int) -> Asset:
    changes: dict[str, object] = {"media_type": kind, "size_bytes": size}
    if kind in {"video/mp4", "video/quicktime"}:
        try:
            facts = read_facts(file)
        except ValueError as error:
            raise FetchFailed(f"the film is not whole: {error}", asset=asset) from None
        changes |= {
            "width": facts.width,
            "height": facts.height,
            "duration": facts.duration,
            "has_audio": facts.has_audio,
        }
    return asset.model_copy(update=changes)


def _examined_picture(asset: Asset, file: BinaryIO, kind: str, size: int) -> Asset:
    file.seek(0)
    content = file.read()
    if is_truncated(content, kind):
        raise FetchFailed(f"the {asset.role} is cut short", asset=asset)
    pixels = image_size(content) or (None, None)
    return asset.model_copy(
        update={"media_type": kind, "size_bytes": size, "width": pixels[0], "height": pixels[1]}
    )
