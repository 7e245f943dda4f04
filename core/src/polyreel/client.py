"""The blocking client: a thin face over the flows of all verbs. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack, overload

from polyreel.documents.document import ModelDocument
from polyreel.faces import Face
from polyreel.flows import BlockingIO
from polyreel.http import BlockingTransport
from polyreel.operations import OnProgress, Operations
from polyreel.types.options import DEFAULT_TIMEOUT, OnTimeout, Patience, checked_place
from polyreel.workspace import Workspace

if TYPE_CHECKING:
    from polyreel.intake import WebhookHeaders, WebhookOutcome
    from polyreel.migration import Migration
    from polyreel.results import Check, DryRun, Result
    from polyreel.search import Search
    from polyreel.spending import By, Spending
    from polyreel.types.asset import Asset
    from polyreel.types.cost import Estimate
    from polyreel.types.job import Cancellation, Job, Receipt, RemoteJob
    from polyreel.types.setup import Setup

__all__ = ["Client"]


class Client(Face):
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
        on_timeout: OnTimeout = "leave",
        on_progress: OnProgress | None = None,
        byok_api_key: str | None = None,
    ) -> Result:
        """Take a job to its end and return its films.

        Args:
            job_id: The job.
            timeout: Seconds to wait; ``None`` for ever.
            on_timeout: What happens then: ``"leave"``: the job goes on; ``"cancel"``: it is cancelled, if that can be done.
            on_progress: Called with the job after each change.
            byok_api_key: The key that the job was made with, if it was one for this job only.
        """
        return self._run(
            self._operations.wait(job_id, Patience.of(timeout, on_timeout), on_progress, byok_api_key)
        )

    def watch(self, job_id: str) -> Iterator[Job]:
        """Yield a job's record now and after each change, until it is over."""
        job = self.get_job(job_id)
        yield job
        while not job.done:
            job = self._run(self._operations.next_change(job))
            yield job

    def advance(self, job_id: str) -> float | None:
        """Do the one thing that is due for a job: what an engine, a timer or a queue calls.

        It may be called any number of times, at once and from any process: who comes second does nothing.

        Args:
            job_id: The job.

        Returns:
            Seconds after which to call again; ``None`` when no step is left.

        Raises:
            JobNotFound: There is no such job.
            PolyreelError: What the step met; the job is kept, and so is what it learned.
        """
        return self._run(self._operations.advance(job_id))

    def cancel(self, job_id: str) -> Cancellation:
        """Stop a job, and say honestly what became of it."""
        return self._run(self._operations.stopping.cancel(job_id))

    def adopt(self, job_id: str, receipt: Receipt | Mapping[str, Any] | str) -> Job:
        """Give an unknown job the receipt that somebody found for it; see :meth:`polyreel.settling.Settling.adopt`."""
        return self._run(self._operations.settling.adopt(job_id, receipt))

    def resubmit(self, job_id: str) -> Job:
        """Send an unknown job once more; both may be charged. See :meth:`polyreel.settling.Settling.resubmit`."""
        return self._run(self._operations.settling.resubmit(job_id))

    def abandon(self, job_id: str, *, billed: bool | None = None) -> Job:
        """Give up an unknown job; see :meth:`polyreel.settling.Settling.abandon`."""
        return self._run(self._operations.settling.abandon(job_id, billed=billed))

    def delete(self, job_id: str) -> Cancellation:
        """Delete a job and its files at the provider; the record and the films here stay."""
        return self._run(self._operations.stopping.delete(job_id))

    def fetch(
        self,
        job_id: str,
        *,
        assets: Sequence[str] = ("video",),
        output: Path | str | None = None,
        overwrite: bool = False,
    ) -> list[Asset]:
        """Fetch files of a rendered job: ``"video"``, ``"thumbnail"``, ``"spritesheet"``, as its provider has them."""
        place = checked_place(output)
        return self._run(self._operations.fetch(job_id, assets, place, overwrite=overwrite))

    def handle_webhook(
        self, headers: WebhookHeaders, body: bytes | str, *, provider: str | None = None
    ) -> WebhookOutcome:
        """Take in a message that a provider sent: verify it, and let the job that it is about be looked at now.

        Nothing that it says is believed but its id and the job's: what became of the job, the provider is asked.

        Args:
            headers: The headers as they came, names in any case: a mapping, or pairs.
            body: The raw body as it came, before any parsing.
            provider: Whose message it should be; ``None`` for whoever's signature fits.

        Returns:
            What became of it. Answer the sender with 200, whatever it is.

        Raises:
            AuthenticationFailed: It is malformed, changed, too old or nobody's; answer with 401.
            MissingKey: No ``webhook_secret`` is set.
        """
        return self._run(self._operations.handle_webhook(headers, body, provider))

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
