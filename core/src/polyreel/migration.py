"""From one model to another: what of a request is kept, what changes to the nearest allowed value, what is lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from polyreel.documents.document import ModelDocument
from polyreel.parameters.aliases import unified
from polyreel.parameters.nearness import Nearness, fitted, nearness
from polyreel.parameters.preparation import prepare
from polyreel.parameters.problems import shortened
from polyreel.parameters.repairs import SURVIVAL, importance, repaired
from polyreel.parameters.shapes import SHAPE, Frame, derived
from polyreel.pricing import estimate
from polyreel.types.cost import Estimate

__all__ = ["Change", "Fate", "Migration", "migrate"]

Fate: TypeAlias = Literal["restated", "near", "far", "lost"]
"""What becomes of a parameter that does not come over as it is."""

_PROMPT: Final = "A film"  # where a caller gives none
_PICTURES: Final = {"reference_image": "reference_images", "reference_images": "reference_image"}
_FATES: Final[Mapping[Nearness, Fate]] = {
    Nearness.KEPT: "restated",
    Nearness.NEAR: "near",
    Nearness.FAR: "far",
    Nearness.LOST: "lost",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One parameter that does not come over as it is.

    Attributes:
        parameter: Its unified name.
        before: The value at the old model.
        after: The value at the new one; ``None`` when it has none.
        reason: A sentence for people.
        fate: ``"restated"``: the new model says the same with other parameters; ``"near"`` or ``"far"``: another value
            stands for it; ``"lost"``.
    """

    parameter: str
    before: Any
    after: Any
    reason: str
    fate: Fate = "lost"

    def __str__(self) -> str:
        before = shortened(self.before)
        if self.fate == "lost":
            return f"{self.parameter}={before!r} is lost: {self.reason}"
        if self.after is None:
            return f"{self.parameter}={before!r}: {self.reason}"
        return f"{self.parameter}: {before!r} becomes {shortened(self.after)!r}: {self.reason}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Migration:
    """A request, moved.

    Attributes:
        source: The old model's id.
        target: The new model's id, with ``@surface`` where there are several.
        parameters: What to pass to the new model.
        kept: The names that come over as they are.
        changes: What does not.
        defaults: What nobody asked for, and what the new model does otherwise by default.
        problems: What still stands in the way: the new model demands what the request does not have. Empty when the
            request may be sent.
        before: The price at the old model.
        after: The price at the new one.
        score: How much of the request survives, 0 to 1: the mean over its parameters of 1 for one that is kept or
            restated, 0.75 for one that changes to a near value, 0.35 for a far one and 0 for one that is lost. The prompt
            counts as much as four others, a picture or a film as much as three. 0 when there are problems.
    """

    source: str
    target: str
    parameters: Mapping[str, Any]
    kept: tuple[str, ...]
    changes: tuple[Change, ...]
    defaults: tuple[Change, ...] = ()
    problems: tuple[str, ...]
    before: Estimate
    after: Estimate
    score: float = 1.0

    def __str__(self) -> str:
        changes = "; ".join(map(str, (*self.changes, *self.defaults))) or "nothing of it changes"
        prices = f"price {_money(self.before)} before, {_money(self.after)} after"
        return f"moved from {self.source} to {self.target}: {changes}; {prices}"

    @property
    def changed(self) -> tuple[Change, ...]:
        """The changes to another value, and those that say the same otherwise."""
        return tuple(change for change in self.changes if change.fate != "lost")

    @property
    def lost(self) -> tuple[Change, ...]:
        """What the new model cannot do."""
        return tuple(change for change in self.changes if change.fate == "lost")


def migrate(source: ModelDocument, target: ModelDocument, given: Mapping[str, Any]) -> Migration:
    """Move a request from ``source`` to ``target``.

    Each parameter is brought to the nearest value that the target allows; what its rules do not allow together is then
    repaired at the least cost, by the measure of :attr:`Migration.score`.

    Args:
        source: The old model's document.
        target: The new model's document.
        given: The request's parameters, under any of their names. Without a prompt they are moved as if there were a
            short one.
    """
    requested, _ = unified(given)
    spoken = {"prompt": _PROMPT, **requested}
    wanted = {**_shape(requested, source), **requested}
    moved = _as_asked(
        repaired(target, dict(_fitted({**spoken, **wanted}, target)), spoken), target, requested
    )
    prepared = prepare(target, moved)
    before = prepare(source, spoken).values
    changes = tuple(_changes(requested, moved, prepared.values, target))
    named = {*moved, *requested} - ({"prompt"} - requested.keys())
    problems = tuple(str(problem) for problem in prepared.problems)
    return Migration(
        source=source.reference,
        target=target.reference,
        parameters={name: moved[name] for name in (*requested, *moved) if name in moved and name in named},
        kept=tuple(name for name in requested if name not in {change.parameter for change in changes}),
        changes=changes,
        defaults=tuple(_defaults(before, prepared.values, requested, target)),
        problems=problems,
        before=estimate(source, before),
        after=estimate(target, prepared.values),
        score=0.0 if problems else _score(requested, changes, source),
    )


