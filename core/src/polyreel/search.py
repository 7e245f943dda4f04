"""A search is a request: which models would take it today, at what price, and why the others would not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, SupportsIndex, overload

from polyreel.catalogue import check_lifecycle
from polyreel.documents.document import ModelDocument
from polyreel.errors import (
    BudgetExceeded,
    ConfigurationError,
    InvalidRequest,
    MissingKey,
    ModelNotFound,
    ModelRetired,
)
from polyreel.flows import Flow
from polyreel.markup import Block, card, lines, table
from polyreel.parameters.aliases import unified
from polyreel.parameters.preparation import prepare
from polyreel.types.cost import Estimate
from polyreel.types.job import Notice
from polyreel.types.options import AUTO, Options
from polyreel.types.provider import Settings

if TYPE_CHECKING:
    from polyreel.plugins import Provider
    from polyreel.requests import Desk

__all__ = ["Finder", "NearMiss", "Offer", "Search", "cheapest_first"]

_PROMPT: Final = "A film"  # where a search names none
_SHOWN: Final = 5
_DEAREST: Final = Decimal("Infinity")  # an unknown price goes last, since it is not zero


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """A model that would take the request.

    Attributes:
        document: The model's document.
        estimate: What the request would cost there; its amount is ``None`` when nobody knows.
        warnings: What would not be done quite as asked.
        missing: What this machine lacks to send it; empty when it could be sent now.
    """

    document: ModelDocument
    estimate: Estimate
    warnings: tuple[Notice, ...] = ()
    missing: str = ""

    @property
    def model(self) -> str:
        """The id that chooses it: ``provider/model``, with ``@surface`` where there are several."""
        return self.document.reference

    @property
    def configured(self) -> bool:
        """Whether this machine has what the provider needs, so that it could be sent now."""
        return not self.missing

    @property
    def price(self) -> str:
        """What it would cost, in words."""
        if self.estimate.amount is None:
            return f"at a price that is not known ({self.estimate.rule})"
        return f"for {self.estimate.amount} {self.estimate.currency} ({self.estimate.rule})"

    def _repr_html_(self) -> str:
        """Show the offer in a notebook."""
        return card(self.model, self.document.title, [_offers([self]), lines("Warnings", self.warnings)])


@dataclass(frozen=True, kw_only=True, slots=True)
class NearMiss:
    """A model that would not take the request.

    Attributes:
        document: The model's document.
        reasons: Why, as sentences; the fewer, the nearer.
        retired: Whether it was shut down, whatever it would say to the request.
    """

    document: ModelDocument
    reasons: tuple[str, ...]
    retired: bool = False

    @property
    def model(self) -> str:
        """The id that would choose it."""
        return self.document.reference

    def _repr_html_(self) -> str:
        """Show in a notebook why it would not."""
        return card(f"{self.model} would not take this request", "", [lines("Because", self.reasons)])


@dataclass(frozen=True, kw_only=True, slots=True)
class Search(Sequence[Offer]):
    """What a search found: a sequence of offers, the cheapest first.

    Attributes:
        offers: The models that would take the request.
        misses: Those that would not, the nearest first: living ones by the number of reasons, then by name; after them
            those that were shut down, the last one first, since no other request would help.
    """

    offers: tuple[Offer, ...]
    misses: tuple[NearMiss, ...]

    def __len__(self) -> int:
        return len(self.offers)

    @overload
    def __getitem__(self, index: SupportsIndex) -> Offer: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Offer]: ...
    def __getitem__(self, index: Any) -> Any:
        return self.offers[index]

    def __iter__(self) -> Iterator[Offer]:
        return iter(self.offers)

    def _repr_html_(self) -> str:
        """Show the offers in a notebook, and the nearest of those that would not take the request."""
        near = [f"{miss.model}: {'; '.join(miss.reasons)}" for miss in self.misses[:_SHOWN]]
        count = f"{len(self.offers)} of {len(self.offers) + len(self.misses)} models take this request"
        return card(count, "", [_offers(self.offers), lines("Not, but nearest", near)])


@dataclass(frozen=True, kw_only=True)
class Finder:
    """Asks every model whether it would take a request, as the desk would ask it.

    Attributes:
        desk: Where requests are admitted.
    """

    desk: Desk

    def search(self, accepts: Mapping[str, Any], options: Options, day: date) -> Flow[Search]:
        """Ask every model; a model that was shut down by ``day`` takes none.

        Args:
            accepts: The request: parameters under any of their names. ``True`` for a picture or a film says that there
                will be one.
            options: ``max_cost`` and ``on_unsupported`` count.
            day: The day that counts.
        """
        options = replace(options, output=None, folder=None)
        offers: list[Offer] = []
        misses: list[NearMiss] = []
        # Where the film goes is nothing that a model decides about.
        finder = replace(self, desk=replace(self.desk, day=day, folder=lambda: None))
        for document in self.desk.catalogue.installed():
            if document.is_family:
                continue
            answer = yield from finder.asked(document, accepts, options, day)
            (offers if isinstance(answer, Offer) else misses).append(answer)  # type: ignore[arg-type]  # of its kind
        return Search(offers=cheapest_first(offers), misses=_nearest_first(misses))

    def cheapest(self, accepts: Mapping[str, Any], options: Options, day: date) -> Flow[tuple[Offer, Notice]]:
        """Return the cheapest living and configured model that takes a request, and a sentence that says so.

        Raises:
            ModelNotFound: There is none; the message names the nearest.
        """
        found = yield from self.search(accepts, options, day)
        ready = [offer for offer in found if offer.configured]
        if ready:
            best = ready[0]
            of = (
                f"the cheapest of {len(ready)} that take this request"
                if len(ready) > 1
                else "the only one that takes it"
            )
            return best, Notice(parameter="model", message=f"{best.model} was chosen: {of}, {best.price}")
        near = [f"{offer.model} needs {offer.missing}" for offer in found[:2]]
        near += [f"{miss.model}: {miss.reasons[0]}" for miss in found.misses[: _SHOWN - len(near)]]
        raise ModelNotFound(
            f"no living and configured model takes this request. The nearest: {'; '.join(near) or 'none'}. "
            "See 'polyreel models search'",
            model=AUTO,
            suggestions=[offer.model for offer in found],
        )

    def asked(
        self, document: ModelDocument, accepts: Mapping[str, Any], options: Options, day: date
    ) -> Flow[Offer | NearMiss]:
        """Ask one model; see :meth:`search`."""
        try:
            provider, settings, _ = self.desk.model(document.reference)
            ending = check_lifecycle(document, provider.info, settings, day)
            estimated, warnings = yield from self._judged(document, accepts, options)
        except InvalidRequest as error:
            reasons = tuple(f"{problem.parameter}: {problem.message}" for problem in error.problems)
            return NearMiss(document=document, reasons=reasons)
        except ModelRetired as error:
            instead = f"; use {' or '.join(error.replacements)}" if error.replacements else ""
            reason = f"was shut down on {error.retired_on}{instead}"
            return NearMiss(document=document, reasons=(reason,), retired=True)
        except (BudgetExceeded, ConfigurationError, ModelNotFound) as error:
            return NearMiss(document=document, reasons=(str(error),))
        return Offer(
            document=document,
            estimate=estimated,
            warnings=warnings if ending is None or ending in warnings else (ending, *warnings),
            missing="" if self.desk.simulated else self._missing(provider, settings),
        )

    def _judged(
        self, document: ModelDocument, accepts: Mapping[str, Any], options: Options
    ) -> Flow[tuple[Estimate, tuple[Notice, ...]]]:
        """Admit the request; media that are only announced count as right, whatever they will be.

        Raises:
            InvalidRequest: The model does not take it.
        """
        given, contradictions = unified({"prompt": _PROMPT, **accepts})
        if contradictions:
            raise InvalidRequest(contradictions, model=document.id)
        announced = [name for name in document.media_parameters if given.get(name) is True]
        if not announced:
            prompt = given.pop("prompt")
            ready = yield from self.desk.admit(prompt, document.reference, given, options)
            return ready.estimate, ready.notices
        lists = [name for name in announced if document.properties[name].get("type") == "array"]
        given |= {name: [True] for name in lists}
        prepared = prepare(document, given, on_unsupported=options.on_unsupported)
        if prepared.problems:
            raise InvalidRequest(prepared.problems, model=document.id)
        provider, settings, _ = self.desk.model(document.reference)
        rest = {name: value for name, value in prepared.values.items() if name not in announced}
        task = self.desk.task(provider, settings, document, rest, prepared, options)
        told = provider.validate_parameters(task)
        others = [problem for problem in told if problem.parameter.partition(".")[0] not in announced]
        if others:
            raise InvalidRequest(others, model=document.id)
        estimated = self.desk.estimate(document, provider, settings, prepared.values)
        project = options.project or self.desk.opening.configuration.project
        yield from self.desk.purse.afford(estimated, options.max_cost, project)
        return estimated, prepared.notices

    def _missing(self, provider: Provider, settings: Settings) -> str:
        try:
            self.desk.opening.configuration.require(provider.info, settings)
        except MissingKey as error:
            return error.needs
        return ""


def _offers(offers: Iterable[Offer]) -> Block:
    rows = [
        (offer.model, offer.price, f"needs {offer.missing}" if offer.missing else "yes") for offer in offers
    ]
    return table(("model", "price", "configured here"), rows)


def _nearest_first(misses: Iterable[NearMiss]) -> tuple[NearMiss, ...]:
    def distance(miss: NearMiss) -> tuple[bool, int, str]:
        ended = miss.document.lifecycle.retires_on if miss.retired else None
        return miss.retired, len(miss.reasons) if ended is None else -ended.toordinal(), miss.model

    return tuple(sorted(misses, key=distance))


def cheapest_first(offers: Sequence[Offer]) -> tuple[Offer, ...]:
    """Return offers by price, unknown prices last; of equal ones those with fewer warnings, then by name."""

    def rank(offer: Offer) -> tuple[Decimal, int, str]:
        amount = offer.estimate.amount
        return _DEAREST if amount is None else amount, len(offer.warnings), offer.model

    return tuple(sorted(offers, key=rank))
