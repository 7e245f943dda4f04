"""Every verb of a client, once, as a flow; the clients only drive them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyreel.errors import (
    ConfigurationError,
    FetchFailed,
    InvalidRequest,
    JobError,
    JobFailed,
    JobNotFound,
    Problem,
    RateLimited,
    StorageFailed,
    TransportFailed,
)
from polyreel.fallback import Attempt, Fallback
from polyreel.flows import Flow, Save, Sleep, bounded
from polyreel.jobs.lifecycle import Lifecycle
from polyreel.jobs.pacing import until_due
from polyreel.jobs.records import Bound
from polyreel.outcomes import cancelled_late, outcome, timed_out
from polyreel.planning import Planning
from polyreel.redaction import Secret
from polyreel.replacements import Mover
from polyreel.steps import Steps
from polyreel.stopping import Stopping, interrupted
from polyreel.storage.store import JobStore
from polyreel.types.job import Job, Phase, RemoteJob, job_id_of
from polyreel.types.location import Location
from polyreel.types.options import Options, Patience
from polyreel.types.provider import Account

if TYPE_CHECKING:
    from polyreel.intake import WebhookHeaders, WebhookOutcome
    from polyreel.results import Result
    from polyreel.settling import Settling
    from polyreel.storage.store import Guard
    from polyreel.types.asset import Asset

__all__ = ["OnProgress", "Operations"]

OnProgress = Callable[[Job], None]

# Over, as far as anybody knew; whoever asks for such a job again gets one more look at the provider.
_WORTH_A_LOOK = frozenset({Phase.UNKNOWN, Phase.EXPIRED})


@dataclass(frozen=True, kw_only=True)
class Operations(Planning):
    """What a client can do.

    Attributes:
        steps: Takes the steps of jobs.
    """

    steps: Steps

    def generate(self, prompt: str, model: str, arguments: Mapping[str, Any]) -> Flow[Result]:
        """Submit, wait, fetch."""
        options, parameters = Options.take(arguments)
        job = yield from self.ask(prompt, model, parameters, options)
        patience = Patience(seconds=options.timeout, then=options.on_timeout)
        return (yield from self._wait(job, patience, options.on_progress))

    def submit(self, prompt: str, model: str, arguments: Mapping[str, Any]) -> Flow[Job]:
        """Submit and return at once."""
        options, parameters = Options.take(arguments)
        job = yield from self.ask(prompt, model, parameters, options)
        if job.phase is Phase.UNKNOWN:
            outcome(job)
        return job

    def ask(self, prompt: str, model: str, parameters: Mapping[str, Any], options: Options) -> Flow[Job]:
        """Ask a model for a film, and, when it refuses, those that stand behind it.

        Returns:
            The job after its submit; the earlier one of the same ``idempotency_key``.
        """
        first = Attempt(prompt=prompt, model=model, parameters=parameters, options=options)
        if not options.fallback:
            return (yield from self._place(first))
        model, chosen = yield from self._chosen(model, {"prompt": prompt, **parameters}, options)
        first = replace(first, model=model, notices=chosen)
        fallback = Fallback(
            mover=Mover(desk=self.desk),
            place=self._place,
            look_up=self.get_job,
            keyed=self.keyed,
            again=self._asked_again,
        )
        return (yield from fallback.submit(first))

    def _place(self, attempt: Attempt, on_added: OnProgress | None = None) -> Flow[Job]:
        options = attempt.options
        earlier = (yield from self.keyed(options.idempotency_key)) if options.idempotency_key else None
        if earlier is not None:
            return (yield from self._asked_again(attempt, earlier))
        ready = yield from self.admit(attempt.prompt, attempt.model, attempt.parameters, options)
        ready = replace(ready, notices=(*attempt.notices, *ready.notices))
        self.desk.purse.agree(ready.estimate, max_cost=options.max_cost, approved=options.approved)
        self.desk.require_key(ready)
        self.steps.own_keys.lend(ready.task.id, ready.own_key)
        ready = yield from self.desk.upload(ready)
        yield from self.desk.preflight(ready)
        guard = self.desk.purse.allowance(ready.estimate, ready.project)
        lease = yield from self.steps.lease()
        bound = Bound(provider=ready.provider, task=ready.task, is_whole=True, lease=lease)
        asked = ready.job(options, self.lifecycle.clock.now())
        job = yield from self._added(asked, bound, guard)
        if job.id != asked.id:
            return _the_same(job, asked.request_sha256)
        try:
            _report(on_added, job)
            if attempt.before is not None:
                yield from self.lifecycle.move(attempt.before, attempt.before.phase, continued_by=job.id)
            _report(options.on_progress, job)
            job = (yield from self.steps.take(job, bound)).job
            _report(options.on_progress, job)
        except GeneratorExit:
            raise  # a flow that is being closed cannot yield
        except BaseException as error:
            self.store.release(job.id, lease)  # called directly: nothing may come between
            interrupted(error, (yield from self.stopping.unsent(job, error)))
            raise
        # It would have to wait, and another model need not; one that may have been accepted before is the only one.
        if job.phase is Phase.CREATED and options.fallback and job.attempts == 1:
            yield from self.lifecycle.stopped(job, job.message)
            raise RateLimited(f"{job.model}: {job.message}", provider=job.provider, job=job)
        return job

    def _added(self, asked: Job, bound: Bound, guard: Guard | None) -> Flow[Job]:
        """Make a job durable. Ctrl-C while it is written leaves nothing that would be sent later."""
        try:
            return (yield from self.lifecycle.add(asked, bound, guard))
        except (Exception, GeneratorExit):
            raise
        except BaseException as error:
            with suppress(JobNotFound, StorageFailed):  # it may not have been written
                if bound.lease is not None:
                    self.store.release(asked.id, bound.lease)
                interrupted(error, (yield from self.stopping.unsent(asked, error)))
            raise

    def _asked_again(self, attempt: Attempt, earlier: Job) -> Flow[Job]:
        """Return the earlier job of an idempotency key: nothing is paid, uploaded or written for it."""
        unbounded = replace(
            self, desk=replace(self.desk, purse=replace(self.desk.purse, budget=lambda: None))
        )
        options = replace(attempt.options, max_cost=None, output=None, folder=None)
        ready = yield from unbounded.admit(attempt.prompt, attempt.model, attempt.parameters, options)
        job = _the_same(earlier, ready.request_sha256)
        # One that a crash kept from being sent: whoever asks again wants it sent.
        return (yield from self.steps.advance(job.id)).job if job.phase is Phase.CREATED else job

    # --- jobs -------------------------------------------------------------------------------------------------

    def get_job(self, job_id: str) -> Flow[Job]:
        """Read a job's record; a job or a result stands for its id."""
        return (yield from self.steps.record(job_id))

    def keyed(self, idempotency_key: str) -> Flow[Job | None]:
        """Return the job that was made under an idempotency key, or ``None``."""
        job: Job | None = yield Save(
            function=lambda: self.store.keyed(idempotency_key), quick=self.store.quick
        )
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
        patience: Patience,
        on_progress: OnProgress | None,
        key: str | Secret | None = None,
    ) -> Flow[Result]:
        """Take a job to its end."""
        job = yield from self.get_job(job_id)
        self.steps.own_keys.lend(job.id, Secret(key) if isinstance(key, str) else key)
        if job.done and self.is_worth_a_step(job):
            job = (yield from self.steps.advance(job.id)).job
        return (yield from self._wait(job, patience, on_progress))

    def _wait(self, job: Job, patience: Patience, on_progress: OnProgress | None) -> Flow[Result]:
        seen = [job]
        try:
            return (yield from self._watched(seen, patience, on_progress))
        except GeneratorExit:
            raise
        except BaseException as error:
            interrupted(error, seen[-1])
            raise

    def _watched(self, seen: list[Job], patience: Patience, on_progress: OnProgress | None) -> Flow[Result]:
        job, clock = seen[-1], self.lifecycle.clock
        until = None if patience.seconds is None else clock.steady() + patience.seconds
        pause = until_due(job.next_at, now=clock.now())
        while self.goes_on(job):
            left = None if until is None else until - clock.steady()
            if left is not None and pause > left:
                yield Sleep(seconds=max(left, 0.0))
                raise (yield from self._late(job, patience))
            if pause:
                yield Sleep(seconds=pause)
            step = self.steps.advance(job.id)
            try:
                if until is not None:  # what an exchange is given is a time of day, as of now
                    step = bounded(step, until=clock.now() + until - clock.steady(), clock=clock)
                taken = yield from step
            except (TransportFailed, FetchFailed) as error:
                if until is not None and clock.steady() >= until:
                    raise (yield from self._late(job, patience)) from error
                raise
            if _looks_different(job, taken.job):
                _report(on_progress, taken.job)
            job, pause = taken.job, taken.delay or 0.0
            seen.append(job)
            del seen[0]
        return outcome(job)

    def _late(self, job: Job, patience: Patience) -> Flow[JobError]:
        """Return the error of a job that takes too long, after doing what was said for this case."""
        if patience.then == "leave":
            return timed_out(job, patience.seconds)
        job, cancellation = yield from self.stopping.at_timeout(job)
        return cancelled_late(job, patience.seconds, cancellation)

    def goes_on(self, job: Job) -> bool:
        """Whether a job is to be waited for: one whose submit was cut off may still show up at its provider."""
        return not job.done or (
            job.phase is Phase.UNKNOWN and self.lifecycle.is_looking(job, self.steps.bind(job))
        )

    def next_change(self, job: Job) -> Flow[Job]:
        """Wait until a job looks different, and return it; a job that is over is returned at once."""
        before = job
        pause = until_due(job.next_at, now=self.lifecycle.clock.now())
        while not job.done:
            yield Sleep(seconds=pause)
            step = yield from self.steps.advance(job.id)
            job, pause = step.job, step.delay or 0.0
            if _looks_different(before, job):
                break
        return job

    def unfinished(self, job_id: str | None, key: str | Secret | None) -> Flow[list[Job]]:
        """Return the jobs that can be taken up: all that are unfinished, or one.

        Args:
            job_id: The one; ``None`` for all.
            key: The key for those that were made with one for themselves only.
        """
        if job_id is None:
            jobs = yield from self.list_jobs(unfinished=True)
        else:
            jobs = [(yield from self.get_job(job_id))]
        for job in jobs:
            if job.own_key:
                self.steps.own_keys.lend(job.id, Secret(key) if isinstance(key, str) else key)
        return jobs

    def is_worth_a_step(self, job: Job) -> bool:
        """Whether somebody who asks for a job gets one more look at its provider, though it may be over."""
        return not job.done or job.phase in _WORTH_A_LOOK

    def advance(self, job_id: str) -> Flow[float | None]:
        """Do the next thing that is due for a job; return the seconds until the next, ``None`` when there is none."""
        return (yield from self.steps.advance(job_id_of(job_id))).delay

    def fetch(
        self, job_id: str, roles: Iterable[str], output: Path | Location | None, *, overwrite: bool
    ) -> Flow[list[Asset]]:
        """Fetch assets of a job that is rendered, again or for the first time."""
        job = yield from self.get_job(job_id)
        bound = self.steps.bind(job)
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
        fetched: list[Asset] = []
        places: list[Path | Location] = []
        for asset in chosen:
            alone = output if len(chosen) == 1 else None
            places.append(alone or self.lifecycle.destination(placed, asset))
            got = yield from self.lifecycle.fetch_one(job, bound, asset, places[-1], overwrite=overwrite)
            fetched.append(got)
        kept = {(asset.role, asset.index): asset for asset in (*job.assets, *fetched)}
        here = all(asset.place is not None for asset in kept.values() if asset.role == "video")
        phase = Phase.STORED if here and job.phase is Phase.RENDERED else job.phase
        after = yield from self.lifecycle.move(job, phase, assets=tuple(kept.values()))
        yield from self.lifecycle.tidied(after, list(zip(fetched, places, strict=True)))
        return fetched

    def handle_webhook(
        self, headers: WebhookHeaders, body: bytes | str, provider_id: str | None
    ) -> Flow[WebhookOutcome]:
        """Take in a message of a provider."""
        from polyreel.intake import Intake

        intake = Intake(desk=self.desk, store=self.store, clock=self.lifecycle.clock)
        return (yield from intake.take(headers, body, provider_id))

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

    @property
    def stopping(self) -> Stopping:
        """Cancels and deletes jobs."""
        return Stopping(steps=self.steps)

    @property
    def settling(self) -> Settling:
        """Decides about jobs whose fate is unknown."""
        from polyreel.settling import Settling

        return Settling(steps=self.steps, purse=self.desk.purse)

    @property
    def store(self) -> JobStore:
        """Where jobs are kept."""
        return self.steps.store

    @property
    def lifecycle(self) -> Lifecycle:
        """What happens to jobs."""
        return self.steps.lifecycle


def _the_same(job: Job, request_sha256: str) -> Job:
    """Return the earlier job of an idempotency key, if it is of the same request.

    Raises:
        InvalidRequest: It is of another one.
    """
    if job.request_sha256 != request_sha256:
        message = (
            f"{job.idempotency_key!r} is the key of another request already, {job.id}; the same key means the same "
            "request. Choose a new one"
        )
        raise InvalidRequest([Problem(parameter="idempotency_key", message=message)], model=job.model)
    return job


def _report(on_progress: OnProgress | None, job: Job) -> None:
    if on_progress is not None:
        on_progress(job)


def _looks_different(before: Job, after: Job) -> bool:
    return (before.phase, before.percent, before.message) != (after.phase, after.percent, after.message)
