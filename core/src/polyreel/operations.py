"""Every verb of a client, once, as a flow; the clients only drive them."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyreel.accounts import OwnKeys
from polyreel.errors import (
    ConfigurationError,
    FetchFailed,
    JobFailed,
    JobNotFound,
    PolyreelError,
    TransportFailed,
)
from polyreel.fallback import Attempt, Fallback
from polyreel.flows import Flow, Save, Sleep, bounded
from polyreel.jobs.lifecycle import Lifecycle
from polyreel.jobs.pacing import until_due
from polyreel.jobs.records import Bound
from polyreel.outcomes import outcome, timed_out
from polyreel.planning import Planning
from polyreel.redaction import Secret
from polyreel.replacements import Mover
from polyreel.requests import Desk, simulated_settings, with_key
from polyreel.storage.conflicts import ConcurrentWrite
from polyreel.storage.store import JobStore
from polyreel.types.job import Cancellation, Job, Phase, RemoteJob, job_id_of
from polyreel.types.options import Options, checked_timeout
from polyreel.types.provider import Account
from polyreel.types.task import Task

if TYPE_CHECKING:
    from polyreel.results import Result
    from polyreel.types.asset import Asset

__all__ = ["OnProgress", "Operations"]

OnProgress = Callable[[Job], None]

# Over, as far as anybody knew; whoever asks for such a job again gets one more look at the provider.
_WORTH_A_LOOK = frozenset({Phase.UNKNOWN, Phase.EXPIRED})


@dataclass(frozen=True, kw_only=True)
class Operations(Planning):
    """What a client can do.

    Attributes:
        simulated_desk: The desk for jobs that simulators answer.
        lifecycle: Takes jobs through their life.
        store: Where jobs are kept.
        own_keys: The keys of jobs that were made with one of their own, in memory only.
    """

    simulated_desk: Desk
    lifecycle: Lifecycle
    store: JobStore
    own_keys: OwnKeys = field(default_factory=OwnKeys, repr=False)

    def generate(self, prompt: str, model: str, arguments: Mapping[str, Any]) -> Flow[Result]:
        """Submit, wait, fetch."""
        options, parameters = Options.take(arguments)
        job = yield from self._submit(prompt, model, parameters, options)
        return (yield from self._wait(job, options.timeout, options.on_progress))

    def submit(self, prompt: str, model: str, arguments: Mapping[str, Any]) -> Flow[Job]:
        """Submit and return at once."""
        options, parameters = Options.take(arguments)
        return (yield from self._submit(prompt, model, parameters, options))

    def _submit(self, prompt: str, model: str, parameters: Mapping[str, Any], options: Options) -> Flow[Job]:
        first = Attempt(prompt=prompt, model=model, parameters=parameters, options=options)
        if not options.fallback:
            return (yield from self._place(first))
        model, chosen = yield from self._chosen(model, {"prompt": prompt, **parameters}, options)
        first = replace(first, model=model, notices=chosen)
        fallback = Fallback(mover=Mover(desk=self.desk), place=self._place, look_up=self.get_job)
        return (yield from fallback.submit(first))

    def _place(self, attempt: Attempt, on_added: OnProgress | None = None) -> Flow[Job]:
        options = attempt.options
        ready = yield from self.admit(attempt.prompt, attempt.model, attempt.parameters, options)
        ready = replace(ready, notices=(*attempt.notices, *ready.notices))
        self.desk.require_key(ready)
        self.own_keys.lend(ready.task.id, ready.own_key)
        ready = yield from self.desk.upload(ready)
        yield from self.desk.preflight(ready)
        guard = self.desk.purse.allowance(ready.estimate)
        job = yield from self.lifecycle.add(ready.job(options, self.lifecycle.clock.now()), guard)
        try:
            _report(on_added, job)
            if attempt.before is not None:
                yield from self.lifecycle.move(attempt.before, attempt.before.phase, continued_by=job.id)
            _report(options.on_progress, job)
        except GeneratorExit:
            raise  # a flow that is being closed cannot yield
        except BaseException as error:
            yield from self.lifecycle.stopped(job, f"stopped before anything was sent: {error!r}")
            raise
        job = yield from self.lifecycle.submit(job, Bound(provider=ready.provider, task=ready.task))
        _report(options.on_progress, job)
        return job

    # --- jobs -------------------------------------------------------------------------------------------------

    def get_job(self, job_id: str) -> Flow[Job]:
        """Read a job's record; a job or a result stands for its id."""
        job_id = job_id_of(job_id)
        job: Job | None = yield Save(function=lambda: self.store.get(job_id), quick=self.store.quick)
        if job is None:
            raise JobNotFound(f"there is no job {job_id!r} in this store; see 'polyreel jobs list'")
        return job

    def list_jobs(self, *, unfinished: bool = False, limit: int | None = None) -> Flow[list[Job]]:
        """Read the records of jobs, newest first."""
        jobs: list[Job] = yield Save(
            function=lambda: self.store.find(unfinished=unfinished, limit=limit), quick=self.store.quick
        )
        return jobs

    def wait(
        self,
        job_id: str,
        timeout: float | None,
        on_progress: OnProgress | None,
        key: str | Secret | None = None,
    ) -> Flow[Result]:
        """Take a job to its end."""
        checked_timeout(timeout)
        job = yield from self.get_job(job_id)
        self.own_keys.lend(job.id, Secret(key) if isinstance(key, str) else key)
        if job.phase in _WORTH_A_LOOK:
            job = yield from self.step(job)
        return (yield from self._wait(job, timeout, on_progress))

    def _wait(self, job: Job, timeout: float | None, on_progress: OnProgress | None) -> Flow[Result]:
        clock = self.lifecycle.clock
        until = None if timeout is None else clock.now() + timeout
        bound = None if job.done else self.bind(job)
        while not job.done and bound is not None:
            now = clock.now()
            pause = until_due(job.next_at, now=now)
            if until is not None and now + pause > until:
                yield Sleep(seconds=max(until - now, 0.0))
                raise timed_out(job, timeout)
            if pause:
                yield Sleep(seconds=pause)
            step = self._stepped(job, bound)
            try:
                after = yield from step if until is None else bounded(step, until=until, clock=clock)
            except (TransportFailed, FetchFailed) as error:
                if until is not None and clock.now() >= until:
                    raise timed_out(job, timeout) from error
                raise
            if _looks_different(job, after):
                _report(on_progress, after)
            job = after
        return outcome(job)

    def next_change(self, job: Job) -> Flow[Job]:
        """Wait until a job looks different, and return it; a job that is over is returned at once."""
        before = job
        while not job.done:
            now = self.lifecycle.clock.now()
            yield Sleep(seconds=until_due(job.next_at, now=now))
            job = yield from self.step(job)
            if _looks_different(before, job):
                break
        return job

    def step(self, job: Job) -> Flow[Job]:
        """Do the next thing that is due."""
        return (yield from self._stepped(job, self.bind(job)))

    def _stepped(self, job: Job, bound: Bound) -> Flow[Job]:
        try:
            return (yield from self.lifecycle.step(job, bound))
        except ConcurrentWrite:
            return (yield from self.get_job(job.id))  # another process took this step

    def resume(
        self,
        job_id: str | None,
        timeout: float | None,
        on_progress: OnProgress | None,
        key: str | Secret | None = None,
    ) -> Flow[list[Job]]:
        """Take up one unfinished job, or all of them, and return them as they ended.

        A job that fails does not keep the others from going on; its ``message`` says what went wrong.
        """
        checked_timeout(timeout)
        if job_id is None:
            jobs = yield from self.list_jobs(unfinished=True)
        else:
            jobs = [(yield from self.get_job(job_id))]
        for job in jobs:
            if job.own_key:
                self.own_keys.lend(job.id, Secret(key) if isinstance(key, str) else key)
        ended: dict[str, Job] = {job.id: job for job in jobs}
        due = [(job.next_at or 0.0, job.id) for job in jobs if not job.done or job.phase in _WORTH_A_LOOK]
        heapq.heapify(due)
        until = None if timeout is None else self.lifecycle.clock.now() + timeout
        while due:
            at, name = heapq.heappop(due)
            now = self.lifecycle.clock.now()
            pause = until_due(at, now=now)
            if until is not None and now + pause > until:
                break
            if pause:
                yield Sleep(seconds=pause)
            job = ended[name]
            try:
                job = yield from self.step(job)
            except PolyreelError as error:
                ended[name] = job.model_copy(update={"message": str(error)})
                _report(on_progress, ended[name])
                continue
            if _looks_different(ended[name], job):
                _report(on_progress, job)
            ended[name] = job
            if not job.done:
                heapq.heappush(due, (job.next_at or now, name))
        return list(ended.values())

    def cancel(self, job_id: str) -> Flow[Cancellation]:
        """Stop a job, and say honestly what became of it."""
        job = yield from self.get_job(job_id)
        if job.done or job.phase is Phase.RENDERED:
            return Cancellation(outcome="too_late", message=f"{job.id} is {job.status} already")
        bound = self.bind(job)
        if job.receipt is None or not bound.provider.has("cancel"):
            return Cancellation(
                outcome="not_supported",
                message=f"{bound.provider.info.title} has no way to cancel; {job.id} goes on and is billed",
            )
        cancellation = yield from bound.provider.cancel(bound.task, job.receipt)
        if cancellation.outcome == "cancelled":
            yield from self.lifecycle.cancelled(job, cancellation)
        return cancellation

    def delete(self, job_id: str) -> Flow[Cancellation]:
        """Delete a job and its files at the provider; the local record and films stay."""
        job = yield from self.get_job(job_id)
        bound = self.bind(job)
        if job.receipt is None or not bound.provider.has("delete"):
            return Cancellation(
                outcome="not_supported", message=f"{bound.provider.info.title} has no way to delete {job.id}"
            )
        return (yield from bound.provider.delete(bound.task, job.receipt))

    def fetch(
        self, job_id: str, roles: Iterable[str], output: Path | None, *, overwrite: bool
    ) -> Flow[list[Asset]]:
        """Fetch assets of a job that is rendered, again or for the first time."""
        job = yield from self.get_job(job_id)
        bound = self.bind(job)
        wanted = {roles} if isinstance(roles, str) else set(roles)
        chosen = [asset for asset in job.assets if asset.role in wanted]
        missing = wanted - {asset.role for asset in chosen}
        if missing or not chosen:
            offered = ", ".join(sorted({asset.role for asset in job.assets})) or "nothing yet"
            raise JobFailed(
                f"{job.id} ({job.status}) has no {', '.join(sorted(missing or wanted))}; it has: {offered}",
                job=job,
            )
        placed = job if output is None else job.model_copy(update={"output": str(output)})
        fetched = []
        for asset in chosen:
            alone = output if len(chosen) == 1 else None
            path = alone or self.lifecycle.destination(placed, asset)
            got = yield from self.lifecycle.fetch_one(job, bound, asset, path, overwrite=overwrite)
            fetched.append(got)
        kept = {(asset.role, asset.index): asset for asset in (*job.assets, *fetched)}
        here = all(asset.path is not None for asset in kept.values() if asset.role == "video")
        phase = Phase.STORED if here and job.phase is Phase.RENDERED else job.phase
        yield from self.lifecycle.move(job, phase, assets=tuple(kept.values()))
        return fetched

    def remote_jobs(self, provider_id: str, limit: int) -> Flow[list[RemoteJob]]:
        """List the jobs that a provider keeps for the account."""
        provider = self.desk.plugins.provider(provider_id)
        if not provider.has("list_remote"):
            raise ConfigurationError(f"{provider.info.title} has no way to list jobs")
        settings = self.desk.settings(provider)
        if not self.desk.simulated:
            self.desk.opening.configuration.require(provider.info, settings)
        account: Account = self.desk.opening.account(provider, settings)
        return list((yield from provider.list_remote(account, limit)))

    def bind(self, job: Job) -> Bound:
        """Return a job with its provider and its account, as they were when it was submitted.

        Raises:
            MissingKey: The account's key is not there any more.
        """
        desk = self.simulated_desk if job.simulated else self.desk
        provider = desk.plugins.provider(job.provider)
        if job.simulated:
            settings = simulated_settings(provider, {**desk.simulator_settings(provider), **job.settings})
        else:
            settings = desk.opening.configuration.resolve(
                provider.info, frozen=job.settings, sources=job.sources
            )
            if job.own_key:
                settings = with_key(provider, settings, self.own_keys.of(job))
            desk.opening.configuration.require(provider.info, settings)
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


def _report(on_progress: OnProgress | None, job: Job) -> None:
    if on_progress is not None:
        on_progress(job)


def _looks_different(before: Job, after: Job) -> bool:
    return (before.phase, before.percent, before.message) != (after.phase, after.percent, after.message)