def _money(price: Estimate) -> str:
    return f"unknown ({price.rule})" if price.amount is None else f"{price.amount} {price.currency}"


def _shape(requested: Mapping[str, Any], source: ModelDocument) -> Mapping[str, Any]:
    """Return what a request says about the film's shape in other words: a size as ratio and height, and the reverse."""
    row, _ = derived(requested, source.derivations)
    if any(name in requested for name in row):
        return row
    size = Frame.of(requested).size
    return {} if size is None else {"size": size}


def _fitted(wanted: Mapping[str, Any], target: ModelDocument) -> Iterator[tuple[str, Any]]:
    """Yield what of a request the target has, each at the nearest value that it allows by itself."""
    for name, value in wanted.items():
        place, given = name, value
        twin = _PICTURES.get(name, "")
        if name not in target.properties and twin in target.properties and twin not in wanted:
            place = twin
            given = [value] if twin == "reference_images" else next(iter(value), None)
        if place in target.properties:
            after = fitted(given, target.properties[place])
            if after is not None:
                yield place, after


def _as_asked(
    values: Mapping[str, Any], target: ModelDocument, requested: Mapping[str, Any]
) -> dict[str, Any]:
    """Leave out what nobody asked for, as long as the film stays the same and what was asked for is still said."""
    kept = dict(values)
    if not any(name in requested for name in SHAPE if name in values):
        return kept
    wanted = prepare(target, kept)
    for name in [name for name in values if name not in requested]:
        fewer = {other: value for other, value in kept.items() if other != name}
        prepared = prepare(target, fewer)
        if prepared.values == wanted.values and prepared.problems == wanted.problems:
            kept = fewer
    return kept


def _changes(
    requested: Mapping[str, Any], moved: Mapping[str, Any], values: Mapping[str, Any], target: ModelDocument
) -> Iterator[Change]:
    """Yield what becomes of each requested parameter that is not kept."""
    for name, before in requested.items():
        if name not in target.properties:
            yield _elsewhere(name, before, values, target)
            continue
        after = moved.get(name, values.get(name))
        found = nearness(before, after)
        if found is not Nearness.KEPT:
            reason = _why(name, before, after, target)
            yield Change(parameter=name, before=before, after=after, reason=reason, fate=_FATES[found])


def _elsewhere(name: str, before: Any, values: Mapping[str, Any], target: ModelDocument) -> Change:
    """Return what becomes of a parameter that the target lacks: perhaps others of its parameters say the same."""
    found, others = Nearness.LOST, tuple(other for other in SHAPE if other in values)
    twin = _PICTURES.get(name, "")
    if twin in values:
        others = (twin,)
        found = Nearness.KEPT if name == "reference_image" or len(before) == 1 else Nearness.FAR
    elif name in SHAPE:
        found = Frame.of({name: before}).left_in(Frame.of(values))
    if found is Nearness.LOST:
        return Change(parameter=name, before=before, after=None, reason=f"{target.id} has no {name}")
    told = ", ".join(other if other in _PICTURES else f"{other}={values[other]!r}" for other in others)
    reason = f"it is given as {told}" if found is Nearness.KEPT else f"the nearest is {told}"
    return Change(parameter=name, before=before, after=None, reason=reason, fate=_FATES[found])


def _why(name: str, before: Any, after: Any, target: ModelDocument) -> str:
    schema = target.properties[name]
    alone = fitted(before, schema)
    if after != alone and (alone is not None or nearness(before, alone) is Nearness.KEPT):
        return f"{target.id} does not take it together with the rest"
    if "const" in schema:
        return f"{target.id} always has {schema['const']!r}"
    if "enum" in schema:
        return f"{target.id} offers {', '.join(map(str, schema['enum']))}"
    words = {"minimum": "at least", "maximum": "at most", "maxLength": "at most", "maxItems": "at most"}
    bounds = [f"{text} {schema[word]:,}" for word, text in words.items() if word in schema]
    return f"{target.id} takes {' and '.join(bounds) or 'others'}"


def _defaults(
    before: Mapping[str, Any], after: Mapping[str, Any], requested: Mapping[str, Any], target: ModelDocument
) -> Iterator[Change]:
    """Yield what nobody asked for and what differs all the same."""
    asked = {*requested, *(SHAPE if any(name in requested for name in SHAPE) else ())}
    for name, value in before.items():
        found = nearness(value, after.get(name))
        if name not in asked and found in {Nearness.NEAR, Nearness.FAR}:
            reason = f"it was not asked for, and {target.id} makes it so"
            yield Change(parameter=name, before=value, after=after[name], reason=reason, fate=_FATES[found])


def _score(requested: Mapping[str, Any], changes: tuple[Change, ...], source: ModelDocument) -> float:
    survived = {fate: SURVIVAL[found] for found, fate in _FATES.items()}
    fates = {change.parameter: survived[change.fate] for change in changes}
    weights = {name: importance(name, source) for name in requested}
    total = sum(weights.values())
    return sum(weight * fates.get(name, 1.0) for name, weight in weights.items()) / total if total else 1.0
