"""Rules about values that belong together."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

from polyreel.documents.lint.findings import Case, Place, Rule
from polyreel.documents.lint.requests import equal
from polyreel.documents.lint.samples import enumerated, is_listed, same
from polyreel.documents.validation import accepts

__all__ = ["RULES"]


def _invalid(case: Case) -> Iterator[Place]:
    for index, row in enumerate(case.document.derivations):
        for name, value in row.items():
            if not accepts(case.document.properties[name], value):
                yield f"/x-derive/{index}/{name}", f"{value!r} is not valid for {name}; correct the row"
        if case.requests.find(*(equal(name, value) for name, value in row.items())).is_impossible:
            yield f"/x-derive/{index}", "no valid request has this row; remove it, or correct the rules"


def _repeated(case: Case) -> Iterator[Place]:
    for (_, row), (index, other) in itertools.combinations(enumerate(case.document.derivations), 2):
        if all(same(value, other[name]) for name, value in row.items()):
            yield f"/x-derive/{index}", "the row stands there twice; leave one out"


def _unlike_defaults(case: Case) -> Iterator[Place]:
    for name, value in next(iter(case.document.derivations), {}).items():
        default = case.document.defaults.get(name, value)
        if not same(default, value):
            yield (
                f"/x-derive/0/{name}",
                (
                    f"the first row is the default combination and has {value!r}, but the default of {name} is {default!r}; "
                    "put the row of the defaults first"
                ),
            )


def _incomplete(case: Case) -> Iterator[Place]:
    rows = case.document.derivations
    for name in next(iter(rows), {}):
        for value in enumerated(case.document.properties[name]) or ():
            if not is_listed(value, [row[name] for row in rows]):
                yield (
                    f"/properties/{name}",
                    f"{name}={value!r} stands in no row of x-derive, so nothing belongs to it; add a row, or leave it out",
                )


RULES: Final = (
    Rule(
        id="derivation-valid",
        demand="Each row of `x-derive` holds valid values and occurs in some valid request.",
        check=_invalid,
    ),
    Rule(id="derivation-distinct", demand="No row of `x-derive` stands there twice.", check=_repeated),
    Rule(
        id="derivation-default",
        demand="The first row of `x-derive` agrees with the defaults.",
        check=_unlike_defaults,
    ),
    Rule(
        id="derivation-complete",
        demand="Each enumerated value of a derived parameter stands in a row of `x-derive`.",
        check=_incomplete,
    ),
)
