"""How long a provider keeps a film, and when it is time to worry that nobody fetched it. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from polyreel.types.job import Job, Notice, Phase

__all__ = ["kept_until", "overdue"]


def kept_until(job: Job) -> float | None:
    """Return when the first film that is not here yet is deleted, seconds since 1970; ``None`` when nobody says."""
    ends = [
        film.expires_at
        for film in job.videos
        if film.expires_at is not None and film.stays is None and film.place is None
    ]
    return min(ends, default=None)


def overdue(job: Job, *, now: float) -> Notice | None:
    """Return a warning when half of the time for which a film is kept has passed and it is not here.

    Args:
        job: The job.
        now: Seconds since 1970.
    """
    end = kept_until(job)
    if job.phase is not Phase.RENDERED or job.rendered_at is None or end is None:
        return None
    if now < job.rendered_at + (end - job.rendered_at) / 2:
        return None
    when = datetime.fromtimestamp(end, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return Notice(
        parameter="job",
        message=(
            f"half of the time for which {job.provider} keeps the film has passed and it is not here; it is deleted at "
            f"{when}. Fetch it now: 'polyreel jobs resume {job.id}'"
        ),
    )
