"""A job's record as lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from polyreel.cli import words
from polyreel.redaction import without_query

if TYPE_CHECKING:
    from polyreel.client import Client
    from polyreel.types.job import Job, Notice

__all__ = ["lines", "overdue", "riddle", "status"]


def status(job: Job) -> str:
    """Return a job's status for a table; one that nobody knows stands out."""
    word = job.status.upper() if job.phase == "unknown" else job.status
    return f"{word}, simulated" if job.simulated else word


def riddle(job: Job) -> str:
    """Return what an unknown job means for its owner, and what can be done."""
    return (
        f"nobody knows whether {job.provider} accepted it; at risk: {_at_risk(job)}. "
        f"'polyreel jobs show {job.id}' says more, 'polyreel jobs resolve {job.id}' settles it"
    )


def _standing(job: Job) -> str:
    """Return a job's status, and where it is beyond that."""
    where = words.phase(job)
    return where if where.startswith(job.status) else f"{job.status} ({where})"


def _at_risk(job: Job) -> str:
    if job.simulated:
        return "nothing"
    if job.estimate is None or job.estimate.amount is None:
        return "a price that nobody knows"
    times = max(job.attempts, 1)
    return f"{Decimal(job.estimate.amount) * times} {job.estimate.currency}"


def _uncertain(job: Job) -> Iterator[tuple[str, str]]:
    """Yield what is known of a job of which nobody knows whether it was accepted."""
    begun = [event.at for event in job.history if event.phase == "submitting"]
    lost = [event.at for event in job.history if event.phase == "unknown"]
    if begun and lost:
        yield "window", f"it was sent between {words.moment(begun[-1])} and {words.moment(lost[-1])}"
    again = f" for {job.attempts} attempts" if job.attempts > 1 else ""
    yield "at risk", f"{_at_risk(job)}{again}"
    if job.misses:
        often = "once" if job.misses == 1 else f"{job.misses} times"
        yield "tried", f"looked for {often}; the last time: {job.message}"
    else:
        yield "tried", "not looked for at the provider" if job.next_at is None else "nothing yet"
    by_itself = {
        "hold": "none by itself",
        "resubmit": "sent again when it is not found",
        "fail": "given up when it is not found",
    }
    yield "next look", words.moment(job.next_at) if job.next_at else by_itself[job.on_unknown]
    ways = "--adopt RECEIPT (it is at the provider), --resubmit (it may be charged twice) or --abandon"
    yield "you can", f"'polyreel jobs resolve {job.id}' with {ways}"


def overdue(client: Client, job: Job) -> Notice | None:
    """Return the warning of a film that is about to be deleted, also when nobody works on its job."""
    from polyreel.jobs import retention

    return retention.overdue(job, now=client.workspace.clock.now())


def lines(job: Job, late: Notice | None) -> list[str]:
    """Return a job's record for people, a fact on each line.

    Args:
        job: The job.
        late: The warning of a film that is about to be deleted, if there is one.
    """
    facts = (
        ("model", job.model),
        ("status", _standing(job)),
        ("simulated", "yes" if job.simulated else ""),
        ("project", job.project or ""),
        ("prompt", words.shortened(job.prompt, 200)),
        (
            "parameters",
            ", ".join(f"{n}={words.value(v)}" for n, v in job.parameters.items() if n != "prompt"),
        ),
        ("receipt", job.receipt.id if job.receipt else ""),
        ("settings", ", ".join(f"{name}={value}" for name, value in job.settings.items())),
        ("estimate", words.amount(job.estimate)),
        ("cost", words.cost(job.cost) if job.cost else ""),
        ("failure", f"{job.failure.kind}: {job.failure.message}" if job.failure else ""),
        *(_uncertain(job) if job.phase == "unknown" else ()),
        ("next step", words.moment(job.next_at) if job.next_at and not job.done else ""),
    )
    shown = [job.id, *(f"  {name}: {value}" for name, value in facts if value)]
    for asset in job.assets:
        where = asset.place or (f"not fetched ({without_query(asset.url)})" if asset.url else "inline")
        kept = asset.expires_at is not None and asset.place is None and asset.stays is None
        until = f"kept until {words.moment(asset.expires_at)}" if kept else ""
        shown.append(f"  {asset.role}: {', '.join(filter(None, (where, until, words.film(asset))))}")
    warnings = job.warnings if late is None or late in job.warnings else (*job.warnings, late)
    shown += [f"  warning: {notice}" for notice in warnings]
    shown += [f"  continued by: {job.continued_by}"] if job.continued_by else []
    return shown + [
        f"  {words.moment(event.at)} {event.phase} {event.message if event.message != event.phase else ''}".rstrip()
        for event in job.history
    ]
