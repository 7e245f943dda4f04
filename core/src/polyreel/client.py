"""The blocking client: a thin face over the flows of all verbs. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack, overload

from polyreel.documents.document import ModelDocument
from polyreel.errors import ConfigurationError
from polyreel.flows import BlockingIO, Flow, run
from polyreel.http import BlockingTransport
from polyreel.operations import OnProgress, Operations
from polyreel.types.options import DEFAULT_TIMEOUT
from polyreel.workspace import Workspace

if TYPE_CHECKING:
    from polyreel.migration import Migration
    from polyreel.results import Check, DryRun, Result
    from polyreel.search import Search
    from polyreel.spending import By, Spending
    from polyreel.types.asset import Asset
    from polyreel.types.cost import Estimate
    from polyreel.types.job import Cancellation, Job, RemoteJob
    from polyreel.types.setup import Setup

__all__ = ["Client", "check_open"]

T = TypeVar("T")


class Client:
    """The blocking client. It may be used in a running event loop, in a notebook, and from several threads.

    Args:
        setup: ``api_keys={"acme": …}``; ``settings={"acme": {"base_url": …, "region": …}}``;
            ``simulate=True``; ``home=``, the folder for data and configuration; ``store="memory"``, a path or a
            :class:`~polyreel.storage.store.JobStore`; ``budget=Budget(per_day="20")``; ``clock=``; ``plugins=``.

    Raises:
        ConfigurationError: Something on this machine is set wrongly.
    """

    def __init__(self, **setup: Unpack[Setup]) -> None:
        self.workspace = Workspace.build(**setup)
        self._operations: Operations = self.workspace.operations
        self._closed = False
        self._transport = BlockingTransport()
        self._io = BlockingIO(transport=self._transport, clock=self.workspace.clock)

    def generate(self, prompt: str, *, model: str, **parameters: Any) -> Result:
        """Make a film: validate, submit, wait, fetch.

        Args:
            prompt: What the film shows.
            model: ``provider/model``, or an alias from the configuration.
            parameters: The model's parameters (``duration``, ``size``, ``input_image``, …), and the options of
                :class:`~polyreel.types.options.Options` (``output``, ``timeout``, ``max_cost``, …).

        Returns:
            The films with the job's record.

        Raises:
            InvalidRequest: Refused before anything was sent.
            ModelRetired: The model was shut down.
            MissingKey: No key was found.
            ProviderError: The provider refused it.
            JobFailed: The provider gave up.
            JobTimeout: It still runs; ``resume`` takes it up.
            JobUncertain: Nobody can know whether it was accepted.
        """
        return self._run(self._operations.generate(prompt, model, parameters))

    def submit(self, prompt: str, *, model: str, **parameters: Any) -> Job:
        """Ask for a film and return at once; see :meth:`generate`."""
        return self._run(self._operations.submit(prompt, model, parameters))

    def check(self, prompt: str, *, model: str, **parameters: Any) -> Check:
        """Judge a request. Nothing is sent, and no key is needed."""
        return self._run(self._operations.check(prompt, model, parameters))

    def dry_run(self, prompt: str, *, model: str, **parameters: Any) -> DryRun:
        """Return the exact requests of a submit without sending them."""
        return self._run(self._operations.dry_run(prompt, model, parameters))

    def estimate(self, *, model: str, **parameters: Any) -> Estimate:
        """Say what a request costs by the model's document."""
        return self._run(self._operations.estimate(model, parameters))

    def costs(self, *, by: By | None = "day", since: date | None = None) -> list[Spending]:
        """Sum what the jobs of the store cost: billed, estimated, open and unknown apart.

        Args:
            by: ``"day"``, ``"model"`` or ``"project"``; ``None`` for one total in each currency.
            since: The first day that counts, in UTC; ``None`` for all.
        """
        return self._run(self._operations.costs(by, since))

    @overload
    def migrate(self, source: str, to: str, **parameters: Any) -> Migration: ...
    @overload
    def migrate(self, source: str, to: None = None, **parameters: Any) -> Sequence[Migration]: ...
    def migrate(
        self, source: str, to: str | None = None, **parameters: Any
    ) -> Migration | Sequence[Migration]:
        """Move a request from one model to another: what is kept, changed and lost, and the prices.

        Args:
            source: The old model; it may be retired.
            to: The new model; ``None`` for the living ones that can take the request, the best first.
            parameters: The request, as for :meth:`generate`.
        """
        if to is None:
            return self._run(self._operations.replacements(source, parameters))
        return self._run(self._operations.migrate(source, to, parameters))

    def get_job(self, job_id: str) -> Job:
        """Read a job's record; nothing is sent."""
        return self._run(self._operations.get_job(job_id))

    def list_jobs(self, *, unfinished: bool = False, limit: int | None = None) -> list[Job]:
        """Read the records of jobs, newest first."""
        return self._run(self._operations.list_jobs(unfinished=unfinished, limit=limit))

    def wait(
        self,
        job_id: str,
        *,
        timeout: float | None = DEFAULT_TIMEOUT,
        on_progress: OnProgress | None = None,
        byok_api_key: str | None = None,
    ) -> Result:
        """Take a job to its end and return its films.

        Args:
            job_id: The job.
            timeout: Seconds to wait; ``None`` for ever.
            on_progress: Called with the job after each change.
            byok_api_key: The key that the job was made with, if it was one for this job only.
        """
        return self._run(self._operations.wait(job_id, timeout, on_progress, byok_api_key))

    def watch(self, job_id: str) -> Iterator[Job]:
        """Yield a job's record now and after each change, until it is over."""
        job = self.get_job(job_id)
        yield job
        while not job.done:
            job = self._run(self._operations.next_change(job))
            yield job

    def resume(
        self,
        job_id: str | None = None,
        *,
        timeout: float | None = DEFAULT_TIMEOUT,
        on_progress: OnProgress | None = None,
        byok_api_key: str | None = None,
    ) -> list[Job]:
        """Take up one unfinished job, or all of them, and return them as they ended.

        Args:
            job_id: The job; ``None`` for all that are unfinished.
            timeout: Seconds to go on; ``None`` for ever.
            on_progress: Called with a job after each change.
            byok_api_key: The key for jobs that were made with one for themselves only.
        """
        return self._run(self._operations.resume(job_id, timeout, on_progress, byok_api_key))

    def cancel(self, job_id: str) -> Cancellation:
        """Stop a job, and say honestly what became of it."""
        return self._run(self._operations.cancel(job_id))

    def delete(self, job_id: str) -> Cancellation:
        """Delete a job and its files at the provider; the record and the films here stay."""
        return self._run(self._operations.delete(job_id))

    def fetch(
        self,
        job_id: str,
        *,
        assets: Sequence[str] = ("video",),
        output: Path | str | None = None,
        overwrite: bool = False,
    ) -> list[Asset]:
        """Fetch files of a rendered job: ``"video"``, ``"thumbnail"``, ``"spritesheet"``, as its provider has them."""
        target = None if output is None else Path(output).expanduser()
        return self._run(self._operations.fetch(job_id, assets, target, overwrite=overwrite))

    def remote_jobs(self, provider: str, *, limit: int = 20) -> list[RemoteJob]:
        """List the jobs that a provider keeps for the account, newest first."""
        return self._run(self._operations.remote_jobs(provider, limit))

    @overload
    def models(self) -> list[ModelDocument]: ...
    @overload
    def models(
        self,
        *,
        accepts: Mapping[str, Any],
        max_cost: Decimal | float | str | None = None,
        as_of: date | None = None,
    ) -> Search: ...
    def models(
        self,
        *,
        accepts: Mapping[str, Any] | None = None,
        max_cost: Decimal | float | str | None = None,
        as_of: date | None = None,
    ) -> list[ModelDocument] | Search:
        """Return the document of every model, sorted by id; or those that would take a request, the cheapest first.

        Args:
            accepts: The request: ``{"duration": 8, "aspect_ratio": "9:16"}``. ``True`` for a picture or a film says
                that there will be one.
            max_cost: The most it may cost, in the price's currency; a price that nobody knows is then too much.
            as_of: The day that counts; today by default.

        Returns:
            Without ``accepts`` a list of documents. With it a :class:`~polyreel.search.Search`: offers with their prices,
            and in ``misses`` why the others would not take it.
        """
        if accepts is None:
            return self._run(self._operations.models())
        return self._run(self._operations.search(accepts, max_cost, as_of))

    def model(self, model: str) -> ModelDocument:
        """Return one model's document."""
        return self._run(self._operations.model(model))

    def videos(self, prompt: str, *, model: str, **parameters: Any) -> dict[str, Any]:
        """Ask for a film and return the dictionary of the seed's router; see ``docs/seed.md``."""
        return self._run(self.workspace.seed.videos(prompt, model, parameters))

    def jobs(self, job_id: str) -> dict[str, Any]:
        """Look at a job and return the dictionary of the seed's router; see ``docs/seed.md``."""
        return self._run(self.workspace.seed.jobs(job_id))

    def close(self) -> None:
        """Let go of connections and files; the client cannot be used any more."""
        self._closed = True
        self._transport.close()
        self.workspace.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, flow: Flow[T]) -> T:
        check_open(self._closed)
        return run(flow, self._io)


def check_open(closed: bool) -> None:  # noqa: FBT001  the one fact it is about
    """Refuse to go on with a client that was closed.

    Raises:
        ConfigurationError: It was.
    """
    if closed:
        raise ConfigurationError("this client is closed; make a new one")
