"""The buckets of the simulated S3: what was put there, and the folders of the jobs.

Films are made when they are asked for and remembered nowhere but in a small shelf of this process.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

from polyreel.simulation.simulator import Stage

from polyreel_amazon_nova.simulated_access import ACCOUNT
from polyreel_amazon_nova.simulated_jobs import SimulatedJob
from polyreel_amazon_nova.simulated_pictures import MAX_BYTES
from polyreel_amazon_nova.simulated_store import JobStore

__all__ = ["BUCKETS", "Bucket", "Buckets", "StoredObject"]

_KEPT_FILMS: Final = 4


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """A bucket and what the simulator's keys may do there.

    Attributes:
        region: Where it is.
        owner: The account that it belongs to.
        readable: Whether objects may be read.
        listable: Whether they may be listed; without it a missing one is a 403.
    """

    region: str
    owner: str = ACCOUNT
    readable: bool = True
    listable: bool = True

    @property
    def foreign(self) -> bool:
        """Whether it belongs to another account, which lets nobody in."""
        return self.owner != ACCOUNT


#: The buckets at the beginning; ``stage.state["buckets"]`` holds them and may be given more.
BUCKETS: Final = {
    "simulated-bucket": Bucket(region="us-east-1"),
    "simulated-bucket-us-west-2": Bucket(region="us-west-2"),
    "locked-bucket": Bucket(region="us-east-1", readable=False, listable=False),
    "unlisted-bucket": Bucket(region="us-east-1", listable=False),
    "foreign-bucket": Bucket(region="us-east-1", owner="999999999999"),
}


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """An object.

    Attributes:
        key: Its key.
        size: Bytes.
        etag: Its entity tag, in quotes.
        media_type: Its media type.
        modified: When it was written, in seconds since 1970.
        crc32: Its checksum in base64.
        read: Returns its content; ``None`` when that was too large to be kept.
    """

    key: str
    size: int
    etag: str
    media_type: str
    modified: float
    crc32: str
    read: Callable[[], bytes | None]


class Buckets:
    """All buckets.

    Args:
        stage: Its state is written, its clock read.
        jobs: Whose folders lie in the buckets.
    """

    def __init__(self, stage: Stage, jobs: JobStore) -> None:
        self._stage = stage
        self._jobs = jobs
        self._films: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._measured: dict[tuple[str, str], dict[str, Any]] = {}

    def find(self, name: str) -> Bucket | None:
        """Return a bucket, ``None`` when there is none of this name."""
        known = self._stage.state.setdefault("buckets", {name: asdict(b) for name, b in BUCKETS.items()})
        return Bucket(**known[name]) if name in known else None

    def _put_there(self, bucket: str) -> dict[str, Any]:
        objects: dict[str, Any] = self._stage.state.setdefault("objects", {}).setdefault(bucket, {})
        return objects

    def put(self, bucket: str, key: str, content: bytes, media_type: str) -> StoredObject:
        """Write an object; of one that is larger than any input image only the measures are kept."""
        facts = {
            **_measures(content),
            "etag": f'"{_md5(content)}"',
            "media_type": media_type,
            "modified": self._stage.clock.now(),
        }
        kept = base64.b64encode(content).decode("ascii") if len(content) <= MAX_BYTES else None
        self._put_there(bucket)[key] = {**facts, "content": kept}
        return StoredObject(key=key, **facts, read=lambda: content)

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """Return the keys that begin with ``prefix``, sorted by their bytes as S3 sorts them."""
        now = self._stage.clock.now()
        found = {key for key in self._put_there(bucket) if key.startswith(prefix)}
        for job in self._jobs.all():
            if job.bucket == bucket:
                keys = (f"{job.folder}/{name}" for name in job.files(now))
                found |= {key for key in keys if key.startswith(prefix)}
        return sorted(found, key=str.encode)

    def get(self, bucket: str, key: str) -> StoredObject | None:
        """Return an object, ``None`` when there is none with this key."""
        record = self._put_there(bucket).get(key)
        if record is not None:
            facts = {name: value for name, value in record.items() if name != "content"}
            content = record["content"]
            return StoredObject(
                key=key, **facts, read=lambda: None if content is None else base64.b64decode(content)
            )
        folder, _, name = key.rpartition("/")
        now = self._stage.clock.now()
        for job in self._jobs.all():
            if (job.bucket, job.folder) == (bucket, folder) and name in job.files(now):
                return self._of_job(job, name, job.files(now)[name])
        return None

    def _of_job(self, job: SimulatedJob, name: str, modified: float) -> StoredObject:
        if name.endswith(".json"):
            document = job.document(name)
            facts = {**_measures(document), "etag": f'"{_md5(document)}"'}
            media_type, read = "application/json", lambda: document
        else:
            facts = self._measure(job, name)
            media_type, read = "video/mp4", lambda: self._film(job, name)
        return StoredObject(
            key=f"{job.folder}/{name}", media_type=media_type, modified=modified, **facts, read=read
        )

    def _measure(self, job: SimulatedJob, name: str) -> dict[str, Any]:
        place = job.arn, name
        if place not in self._measured:
            film = self._film(job, name)
            # The service uploads films in parts: such a tag is no MD5 of the whole.
            self._measured[place] = {**_measures(film), "etag": f'"{_md5(film)}-1"'}
        return self._measured[place]

    def _film(self, job: SimulatedJob, name: str) -> bytes:
        place = job.arn, name
        if place not in self._films:
            self._films[place] = self._stage.studio.film(job.film(name))
        self._films.move_to_end(place)
        while len(self._films) > _KEPT_FILMS:
            self._films.popitem(last=False)
        return self._films[place]


def _measures(content: bytes) -> dict[str, Any]:
    crc = zlib.crc32(content).to_bytes(4, "big")
    return {"size": len(content), "crc32": base64.b64encode(crc).decode("ascii")}


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
