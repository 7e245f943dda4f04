"""What both clients stand on: how a flow is driven, and the verbs for many jobs at once. Nothing is decided here."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterable, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeVar

from polyreel.errors import ConfigurationError
from polyreel.flows import AsyncIO, BlockingIO, Flow, run, run_async
from polyreel.operations import OnProgress, Operations
from polyreel.types.options import DEFAULT_TIMEOUT

if TYPE_CHECKING:
    from polyreel.batches import Batch, Outcome
    from polyreel.clerks import Review
    from polyreel.crews import Requests
    from polyreel.orders import Request
    from polyreel.types.job import Job

__all__ = ["AwaitedFace", "Face"]

T = TypeVar("T")


class Face:
    """The blocking client, as far as it is about many jobs."""

    _operations: Operations
    _io: BlockingIO
    _closed: bool

    def map(  # noqa: PLR0913  how many requests are carried out
        self,
        requests: Requests[Request],
        *,
        concurrency: int = 8,
        name: str | None = None,
        timeout: float | None = None,
        on_progress: OnProgress | None = None,
        hands: int | None = None,
        **defaults: Any,
    ) -> Generator[Outcome]:
        """Make many films at once, and yield what became of each request as soon as it is over; see ``docs/batches.md``.

        One request's error stops no other. When the iterator is closed, or Ctrl-C is pressed, nothing new is begun and what
        was asked for goes on at its provider: with a ``name``, a second call with the same requests takes it up.

        Args:
            requests: Prompts, or mappings with ``prompt``, ``model``, parameters and options; taken one by one, a few ahead.
            concurrency: So many jobs are with their providers at once.
            name: What the requests are called together. Under the same name the same request is paid once, however often
                and after whatever crash it comes again. ``None``: every call makes new films.
            timeout: Seconds after which it is given up waiting; the jobs go on. ``None`` waits for all.
            on_progress: Called with a job after each change, in the caller's thread.
            hands: So many steps (a submit, a look, a fetch) are taken at once. Default: 8; 32 for :class:`AsyncClient`.
            defaults: What counts where a request says nothing: ``model``, parameters, options.

        Returns:
            Each :class:`~polyreel.batches.Outcome`, in the order in which they end.

        Raises:
            InvalidRequest: One of these arguments is not valid; nothing was sent.
        """
        _check_open(self._closed)
        from polyreel.batches import Batch

        batch = Batch.of(
            self._operations,
            defaults=defaults,
            name=name,
            concurrency=concurrency,
            timeout=timeout,
            watched=on_progress is not None,
        )
        return self._many(batch, requests, hands, on_progress)

    def review(
        self, requests: Iterable[Request], *, name: str | None = None, **defaults: Any
    ) -> Iterator[Review]:
        """Judge many requests as :meth:`map` would take them. Nothing is sent; the keys must be there.

        Returns:
            Each :class:`~polyreel.clerks.Review`, in the order of the requests.
        """
        _check_open(self._closed)
        from polyreel.batches import reviewing

        clerk, orders = reviewing(self._operations, defaults, name)
        for request in requests:
            review = self._run(clerk.review(orders.take(request)))
            yield review

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
        from polyreel.resumptions import Resumption

        jobs = self._run(self._operations.unfinished(job_id, byok_api_key))
        resumption = Resumption.of(self._operations, jobs, timeout, on_progress)
        ended = self._all(resumption.batch, resumption.names, resumption.changed)
        return resumption.records(ended)

    def _many(
        self, batch: Batch, requests: Requests[Request], hands: int | None, on_progress: OnProgress | None
    ) -> Generator[Outcome]:
        from polyreel.batches import checked_count, reported, taken_at_once
        from polyreel.crews import BLOCKING_HANDS, drive

        count = BLOCKING_HANDS if hands is None else checked_count("hands", hands)
        return reported(drive(batch, self._io, requests=taken_at_once(requests), hands=count), on_progress)

    def _all(self, batch: Batch, requests: Iterable[Request], on_progress: OnProgress) -> list[Outcome]:
        return list(self._many(batch, requests, None, on_progress))

    def _run(self, flow: Flow[T]) -> T:
        _check_open(self._closed)
        return run(flow, self._io)


class AwaitedFace:
    """The awaited client, as far as it is about many jobs."""

    _operations: Operations
    _io: AsyncIO
    _closed: bool

    def map(  # noqa: PLR0913  how many requests are carried out
        self,
        requests: Requests[Request],
        *,
        concurrency: int = 8,
        name: str | None = None,
        timeout: float | None = None,
        on_progress: OnProgress | None = None,
        hands: int | None = None,
        **defaults: Any,
    ) -> AsyncGenerator[Outcome]:
        """Make many films at once, and yield what became of each request; see :meth:`Client.map`.

        ``requests`` may be an asynchronous iterable. Outcomes that nobody reads hold new requests back, never running jobs.
        Use :func:`contextlib.aclosing` to leave the loop early.
        """
        _check_open(self._closed)
        from polyreel.batches import Batch

        batch = Batch.of(
            self._operations,
            defaults=defaults,
            name=name,
            concurrency=concurrency,
            timeout=timeout,
            watched=on_progress is not None,
        )
        return self._many(batch, requests, hands, on_progress)

    async def review(
        self, requests: Iterable[Request], *, name: str | None = None, **defaults: Any
    ) -> AsyncIterator[Review]:
        """Judge many requests as :meth:`map` would take them; see :meth:`Client.review`."""
        _check_open(self._closed)
        from polyreel.batches import reviewing

        clerk, orders = reviewing(self._operations, defaults, name)
        for request in requests:
            review = await self._run(clerk.review(orders.take(request)))
            yield review

    async def resume(
        self,
        job_id: str | None = None,
        *,
        timeout: float | None = DEFAULT_TIMEOUT,  # noqa: ASYNC109  the same signature as the blocking client's
        on_progress: OnProgress | None = None,
        byok_api_key: str | None = None,
    ) -> list[Job]:
        """Take up one unfinished job, or all of them, and return them as they ended; see :meth:`Client.resume`."""
        from polyreel.resumptions import Resumption

        jobs = await self._run(self._operations.unfinished(job_id, byok_api_key))
        resumption = Resumption.of(self._operations, jobs, timeout, on_progress)
        ended = await self._all(resumption.batch, resumption.names, resumption.changed)
        return resumption.records(ended)

    async def _many(
        self, batch: Batch, requests: Requests[Request], hands: int | None, on_progress: OnProgress | None
    ) -> AsyncGenerator[Outcome]:
        from polyreel.batches import checked_count
        from polyreel.crews import AWAITED_HANDS, drive_async
        from polyreel.types.job import Job

        count = AWAITED_HANDS if hands is None else checked_count("hands", hands)
        async with aclosing(drive_async(batch, self._io, requests=requests, hands=count)) as results:
            async for result in results:
                if not isinstance(result, Job):
                    yield result
                elif on_progress is not None:
                    on_progress(result)

    async def _all(self, batch: Batch, requests: Iterable[Request], on_progress: OnProgress) -> list[Outcome]:
        return [outcome async for outcome in self._many(batch, requests, None, on_progress)]

    async def _run(self, flow: Flow[T]) -> T:
        _check_open(self._closed)
        return await run_async(flow, self._io)


def _check_open(closed: bool) -> None:  # noqa: FBT001  the one fact it is about
    """Raise a :class:`ConfigurationError` if a client was closed."""
    if closed:
        raise ConfigurationError("this client is closed; make a new one")
