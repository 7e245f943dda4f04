"""A bucket of S3, GCS or Azure as a place, through obstore (the extra ``storage``).

A file appears under its name by one conditional request, ``If-None-Match: *`` or the store's own word for it: of all
that try, one wins, and no reader ever sees a part. A file that is too long for one request is uploaded in parts under
a name of its own and then copied by the store, under the same condition.
"""

from __future__ import annotations

import mmap
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from polyreel.errors import ConfigurationError, MissingExtra, StorageFailed
from polyreel.storage.places import Held, Reel
from polyreel.storage.refusals import names_no_bucket, refusal
from polyreel.types.location import Location

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["MARKER", "Bucket"]

MARKER: Final = ".polyreel"
"""The name of the object by which a folder shows that films can be put there."""

ONE_REQUEST: Final = 32 * 1024 * 1024
"""The longest file, in bytes, that goes out in one request; a longer one goes in parts, each of which can be sent again."""

_NOTE: Final = b"polyreel puts films here. This object shows that it may; it can be deleted.\n"
_PART: Final = 8 * 1024 * 1024
_PARTS_AT_ONCE: Final = 4
_DIGEST: Final = "sha256"  # a name that every store takes: Azure has no hyphens in them
_FILM: Final = "video/mp4"

# The variables that name another endpoint than the cloud's own; that one may be without TLS, on a loopback address.
_ENDPOINTS: Final = {
    "s3": re.compile(r"AWS_ENDPOINT(_URL(_S3)?)?"),
    "gs": re.compile(r"[A-Z]+_BASE_URL"),
    "az": re.compile(r"AZURE(_STORAGE)?_ENDPOINT"),
}
# The condition stands on the request that completes the copy; single deletes are understood by every server of S3.
_S3: Final = {"copy_if_not_exists": "multipart", "disable_bulk_delete": True}


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long a store is waited for.

    Attributes:
        timeout: Seconds for one request.
        retries: So often a request is sent again after a failure that may pass.
        retry_for: Seconds after which none is sent again.
    """

    timeout: float
    retries: int
    retry_for: float


# A part of a film has minutes on a slow line; somebody who waits for a verdict before paying has seconds.
_UPLOADING: Final = Patience(timeout=300, retries=5, retry_for=180)
_ASKING: Final = Patience(timeout=15, retries=1, retry_for=20)


class Bucket:
    """A bucket or container as a place.

    Args:
        root: Its address: ``s3://bucket``.
        opened: Opens it: for files of a media type, with a patience.
    """

    def __init__(self, root: str, opened: Callable[[str, Patience], ObjectStore]) -> None:
        self.root = root
        self._opened = opened

    @classmethod
    def at(cls, where: Location) -> Bucket:
        """Return the bucket of an address, with the credentials and the endpoint that the environment names.

        Raises:
            MissingExtra: obstore is not installed.
        """
        try:
            import obstore  # noqa: F401  whether it is there
        except ImportError as error:
            raise MissingExtra(f"{where.scheme}://", extra="storage") from error
        # A store keeps its connections: a film that is read back in blocks is read over one.
        return cls(where.root, cache(lambda media_type, patience: _open(where, media_type, patience)))

    def put_if_absent(self, name: str, reel: Reel) -> bool:
        """Put a file under a free name; see :meth:`~polyreel.storage.places.Place.put_if_absent`."""
        if reel.size_bytes > ONE_REQUEST:
            return self._put_long(name, reel)
        import obstore

        with self._asked("written", name), _content(reel) as content:
            store = self._opened(reel.media_type, _UPLOADING)
            try:
                obstore.put(store, name, content, mode="create", use_multipart=False, attributes=_facts(reel))
            except obstore.exceptions.AlreadyExistsError:
                return False
        return True

    def replace(self, name: str, reel: Reel) -> None:
        """Put a file under a name; see :meth:`~polyreel.storage.places.Place.replace`."""
        with self._asked("written", name):
            self._upload(self._opened(reel.media_type, _UPLOADING), name, reel)

    def head(self, name: str) -> Held | None:
        """Return what is under a name."""
        import obstore

        with self._asked("read", name):
            try:
                found = obstore.get(self._opened(_FILM, _UPLOADING), name, options={"head": True})
            except FileNotFoundError as error:
                if names_no_bucket(error):
                    raise
                return None
        return Held(size_bytes=found.meta["size"], sha256=found.attributes.get(_DIGEST))

    def get(self, name: str, start: int, end: int) -> bytes:
        """Return a part of a file."""
        import obstore

        with self._asked("read", name):
            return bytes(obstore.get_range(self._opened(_FILM, _UPLOADING), name, start=start, end=end))

    def delete(self, name: str) -> None:
        """Remove a file."""
        import obstore

        with self._asked("removed", name), suppress(FileNotFoundError):
            obstore.delete(self._opened(_FILM, _UPLOADING), name)

    def presign(self, name: str, seconds: float) -> str:
        """Return a signed address; the store takes at most seven days, and S3 no longer than temporary keys last."""
        import obstore

        with self._asked("signed for", name):
            store: Any = self._opened(_FILM, _ASKING)
            return str(obstore.sign(store, "GET", name, timedelta(seconds=seconds)))

    def admit(self, folder: str) -> None:
        """Prove that files can be put into a folder, by putting one: a few words under :data:`MARKER`.

        Only a put proves the right to put. The marker stays, so that the next time the store's refusal to write it
        twice is the proof, which takes one request and leaves no versions behind.

        Args:
            folder: The folder's name; empty for the bucket itself.

        Raises:
            StorageFailed: They cannot; the message says what to set.
            ConfigurationError: The store ignores preconditions, so that a film could replace another.
        """
        name = f"{folder}/{MARKER}" if folder else MARKER
        with self._asked("written", name):
            store = self._opened("text/plain", _ASKING)
            if _marked(store, name) and _marked(store, name):
                raise ConfigurationError(
                    f"{self.root} wrote {name} twice although it was told not to replace it: it ignores If-None-Match, "
                    "and a film could replace another. Name a store that has conditional writes"
                )

    def has(self, name: str) -> bool:
        """Say whether something is under a name; ``False`` also where the key may only write.

        Raises:
            StorageFailed: The store cannot be reached.
        """
        import obstore

        with self._asked("read", name):
            try:
                obstore.head(self._opened(_FILM, _ASKING), name)
            except (
                FileNotFoundError,
                obstore.exceptions.PermissionDeniedError,
                obstore.exceptions.UnauthenticatedError,
            ):
                return False
        return True

    def _put_long(self, name: str, reel: Reel) -> bool:
        if self.head(name) is not None:
            return False  # found out before hundreds of megabytes are sent
        import obstore

        # The same for the same file and name: what an interruption left is overwritten, and goes, when it is done again.
        folder, _, last = name.rpartition("/")
        staged = f"{folder}{'/' if folder else ''}{MARKER}-{reel.sha256[:16]}-{last}"
        with self._asked("written", name):
            store = self._opened(reel.media_type, _UPLOADING)
            self._upload(store, staged, reel)
            try:
                obstore.copy(store, staged, name, overwrite=False)
            except obstore.exceptions.AlreadyExistsError:
                return False
            except FileNotFoundError:
                if self.head(name) is None:
                    raise
                return False  # another process put the same file there, and cleaned up
            finally:
                with suppress(
                    FileNotFoundError, obstore.exceptions.BaseError
                ):  # it is done, whoever cleans up
                    obstore.delete(store, staged)
        return True

    def _upload(self, store: ObjectStore, name: str, reel: Reel) -> None:
        import obstore

        # After a failure obstore gives up the parts that were sent.
        with _content(reel) as content:
            obstore.put(
                store,
                name,
                content,
                use_multipart=reel.size_bytes > ONE_REQUEST,
                chunk_size=_PART,
                max_concurrency=_PARTS_AT_ONCE,
                attributes=_facts(reel),
            )

    @contextmanager
    def _asked(self, done: str, name: str) -> Iterator[None]:
        import obstore

        try:
            yield
        except (obstore.exceptions.BaseError, OSError, ValueError, NotImplementedError) as error:
            reason = refusal(error, self.root, done)
            raise StorageFailed(f"{self.root}/{name} cannot be {done}: {reason}") from error


def _open(where: Location, media_type: str, patience: Patience) -> ObjectStore:
    from obstore.store import from_url

    endpoints = (
        value for name, value in os.environ.items() if name.endswith(("ENDPOINT", "_URL", "_URL_S3"))
    )
    options: dict[str, Any] = {
        "config": _S3 if where.scheme == "s3" else None,
        "client_options": {
            "allow_http": any(value.startswith("http://") for value in endpoints),
            "connect_timeout": timedelta(seconds=5),
            "timeout": timedelta(seconds=patience.timeout),
            "default_content_type": media_type,  # S3's conditional copy takes over no attributes
        },
        "retry_config": {
            "max_retries": patience.retries,
            "retry_timeout": timedelta(seconds=patience.retry_for),
        },
    }
    return from_url(where.root, **options)


def _marked(store: ObjectStore, name: str) -> bool:
    import obstore

    try:
        obstore.put(store, name, _NOTE, mode="create", use_multipart=False)
    except obstore.exceptions.AlreadyExistsError:
        return False
    return True


@contextmanager
def _content(reel: Reel) -> Iterator[Any]:
    """Give the file's bytes without reading them: the system brings in what is being sent, and drops it again."""
    with reel.path.open("rb") as file:
        if reel.size_bytes > ONE_REQUEST:
            yield file
        elif reel.size_bytes == 0:
            yield b""  # nothing cannot be mapped
        else:
            # Not closed here: the request may still hold it when it was given up, and the last to hold it closes it.
            yield mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _facts(reel: Reel) -> dict[str, str]:
    return {"Content-Type": reel.media_type, _DIGEST: reel.sha256}
