"""What experience says about the next look: how long films of a model take here, and whether messages of theirs come."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from polyreel.flows import Flow, Save
from polyreel.jobs.pacing import WEBHOOK_STRETCH
from polyreel.types.provider import WEBHOOK_SECRET

if TYPE_CHECKING:
    from polyreel.clock import Clock
    from polyreel.durations import Durations
    from polyreel.storage.store import JobStore
    from polyreel.types.job import Job
    from polyreel.types.provider import Settings

__all__ = ["Almanac", "webhook_account"]

LEAST: Final = 8
"""With fewer films nothing is known about the fastest tenth."""

FRESH: Final = 60.0  # seconds for which what was read is good enough
LATELY: Final = 24 * 3600.0


@dataclass(frozen=True, kw_only=True)
class Almanac:
    """Remembers, in the store, for all its processes.

    Attributes:
        store: Where it is kept.
        clock: The time.
    """

    store: JobStore
    clock: Clock
    _early: dict[str, tuple[float, float | None]] = field(default_factory=dict, repr=False)
    _stretch: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict, repr=False)

    def early(self, job: Job) -> Flow[float | None]:
        """Return the seconds in which one film in ten of a job's model is ready; ``None`` when that is not known."""
        if job.simulated:
            return None
        model, now = job.model, self.clock.steady()
        read_at, known = self._early.get(model, (now - FRESH, None))
        if not 0 <= now - read_at < FRESH:
            durations: Durations = yield Save(
                function=lambda: self.store.rates.durations(model), quick=self.store.quick
            )
            known = durations.quantile(0.1, least=LEAST)
            self._early[model] = (now, known)
        return known

    def learn(self, job: Job) -> Flow[None]:
        """Learn from a job that was just seen to be rendered; ``job`` is its record before that look.

        It became ready at some time between the last look and this one; the middle is assumed. A simulated job teaches
        nothing.
        """
        if job.simulated or job.submitted_at is None or job.rendered_at is not None:
            return
        before = max(job.updated_at - job.submitted_at, 0.0) if job.polls else 0.0
        seconds = (before + max(self.clock.now() - job.submitted_at, 0.0)) / 2
        model = job.model
        yield Save(function=lambda: self.store.rates.learn(model, seconds), quick=self.store.quick)

    def stretch(self, settings: Settings) -> Flow[float]:
        """Return how many times rarer than usual an account's jobs need a look: 1, or 4 while its messages come.

        They do if its ``webhook_secret`` is set and a message that this very secret verified came in the last 24 hours.
        A secret alone says nothing about whether the vendor was told where to send.
        """
        account = webhook_account(settings)
        if account is None:
            return 1.0
        key, now = (settings.provider, account), self.clock.steady()
        read_at, known = self._stretch.get(key, (now - FRESH, 1.0))
        if not 0 <= now - read_at < FRESH:
            last: float | None = yield Save(
                function=lambda: self.store.arrivals.last(*key), quick=self.store.quick
            )
            is_lately = last is not None and abs(self.clock.now() - last) <= LATELY
            known = WEBHOOK_STRETCH if is_lately else 1.0
            self._stretch[key] = (now, known)
        return known

    def known_stretch(self, settings: Settings) -> float:
        """Return what :meth:`stretch` last said, without asking again."""
        account = webhook_account(settings)
        return 1.0 if account is None else self._stretch.get((settings.provider, account), (0.0, 1.0))[1]

    def was_told(self, job: Job, receipt_id: str, since: float) -> Flow[bool]:
        """Return whether a message about a job came at ``since`` (seconds since 1970) or later."""
        told: bool = yield Save(
            function=lambda: self.store.arrivals.was_told(job.provider, receipt_id, since),
            quick=self.store.quick,
        )
        return told


def webhook_account(settings: Settings) -> str | None:
    """Return what tells the receiver of one account's messages from others': a digest of ``webhook_secret``.

    Args:
        settings: The account's; ``None`` is returned when it has no such secret.
    """
    secret = settings.secret(WEBHOOK_SECRET)
    return hashlib.sha256(secret.reveal().encode()).hexdigest()[:16] if secret else None
