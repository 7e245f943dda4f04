"""Rules without which nothing more can be looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from polyreel.documents.lint.findings import Case, Place, Rule
from polyreel.documents.loading import problems_of

__all__ = ["RULES"]


def _invalid(case: Case) -> Iterator[Place]:
    for problem in problems_of(case.document.json):
        place, separator, message = problem.partition(": ")
        yield ("" if place == "document" else f"/{place}", message) if separator else ("", problem)


def _referring(case: Case) -> Iterator[Place]:
    for place, word, _ in _words(case.document.json, ""):
        if word in {"$ref", "$dynamicRef"}:
            yield place, "command lines and forms do not follow references; write the schema out here"


def _impossible_pattern(case: Case) -> Iterator[Place]:
    for place, word, pattern in _words(case.document.json, ""):
        if word == "pattern" and isinstance(pattern, str) and (problem := _problem_of(pattern)):
            yield place, f"it is no regular expression: {problem}; correct it"


def _problem_of(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        return str(error)
    return ""


def _words(schema: Any, place: str) -> Iterator[tuple[str, str, Any]]:
    """Yield each key in a document with its place and value."""
    entries = (
        schema.items()
        if isinstance(schema, Mapping)
        else enumerate(schema)
        if isinstance(schema, list)
        else ()
    )
    for key, value in entries:
        yield f"{place}/{key}", str(key), value
        yield from _words(value, f"{place}/{key}")


RULES: Final = (
    Rule(
        id="document-valid",
        demand="The meta-schema accepts the document, and its names, rows, id and dates are in order.",
        check=_invalid,
    ),
    Rule(
        id="document-whole",
        demand="A document stands for itself: it refers to no other schema.",
        check=_referring,
    ),
    Rule(id="pattern-compiles", demand="Each pattern is a regular expression.", check=_impossible_pattern),
)
