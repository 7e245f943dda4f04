"""One wrong keyword: how many does the lint notice? The rest only a provider's tests can, by its own table of facts."""

import copy
from datetime import date

import pytest
from factsheet import agrees, table
from mutations import PROVIDERS, documents_of, known_models, mutations, score
from polyreel.documents.document import ModelDocument
from polyreel.documents.lint import lint

TODAY = date(2026, 11, 24)
# What a reader of one document alone cannot see: facts of the vendor's, and words that change nothing.
SEEN = {
    "document: $id changed",
    "document: additionalProperties reversed",
    "document: deprecated reversed",
    "properties: enum left out",
    "properties: default changed",
    "properties: x-native left out",
    "allOf: then left out",
    "x-derive: value of a row left out",
    "x-price: as_of changed",
    "x-price: seen changed",
    "x-price: currency left out",
    "x-price: when left out",
    "x-price: sources left out",
    "x-model: provider changed",
    "x-model: native_id changed",
    "x-model: stage changed",
    "x-model: retires_on left out",
    "x-model: seen changed",
}


def test_mutants_are_documents_that_differ_by_one_keyword(toy):
    before = copy.deepcopy(toy)
    made = list(mutations(toy))
    assert toy == before
    assert all(mutation.json != toy for mutation in made)
    assert len({mutation.where for mutation in made}) > 80
    assert len({(mutation.kind, mutation.where) for mutation in made}) == len(made)


def test_kinds_that_the_lint_always_sees(toy):
    known = ["acme-labs/toy-2", "other/film-1"]
    caught, missed = set(), set()
    for mutation in mutations(toy):
        found = lint([ModelDocument(json=mutation.json)], today=TODAY, known=known)
        (caught if found else missed).add(mutation.kind)
    assert not SEEN - caught
    assert not SEEN & missed


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_document_is_caught_as_it_is(provider):
    """Otherwise every mutation would count as seen."""
    documents, facts = documents_of(provider), table(provider)
    assert lint(documents, today=TODAY, known=known_models()) == []
    for document in documents:
        assert agrees(document.json, facts[document.reference]), document.reference


@pytest.mark.parametrize("provider", PROVIDERS)
def test_nine_of_ten_mutants_are_caught_by_the_lint_or_by_the_facts(provider):
    """A sample; ``python tests/support/mutations.py`` tries all."""
    documents = documents_of(provider)
    found = score(documents, TODAY, table(provider), step=len(documents) * 7)
    assert found.made.total() >= 30
    assert found.by_lint.total() >= found.made.total() * 0.4
    assert found.caught >= 0.9, [(name, mutation.where) for name, mutation in found.survivors]


def test_the_lint_alone_would_not_do():
    """The score is not flattering: what only a fact can refute survives when no facts are asked."""
    documents, facts = documents_of("amazon_nova"), table("amazon_nova")
    alone, both = (score(documents, TODAY, asked, step=45) for asked in (None, facts))
    assert alone.made == both.made
    assert alone.by_facts.total() == 0
    assert len(alone.survivors) > len(both.survivors)
    assert 0 < alone.caught < 0.8 < both.caught
