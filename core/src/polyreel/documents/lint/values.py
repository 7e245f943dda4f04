"""Rules about the values of single parameters, defaults and examples."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, Final

from polyreel.documents.lint.findings import Case, Place, Rule
from polyreel.documents.lint.samples import enumerated, same
from polyreel.documents.validation import accepts, validator

__all__ = ["RULES"]

_PAIRS: Final = (
    ("minimum", "maximum"),
    ("exclusiveMinimum", "exclusiveMaximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
    ("min_side", "max_side"),
)


def _untyped(case: Case) -> Iterator[Place]:
    for name, schema in case.document.properties.items():
        yield from _untyped_in(schema, f"/properties/{name}")


def _untyped_in(schema: Any, place: str) -> Iterator[Place]:
    if not isinstance(schema, Mapping):
        return
    if "type" not in schema and "x-media" not in schema:
        yield place, "it says neither type nor x-media, so command lines and forms cannot ask for it; add one"
    yield from _untyped_in(schema.get("items"), f"{place}/items")
    for name, inner in schema.get("properties", {}).items():
        yield from _untyped_in(inner, f"{place}/properties/{name}")


def _misfit(case: Case) -> Iterator[Place]:
    for name, schema in case.document.properties.items():
        rest = {word: bound for word, bound in schema.items() if word not in {"enum", "const"}}
        for value in enumerated(schema) or ():
            if not accepts(rest, value):
                yield (
                    f"/properties/{name}",
                    f"{value!r} is offered, but what else stands here refuses it; correct the one or the other",
                )


def _repeated(case: Case) -> Iterator[Place]:
    for name, schema in case.document.properties.items():
        values = schema.get("enum", ())
        for one, other in itertools.combinations(values, 2):
            if same(one, other):
                yield f"/properties/{name}/enum", f"{one!r} stands here twice; leave one out"
        if "enum" in schema and (not values or "const" in schema):
            yield (
                f"/properties/{name}/enum",
                "an enum needs a value, and no const beside it; leave one of them out",
            )


def _invalid_default(case: Case) -> Iterator[Place]:
    for name, default in case.document.defaults.items():
        if not accepts(case.document.properties[name], default):
            yield (
                f"/properties/{name}/default",
                f"{default!r} is not valid for {name}; choose a value that is",
            )


def _invalid_defaults(case: Case) -> Iterator[Place]:
    request = case.requests.typical
    for error in validator(case.document.json).iter_errors(request):
        named = "/".join(map(str, error.absolute_path))
        yield (
            f"/properties/{named}" if named else "",
            f"a request of a prompt alone is refused: {_sentence(error.message)}; choose defaults that fit together",
        )


def _invalid_example(case: Case) -> Iterator[Place]:
    for index, example in enumerate(case.document.json.get("examples", ())):
        if not isinstance(example, Mapping):
            yield f"/examples/{index}", "it is no request; write one as an object"
            continue
        if case.requests.contradicts_itself(example):
            yield f"/examples/{index}", "its values stand in no row of x-derive together; leave one out"
        for error in validator(case.document.json).iter_errors(case.requests.completed(example)):
            yield f"/examples/{index}", f"it is refused: {_sentence(error.message)}; correct it"


def _sentence(message: str) -> str:
    return message if len(message) <= 200 else f"{message[:200]}…"  # noqa: PLR2004  as much as a line can hold


def _reversed_bounds(case: Case) -> Iterator[Place]:
    yield from _reversed_in(case.document.json["properties"], "/properties")


def _reversed_in(schema: Any, place: str) -> Iterator[Place]:
    if not isinstance(schema, Mapping):
        return
    for low, high in _PAIRS:
        least, most = schema.get(low), schema.get(high)
        if isinstance(least, int | float) and isinstance(most, int | float) and least > most:
            yield f"{place}/{low}", f"{least} is more than {high} ({most}); correct one of them"
    for word, inner in schema.items():
        yield from _reversed_in(inner, f"{place}/{word}")


def _unknown_labels(case: Case) -> Iterator[Place]:
    for name, schema in case.document.properties.items():
        values = {
            str(value).lower() if isinstance(value, bool) else str(value)
            for value in enumerated(schema) or ()
        }
        for label in sorted(set(schema.get("x-labels", ())) - values):
            yield (
                f"/properties/{name}/x-labels/{label}",
                f"{label} is no value of {name}; correct it, or remove it",
            )


RULES: Final = (
    Rule(
        id="type-stated",
        demand="Each parameter, and what stands in it, states its type or is a picture or a film.",
        check=_untyped,
    ),
    Rule(id="value-fits", demand="Each enumerated value fits the type and bounds beside it.", check=_misfit),
    Rule(id="enum-distinct", demand="An enum has values, and none twice.", check=_repeated),
    Rule(id="bounds-ordered", demand="No lower bound is above its upper bound.", check=_reversed_bounds),
    Rule(
        id="labels-known", demand="Labels name enumerated values of their parameter.", check=_unknown_labels
    ),
    Rule(id="default-valid", demand="Each default is valid for its parameter.", check=_invalid_default),
    Rule(
        id="defaults-valid",
        demand="A request of a prompt alone is valid: all defaults, and the first row of `x-derive`, fit together.",
        check=_invalid_defaults,
    ),
    Rule(id="example-valid", demand="Each example is a valid request.", check=_invalid_example),
)
