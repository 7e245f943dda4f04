"""The durable record of one paid generation, and what a provider says about it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal, TypeAlias

from pydantic import Field

from polyreel.errors import JobNotFound
from polyreel.markup import card, lines, table
from polyreel.types.asset import Asset
from polyreel.types.cost import Cost, Estimate
from polyreel.types.record import Record

__all__ = [
    "Cancellation",
    "Failure",
    "FailureKind",
    "Finished",
    "Job",
    "JobEvent",
    "Notice",
    "OnUnknown",
    "Phase",
    "Progress",
    "Receipt",
    "RemoteJob",
    "Status",
    "job_id_of",
]

Status: TypeAlias = Literal["queued", "processing", "completed", "failed", "cancelled", "unknown"]
"""The public words, fixed."""

FailureKind: TypeAlias = Literal["failed", "filtered", "expired", "rejected", "uncertain"]


OnUnknown: TypeAlias = Literal["hold", "resubmit", "fail"]


class Phase(StrEnum):
    """Where a job is, finer than its public status."""

    CREATED = "created"
    SUBMITTING = "submitting"
    ACCEPTED = "accepted"
    RUNNING = "running"
    RENDERED = "rendered"
    STORED = "stored"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class Receipt(Record):
    """A provider's handle for a submitted job: opaque JSON with all that a later poll needs, except secrets.

    Attributes:
        id: The provider's id of the job.
        version: The version of ``data``'s layout, the provider's own.
        data: More of the provider's own: a region, a path, an account alias.
    """

    id: str
    version: int = 1
    data: dict[str, Any] = Field(default_factory=dict)


class Failure(Record):
    """Why a job has no film.

    Attributes:
        kind: ``"filtered"`` by safety rules, ``"expired"`` before it was fetched, ``"rejected"`` at submit,
            ``"uncertain"`` when nobody can know, else ``"failed"``.
        message: The provider's sentence.
        code: The provider's code.
        billed: Whether it was charged: yes, no, or ``None`` when unknown.
    """

    kind: FailureKind = "failed"
    message: str
    code: str | None = None
    billed: bool | None = False


class Notice(Record):
    """Something that was not done quite as asked, said instead of dropped.

    Attributes:
        parameter: The parameter that it is about.
        message: A sentence for people.
    """

    parameter: str
    message: str

    def __str__(self) -> str:
        return f"{self.parameter}: {self.message}"


class Progress(Record):
    """What one poll learned.

    Attributes:
        state: ``"queued"``, ``"running"``, ``"succeeded"``, ``"failed"`` or ``"cancelled"``. A word that the
            provider does not know is ``"running"``, with the word in ``message``.
        percent: 0 to 100, or ``None``.
        message: A line for people.
        retry_in: Seconds until the next poll as the provider advises, or ``None``.
        payload: The answer, for ``normalise_result`` and ``settle``, when the job succeeded.
        failure: Why, when the job failed.
        warnings: What was not done quite as asked: of four films one was filtered.
        unbilled: How many of the films that were asked for are not there and not charged: safety rules held them back.
    """

    state: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    percent: float | None = None
    message: str = ""
    retry_in: float | None = None
    payload: dict[str, Any] | None = None
    failure: Failure | None = None
    warnings: tuple[Notice, ...] = ()
    unbilled: int = 0


class Finished(Record):
    """The answer of a provider that holds the request open until the film is there.

    Attributes:
        receipt: The handle, for later refresh or deletion.
        payload: The answer, for ``normalise_result`` and ``settle``.
    """

    receipt: Receipt
    payload: dict[str, Any]


class Cancellation(Record):
    """What became of the wish to stop a job.

    Attributes:
        outcome: ``"cancelled"``; ``"too_late"``: it goes on or is done; ``"not_supported"``: the provider cannot.
        billed: Whether it is charged all the same: yes, no, or ``None`` when unknown.
        message: A sentence for people.
    """

    outcome: Literal["cancelled", "too_late", "not_supported"]
    billed: bool | None = None
    message: str = ""


class RemoteJob(Record):
    """A job as the provider's own list shows it.

    Attributes:
        receipt: The handle that would adopt it.
        state: The provider's word for its status.
        model: The provider's name of the model.
        created_at: Seconds since 1970, or ``None``.
        prompt: The prompt, if the list shows it.
    """

    receipt: Receipt
    state: str
    model: str = ""
    created_at: float | None = None
    prompt: str | None = None


class JobEvent(Record):
    """One line of a job's history.

    Attributes:
        at: Seconds since 1970.
        phase: The phase that it entered.
        message: What happened.
    """

    at: float
    phase: Phase
    message: str = ""


_STATUS: dict[Phase, Status] = {
    Phase.CREATED: "queued",
    Phase.SUBMITTING: "queued",
    Phase.ACCEPTED: "queued",
    Phase.RUNNING: "processing",
    Phase.RENDERED: "processing",
    Phase.STORED: "completed",
    Phase.FAILED: "failed",
    Phase.EXPIRED: "failed",
    Phase.CANCELLED: "cancelled",
    Phase.UNKNOWN: "unknown",
}


class Job(Record):
    """One paid generation, from intent to film.

    Attributes:
        id: Our id, known before anything is sent.
        provider: The provider's id.
        model: ``provider/model``, as resolved.
        phase: Where it is.
        prompt: The prompt.
        requested: The parameters that the caller gave, under their unified names; media as descriptions.
        parameters: The same with derived values and defaults: what was sent.
        settings: The provider's settings that are frozen with the job (base URL, profile, region); never a key.
        sources: Where each of these settings was found when the job was made, for a provider that decides by it.
        simulated: Whether a simulator answers for the provider.
        own_key: Whether it was made with a key for this job only, which must be given again after a restart.
        key_sha256: The first digits of a digest of the account's keys, to tell one account from another; ``None`` when
            they are not known here.
        idempotency_key: The caller's own name of the request: the same one never makes a second job.
        request_sha256: The digest of what was asked for.
        attempts: How many submits were begun.
        on_unknown: What happens when nobody can know whether a submit was accepted: ``"hold"``: it is looked for, and
            never sent again by itself; ``"resubmit"``: it is sent again, and may be paid twice; ``"fail"``.
        patient: Whether a provider that has too much to do is asked again later, instead of failing the job.
        receipt: The provider's handle, once accepted.
        percent: 0 to 100, or ``None``.
        message: The last line for people.
        created_at: Seconds since 1970.
        updated_at: Seconds since 1970.
        submitted_at: When the last submit was begun, seconds since 1970.
        rendered_at: When the provider was first seen to have the film, seconds since 1970.
        completed_at: Seconds since 1970, once over.
        next_at: When the next step is due, seconds since 1970; ``None`` when it is over.
        polls: How many polls were made.
        misses: How many polls in a row failed.
        missing_since: When the provider first said that it does not know the job, seconds since 1970; ``None``
            while it does.
        output: Where the film was asked to go; ``None`` for the data folder.
        overwrite: Whether a file that is there may be replaced.
        assets: What it produced.
        project: The label that it was made under, for sums by project.
        estimate: What it should cost by the model's document, with the rule and the date of the price; it stays.
        cost: What it did cost, once known: as the provider reported it (``basis="vendor"``), else by the estimate.
        failure: Why it has no film.
        warnings: What was not done quite as asked.
        continued_by: The job that another model was asked with when this one was refused.
        history: Every phase that it entered.
        version: Counts the writes; a write that does not follow the last one is refused.
    """

    id: str
    provider: str
    model: str
    phase: Phase = Phase.CREATED
    prompt: str
    requested: dict[str, Any] = Field(default_factory=dict)
    parameters: dict[str, Any] = Field(default_factory=dict)
    settings: dict[str, str] = Field(default_factory=dict)
    sources: dict[str, str] = Field(default_factory=dict)
    simulated: bool = False
    own_key: bool = False
    key_sha256: str | None = None
    idempotency_key: str | None = None
    request_sha256: str = ""
    attempts: int = 0
    on_unknown: OnUnknown = "hold"
    patient: bool = False
    receipt: Receipt | None = None
    percent: float | None = None
    message: str = ""
    created_at: float
    updated_at: float
    submitted_at: float | None = None
    rendered_at: float | None = None
    completed_at: float | None = None
    next_at: float | None = None
    polls: int = 0
    misses: int = 0
    missing_since: float | None = None
    output: str | None = None
    overwrite: bool = False
    assets: tuple[Asset, ...] = ()
    project: str | None = None
    estimate: Estimate | None = None
    cost: Cost | None = None
    failure: Failure | None = None
    warnings: tuple[Notice, ...] = ()
    continued_by: str | None = None
    history: tuple[JobEvent, ...] = ()
    version: int = 0

    @property
    def status(self) -> Status:
        """The public word for the phase."""
        return _STATUS[self.phase]

    @property
    def done(self) -> bool:
        """Whether nothing more is to be waited for."""
        return self.phase in _OVER

    @property
    def needs_step(self) -> bool:
        """Whether a step is still to be taken: a job whose fate is unknown is looked for as long as that makes sense."""
        return not self.done or (self.phase is Phase.UNKNOWN and self.next_at is not None)

    @property
    def may_be_sent(self) -> bool:
        """Whether its request may still be sent, or be sent again, so that all of it must be kept."""
        return self.receipt is None and (not self.done or self.phase is Phase.UNKNOWN)

    @property
    def may_own_unnamed(self) -> bool:
        """Whether a film may be its own of which no receipt tells: a submit of it was cut off, now or before.

        Sending it again, or giving it up, does not take the earlier film from it.
        """
        cut_off = self.phase in {Phase.SUBMITTING, Phase.UNKNOWN}
        given_up = self.failure is not None and self.failure.kind == "uncertain"
        return self.attempts > 1 or (self.receipt is None and (cut_off or given_up))

    @property
    def videos(self) -> tuple[Asset, ...]:
        """The films among the assets."""
        return tuple(asset for asset in self.assets if asset.role == "video")

    def _repr_html_(self) -> str:
        """Show the job in a notebook."""
        cost = self.cost or self.estimate
        money = "unknown" if cost is None or cost.amount is None else f"{cost.amount} {cost.currency}"
        facts = {
            "id": self.id,
            "status": self.status if self.percent is None else f"{self.status}, {self.percent:.0f} %",
            "message": self.message,
            "cost" if self.cost else "estimated cost": "nothing was paid" if self.simulated else money,
            "failure": self.failure.message if self.failure else "",
            **{name: value for name, value in self.requested.items() if name != "prompt"},
        }
        return card(
            f"{self.model}{', simulated' if self.simulated else ''}",
            self.prompt,
            [
                table((), [(name, fact) for name, fact in facts.items() if fact != ""]),
                lines("Files", [asset.place or asset.stays or "not fetched" for asset in self.assets]),
                lines("Warnings", self.warnings),
            ],
        )


_OVER = frozenset({Phase.STORED, Phase.FAILED, Phase.EXPIRED, Phase.CANCELLED, Phase.UNKNOWN})


def job_id_of(job: Any) -> str:
    """Return a job's id: from the id itself, a job, or a result.

    Raises:
        JobNotFound: It is none of these.
    """
    name = getattr(getattr(job, "job", job), "id", job)
    if not isinstance(name, str):
        raise JobNotFound(f"a job is named by its id, not by a {type(job).__name__}")
    return name
