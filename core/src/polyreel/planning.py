"""The verbs that send nothing: judge a request, price it, move it to another model, look for one that takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

from polyreel.clock import day_of
from polyreel.documents.document import ModelDocument
from polyreel.errors import InvalidRequest, Problem
from polyreel.flows import Call, Flow
from polyreel.parameters.preparation import prepare
from polyreel.replacements import Mover
from polyreel.requests import Desk
from polyreel.search import Finder, Search
from polyreel.submissions import Ready
from polyreel.types.cost import Estimate
from polyreel.types.job import Notice
from polyreel.types.options import AUTO, Options
from polyreel.uploads import rehearsed

if TYPE_CHECKING:
    from polyreel.migration import Migration
    from polyreel.results import Check, DryRun
    from polyreel.spending import By, Spending

__all__ = ["Planning"]


@dataclass(frozen=True, kw_only=True)
class Planning:
    """What a client can do without sending anything.

    Attributes:
        desk: Admits requests.
    """

    desk: Desk

    def admit(self, prompt: str, model: str, parameters: Mapping[str, Any], options: Options) -> Flow[Ready]:
        """Check a request from end to end; ``auto`` stands for the cheapest model that takes it."""
        model, chosen = yield from self._chosen(model, {"prompt": prompt, **parameters}, options)
        if options.on_retired == "migrate":
            mover = Mover(desk=self.desk)
            ready = yield from mover.admit(prompt, model, parameters, options, self.today)
        else:
            ready = yield from self.desk.admit(prompt, model, parameters, options)
        return replace(ready, notices=(*chosen, *ready.notices)) if chosen else ready

    def search(self, accepts: Mapping[str, Any], max_cost: Any, day: date | None) -> Flow[Search]:
        """Ask every model whether it would take a request, today or on another day."""
        options, parameters = Options.take({**accepts, "max_cost": max_cost})
        return (yield from Finder(desk=self.desk).search(parameters, options, day or self.today))

    @property
    def today(self) -> date:
        """The day that counts."""
        return day_of(self.desk.opening.clock)

    def _chosen(
        self, model: str, accepts: Mapping[str, Any], options: Options
    ) -> Flow[tuple[str, tuple[Notice, ...]]]:
        """Return the model itself; for ``auto`` the cheapest that takes the request, and the sentence that says so."""
        if self.desk.catalogue.named(model) != AUTO:
            return model, ()
        if options.byok_api_key is not None:
            message = "a key belongs to one provider: name the model instead of 'auto'"
            raise InvalidRequest([Problem(parameter="byok_api_key", message=message)])
        offer, notice = yield from Finder(desk=self.desk).cheapest(accepts, options, self.today)
        return offer.model, (notice,)

    def check(self, prompt: str, model: str, arguments: Mapping[str, Any]) -> Flow[Check]:
        """Judge a request; nothing is sent and no key is needed."""
        from polyreel.results import Check

        options, parameters = Options.take(arguments)
        model, chosen = yield from self._chosen(model, {"prompt": prompt, **parameters}, options)
        _, _, document = self.desk.model(model)
        prepared = prepare(document, {"prompt": prompt, **parameters}, on_unsupported=options.on_unsupported)
        try:
            ready = yield from self.admit(prompt, model, parameters, options)
        except InvalidRequest as error:
            return Check(
                model=document.id,
                problems=error.problems,
                warnings=(*chosen, *prepared.notices),
                parameters=prepared.values,
                estimate=None,
            )
        return Check(
            model=ready.document.id,
            problems=(),
            warnings=(*chosen, *ready.notices),
            parameters=dict(ready.task.parameters),
            estimate=ready.estimate,
        )

    def estimate(self, model: str, arguments: Mapping[str, Any]) -> Flow[Estimate]:
        """Say what a request costs by the model's document."""
        options, parameters = Options.take(arguments)
        model, _ = yield from self._chosen(model, parameters, options)
        provider, settings, document = self.desk.model(model)
        prepared = prepare(document, {"prompt": "-", **parameters}, on_unsupported=options.on_unsupported)
        if prepared.problems:
            raise InvalidRequest(prepared.problems, model=document.id)
        return self.desk.estimate(document, provider, settings, prepared.values)

    def migrate(self, source: str, target: str, arguments: Mapping[str, Any]) -> Flow[Migration]:
        """Move a request from one model to another."""
        yield from ()
        _, parameters = Options.take(arguments)
        return Mover(desk=self.desk).move(source, target, parameters)

    def replacements(self, source: str, arguments: Mapping[str, Any]) -> Flow[tuple[Migration, ...]]:
        """Move a request to each living model that can take it, and return the best first."""
        yield from ()
        _, parameters = Options.take(arguments)
        return Mover(desk=self.desk).best(source, parameters, self.today)

    def dry_run(self, prompt: str, model: str, arguments: Mapping[str, Any]) -> Flow[DryRun]:
        """Return the exact requests of a submit without sending them."""
        from polyreel.results import DryRun

        options, parameters = Options.take(arguments)
        ready = yield from self.admit(prompt, model, parameters, options)
        requests = rehearsed(ready.provider, ready.task, ready.document)
        return DryRun(
            model=ready.task.model, requests=requests, estimate=ready.estimate, warnings=ready.notices
        )

    def costs(self, by: By | None, since: date | None) -> Flow[list[Spending]]:
        """Sum what the jobs of the store cost."""
        from polyreel.spending import summed

        store = self.desk.purse.store
        first = 0.0 if since is None else datetime.combine(since, time(), UTC).timestamp()
        expenses = yield Call(function=lambda: store.expenses(first), quick=store.quick)
        return summed(expenses, by)

    def models(self) -> Flow[list[ModelDocument]]:
        """Return every model document, sorted by id."""
        yield from ()
        return sorted(self.desk.catalogue.documents(), key=lambda document: document.id)

    def model(self, model: str) -> Flow[ModelDocument]:
        """Return one model's document."""
        yield from ()
        return self.desk.model(model)[2]
