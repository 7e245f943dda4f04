"""The pair of the document that polyreel started from: ``videos()`` and ``jobs()`` with its exact dictionaries.

Source: the seed document "Video Generation" (last updated 2025-11-08), sections "Basic Usage", "Checking Job
Status" and "Response Structure".
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from polyreel.errors import StorageFailed
from polyreel.flows import Call, Flow
from polyreel.jobs.pacing import until_due
from polyreel.operations import Operations
from polyreel.storage.places import place_and_name
from polyreel.types.job import Job, Phase
from polyreel.types.location import Location, stated_place

if TYPE_CHECKING:
    from polyreel.storage.serving import FilmServer
    from polyreel.types.asset import Asset

__all__ = ["SeedOperations"]

_SIGNED_FOR: Final = 3600.0  # seconds


@dataclass(kw_only=True)
class SeedOperations:
    """The seed's two calls as flows.

    Attributes:
        operations: What they are made of.
    """

    operations: Operations
    _server: FilmServer | None = field(default=None, repr=False)

    def videos(self, prompt: str, model: str, parameters: Mapping[str, Any]) -> Flow[dict[str, Any]]:
        """Submit, and say under which id."""
        job = yield from self.operations.submit(prompt, model, parameters)
        return {
            "request_id": f"req_{secrets.token_hex(12)}",
            "created_at": _isoformat(job.created_at),
            "duration_ms": round((job.updated_at - job.created_at) * 1000, 3),
            "provider": job.provider,
            "model": job.model,
            "success": True,
            "message": "simulated, not made by the model" if job.simulated else "",
            "data": {"job_id": job.id, "status": job.status, "progress": _percent(job), "is_async": True},
            "warnings": [str(notice) for notice in job.warnings],
        }

    def jobs(self, job_id: str) -> Flow[dict[str, Any]]:
        """Take each step that is due, and say how the job is doing."""
        job = yield from self.operations.get_job(job_id)
        clock = self.operations.lifecycle.clock
        delay = 0.0 if job.done else until_due(job.next_at, now=clock.now())
        while not job.done and not delay:
            step = yield from self.operations.steps.advance(job.id)
            job, delay = step.job, step.delay or 0.0
        addresses: dict[str, str] = {}
        if any(film.stored for film in job.videos):
            addresses = yield Call(
                function=lambda: {at: _signed(at) for at in map(_stored, job.videos) if at}
            )
        return self._described(job, addresses)

    def close(self) -> None:
        """Stop serving films."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def _described(self, job: Job, addresses: Mapping[str, str]) -> dict[str, Any]:
        described: dict[str, Any] = {
            "job_id": job.id,
            "status": job.status,
            "progress": _percent(job),
            "created_at": _isoformat(job.created_at),
            "provider": job.provider,
            "model": job.model,
            "prompt": job.prompt,
        }
        if job.completed_at is not None:
            described["completed_at"] = _isoformat(job.completed_at)
        if job.phase is Phase.STORED:
            described["result"] = {
                "data": [self._file(job, film, addresses) for film in job.videos],
                "model": job.model,
                "created": int(job.completed_at or job.updated_at),
            }
        if job.failure is not None:
            described["error"] = job.failure.message
        return described

    def _file(self, job: Job, film: Asset, addresses: Mapping[str, str]) -> dict[str, Any]:
        where = stated_place(film.stored)
        if isinstance(where, Location):
            return {
                "url": addresses[str(where)],
                "s3_key": where.key,
                "file_size": film.size_bytes,
                "content_type": film.media_type,
                "file_name": where.name,
            }
        if film.path is None:  # it stays in a bucket of the caller's
            name = str(film.url).rpartition("/")[2]
            return {"url": film.url, "content_type": film.media_type, "file_name": name}
        return {
            "url": self._serving().address(film.path),
            "s3_key": f"{job.provider}/video/{film.path.name}",
            "file_size": film.size_bytes,
            "content_type": film.media_type,
            "file_name": film.path.name,
        }

    def _serving(self) -> FilmServer:
        # The seed's callers fetch the address with any HTTP client and no key: the film is served from here.
        if self._server is None:
            from polyreel.storage.serving import FilmServer

            self._server = FilmServer()
            self._server.start()
        return self._server


def _stored(film: Asset) -> str:
    return film.stored or ""


def _signed(address: str) -> str:
    """Return an address that any HTTP client can fetch for an hour; where nothing can be signed, the store's own."""
    where = stated_place(address)
    assert where is not None, "it was put somewhere"
    try:
        place, name = place_and_name(where)
        return place.presign(name, _SIGNED_FOR)
    except StorageFailed:
        return address  # how the job is doing is told all the same


def _percent(job: Job) -> int:
    return 100 if job.phase is Phase.STORED else int(job.percent or 0)


def _isoformat(seconds: float) -> str:
    """Return a time as ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
