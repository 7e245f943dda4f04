"""The way out: no request to a provider leaves before the account's rate allows it.

Where nothing is limited, and no server refused anything lately, passing costs a look at a dictionary; the store is asked
once a second. Where something is, each request takes its turn from the row that all processes of the store share.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from polyreel.errors import RateLimited
from polyreel.flows import Effect, Fetch, Flow, Save, Send, Sleep
from polyreel.http import Response
from polyreel.jobs.pacing import advice
from polyreel.jobs.turns import Turns
from polyreel.rates import MOST_BLOCKED, Bucket, Grant, Kind, Limits, Place, Refusal, slowed, take

if TYPE_CHECKING:
    from polyreel.clock import Clock
    from polyreel.storage.store import JobStore
    from polyreel.types.job import Job

__all__ = ["Later", "Turnstile"]

T = TypeVar("T")

PATIENCE: Final = 2.0
"""So many seconds a request waits for its turn; for longer ones the job comes again."""

RARELY: Final = 10.0
"""Seconds after which it is looked again whether jobs that were begun here were ended by another process."""

FRESH: Final = 1.0  # seconds for which it is believed that nothing is limited
MINUTE: Final = 60.0
_TOO_MANY: Final = 429


class Later(Exception):
    """A request may not leave yet: the step ends here, and the job comes again.

    Args:
        seconds: When.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"not before {seconds:.1f} s have passed")
        self.seconds = seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """What holds for an account, as it was read a moment ago."""

    at: float
    limits: Limits
    buckets: Mapping[Kind, Bucket]

    def is_free(self, kind: Kind) -> bool:
        return kind not in self.buckets and self.limits.of(kind) is None


