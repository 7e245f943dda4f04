"""What happens when a model refuses a request before it is accepted: the next one is asked, with the request moved.

Nobody is asked after a job may have been accepted: such a job is the caller's only one, whatever becomes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from polyreel.errors import (
    BudgetExceeded,
    ContentRefused,
    InsufficientCredit,
    MissingKey,
    ModelRetired,
    PolyreelError,
    ProviderUnavailable,
    RateLimited,
    TransportFailed,
)
from polyreel.flows import Flow
from polyreel.replacements import Mover, elsewhere
from polyreel.types.job import Job, Notice, Phase
from polyreel.types.options import Options

if TYPE_CHECKING:
    from polyreel.migration import Migration

__all__ = ["REFUSALS", "Attempt", "Fallback", "key_behind"]

REFUSALS: Final = (
    ModelRetired,
    MissingKey,
    ContentRefused,
    RateLimited,
    InsufficientCredit,
    ProviderUnavailable,
    TransportFailed,
)
"""After these the next model is asked, if it is certain that nothing was accepted. A request that is not valid, a wrong
key and a provider that speaks outside its protocol are for the caller to see."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A request at one model.

    Attributes:
        prompt: What the film shows.
        model: The model.
        parameters: The film's parameters.
        options: How it is carried out.
        notices: What the caller should know of the models that were asked before.
        before: The record of the last job that was refused, if it came that far.
    """

    prompt: str
    model: str
    parameters: Mapping[str, Any]
    options: Options
    notices: tuple[Notice, ...] = ()
    before: Job | None = None


@dataclass(frozen=True, kw_only=True)
class Fallback:
    """Asks one model after the other.

    Attributes:
        mover: Moves the request.
        place: Submits an attempt; it hands the record of the job over as soon as there is one.
        look_up: Reads a job's record.
        keyed: Returns the job of an idempotency key, if there is one.
        again: Returns such a job, if it is of the same request.
    """

    mover: Mover
    place: Callable[[Attempt, Callable[[Job], None]], Flow[Job]]
    look_up: Callable[[str], Flow[Job]]
    keyed: Callable[[str], Flow[Job | None]]
    again: Callable[[Attempt, Job], Flow[Job]]

    def submit(self, first: Attempt) -> Flow[Job]:
        """Submit to the first model that does not refuse.

        Raises:
            PolyreelError: What the last model said; what the others said stands in its notes.
            ModelNotFound: A model of ``fallback`` does not exist; nothing was sent.
        """
        for model in first.options.fallback:
            self.mover.desk.model(model)  # a slip of the pen is found before anything is sent
        if first.options.idempotency_key is not None:
            accepted = yield from self._accepted_before(first)
            if accepted is not None:
                return accepted
        attempt, left = first, list(first.options.fallback)
        while True:
            made: list[Job] = []
            try:
                return (yield from self.place(attempt, made.append))
            except PolyreelError as error:
                job = (yield from self.look_up(made[-1].id)) if made else None
                if not left or not _is_refusal(error, attempt, first) or not _certainly_not_accepted(job):
                    for notice in attempt.notices:
                        error.add_note(str(notice))
                    raise
                attempt = self._next(first, attempt, left, job or attempt.before, error)
                left = left[1:]

    def _accepted_before(self, first: Attempt) -> Flow[Job | None]:
        """Return the job of the model that took the same request before, under the same key.

        The models before it may have no record, and would take it today: it would be paid twice.
        """
        given = first.options.idempotency_key
        for model in first.options.fallback:
            job = yield from self.keyed(key_behind(given, model) or "")
            if job is not None and not _certainly_not_accepted(job):
                return (yield from self.again(self._behind(first, model)[0], job))
        return None

    def _next(
        self, first: Attempt, refused: Attempt, models: list[str], job: Job | None, error: PolyreelError
    ) -> Attempt:
        model, *left = models
        attempt, migration = self._behind(first, model)
        return replace(
            attempt,
            options=replace(
                attempt.options, fallback=tuple(left)
            ),  # behind the last one nobody stands: it is waited for
            notices=(*refused.notices, _notice(refused.model, error, migration)),
            before=job,
        )

    def _behind(self, first: Attempt, model: str) -> tuple[Attempt, Migration]:
        """Return the request as a model that stands behind the first is asked for it."""
        given = {"prompt": first.prompt, **first.parameters}
        migration = self.mover.move(first.model, model, given)
        moved = {name: value for name, value in migration.parameters.items() if name != "prompt"}
        provider = self.mover.desk.model(first.model)[2].provider
        attempt = Attempt(
            prompt=first.prompt,  # never cut: a model for which it is too long refuses it
            model=migration.target,
            parameters=moved,
            options=replace(
                elsewhere(first.options, provider, migration.target),
                idempotency_key=key_behind(first.options.idempotency_key, model),
            ),
        )
        return attempt, migration


def key_behind(key: str | None, model: str) -> str | None:
    """Return the idempotency key under which a model is asked after the one that ``key`` is of.

    Args:
        key: The first model's; ``None`` for none.
        model: The model, as it stands in ``fallback``.
    """
    return None if key is None else f"{key} > {model}"


def _notice(model: str, error: PolyreelError, migration: Migration) -> Notice:
    return Notice(parameter="model", message=f"{model} refused ({error}); {migration}")


def _is_refusal(error: PolyreelError, attempt: Attempt, first: Attempt) -> bool:
    # That the first model is too dear is for the caller to decide; of the others the next may be cheaper.
    return isinstance(error, REFUSALS) or (attempt is not first and isinstance(error, BudgetExceeded))


def _certainly_not_accepted(job: Job | None) -> bool:
    """Whether nobody can have accepted, and charged for, what a job's record tells of."""
    if job is None:
        return True  # the record is written before the request that is paid
    failed = job.phase is Phase.FAILED and job.receipt is None
    return failed and job.failure is not None and job.failure.billed is False
