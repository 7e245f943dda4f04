"""The lint of model documents: what the meta-schema cannot say, checked by going through what requests can be.

::

    from polyreel.documents.lint import lint

    findings = lint(documents, today=date.today(), known={"acme/film-1"})
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from polyreel.documents.document import ModelDocument
from polyreel.documents.lint import (
    combinations,
    derivations,
    foundations,
    identities,
    lifecycles,
    natives,
    prices,
    sentences,
    unified,
    values,
)
from polyreel.documents.lint.findings import Case, Finding, Rule, full_id

__all__ = ["RULES", "Finding", "Rule", "lint", "omissions"]


RULES: Final[tuple[Rule, ...]] = (
    *foundations.RULES,
    *identities.RULES,
    *values.RULES,
    *unified.RULES,
    *derivations.RULES,
    *natives.RULES,
    *sentences.RULES,
    *lifecycles.RULES,
    *combinations.RULES,
    *prices.RULES,
)
"""Every rule. Where one of the first, the foundations, finds something, the others are not applied."""


def lint(
    documents: Iterable[ModelDocument], *, today: date, known: Collection[str] | None = None
) -> list[Finding]:
    """Return everything that is wrong with a set of documents; nothing in them is trusted.

    Args:
        documents: The documents, such as ``ModelDocument(json=…, origin="film-1.json")``.
        today: The day that counts as today; the lint has no clock.
        known: The ids of all models that exist beside those of the set. Without it, successors are not checked
            (see :func:`omissions`).

    Returns:
        The findings, document by document; empty when nothing is wrong.
    """
    listed = list(documents)
    cases = [Case(document=document, today=today) for document in listed]
    unsound = [_found(foundations.RULES, case) for case in cases]
    sound = [document for document, found in zip(listed, unsound, strict=True) if not found]
    ids = None if known is None else frozenset(known) | {document.id for document in sound}
    findings = []
    for case, found in zip(cases, unsound, strict=True):
        others = tuple(other for other in sound if other is not case.document)
        whole = replace(case, known=ids, others=others)
        findings += found or _found(RULES[len(foundations.RULES) :], whole)
    return findings


def _found(rules: Iterable[Rule], case: Case) -> list[Finding]:
    document = case.document
    return [
        Finding(
            rule=rule.id, document=full_id(document), where=where, message=message, origin=document.origin
        )
        for rule in rules
        for where, message in rule.check(case)
    ]


def omissions(documents: Iterable[ModelDocument], *, known: Collection[str] | None = None) -> list[str]:
    """Return what a lint could not check, as sentences.

    Args:
        documents: The documents.
        known: The ids of all models that exist beside those of the set, as far as they are known.
    """
    documents = list(documents)
    named = {model for document in documents for model in _successors(document)}
    if known is None:
        return ["successor-known: no models are known, so it was skipped"] if named else []
    providers = {model.partition("/")[0] for model in [*known, *map(full_id, documents)]}
    strange = sorted(model for model in named if model.partition("/")[0] not in providers)
    return [
        f"successor-known: the provider of {model} is not known, so it was not looked up" for model in strange
    ]


def _successors(document: ModelDocument) -> Iterator[str]:
    facts = document.json.get("x-model")
    for field in ("replaced_by", "alternatives"):
        named = facts.get(field) if isinstance(facts, Mapping) else None
        yield from (model for model in named or () if isinstance(model, str))
