"""Which phase may follow which. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from polyreel.types.job import Job, JobEvent, Phase

__all__ = ["MOVES", "IllegalMove", "allows", "moved"]

MOVES: Final[Mapping[Phase, frozenset[Phase]]] = {
    # Unknown when it cannot be sent again, and an earlier attempt may have been accepted.
    Phase.CREATED: frozenset({Phase.SUBMITTING, Phase.UNKNOWN, Phase.FAILED, Phase.CANCELLED}),
    Phase.SUBMITTING: frozenset(
        {Phase.CREATED, Phase.ACCEPTED, Phase.RENDERED, Phase.FAILED, Phase.UNKNOWN, Phase.CANCELLED}
    ),
    Phase.ACCEPTED: frozenset({Phase.RUNNING, Phase.RENDERED, Phase.FAILED, Phase.EXPIRED, Phase.CANCELLED}),
    # Providers do go back from running to queued.
    Phase.RUNNING: frozenset({Phase.ACCEPTED, Phase.RENDERED, Phase.FAILED, Phase.EXPIRED, Phase.CANCELLED}),
    Phase.RENDERED: frozenset({Phase.STORED, Phase.EXPIRED, Phase.FAILED}),
    # Back to created only when somebody decides that it is sent again, which may be paid twice.
    Phase.UNKNOWN: frozenset({Phase.CREATED, Phase.ACCEPTED, Phase.RENDERED, Phase.FAILED, Phase.CANCELLED}),
    Phase.STORED: frozenset(),
    Phase.FAILED: frozenset(),
    # Given up too early: the provider still had it when it was asked again.
    Phase.EXPIRED: frozenset({Phase.ACCEPTED, Phase.RUNNING, Phase.RENDERED, Phase.FAILED, Phase.CANCELLED}),
    Phase.CANCELLED: frozenset(),
}


class IllegalMove(AssertionError):
    """A move that no job may make: a bug, never the caller's fault."""


def allows(job: Job, phase: Phase) -> bool:
    """Whether a job may go to a phase. One that was given up although nobody knew its fate may still be found."""
    given_up = job.phase is Phase.FAILED and job.failure is not None and job.failure.kind == "uncertain"
    return phase in MOVES[job.phase] or (given_up and phase is Phase.ACCEPTED)


def moved(job: Job, phase: Phase, *, now: float, message: str = "", **changes: Any) -> Job:
    """Return ``job`` in another phase, or in the same phase with changes.

    Args:
        job: The job before.
        phase: Where it goes; staying is always allowed.
        now: Seconds since 1970.
        message: A line for people.
        changes: More fields.

    Raises:
        IllegalMove: ``phase`` does not follow the job's.
    """
    if phase is not job.phase:
        if not allows(job, phase):
            raise IllegalMove(f"{job.id}: {job.phase} -> {phase}")
        changes["history"] = (*job.history, JobEvent(at=now, phase=phase, message=message))
        if job.phase is Phase.EXPIRED:
            changes = {"failure": None, "cost": None, **changes}
        if not MOVES[phase] or phase is Phase.EXPIRED:
            changes.setdefault("completed_at", now)
            changes["next_at"] = None
        elif job.phase is Phase.EXPIRED:
            changes["completed_at"] = None
    return job.model_copy(
        update={"phase": phase, "updated_at": now, "message": message or job.message, **changes}
    )
