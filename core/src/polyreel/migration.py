"""From one model to another: what of a request is kept, what changes to the nearest allowed value, what is lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from polyreel.documents.document import ModelDocument
from polyreel.parameters.aliases import unified
from polyreel.parameters.preparation import prepare
from polyreel.parameters.problems import nearest
from polyreel.parameters.shapes import derived
from polyreel.pricing import estimate
from polyreel.types.cost import Estimate

__all__ = ["Change", "Migration", "migrate"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One parameter that does not come over as it is.

    Attributes:
        parameter: Its unified name.
        before: The value at the old model.
        after: The value at the new one; ``None`` when it is lost.
        reason: A sentence for people.
    """

    parameter: str
    before: Any
    after: Any
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Migration:
    """A request, moved.

    Attributes:
        source: The old model's id.
        target: The new model's id.
        parameters: What to pass to the new model.
        kept: The names that come over as they are.
        changes: What does not.
        problems: What still stands in the way; empty when the request may be sent.
        before: The price at the old model.
        after: The price at the new one.
    """

    source: str
    target: str
    parameters: Mapping[str, Any]
    kept: tuple[str, ...]
    changes: tuple[Change, ...]
    problems: tuple[str, ...]
    before: Estimate
    after: Estimate


def migrate(source: ModelDocument, target: ModelDocument, given: Mapping[str, Any]) -> Migration:
    """Move a request from ``source`` to ``target``.

    Args:
        source: The old model's document.
        target: The new model's document.
        given: The request's parameters, under any of their names.
    """
    requested, _ = unified(given)
    row, _ = derived(requested, source.derivations)
    shape = {
        name: value for name, value in row.items() if name not in requested and _names_shape(requested, row)
    }
    moved: dict[str, Any] = {}
    changes: list[Change] = []
    for name, value in {**shape, **requested}.items():
        change = _moved(name, value, target)
        if change is None:
            moved[name] = value
        elif name in requested or change.after is not None:
            changes.append(change)
            if change.after is not None:
                moved[name] = change.after
    moved = _without_contradiction(moved, target, requested)
    prepared = prepare(target, moved)
    return Migration(
        source=source.id,
        target=target.id,
        parameters=moved,
        kept=tuple(name for name in requested if name in moved and moved[name] == requested[name]),
        changes=tuple(_settled(requested, changes, moved, prepared.values, target)),
        problems=tuple(str(problem) for problem in prepared.problems),
        before=estimate(source, prepare(source, requested).values),
        after=estimate(target, prepared.values),
    )


def _names_shape(requested: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    return any(name in requested for name in row)


def _moved(name: str, value: Any, target: ModelDocument) -> Change | None:
    schema = target.properties.get(name)
    if schema is None:
        return Change(parameter=name, before=value, after=None, reason=f"{target.id} has no {name}")
    allowed = [schema["const"]] if "const" in schema else schema.get("enum")
    if allowed is None or value in allowed:
        return None
    after = nearest(value, allowed)
    if after is None:
        after = schema.get("default", allowed[0])
    options = ", ".join(map(str, allowed))
    return Change(parameter=name, before=value, after=after, reason=f"{target.id} offers {options}")


def _settled(
    requested: Mapping[str, Any],
    changes: Sequence[Change],
    moved: Mapping[str, Any],
    values: Mapping[str, Any],
    target: ModelDocument,
) -> Iterator[Change]:
    """Yield what becomes of each requested parameter that is not kept, also of one dropped for the others' sake."""
    found = {change.parameter: change for change in changes}
    for name, before in requested.items():
        change = found.get(name)
        if change is not None and (name in moved or change.after is None):
            yield change
        elif name not in moved and values.get(name) != before:
            reason = f"{target.id} does not offer it together with the rest"
            yield Change(parameter=name, before=before, after=values.get(name), reason=reason)


def _without_contradiction(
    values: dict[str, Any], target: ModelDocument, requested: Mapping[str, Any]
) -> dict[str, Any]:
    _, contradiction = derived(values, target.derivations)
    if contradiction is None:
        return values
    # The shape matters more than the number of pixels: drop what follows from it, then what was not asked for.
    for name in ("size", "resolution"):
        if name in values:
            trimmed = {key: value for key, value in values.items() if key != name}
            if derived(trimmed, target.derivations)[1] is None:
                return trimmed
    return {name: value for name, value in values.items() if name in requested}
