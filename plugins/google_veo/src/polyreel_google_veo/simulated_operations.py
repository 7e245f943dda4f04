"""Long-running operations of both Veo surfaces: remembered as JSON, and read off the clock.

A film is paid when it is made; what is filtered or fails costs nothing (documented for the developer API, assumed for
Vertex). Assumed: what is refused by the model fails after a fifth of the time that a film takes, what breaks after
three fifths; operations are never forgotten.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any, Final

from polyreel.simulation.charges import Charge
from polyreel.simulation.simulator import Stage

from polyreel_google_veo.simulated_errors import Refused
from polyreel_google_veo.simulated_films import Film, FilmShelf
from polyreel_google_veo.simulated_models import DEVELOPER
from polyreel_google_veo.simulated_outcomes import BLOCKED, FAILURES, good_samples
from polyreel_google_veo.simulated_rules import Plan

__all__ = ["Operation", "Operations", "new_id", "passes_this_time"]

_REFUSED_AFTER: Final = 0.2
_BROKEN_AFTER: Final = 0.6


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What is remembered of an operation.

    Attributes:
        name: As the service calls it.
        surface: Where it runs.
        created: When it was accepted, in seconds since 1970.
        ends: When it is done, ``None`` for never.
        marker: The marker in its prompt.
        samples: How many films were asked for.
        failure: Code and message of the error that it ends with.
        film: The film that is made.
        cost: USD for each film.
        storage: Where the films go: ``gs://…``.
        films: The ids of the films, once it is done.
        places: Where each of them is: a file's id or ``gs://…``; empty for films that are answered inline.
        settled: Whether the films were made and paid.
    """

    name: str
    surface: str
    created: float
    ends: float | None
    marker: str = ""
    samples: int = 1
    failure: tuple[int, str] | None = None
    film: dict[str, Any] | None = None
    cost: str = "0"
    storage: str | None = None
    films: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    settled: bool = False

    def done(self, now: float) -> bool:
        """Tell whether it is over."""
        return self.ends is not None and now >= self.ends

    @property
    def good(self) -> int:
        """How many films are, or will be, there."""
        return 0 if self.failure else good_samples(self.marker, self.samples)

    @property
    def error(self) -> dict[str, Any] | None:
        """Its ``error`` as a ``google.rpc.Status``."""
        return None if self.failure is None else {"code": self.failure[0], "message": self.failure[1]}


class Operations:
    """The operations of one account.

    Args:
        stage: Its state is written, its clock read, its ledger charged.
        shelf: Takes the films.
        deliver: Puts a film where it belongs when the operation ends, and returns the place.
    """

    def __init__(
        self, stage: Stage, shelf: FilmShelf, deliver: Callable[[Operation, str, int], str | None]
    ) -> None:
        self._stage = stage
        self._shelf = shelf
        self._deliver = deliver

    @property
    def _records(self) -> dict[str, Any]:
        records: dict[str, Any] = self._stage.state.setdefault("operations", {})
        return records

    def accept(self, name: str, surface: str, plan: Plan, *, marker: str, storage: str | None = None) -> None:
        """Begin an operation that makes films, or breaks if the marker says so.

        Args:
            name: As the service calls it.
            surface: Where it runs.
            plan: What is made.
            marker: The marker in the prompt.
            storage: The folder for the films: ``gs://…``.
        """
        created = self._stage.clock.now()
        failure = FAILURES.get(marker)
        if failure is None and marker in BLOCKED:
            failure = (3, BLOCKED[marker])
        share = _BROKEN_AFTER if failure else 1.0
        self._keep(
            Operation(
                name=name,
                surface=surface,
                created=created,
                ends=None if marker == "[endless]" else created + share * self._stage.render_seconds,
                marker=marker,
                samples=plan.samples,
                failure=failure,
                film=plan.film.dump(),
                cost=str(plan.cost),
                storage=storage,
            )
        )

    def accept_refused(self, name: str, surface: str, refused: Refused) -> None:
        """Begin an operation that fails because the model refuses the order.

        Args:
            name: As the service calls it.
            surface: Where it runs.
            refused: Why.
        """
        created = self._stage.clock.now()
        ends = created + _REFUSED_AFTER * self._stage.render_seconds
        failure = (refused.code, refused.message)
        self._keep(Operation(name=name, surface=surface, created=created, ends=ends, failure=failure))

    def find(self, name: str) -> Operation | None:
        """Return an operation, ``None`` when there is none of this name."""
        record = self._records.get(name)
        return None if record is None else _loaded(record)

    def settle(self) -> None:
        """Make, deliver and charge the films of every operation that is done by now."""
        now = self._stage.clock.now()
        for record in list(self._records.values()):
            operation = _loaded(record)
            if not operation.settled and operation.done(now):
                self._settle(operation)

    def _settle(self, operation: Operation) -> None:
        films, places = [], []
        for number in range(operation.good):
            film_id = self._shelf.add(_sample(operation, number))
            place = self._deliver(operation, film_id, number)
            films.append(film_id)
            places += [] if place is None else [place]
        self._keep(replace(operation, films=tuple(films), places=tuple(places), settled=True))
        if films:
            amount = Decimal(operation.cost) * len(films)
            at = operation.ends or 0.0
            reason = f"{len(films)} of {operation.samples} films at {operation.cost}"
            self._stage.charges.add(Charge(at=at, job=operation.name, amount=amount, reason=reason))

    def _keep(self, operation: Operation) -> None:
        self._records[operation.name] = asdict(operation)


def new_id(surface: str) -> str:
    """Return the id of a new operation: letters and digits on the developer API, a UUID on Vertex."""
    return secrets.token_hex(6) if surface == DEVELOPER else str(uuid.uuid4())


def passes_this_time(stage: Stage, prompt: str) -> bool:
    """Tell whether a prompt with ``[filter:audio]`` passes: every second time.

    Args:
        stage: Its state remembers the first time.
        prompt: The prompt.
    """
    filtered: list[str] = stage.state.setdefault("filtered_sounds", [])
    digest = hashlib.sha256(prompt.encode("utf-8", "replace")).hexdigest()[:16]
    if digest in filtered:
        filtered.remove(digest)
        return True
    filtered.append(digest)
    return False


def _loaded(record: dict[str, Any]) -> Operation:
    tuples = {name: tuple(record[name]) for name in ("films", "places")}
    failure = record["failure"]
    return Operation(**{**record, **tuples, "failure": None if failure is None else tuple(failure)})


def _sample(operation: Operation, number: int) -> Film:
    """Return the film of one sample: each has its own seed (sheet, section 1.5)."""
    film = Film(**(operation.film or {}))
    if number == 0:
        return film
    return replace(film, seed=(film.seed or 0) + number)
