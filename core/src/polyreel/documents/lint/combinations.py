"""Rules about what a request may combine: every rule of a document must be able to speak, and leave something over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from polyreel.documents.lint.findings import Case, Place, Rule
from polyreel.documents.lint.mentions import mentions
from polyreel.documents.lint.requests import absent, described, equal, given, met, unmet
from polyreel.documents.lint.samples import enumerated

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

__all__ = ["RULES"]

_MOST: Final = 5000
"""So many combinations of one rule's parameters are gone through; what only they could tell is left open beyond."""


def _rules(case: Case) -> Iterator[tuple[int, Mapping[str, Any]]]:
    yield from enumerate(case.document.json.get("allOf", ()))


def _unknown_names(case: Case) -> Iterator[Place]:
    for index, rule in _rules(case):
        for name in sorted(mentions(rule).names - set(case.document.properties)):
            yield (
                f"/allOf/{index}",
                f"{name} is no parameter of this model; correct the name, or remove the rule",
            )


def _unreachable(case: Case) -> Iterator[Place]:
    for index, rule in _rules(case):
        if case.requests.find(met(rule["if"]), without=index).is_impossible:
            yield (
                f"/allOf/{index}/if",
                "no request that is valid otherwise meets it, so the rule never applies; correct it, or remove the rule",
            )


def _unsatisfiable(case: Case) -> Iterator[Place]:
    for index, rule in _rules(case):
        for word, condition in (("then", met(rule["if"])), ("else", unmet(rule["if"]))):
            branch = rule.get(word, True)
            if branch is True or _refuses_all(branch):
                continue
            applies = case.requests.find(condition, without=index)
            if applies.exists and case.requests.find(condition).is_impossible:
                yield (
                    f"/allOf/{index}/{word}",
                    (
                        f"no valid request satisfies it, though the rule applies, as to {described(applies.request)}; "
                        "correct it, or write false if the combination is never allowed"
                    ),
                )


def _refuses_all(schema: Any) -> bool:
    return schema is False or (isinstance(schema, Mapping) and schema.get("not") == {})


def _mute(case: Case) -> Iterator[Place]:
    for index, rule in _rules(case):
        refusals = case.requests.refusals(index, _MOST) or {}
        for place, error in refusals.items():
            if not _is_told(error) and "x-error" not in rule:
                yield (
                    f"/allOf/{index}{place}",
                    (
                        f"a request that breaks it, as {_example(error)}, gets no sentence for people; add an x-error here "
                        "or beside the rule"
                    ),
                )


def _example(error: ValidationError) -> str:
    while error.parent is not None:
        error = error.parent  # type: ignore[assignment]  # jsonschema types the parent by a private base class
    return described(error.instance) if isinstance(error.instance, Mapping) else repr(error.instance)


def _unheard(case: Case) -> Iterator[Place]:
    for index, rule in _rules(case):
        refusals = case.requests.refusals(index, _MOST)
        if refusals is None:
            continue
        told = {place for place, error in refusals.items() if _is_told(error)}
        if "x-error" in rule and told == set(refusals):
            yield _never_shown(f"/allOf/{index}")
        for word in ("then", "else"):
            for place in _sentences(rule.get(word), f"/{word}"):
                if place not in told:
                    yield _never_shown(f"/allOf/{index}{place}")


def _is_told(error: ValidationError) -> bool:
    return isinstance(error.schema, Mapping) and "x-error" in error.schema


def _never_shown(place: str) -> Place:
    return (
        f"{place}/x-error",
        (
            "no request is refused here, so the sentence is never shown; correct the rule, or move the sentence to the "
            "schema that refuses"
        ),
    )


def _sentences(schema: Any, place: str) -> Iterator[str]:
    if isinstance(schema, Mapping):
        if isinstance(schema.get("x-error"), str):
            yield place
        for word, inner in schema.items():
            yield from _sentences(inner, f"{place}/{word}")
    elif isinstance(schema, list):
        for number, inner in enumerate(schema):
            yield from _sentences(inner, f"{place}/{number}")


def _unusable(case: Case) -> Iterator[Place]:
    for name, schema in case.document.properties.items():
        values = enumerated(schema)
        if values is None:
            if case.requests.find(given(name)).is_impossible:
                yield f"/properties/{name}", "no valid request has it; correct the rules, or leave it out"
            continue
        for value in values:
            if case.requests.find(equal(name, value)).is_impossible:
                yield (
                    f"/properties/{name}",
                    f"no valid request has {name}={value!r}; correct the rules or x-derive, or leave the value out",
                )


def _vacuous(case: Case) -> Iterator[Place]:
    prices = (case.document.prices or {}).get("rules", ())
    conditions = [
        *((f"/allOf/{index}/if", rule["if"]) for index, rule in _rules(case)),
        *((f"/x-price/rules/{index}/when", rule.get("when")) for index, rule in enumerate(prices)),
    ]
    for place, condition in conditions:
        named = condition if isinstance(condition, Mapping) else {}
        for name, schema in named.get("properties", {}).items():
            if name in named.get("required", ()) or _refuses_all(schema):
                continue
            if name in case.document.properties and case.requests.find(absent(name)).exists:
                yield (
                    place,
                    f"it is met by every request without {name} too; add {name} to `required` beside `properties`",
                )


RULES: Final = (
    Rule(
        id="rule-parameters",
        demand="A rule of `allOf` speaks only of parameters that the model has.",
        check=_unknown_names,
    ),
    Rule(
        id="rule-reachable",
        demand="Some request that is valid otherwise meets each `if`.",
        check=_unreachable,
    ),
    Rule(
        id="rule-satisfiable",
        demand="Where a rule applies, some valid request satisfies its `then` or `else`, unless that is `false`.",
        check=_unsatisfiable,
    ),
    Rule(
        id="rule-sentence",
        demand="Whatever a rule refuses, it says why: an `x-error` where it fails, or beside the rule.",
        check=_mute,
    ),
    Rule(
        id="sentence-reachable",
        demand="Each `x-error` of a rule is shown for some request.",
        check=_unheard,
    ),
    Rule(
        id="condition-given",
        demand="An `if` or `when` about the value of a parameter that can be absent also requires it.",
        check=_vacuous,
    ),
    Rule(
        id="value-usable",
        demand="Each parameter, and each of its enumerated values, stands in some valid request.",
        check=_unusable,
    ),
)
