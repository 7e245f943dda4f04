"""Each model document against the table of facts, which was written from the sheet and not from the documents."""

import pytest
from factsheet import assumptions, check, table
from polyreel.documents.document import ModelDocument
from polyreel.documents.loading import package_documents

FACTS = table("google_veo")
DOCUMENTS = {
    document.reference: document
    for surface in ("gemini", "vertex")
    for document in (
        ModelDocument(json=json) for json in package_documents("polyreel_google_veo", f"models/{surface}")
    )
}


def test_every_model_has_its_table():
    assert set(DOCUMENTS) == set(FACTS)


@pytest.mark.parametrize("model", FACTS)
def test_the_document_agrees_with_its_table(model):
    check(DOCUMENTS[model], FACTS[model])


@pytest.mark.parametrize("model", FACTS)
def test_what_is_assumed_is_named(model):
    assert assumptions(FACTS[model]) == []
