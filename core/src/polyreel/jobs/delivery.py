"""From a rendered job to whole files in their places."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from polyreel.errors import FetchFailed, ResourceNotFound
from polyreel.flows import Call, Flow, Save
from polyreel.jobs.holding import Hold
from polyreel.jobs.records import Bound, Records, attach
from polyreel.jobs.retention import overdue
from polyreel.storage.conflicts import ConcurrentWrite
from polyreel.types.asset import Asset
from polyreel.types.job import Failure, Job, Phase
from polyreel.types.location import Location, stated_place

if TYPE_CHECKING:
    from polyreel.storage.places import Reel

__all__ = ["Delivery", "Placed", "part_name"]

Placed: TypeAlias = tuple[Asset, Path | Location]
"""What was fetched, and where it was to go."""

_LEFTOVER: Final = 24 * 3600.0  # so old a part of a film belongs to a process that is gone
_OUTGOING: Final = "outgoing"  # where films wait on this machine that go into an object store
_log = logging.getLogger("polyreel.jobs")


@dataclass(frozen=True, kw_only=True)
class Delivery(Records):
    """Fetches what jobs produced.

    Attributes:
        folder: Where films go that were not asked to go elsewhere.
    """

    folder: Path
    _swept: set[Path] = field(default_factory=set, repr=False)

    def deliver(self, job: Job, bound: Bound) -> Flow[Job]:
        """Fetch every film of a rendered job, and record that it is completed.

        Raises:
            FetchFailed: A film did not arrive whole; the job is kept.
            StorageFailed: The disk refused; the job is kept.
            ConcurrentWrite: The lease was over, and another process took the job.
        """
        from polyreel.jobs.fetching import DeadLink

        job = yield from self._warned(job, bound)
        films = tuple(film for film in job.videos if film.stays is None)
        fetched: list[Placed] = []
        for film in films:
            place = self.destination(job, film)
            try:
                asset = yield from self.fetch_one(job, bound, film, place, overwrite=job.overwrite)
            except (DeadLink, ResourceNotFound) as error:
                attach(error, job)
                if film.expires_at is None or self.clock.now() < film.expires_at:
                    raise
                failure = Failure(kind="expired", message=f"the film is no longer kept: {error}", billed=True)
                kept = _with(job.assets, fetched)
                return (
                    yield from self.move(job, Phase.EXPIRED, failure.message, failure=failure, assets=kept)
                )
            fetched.append((asset, place))
        try:
            after = yield from self.move(job, Phase.STORED, "completed", assets=_with(job.assets, fetched))
        except ConcurrentWrite:
            yield from self._withdrawn(job, fetched)
            raise
        yield from self.tidied(after, fetched)
        return after

    def _warned(self, job: Job, bound: Bound) -> Flow[Job]:
        """Say once, where it is seen, that a film is not here and is about to be deleted."""
        notice = overdue(job, now=self.clock.now())
        if notice is None or notice in job.warnings:
            return job
        _log.warning("%s: %s", job.id, notice.message)
        warnings = (*job.warnings, notice)
        return (yield from self.move_under(bound.lease, job, job.phase, notice.message, warnings=warnings))

    def fetch_one(
        self, job: Job, bound: Bound, asset: Asset, place: Path | Location, *, overwrite: bool = False
    ) -> Flow[Asset]:
        """Fetch one asset, with a fresh address if the old one is dead.

        Once the job's record says where it is, :meth:`tidied` removes what the fetch left beside it.

        Args:
            job: The job that produced it.
            bound: The job's provider and task.
            asset: What to fetch.
            place: Where it is to appear: a file of this machine, or an object in a store.
            overwrite: Whether what is there may be replaced.

        Raises:
            FetchFailed: It did not arrive whole; the job is kept.
        """
        hold = Hold(store=self.store, clock=self.clock, job_id=job.id, lease=bound.lease)
        yield from self._swept_once(self._landing(job, asset, place).parent)
        try:
            if asset.stays is not None:  # it may be readable by now: another key was given
                asset = yield from self._fresh(job, bound, asset)
            here = yield from self._fetched(job, bound, asset, place, overwrite=overwrite, beat=hold.renew)
            if isinstance(place, Path):
                return here
            return (yield from self._deposited(here, place, overwrite=overwrite))
        except FetchFailed as error:
            error.job = job
            hold.release()  # called directly: a lease that was renewed is not the one that the step began with
            raise
        except BaseException:
            hold.release()
            raise

    def _fetched(  # noqa: PLR0913  what is fetched, for whom and where to
        self,
        job: Job,
        bound: Bound,
        asset: Asset,
        place: Path | Location,
        *,
        overwrite: bool,
        beat: Callable[[], None],
    ) -> Flow[Asset]:
        from polyreel.jobs.fetching import DeadLink, Landing, fetch_asset

        path = self._landing(job, asset, place)
        # What goes on into a store waits under a name of its own, which only an earlier try of the same job took.
        landing = Landing(path=path, job=job.id, overwrite=overwrite or path != place)
        http = bound.task.http
        try:
            return (yield from fetch_asset(asset, landing, http=http, beat=beat))
        except DeadLink:
            fresh = yield from self._fresh(job, bound, asset)
            return (yield from fetch_asset(fresh, landing, http=http, beat=beat))

    def _deposited(self, here: Asset, place: Location, *, overwrite: bool) -> Flow[Asset]:
        from polyreel.storage.deposits import deposit
        from polyreel.storage.places import place_and_name, reel_of

        path = here.path
        assert path is not None, "it was fetched"
        reel: Reel = yield Call(function=lambda: reel_of(path, here.media_type, here.sha256))
        store, name = yield Call(function=lambda: place_and_name(place))
        put = yield from deposit(store, name, reel, overwrite=overwrite)
        return here.model_copy(update={"path": None, "stored": f"{place.root}/{put}"})

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

    def destination(self, job: Job, asset: Asset) -> Path | Location:
        """Return where an asset of a job goes."""
        from polyreel.jobs.fetching import file_suffix

        base = stated_place(job.output) or self.folder / f"{job.id}{file_suffix(asset)}"
        if asset.role != "video":
            number = f"-{asset.index + 1}" if asset.role == "shot" or asset.index else ""
            return base.with_name(f"{base.stem}-{asset.role}{number}{file_suffix(asset)}")
        return base if asset.index == 0 else base.with_name(f"{base.stem}-{asset.index + 1}{base.suffix}")

    def _landing(self, job: Job, asset: Asset, place: Path | Location) -> Path:
        """Return the file of this machine that an asset becomes first."""
        from polyreel.jobs.fetching import file_suffix

        if isinstance(place, Path):
            return place
        return self.folder / _OUTGOING / f"{job.id}-{part_name(asset)}{file_suffix(asset)}"

    # --- leftovers ------------------------------------------------------------------------------------------

    def tidied(self, job: Job, fetched: Sequence[Placed]) -> Flow[None]:
        """Remove what fetches left beside their files, now that the job's record says where the files are.

        Args:
            job: The job.
            fetched: What :meth:`fetch_one` returned, each with its place.
        """
        yield Call(function=lambda: self._tidy(job, fetched))

    def _tidy(self, job: Job, fetched: Sequence[Placed]) -> None:
        from polyreel.storage.parts import tidy

        for asset, place in fetched:
            landing = self._landing(job, asset, place)
            tidy(landing, job=job.id, name=part_name(asset), kept=asset.path or landing)
            if asset.path is None:
                landing.unlink(missing_ok=True)  # it is in its store

    def _withdrawn(self, job: Job, fetched: Sequence[Placed]) -> Flow[None]:
        """Take films back of a job that another process completed with others; one that is still at it finds them."""
        from polyreel.storage.parts import withdraw

        stored: Job | None = yield Save(function=lambda: self.store.get(job.id), quick=self.store.quick)
        if stored is None or stored.phase is not Phase.STORED:
            return
        kept = {film.path for film in stored.videos}
        strays = [
            (place, part_name(asset))
            for asset, place in fetched
            if isinstance(place, Path) and asset.path not in kept
        ]
        yield Call(function=lambda: [withdraw(path, job=job.id, name=name) for path, name in strays])

    def _swept_once(self, folder: Path) -> Flow[None]:
        from polyreel.storage.parts import sweep

        if folder in self._swept:
            return
        self._swept.add(folder)
        old = self.clock.now() - _LEFTOVER
        yield Call(function=lambda: sweep(folder, older_than=old, is_unfinished=self._is_unfinished))

    def _is_unfinished(self, job_id: str) -> bool:
        job = self.store.get(job_id)
        return job is not None and not job.done


def part_name(asset: Asset) -> str:
    """Return what tells an asset from the others of its job."""
    return f"{asset.role}-{asset.index}"


def _with(assets: Sequence[Asset], fetched: Sequence[Placed]) -> tuple[Asset, ...]:
    """Return assets with the films that were fetched, by their index, in their places."""
    films = {film.index: film for film, _ in fetched}
    return tuple(films.get(asset.index, asset) if asset.role == "video" else asset for asset in assets)
