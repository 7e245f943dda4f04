"""From a remote file to a whole local one: streamed beside its place, examined, then renamed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Final

from polyreel.bodies import writing
from polyreel.errors import FetchFailed
from polyreel.exchange import Endpoint
from polyreel.flows import Call, Fetch, Flow
from polyreel.http import Request, Response
from polyreel.media.mp4 import read_facts
from polyreel.media.sniffing import image_size, is_truncated, sniff
from polyreel.storage.files import NewFile
from polyreel.types.asset import Asset

__all__ = ["DeadLink", "fetch_asset", "file_suffix"]

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


def fetch_asset(asset: Asset, *, path: Path, overwrite: bool, http: Endpoint) -> Flow[Asset]:
    """Fetch one asset to ``path``.

    Args:
        asset: What to fetch.
        path: Where it is to appear.
        overwrite: Whether an existing file may be replaced; otherwise the next free name is used.
        http: The account's endpoint.

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
    new = NewFile(path)
    try:
        file: BinaryIO = yield Call(function=new.open)
        if asset.content is not None:
            content = asset.content
            yield Call(function=lambda: _write(file, content))
        else:
            yield from _download(asset, file, http)
        examined: Asset = yield Call(function=lambda: _examined(asset, file))
        published: Path = yield Call(function=lambda: new.publish(overwrite=overwrite))
    except BaseException:
        new.discard()  # called directly: a flow that is being closed cannot yield
        raise
    return examined.model_copy(update={"path": published, "content": None})


def _download(asset: Asset, into: BinaryIO, http: Endpoint) -> Flow[None]:
    addresses = [address for address in (asset.url, *asset.alternatives) if address]
    if not addresses:
        raise DeadLink("the provider gave no address from which the file can be fetched", asset=asset)
    for index, address in enumerate(addresses):
        first = index == 0
        response: Response = yield Fetch(
            request=Request(
                method="GET",
                url=http.address(address),
                query=asset.query if first else {},
                headers=asset.headers if first else {},
            ),
            session=http.session,
            into=into,
            max_bytes=MAX_FILM_BYTES,
        )
        if response.ok:
            return
    message = f"the {asset.role} could not be fetched: status {response.status}"
    if response.status in _FORBIDDEN:
        message += "; the credentials do not open it, or its link has run out"
    raise (DeadLink if response.status in _DEAD else FetchFailed)(message, asset=asset)


def _write(file: BinaryIO, content: bytes) -> None:
    with writing():
        file.write(content)


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
