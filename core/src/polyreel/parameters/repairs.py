"""From a request that breaks rules of a document to the nearest one that it accepts, by the document's own rules."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from polyreel.documents.document import ModelDocument
from polyreel.documents.validation import accepts, validator
from polyreel.parameters.nearness import Nearness, choices, cut, distance, nearness
from polyreel.parameters.preparation import Prepared, prepare
from polyreel.parameters.problems import is_number
from polyreel.parameters.shapes import derived

__all__ = ["SURVIVAL", "importance", "repaired"]

SURVIVAL: Final[Mapping[Nearness, float]] = {
    Nearness.KEPT: 1.0,
    Nearness.NEAR: 0.75,
    Nearness.FAR: 0.35,
    Nearness.LOST: 0.0,
}
"""How much of a parameter survives what became of it."""

_PROMPT: Final = 4.0
_MEDIUM: Final = 3.0
_TRIES: Final = 300  # requests that are looked at; real documents need fewer than ten
_UNASKED: Final = 0.1  # what nobody asked for gives way first
_DROPPED: Final = None

_Edits = dict[str, Any]


def importance(name: str, document: ModelDocument) -> float:
    """Return what a parameter weighs: the prompt as much as four others, a picture or a film as much as three.

    Args:
        name: The parameter.
        document: The document of a model that has it.
    """
    if name == "prompt":
        return _PROMPT
    return _MEDIUM if name in document.media_parameters else 1.0


def repaired(
    document: ModelDocument, values: Mapping[str, Any], requested: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the request nearest to ``values`` that a document accepts.

    Only parameters that a broken rule names are changed: to another allowed value, or left out. Of all ways the one is
    taken that costs least of what was requested; the search is deterministic and ends after 300 looks, with the prompt
    alone.

    Args:
        document: The document.
        values: A request of which each value is accepted by itself.
        requested: What was asked for: what its changes cost is counted.

    Returns:
        The request. Only if the document demands what cannot be made up (a picture), it is still not accepted.
    """
    return _Search(document=document, values=values, requested=requested).best()


@dataclass(frozen=True, kw_only=True)
class _Dispute:
    """A broken rule: its part of the document, and the parameters that it names."""

    rule: Any
    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Search:
    document: ModelDocument
    values: Mapping[str, Any]
    requested: Mapping[str, Any]

    def best(self) -> dict[str, Any]:
        order = itertools.count()
        queue: list[tuple[float, int, _Edits]] = [(0.0, next(order), {})]
        seen = {self._key({})}
        for _ in range(_TRIES):
            if not queue:
                break
            _, _, edits = heapq.heappop(queue)
            given = self._edited(edits)
            prepared = prepare(self.document, given)
            if not prepared.problems:
                return given
            for further in self._ways_out(edits, given, prepared):
                key = self._key(further)
                if key not in seen:
                    seen.add(key)
                    heapq.heappush(queue, (self._cost(further), next(order), further))
        return {name: value for name, value in self.values.items() if name == "prompt"}

    def _key(self, edits: _Edits) -> tuple[tuple[str, str], ...]:
        return tuple(sorted((name, repr(value)) for name, value in edits.items()))

    def _edited(self, edits: _Edits) -> dict[str, Any]:
        return {name: value for name, value in {**self.values, **edits}.items() if value is not _DROPPED}

    def _cost(self, edits: _Edits) -> float:
        return sum(self._price(name, value) for name, value in edits.items())

    def _price(self, name: str, value: Any) -> float:
        """Return what it costs that a parameter gets ``value``."""
        wanted = self.requested.get(name, self.values.get(name, self.document.defaults.get(name)))
        apart = 0.01 * distance(wanted, value)
        lost = 1.0 - SURVIVAL[nearness(wanted, value)]
        share = importance(name, self.document) if name in self.requested else _UNASKED
        return share * lost + apart

    def _ways_out(self, edits: _Edits, given: Mapping[str, Any], prepared: Prepared) -> Iterator[_Edits]:
        dispute = _first_dispute(self.document, given, prepared)
        for name in dispute.names:
            for value in self._others(name, given, dispute.rule):
                yield {**edits, name: value}

    def _others(self, name: str, given: Mapping[str, Any], rule: Any) -> Iterator[Any]:
        """Yield what a parameter could be instead of what it is."""
        schema = self.document.properties.get(name, {})
        current = given.get(name, self.document.defaults.get(name))
        for value in (*choices(schema), *_named(rule, name, current)):
            if accepts(schema, value) and nearness(current, value) is not Nearness.KEPT:
                yield value
        if name in given and name not in self.document.json.get("required", ()):
            yield _DROPPED


def _first_dispute(document: ModelDocument, given: Mapping[str, Any], prepared: Prepared) -> _Dispute:
    known = {name: value for name, value in given.items() if name in document.properties}
    _, contradiction = derived(known, document.derivations)
    if contradiction is not None:
        return _Dispute(rule={}, names=tuple(n for n in document.derivations[0] if n in known))
    disputes = []
    for error in validator(document.json).iter_errors(prepared.values):
        place: list[Any] = list(error.absolute_schema_path)
        if place[0] == "properties":
            disputes.append(_Dispute(rule={}, names=(str(place[1]),)))
            continue
        rule = document.json[place[0]]
        if place[0] == "required":
            missing = [name for name in rule if name not in prepared.values]
            disputes.append(_Dispute(rule={}, names=tuple(missing)))
            continue
        rule = rule[place[1]] if isinstance(rule, list) else rule
        disputes.append(_Dispute(rule=rule, names=tuple(dict.fromkeys(_mentioned(rule)))))
    if disputes:
        return min(disputes, key=lambda dispute: str(dispute.names))
    # What no schema says: a text or a number that cannot be sent.
    names = (problem.parameter for problem in prepared.problems)
    return _Dispute(rule={}, names=tuple(name for name in names if name in given))


def _mentioned(rule: Any) -> Iterator[str]:
    """Yield the parameters that a rule names, at any depth but that of a parameter's own schema."""
    if isinstance(rule, list):
        for part in rule:
            yield from _mentioned(part)
    if not isinstance(rule, Mapping):
        return
    yield from (name for name in rule.get("required", ()) if isinstance(name, str))
    yield from rule.get("properties", {})
    for word, part in rule.items():
        if word not in {"properties", "required"}:
            yield from _mentioned(part)


def _named(rule: Any, name: str, current: Any) -> Iterator[Any]:
    """Yield what a rule names as values or bounds of a parameter, and what stands beside them."""
    if isinstance(rule, list):
        for part in rule:
            yield from _named(part, name, current)
    if not isinstance(rule, Mapping):
        return
    own = rule.get("properties", {}).get(name)
    if own is not None:
        yield from _values(own, current)
    for word, part in rule.items():
        if word != "properties":
            yield from _named(part, name, current)


def _values(schema: Any, current: Any) -> Iterator[Any]:
    if isinstance(schema, list):
        for part in schema:
            yield from _values(part, current)
    if not isinstance(schema, Mapping):
        return
    yield from choices({word: schema[word] for word in ("const", "enum") if word in schema})
    for word in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        bound: Any = schema.get(word)
        if is_number(bound):
            yield from (bound, bound - 1, bound + 1)
    if isinstance(current, str) and "maxLength" in schema:
        yield cut(current, schema["maxLength"])
    if isinstance(current, list) and "maxItems" in schema:
        yield current[: schema["maxItems"]]
    for part in schema.values():
        yield from _values(part, current)
