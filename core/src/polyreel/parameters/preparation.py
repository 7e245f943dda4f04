"""A caller's parameters against a model's document: the verdict, before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from polyreel.documents.document import ModelDocument
from polyreel.documents.registry import aliases, is_hint, parameters
from polyreel.documents.validation import accepts, validator
from polyreel.errors import Problem
from polyreel.parameters.aliases import unified
from polyreel.parameters.problems import is_monstrous, problem_of, shortened, suggested_name
from polyreel.parameters.shapes import derived
from polyreel.types.job import Notice

__all__ = ["OnUnsupported", "Prepared", "prepare"]

OnUnsupported: TypeAlias = Literal["error", "warn"]
_HALF_CHARACTER: Final = (
    "holds half a character (a lone surrogate), which cannot be sent; write the text anew"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """The verdict.

    Attributes:
        requested: What the caller gave, under the unified names.
        values: The same with derived values and defaults.
        notices: What is left out, said instead of dropped.
        problems: What is wrong; empty when the request may be sent.
    """

    requested: dict[str, Any]
    values: dict[str, Any] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    problems: tuple[Problem, ...] = ()


def prepare(
    document: ModelDocument, given: Mapping[str, Any], *, on_unsupported: OnUnsupported = "error"
) -> Prepared:
    """Check ``given`` against ``document``.

    Media count as present here, whatever they are; what is in them is checked once they are read.

    Args:
        document: The model's document.
        given: Parameters under unified names or aliases.
        on_unsupported: What a parameter that the model lacks does: an ``"error"``, or a ``"warn"``ing and it is
            left out. Mere hints (a seed) are always a warning.
    """
    requested, problems = unified(given)
    values: dict[str, Any] = {}
    notices: list[Notice] = []
    properties = document.properties
    for name, value in requested.items():
        if isinstance(value, int) and is_monstrous(value):
            problems.append(Problem(parameter=name, message="is a number of hundreds of digits"))
        elif name in properties:
            values[name] = _as_meant(value, properties[name])
            if not _is_whole_text(value):
                problems.append(Problem(parameter=name, message=_HALF_CHARACTER))
        elif name in parameters() and (is_hint(name) or on_unsupported == "warn"):
            notices.append(Notice(parameter=name, message=f"{document.id} has no {name}; it is left out"))
        else:
            problems.append(_unknown(name, value, document))
    row, contradiction = derived(values, document.derivations)
    if contradiction is not None:
        problems.append(contradiction)
    else:
        values = {**document.defaults, **row, **values}
        problems += _violations(document, values)
    return Prepared(requested=requested, values=values, notices=tuple(notices), problems=tuple(problems))


def _as_meant(value: Any, schema: Mapping[str, Any]) -> Any:
    """Return ``value`` in the type that JSON has for it: ``4.0`` and a tuple are valid, and ``4`` and a list."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, float) and value.is_integer() and schema.get("type") == "integer":
        return int(value)
    return value


def _is_whole_text(value: Any) -> bool:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return False
        return True
    if isinstance(value, Mapping):
        return all(_is_whole_text(key) and _is_whole_text(entry) for key, entry in value.items())
    return not isinstance(value, list | tuple) or all(_is_whole_text(entry) for entry in value)


def _unknown(name: str, value: Any, document: ModelDocument) -> Problem:
    offered = ", ".join(sorted(document.properties))
    if name in parameters():
        return Problem(
            parameter=name,
            message=f"{document.id} has no {name}; leave it out, or pass on_unsupported='warn' (--on-unsupported warn). It has: {offered}",
            value=shortened(value),
        )
    close = suggested_name(name, [*document.properties, *parameters(), *aliases()])
    hint = f"; did you mean {close!r}?" if close else ""
    return Problem(
        parameter=name,
        message=f"there is no such parameter{hint} {document.id} has: {offered}",
        value=shortened(value),
        suggestion=close,
    )


def _violations(document: ModelDocument, values: Mapping[str, Any]) -> list[Problem]:
    if accepts(document.json, values):
        return []
    errors = sorted(
        validator(document.json).iter_errors(values),
        key=lambda error: (error.validator != "required", str(list(error.absolute_path))),
    )
    mistyped = {tuple(error.absolute_path) for error in errors if error.validator == "type"}
    found: dict[tuple[str, str], Problem] = {}
    for error in errors:
        if error.validator != "type" and tuple(error.absolute_path) in mistyped:
            continue  # what else is wrong with a value of the wrong type follows from its type
        problem = problem_of(error, document.json.get("allOf", ()))
        found.setdefault((problem.parameter, problem.message), problem)
    return list(found.values())
