"""The rules of a document as conditions: when these clauses hold, this one must, and the sentence says why.

A clause is a small mapping, which a form can judge without a JSON Schema validator:

* ``{"field": "video", "given": true}``: the field has a value, or, with ``false``, has none.
* ``{"field": "resolution", "one_of": ["1080p", "4k"]}``, or ``none_of``, ``at_least``, ``at_most``, ``more_than``,
  ``less_than``, ``multiple_of``, ``min_length``, ``max_length``, ``min_items``, ``max_items``, ``pattern``: the field's
  value is so. As in JSON Schema such a clause also holds while the field has no value.
* ``{"any": [[clause, …], …]}``: all clauses of one of the lists hold.
* ``{"not": [clause, …]}``: not all of them hold; of an empty list all do, so that nothing fulfils it.
* ``{"schema": {…}}``: something rarer, which only a JSON Schema validator judges.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from polyreel.documents.document import ModelDocument

__all__ = ["Clause", "clauses", "conditions", "spoken"]

Clause: TypeAlias = dict[str, Any]
_BOUNDS: Final = {
    "minimum": "at_least",
    "maximum": "at_most",
    "exclusiveMinimum": "more_than",
    "exclusiveMaximum": "less_than",
    "multipleOf": "multiple_of",
    "minLength": "min_length",
    "maxLength": "max_length",
    "minItems": "min_items",
    "maxItems": "max_items",
    "pattern": "pattern",
}
_VALUES: Final = frozenset({"const", "enum"})
_SILENT: Final = frozenset({"x-error", "title", "description", "$comment"})
_UNDERSTOOD: Final = _SILENT | {"required", "properties", "allOf", "anyOf", "not"}
_WORDS: Final = {
    "at_least": "is at least {}",
    "at_most": "is at most {}",
    "more_than": "is more than {}",
    "less_than": "is less than {}",
    "multiple_of": "is a multiple of {}",
    "min_length": "has at least {} characters",
    "max_length": "has at most {} characters",
    "min_items": "has at least {} entries",
    "max_items": "has at most {} entries",
    "pattern": "has the form {}",
}


def conditions(document: ModelDocument) -> list[dict[str, Any]]:
    """Return the rules of a document, one condition for each thing that a rule demands.

    Returns:
        Mappings of ``when`` (clauses; the condition applies when all hold), ``then`` (the clause that must hold then),
        ``sentence`` (what to tell people otherwise) and ``fields`` (those it speaks of, the ones to mark first).
    """
    found: list[dict[str, Any]] = []
    for rule in document.json.get("allOf", ()):
        when = clauses(rule["if"])
        otherwise: list[Clause] = [{"not": when}]
        for met, part in ((when, "then"), (otherwise, "else")):
            for clause, sentence in _demands(rule.get(part, True), rule.get("x-error")):
                found.append(
                    {
                        "when": met,
                        "then": clause,
                        "sentence": sentence or _default_sentence(met, clause),
                        "fields": list(dict.fromkeys([*_fields([clause]), *_fields(when)])),
                    }
                )
    return found


def clauses(schema: Any) -> list[Clause]:
    """Return a schema over requests as clauses, all of which hold exactly when it accepts."""
    return [clause for clause, _ in _demands(schema, None)]


def spoken(found: Sequence[Clause]) -> str:
    """Return clauses in words: ``resolution is 1080p or 4k and video is given``; empty for none."""
    return " and ".join(_spoken(clause) for clause in _telling(found))


def _demands(schema: Any, sentence: str | None) -> Iterator[tuple[Clause, str | None]]:
    """Yield each clause of a schema with the sentence of its own, which is told when it fails."""
    if isinstance(schema, bool):
        schema = {} if schema else {"not": {}}
    own = schema.get("x-error") or sentence
    yield from (({"field": name, "given": True}, own) for name in schema.get("required", ()))
    for name, inner in schema.get("properties", {}).items():
        yield from _about(name, inner, sentence)
    for inner in schema.get("allOf", ()):
        yield from _demands(inner, sentence)
    if "anyOf" in schema:
        yield {"any": [clauses(inner) for inner in schema["anyOf"]]}, own
    if "not" in schema:
        yield {"not": clauses(schema["not"])}, own
    rest = {word: bound for word, bound in schema.items() if word not in _UNDERSTOOD}
    if rest:
        yield {"schema": rest}, own


def _about(name: str, schema: Any, sentence: str | None) -> Iterator[tuple[Clause, str | None]]:
    """Yield the clauses about the value of one field."""
    if isinstance(schema, bool):
        schema = {} if schema else {"not": {}}
    own = schema.get("x-error") or sentence
    rest: dict[str, Any] = {}
    for word, bound in schema.items():
        told = _told(word, bound)
        if told is not None:
            yield {"field": name, **told}, own
        elif word not in _SILENT:
            rest[word] = bound
    if rest:
        yield {"schema": {"properties": {name: rest}}}, own


def _told(word: str, bound: Any) -> Clause | None:
    """Return what one word of JSON Schema says about a value; ``None`` when no clause says that."""
    if word in _BOUNDS:
        return {_BOUNDS[word]: bound}
    if word in _VALUES:
        return {"one_of": [bound] if word == "const" else list(bound)}
    if word != "not" or not isinstance(bound, Mapping):
        return None
    if not bound:
        return {"given": False}
    (inner, *others) = bound
    values = None if others or inner not in _VALUES else _told(inner, bound[inner])
    return {"none_of": values["one_of"]} if values else None


def _fields(found: Sequence[Clause]) -> Iterator[str]:
    for clause in found:
        if "field" in clause:
            yield clause["field"]
        for group in clause.get("any", [clause.get("not", [])]):
            yield from _fields(group)
        schema = clause.get("schema", {})
        yield from schema.get("properties", {}) if isinstance(schema, Mapping) else ()


def _default_sentence(when: Sequence[Clause], then: Clause) -> str:
    condition = spoken(when)
    return f"when {condition}: {_spoken(then)}" if condition else _spoken(then)


def _spoken(clause: Clause) -> str:
    if "any" in clause:
        return " or ".join(spoken(group) for group in clause["any"])
    if "not" in clause:
        return _spoken_without(clause["not"])
    if "schema" in clause:
        return "what else the document demands"
    (word,) = set(clause) - {"field"}
    return f"{clause['field']} {_spoken_value(word, clause[word])}"


def _spoken_value(word: str, bound: Any) -> str:
    if word == "given":
        return "is given" if bound else "is left out"
    if word in {"one_of", "none_of"}:
        values = " or ".join(str(value).lower() if isinstance(value, bool) else str(value) for value in bound)
        return f"is {values}" if word == "one_of" else f"is not {values}"
    return _WORDS[word].format(bound)


def _spoken_without(found: Sequence[Clause]) -> str:
    telling = _telling(found)
    if not telling:
        return "that is not possible"
    if len(telling) == 1 and telling[0].get("given") is True:
        return f"{telling[0]['field']} is not given"
    if len(telling) == 1 and "one_of" in telling[0]:
        return _spoken({"field": telling[0]["field"], "none_of": telling[0]["one_of"]})
    return f"not ({spoken(found)})"


def _telling(found: Sequence[Clause]) -> list[Clause]:
    """Return clauses without those that say that a field is given whose value is spoken of anyway."""
    valued = {clause["field"] for clause in found if "field" in clause and "given" not in clause}
    return [clause for clause in found if not (clause.get("given") is True and clause.get("field") in valued)]
