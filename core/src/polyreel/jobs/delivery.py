"""From a rendered job to whole files in their places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from polyreel.errors import FetchFailed, ResourceNotFound
from polyreel.flows import Call, Flow
from polyreel.jobs.records import Bound, Records, attach
from polyreel.storage.files import sweep
from polyreel.types.asset import Asset
from polyreel.types.job import Failure, Job, Phase

__all__ = ["Delivery"]

_LEFTOVER: Final = 24 * 3600.0  # so old a part of a film belongs to a process that is gone


@dataclass(frozen=True, kw_only=True)
class Delivery(Records):
    """Fetches what jobs produced.

    Attributes:
        folder: Where films go that were not asked to go elsewhere.
    """

    folder: Path

    def deliver(self, job: Job, bound: Bound) -> Flow[Job]:
        """Fetch every film of a rendered job, and record that it is completed."""
        from polyreel.jobs.fetching import DeadLink

        films = tuple(film for film in job.videos if film.stays is None)
        fetched: dict[int, Asset] = {}
        if films:
            folder, old = self.destination(job, films[0]).parent, self.clock.now() - _LEFTOVER
            yield Call(function=lambda: sweep(folder, older_than=old))
        for film in films:
            path = self.destination(job, film)
            try:
                asset = yield from self.fetch_one(job, bound, film, path, overwrite=job.overwrite)
            except (DeadLink, ResourceNotFound) as error:
                attach(error, job)
                if film.expires_at is None or self.clock.now() < film.expires_at:
                    raise
                failure = Failure(kind="expired", message=f"the film is no longer kept: {error}", billed=True)
                kept = _with(job.assets, fetched)
                return (
                    yield from self.move(job, Phase.EXPIRED, failure.message, failure=failure, assets=kept)
                )
            fetched[film.index] = asset
        return (yield from self.move(job, Phase.STORED, "completed", assets=_with(job.assets, fetched)))

    def fetch_one(
        self, job: Job, bound: Bound, asset: Asset, path: Path, *, overwrite: bool = False
    ) -> Flow[Asset]:
        """Fetch one asset, with a fresh address if the old one is dead.

        Args:
            job: The job that produced it.
            bound: The job's provider and task.
            asset: What to fetch.
            path: Where it is to appear.
            overwrite: Whether an existing file may be replaced.

        Raises:
            FetchFailed: It did not arrive whole; the job is kept.
        """
        from polyreel.jobs.fetching import DeadLink, fetch_asset

        http = bound.task.http
        try:
            if asset.stays is not None:  # it may be readable by now: another key was given
                asset = yield from self._fresh(job, bound, asset)
            try:
                return (yield from fetch_asset(asset, path=path, overwrite=overwrite, http=http))
            except DeadLink:
                fresh = yield from self._fresh(job, bound, asset)
                return (yield from fetch_asset(fresh, path=path, overwrite=overwrite, http=http))
        except FetchFailed as error:
            error.job = job
            raise

    def _fresh(self, job: Job, bound: Bound, asset: Asset) -> Flow[Asset]:
        from polyreel.jobs.fetching import DeadLink

        assert job.receipt is not None, "a rendered job has a receipt"
        assets: Sequence[Asset]
        if bound.provider.has("refresh"):
            assets = yield from bound.provider.refresh(bound.task, job.receipt)
        else:
            progress = yield from bound.provider.poll(bound.task, job.receipt)
            payload = progress.payload
            assets = bound.provider.normalise_result(bound.task, payload) if payload is not None else ()
        for fresh in assets:
            if (fresh.role, fresh.index) == (asset.role, asset.index):
                return fresh
        raise DeadLink(f"the provider no longer has the {asset.role}", asset=asset)

    def destination(self, job: Job, asset: Asset) -> Path:
        """Return where an asset of a job goes."""
        from polyreel.jobs.fetching import file_suffix

        base = Path(job.output) if job.output else self.folder / f"{job.id}{file_suffix(asset)}"
        if asset.role != "video":
            number = f"-{asset.index + 1}" if asset.role == "shot" or asset.index else ""
            return base.with_name(f"{base.stem}-{asset.role}{number}{file_suffix(asset)}")
        return base if asset.index == 0 else base.with_name(f"{base.stem}-{asset.index + 1}{base.suffix}")


def _with(assets: Sequence[Asset], films: Mapping[int, Asset]) -> tuple[Asset, ...]:
    """Return assets with fetched films, by their index, in their places."""
    return tuple(films.get(asset.index, asset) if asset.role == "video" else asset for asset in assets)
