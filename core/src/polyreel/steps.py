"""One fenced step of one job: safe to take any number of times, at once, from any process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from polyreel.accounts import OwnKeys
from polyreel.errors import JobNotFound
from polyreel.flows import Flow, Save
from polyreel.jobs.intents import unpacked
from polyreel.jobs.lifecycle import Lifecycle
from polyreel.jobs.pacing import until_due
from polyreel.jobs.records import Bound
from polyreel.requests import Desk, simulated_settings, with_key
from polyreel.storage.conflicts import ConcurrentWrite
from polyreel.storage.leases import Lease
from polyreel.storage.store import JobStore
from polyreel.types.job import Job, Phase, job_id_of
from polyreel.types.task import Task

if TYPE_CHECKING:
    from polyreel.plugins import Provider
    from polyreel.types.provider import Settings

__all__ = ["LEASE", "Step", "Steps"]

LEASE: Final = 360.0
"""Seconds for which a step may be under way: its requests, their repetition, their pauses. A fetch holds on for longer."""

ELSEWHERE: Final = 1.0
"""Seconds after which the record of a job that another process works on is read again."""

_NAP: Final = 3.0  # seconds; who waits for a message does not look for it more often
_NEARLY: Final = 0.05  # seconds; what is left of a pause by rounding is no pause
_WATCHED: Final = frozenset({Phase.ACCEPTED, Phase.RUNNING})
_UNSENT: Final = frozenset({Phase.CREATED, Phase.SUBMITTING, Phase.UNKNOWN})


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What a step came to.

    Attributes:
        job: The job after it.
        delay: Seconds until the next step is due; ``None`` when no other is.
    """

    job: Job
    delay: float | None


@dataclass(frozen=True, kw_only=True)
class Steps:
    """Takes the steps of jobs.

    Attributes:
        desk: Where requests come in.
        simulated_desk: The desk for jobs that simulators answer.
        lifecycle: What a step is.
        store: Where jobs are kept.
        own_keys: The keys of jobs that were made with one of their own, in memory only.
    """

    desk: Desk
    simulated_desk: Desk
    lifecycle: Lifecycle
    store: JobStore
    own_keys: OwnKeys = field(default_factory=OwnKeys, repr=False)

    def lease(self) -> Flow[Lease]:
        """Return a lease that begins now."""
        # Asked of the store: a process that has no name yet is given one, which touches the disk.
        lease: Lease = yield Save(function=self._lease, quick=self.store.quick)
        return lease

    def _lease(self) -> Lease:
        return Lease(owner=self.store.me, until=self.lifecycle.clock.steady() + LEASE)

    def advance(self, job_id: str) -> Flow[Step]:
        """Do the next thing that is due for a job, if nobody else is at it.

        Args:
            job_id: The job.

        Raises:
            JobNotFound: There is no such job.
            PolyreelError: What the step met; the job is kept, and so is what it learned.
        """

        def claim() -> tuple[Lease, Job | Lease | None]:
            lease = self._lease()
            return lease, self.store.claim(job_id, lease, steady=self.lifecycle.clock.steady())

        lease, claimed = yield Save(function=claim, quick=self.store.quick)
        if isinstance(claimed, Job):
            return (yield from self._under_lease(claimed, lease))
        return (yield from self._elsewhere(job_id))

    def _under_lease(self, job: Job, lease: Lease) -> Flow[Step]:
        try:
            bound = yield from self.bound(job, lease)
        except BaseException:
            self.store.release(job.id, lease)
            raise
        if self._is_resting(job, bound):
            yield Save(function=lambda: self.store.release(job.id, lease), quick=self.store.quick)
            return self._step(job, bound)
        return (yield from self.take(job, bound))

    def _is_resting(self, job: Job, bound: Bound) -> bool:
        """Whether a job waits for a message of its provider: its driver comes only to see whether one woke it."""
        if job.phase not in _WATCHED or self.lifecycle.almanac.known_stretch(bound.task.settings) == 1:
            return False
        return until_due(job.next_at, now=self.lifecycle.clock.now()) > _NEARLY

    def take(self, job: Job, bound: Bound) -> Flow[Step]:
        """Take a step under a lease that is held already; it is let go of, whatever happens.

        Args:
            job: The job, as it was claimed.
            bound: Its provider, its task and the lease.
        """
        lease = bound.lease
        assert lease is not None, "a step is taken under a lease"
        try:
            after = yield from self.lifecycle.step(job, bound)
        except ConcurrentWrite:
            # Our lease was over, and another process took this step.
            return (yield from self._elsewhere(job.id))
        except BaseException:
            self.store.release(job.id, lease)  # called directly: a flow that is being closed cannot yield
            raise
        if after.version == job.version:
            yield Save(function=lambda: self.store.release(job.id, lease), quick=self.store.quick)
        return self._step(after, bound)

    def _step(self, job: Job, bound: Bound) -> Step:
        if not job.needs_step:
            return Step(job=job, delay=None)
        delay = until_due(job.next_at, now=self.lifecycle.clock.now())
        if job.phase in _WATCHED:
            # A message that comes meanwhile is noticed as soon as a look would have been.
            stretch = self.lifecycle.almanac.known_stretch(bound.task.settings)
            delay = max(delay / stretch, min(delay, _NAP))
        return Step(job=job, delay=delay)

    def record(self, job_id: str) -> Flow[Job]:
        """Read a job's record; a job or a result stands for its id.

        Raises:
            JobNotFound: There is no such job.
        """
        name = job_id_of(job_id)
        job: Job | None = yield Save(function=lambda: self.store.get(name), quick=self.store.quick)
        if job is None:
            raise JobNotFound(f"there is no job {name!r} in this store; see 'polyreel jobs list'")
        return job

    def _elsewhere(self, job_id: str) -> Flow[Step]:
        job = yield from self.record(job_id)
        return Step(job=job, delay=ELSEWHERE if job.needs_step else None)

    def bound(self, job: Job, lease: Lease | None = None) -> Flow[Bound]:
        """Return a job with its provider, its account and its request, as they were when it was made.

        Raises:
            MissingKey: The account's key is not there any more.
        """
        bound = self.bind(job)
        if job.phase not in _UNSENT:
            return replace(bound, lease=lease)
        kept: bytes | None = yield Save(function=lambda: self.store.intent(job.id), quick=self.store.quick)
        if kept is None:
            return replace(bound, lease=lease)
        return replace(bound, lease=lease, task=unpacked(bound.task, kept), is_whole=True)

    def bind(self, job: Job) -> Bound:
        """Return a job with its provider and its account; its request as far as the record holds it.

        Raises:
            MissingKey: The account's key is not there any more.
        """
        desk = self.simulated_desk if job.simulated else self.desk
        provider = desk.plugins.provider(job.provider)
        settings = self._settings(job, desk, provider)
        document = desk.catalogue.find(job.model, settings)
        task = Task(
            id=job.id,
            model=job.model,
            native_model=document.native_id,
            document=document.json,
            parameters=job.parameters,
            requested=frozenset(job.requested),
            native={},
            settings=settings,
            http=desk.opening.account(provider, settings).http,
        )
        return Bound(provider=provider, task=task)

    def _settings(self, job: Job, desk: Desk, provider: Provider) -> Settings:
        if job.simulated:
            given: Mapping[str, str] = {**desk.simulator_settings(provider), **job.settings}
            return simulated_settings(provider, given)
        settings = desk.opening.configuration.resolve(provider.info, frozen=job.settings, sources=job.sources)
        if job.own_key:
            settings = with_key(provider, settings, self.own_keys.of(job))
        desk.opening.configuration.require(provider.info, settings)
        return settings