class Turnstile:
    """Lets requests out at their account's rate.

    Args:
        store: Where the rates are kept.
        clock: Its steady side counts.
        limits: Gives what is configured for a provider.
    """

    def __init__(self, *, store: JobStore, clock: Clock, limits: Callable[[str], Limits]) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits
        self._known: dict[Place, _Known] = {}
        self._sent: dict[tuple[Place, Kind], tuple[float, float]] = {}
        self._turns: dict[Place, Turns] = {}
        self._looked: dict[tuple[Place, str], float] = {}
        self._lock = threading.Lock()

    def turn(self, place: Place, name: str, label: str | None) -> Flow[None]:
        """Let a job's submit out when it is its turn: label by label, and not faster than the account's rate.

        Args:
            place: The account.
            name: The job.
            label: Its project.

        Raises:
            Later: It is not its turn yet.
        """
        known = yield from self._fresh(place)
        if known.is_free("submit") and known.limits.in_flight is None:
            self._count(place, "submit")
            return
        yield from self._without_those_over(place, label or "")
        now = self._clock.steady()
        with self._lock:
            turns = self._line(place, known.limits)
            before = turns.ask(name, label or "", now=now)
        if before == 0:
            verdict = yield from self._taken(place, "submit", PATIENCE)
            if isinstance(verdict, Grant):
                with self._lock:
                    turns.begin(name, label or "")
                if verdict.wait:
                    yield Sleep(seconds=verdict.wait)
                return
            wait = verdict.wait
        else:
            wait = _pause(known, before)
        with self._lock:
            turns.back_at(name, label or "", at=now + wait)
        raise Later(wait)

    def _without_those_over(self, place: Place, label: str) -> Flow[None]:
        """Let go of a full label's jobs that are over: another process may have taken them to their end."""
        now = self._clock.steady()
        with self._lock:
            names = self._turns[place].filling(label) if place in self._turns else ()
            if not names or now - self._looked.get((place, label), -math.inf) < RARELY:
                return
            self._looked[place, label] = now
        for name in names:
            job: Job | None = yield Save(function=partial(self._store.get, name), quick=self._store.quick)
            if job is None or job.done:
                self.over(place, name, label)

    def over(self, place: Place, name: str, label: str | None) -> None:
        """Note that a job is over, or was given up: the next one of its label may go."""
        with self._lock:
            if place in self._turns:
                self._turns[place].end(name, label or "")

    def runs(self, place: Place, name: str, label: str | None) -> None:
        """Note that a job is in flight, where so many of its label may be: it was begun in another life of the process."""
        known = self._known.get(place)
        if known is not None and known.limits.in_flight is not None:
            with self._lock:
                self._line(place, known.limits).begin(name, label or "")

    def through(
        self, flow: Flow[T], place: Place | None, kind: Kind, heard: Callable[[Response], None] | None = None
    ) -> Flow[T]:
        """Return ``flow`` with its requests counted, and refusals noted. Its first request was let out by :meth:`enter`.

        Args:
            flow: The flow.
            place: The account; ``None`` for one that nothing is counted of.
            kind: What its requests are for.
            heard: Called with each answer.
        """
        requests, sent_at = 0, 0.0
        try:
            effect = next(flow)
            while True:
                counts = isinstance(effect, Send | Fetch) and place is not None
                if counts and place is not None:
                    requests += 1
                    if requests > 1:
                        yield from self._one_more(place, kind)
                    sent_at = self._clock.steady()
                    effect = _told_at_once(effect) if kind == "poll" else effect
                try:
                    result = yield effect
                except BaseException as error:  # noqa: BLE001  the flow decides, also about KeyboardInterrupt
                    effect = flow.throw(error)
                    continue
                if counts and place is not None and result.status == _TOO_MANY:
                    told = advice(result.headers, now=self._clock.now())
                    yield from self.refused(place, kind, sent_at=sent_at, advised=told)
                if heard is not None and isinstance(result, Response):
                    heard(result)
                effect = flow.send(result)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]  # StopIteration carries the flow's T untyped
        except RateLimited as error:  # some say it with another status
            if place is not None:
                yield from self.refused(place, kind, sent_at=sent_at, advised=error.retry_after)
            raise
        finally:
            flow.close()

    def enter(self, place: Place, kind: Kind) -> Flow[None]:
        """Let one request out.

        Raises:
            Later: It may not leave within the next two seconds.
        """
        verdict = yield from self._verdict(place, kind, PATIENCE)
        if isinstance(verdict, Refusal):
            raise Later(verdict.wait)
        if verdict.wait:
            yield Sleep(seconds=verdict.wait)

    def refused(self, place: Place, kind: Kind, *, sent_at: float, advised: float | None) -> Flow[None]:
        """Note that the server refused a request as one too many: all processes send less.

        Args:
            place: The account.
            kind: What the request was for.
            sent_at: When it was sent, on the steady clock.
            advised: Seconds for which the server wants no more.
        """
        limit = (yield from self._fresh(place)).limits.of(kind)
        now = self._clock.steady()

        def change(bucket: Bucket | None) -> tuple[Bucket | None, None]:
            observed = self._observed(place, kind, now)
            after = slowed(bucket, limit, now=now, sent_at=sent_at, observed=observed, advised=advised)
            return after, None

        yield Save(function=lambda: self._store.rates.change(place, kind, change), quick=self._store.quick)
        self._known.pop(place, None)

    def _one_more(self, place: Place, kind: Kind) -> Flow[None]:
        """Let one more request of the same step out: it is counted, and never sent back."""
        verdict = yield from self._verdict(place, kind, MOST_BLOCKED)
        if verdict.wait:
            yield Sleep(seconds=min(verdict.wait, PATIENCE))

    def _line(self, place: Place, limits: Limits) -> Turns:
        if place not in self._turns:
            self._turns[place] = Turns(most=limits.in_flight)
        return self._turns[place]

    def _verdict(self, place: Place, kind: Kind, patience: float) -> Flow[Grant | Refusal]:
        known = yield from self._fresh(place)
        if known.is_free(kind):
            self._count(place, kind)
            return Grant()
        return (yield from self._taken(place, kind, patience))

    def _taken(self, place: Place, kind: Kind, patience: float) -> Flow[Grant | Refusal]:
        known, now = (yield from self._fresh(place)), self._clock.steady()
        change = partial(take, limit=known.limits.of(kind), now=now, patience=patience)
        verdict: Grant | Refusal = yield Save(
            function=lambda: self._store.rates.change(place, kind, change), quick=self._store.quick
        )
        if isinstance(verdict, Grant):
            self._count(place, kind)
        return verdict

    def _fresh(self, place: Place) -> Flow[_Known]:
        known, now = self._known.get(place), self._clock.steady()
        if known is None or not 0 <= now - known.at < FRESH:
            buckets: Mapping[Kind, Bucket] = yield Save(
                function=lambda: self._store.rates.buckets(place), quick=self._store.quick
            )
            known = _Known(at=now, limits=self._limits(place.provider), buckets=buckets)
            self._known[place] = known
        return known

    def _count(self, place: Place, kind: Kind) -> None:
        now = self._clock.steady()
        weight, at = self._sent.get((place, kind), (0.0, now))
        self._sent[place, kind] = (weight * math.exp(-max(now - at, 0.0) / MINUTE) + 1.0, now)

    def _observed(self, place: Place, kind: Kind, now: float) -> float:
        """Return how many of a kind this process sent per second, over the last minute or so."""
        weight, at = self._sent.get((place, kind), (0.0, now))
        return weight * math.exp(-max(now - at, 0.0) / MINUTE) / MINUTE


def _told_at_once(effect: Effect) -> Effect:
    """Return an effect that is not sent again after a refusal: all the account's requests are to wait, not this one."""
    if not isinstance(effect, Send):
        return effect
    own = effect.final
    return replace(effect, final=lambda response: response.status == _TOO_MANY or bool(own and own(response)))


def _pause(known: _Known, before: int | None) -> float:
    """Return when it is worth asking again for a submit, with so many before."""
    if before is None:
        return PATIENCE  # until one of the label's own is over, and nobody knows when
    limit, bucket = known.limits.submit, known.buckets.get("submit")
    rates = [rate for rate in (limit and limit.per_second, bucket and bucket.allowed) if rate]
    return min(max(before / min(rates), PATIENCE), MOST_BLOCKED) if rates else PATIENCE
