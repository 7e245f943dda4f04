"""Rules about prices: every request has one, and every price has a request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from polyreel.documents.lint.findings import Case, Place, Rule, day
from polyreel.documents.lint.mentions import mentions
from polyreel.documents.lint.requests import Condition, absent, described, met, unmet

__all__ = ["RULES"]


def _rules(case: Case) -> Sequence[Mapping[str, Any]]:
    rules: Sequence[Mapping[str, Any]] = (case.document.prices or {}).get("rules", ())
    return rules


def _applied(case: Case) -> Iterator[tuple[str, Mapping[str, Any], list[Condition]]]:
    """Yield each rule with its place and what must be true of a request that is priced by it."""
    before: list[Condition] = []
    for index, rule in enumerate(_rules(case)):
        own = met(rule.get("when", True))
        yield f"/x-price/rules/{index}", rule, [*before, own]
        before.append(unmet(rule.get("when", True)))


def _uncovered(case: Case) -> Iterator[Place]:
    rules = _rules(case)
    missed = case.requests.find(*(unmet(rule.get("when", True)) for rule in rules))
    if rules and missed.exists:
        yield (
            "/x-price/rules",
            (
                f"no rule prices {described(missed.request)}; end with a rule without `when`, or with one that says "
                '{"unknown": "why"}'
            ),
        )


def _shadowed(case: Case) -> Iterator[Place]:
    for place, rule, conditions in _applied(case):
        if case.requests.find(met(rule.get("when", True))).is_impossible:
            yield f"{place}/when", "no valid request meets it; correct it, or remove the rule"
        elif case.requests.find(*conditions).is_impossible:
            yield place, "an earlier rule takes each request that it fits; remove it, or move it up"


def _unknown_names(case: Case) -> Iterator[Place]:
    for place, rule, _ in _applied(case):
        for name in sorted(mentions(rule.get("when")).names - set(case.document.properties)):
            yield f"{place}/when", f"{name} is no parameter of this model; correct the name"


def _timeless(case: Case) -> Iterator[Place]:
    for place, rule, conditions in _applied(case):
        if rule.get("per") != "second":
            continue
        found = case.requests.find(*conditions, absent("duration"))
        if found.exists:
            yield (
                place,
                (
                    f"it goes by the second, but {described(found.request)} has no duration; give duration a default, or "
                    'narrow `when` by {"required": ["duration"]}'
                ),
            )


def _itemless(case: Case) -> Iterator[Place]:
    for place, rule, conditions in _applied(case):
        if rule.get("per") != "item":
            continue
        listed = rule["of"]
        if case.document.properties.get(listed, {}).get("type") != "array":
            yield (
                f"{place}/of",
                f"{listed} is no list parameter of this model; name the one whose entries are paid",
            )
            continue
        found = case.requests.find(*conditions, absent(listed))
        if found.exists:
            yield (
                place,
                (
                    f"it goes by the entries of {listed}, but {described(found.request)} has none and would cost nothing; "
                    f'narrow `when` by {{"required": ["{listed}"]}}'
                ),
            )


def _unsourced(case: Case) -> Iterator[Place]:
    if case.document.prices is not None and not case.document.prices.get("sources"):
        yield "/x-price/sources", "nobody can check the prices; name where they were read, and when"


def _ill_dated(case: Case) -> Iterator[Place]:
    prices = case.document.prices or {}
    as_of = day(prices.get("as_of"))
    seen = [read for source in prices.get("sources", ()) if (read := day(source["seen"])) is not None]
    if as_of is not None and as_of > min(max(seen, default=case.today), case.today):
        yield (
            "/x-price/as_of",
            f"{as_of} is after the day on which the prices were last read; write the day on which they held",
        )


RULES: Final = (
    Rule(
        id="price-complete",
        demand='Some price rule fits each valid request; `{"unknown": "why"}` is a price rule too.',
        check=_uncovered,
    ),
    Rule(
        id="price-reachable",
        demand="Each price rule is the first that fits some valid request.",
        check=_shadowed,
    ),
    Rule(
        id="price-parameters",
        demand="The `when` of a price rule speaks only of parameters that the model has.",
        check=_unknown_names,
    ),
    Rule(
        id="price-duration",
        demand="Each request that is priced by the second has a duration.",
        check=_timeless,
    ),
    Rule(
        id="price-item",
        demand="A price per item names a list parameter, which each request that is priced by it has.",
        check=_itemless,
    ),
    Rule(id="price-source", demand="Prices name where they were read.", check=_unsourced),
    Rule(
        id="price-date",
        demand="Prices hold as of a day not after today, and not after they were last read.",
        check=_ill_dated,
    ),
)
