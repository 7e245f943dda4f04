"""The awaited client: the face of :class:`polyreel.client.Client` over the same flows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack, overload

from polyreel.carriers import carrier
from polyreel.documents.document import ModelDocument
from polyreel.faces import AwaitedFace
from polyreel.flows import AsyncIO
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

__all__ = ["AsyncClient"]


class AsyncClient(AwaitedFace):
    """The awaited client; its methods are those of :class:`Client`.

    Args:
        setup: As for :class:`Client`.
    """

    def __init__(self, **setup: Unpack[Setup]) -> None:
        self.workspace = Workspace.build(**setup)
        self._operations: Operations = self.workspace.operations
        self._closed = False
        self._transport = carrier()
        self._io = AsyncIO(transport=self._transport, clock=self.workspace.clock)

    async def generate(self, prompt: str, *, model: str, **parameters: Any) -> Result:
        """Make a film; see :meth:`Client.generate`."""
        return await self._run(self._operations.generate(prompt, model, parameters))

    async def submit(self, prompt: str, *, model: str, **parameters: Any) -> Job:
        """Ask for a film and return at once."""
        return await self._run(self._operations.submit(prompt, model, parameters))

    async def check(self, prompt: str, *, model: str, **parameters: Any) -> Check:
        """Judge a request. Nothing is sent, and no key is needed."""
        return await self._run(self._operations.check(prompt, model, parameters))

    async def dry_run(self, prompt: str, *, model: str, **parameters: Any) -> DryRun:
        """Return the exact requests of a submit without sending them."""
        return await self._run(self._operations.dry_run(prompt, model, parameters))

    async def estimate(self, *, model: str, **parameters: Any) -> Estimate:
        """Say what a request costs by the model's document."""
        return await self._run(self._operations.estimate(model, parameters))

    async def costs(self, *, by: By | None = "day", since: date | None = None) -> list[Spending]:
        """Sum what the jobs of the store cost; see :meth:`Client.costs`."""
        return await self._run(self._operations.costs(by, since))

    @overload
    async def migrate(self, source: str, to: str, **parameters: Any) -> Migration: ...
    @overload
    async def migrate(self, source: str, to: None = None, **parameters: Any) -> Sequence[Migration]: ...
    async def migrate(
        self, source: str, to: str | None = None, **parameters: Any
    ) -> Migration | Sequence[Migration]:
        """Move a request to another model, or to the best living ones; see :meth:`Client.migrate`."""
        if to is None:
            return await self._run(self._operations.replacements(source, parameters))
        return await self._run(self._operations.migrate(source, to, parameters))

    async def get_job(self, job_id: str) -> Job:
        """Read a job's record; nothing is sent."""
        return await self._run(self._operations.get_job(job_id))

    async def list_jobs(self, *, unfinished: bool = False, limit: int | None = None) -> list[Job]:
        """Read the records of jobs, newest first."""
        return await self._run(self._operations.list_jobs(unfinished=unfinished, limit=limit))

    async def wait(
        self,
        job_id: str,
        *,
        timeout: float | None = DEFAULT_TIMEOUT,  # noqa: ASYNC109  the same signature as the blocking client's
        on_timeout: OnTimeout = "leave",
        on_progress: OnProgress | None = None,
        byok_api_key: str | None = None,
    ) -> Result:
        """Take a job to its end and return its films; see :meth:`Client.wait`."""
        return await self._run(
            self._operations.wait(job_id, Patience.of(timeout, on_timeout), on_progress, byok_api_key)
        )

    async def watch(self, job_id: str) -> AsyncIterator[Job]:
        """Yield a job's record now and after each change, until it is over."""
        job = await self.get_job(job_id)
        yield job
        while not job.done:
            job = await self._run(self._operations.next_change(job))
            yield job

    async def advance(self, job_id: str) -> float | None:
        """Do the one thing that is due for a job; see :meth:`Client.advance`."""
        return await self._run(self._operations.advance(job_id))

    async def cancel(self, job_id: str) -> Cancellation:
        """Stop a job, and say honestly what became of it."""
        return await self._run(self._operations.stopping.cancel(job_id))

    async def adopt(self, job_id: str, receipt: Receipt | Mapping[str, Any] | str) -> Job:
        """Give an unknown job the receipt that was found for it; see :meth:`Client.adopt`."""
        return await self._run(self._operations.settling.adopt(job_id, receipt))

    async def resubmit(self, job_id: str) -> Job:
        """Send an unknown job once more; see :meth:`Client.resubmit`."""
        return await self._run(self._operations.settling.resubmit(job_id))

    async def abandon(self, job_id: str, *, billed: bool | None = None) -> Job:
        """Give up an unknown job; see :meth:`Client.abandon`."""
        return await self._run(self._operations.settling.abandon(job_id, billed=billed))

    async def delete(self, job_id: str) -> Cancellation:
        """Delete a job and its files at the provider; the record and the films here stay."""
        return await self._run(self._operations.stopping.delete(job_id))

    async def fetch(
        self,
        job_id: str,
        *,
        assets: Sequence[str] = ("video",),
        output: Path | str | None = None,
        overwrite: bool = False,
    ) -> list[Asset]:
        """Fetch files of a rendered job; see :meth:`Client.fetch`."""
        place = checked_place(output)
        return await self._run(self._operations.fetch(job_id, assets, place, overwrite=overwrite))

    async def handle_webhook(
        self, headers: WebhookHeaders, body: bytes | str, *, provider: str | None = None
    ) -> WebhookOutcome:
        """Take in a message that a provider sent; see :meth:`Client.handle_webhook`."""
        return await self._run(self._operations.handle_webhook(headers, body, provider))

    async def remote_jobs(self, provider: str, *, limit: int = 20) -> list[RemoteJob]:
        """List the jobs that a provider keeps for the account, newest first."""
        return await self._run(self._operations.remote_jobs(provider, limit))

    @overload
    async def models(self) -> list[ModelDocument]: ...
    @overload
    async def models(
        self,
        *,
        accepts: Mapping[str, Any],
        max_cost: Decimal | float | str | None = None,
        as_of: date | None = None,
    ) -> Search: ...
    async def models(
        self,
        *,
        accepts: Mapping[str, Any] | None = None,
        max_cost: Decimal | float | str | None = None,
        as_of: date | None = None,
    ) -> list[ModelDocument] | Search:
        """Return every document, or what would take a request; see :meth:`Client.models`."""
        if accepts is None:
            return await self._run(self._operations.models())
        return await self._run(self._operations.search(accepts, max_cost, as_of))

    async def model(self, model: str) -> ModelDocument:
        """Return one model's document."""
        return await self._run(self._operations.model(model))

    async def videos(self, prompt: str, *, model: str, **parameters: Any) -> dict[str, Any]:
        """Ask for a film and return the dictionary of the seed's router."""
        return await self._run(self.workspace.seed.videos(prompt, model, parameters))

    async def jobs(self, job_id: str) -> dict[str, Any]:
        """Look at a job and return the dictionary of the seed's router."""
        return await self._run(self.workspace.seed.jobs(job_id))

    async def close(self) -> None:
        """Let go of connections and files; the client cannot be used any more."""
        self._closed = True
        await self._transport.close()
        self.workspace.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
