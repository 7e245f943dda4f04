"""Every model document of the repository, under the lint: the rules that a third party's are held to as well."""

from datetime import date

import pytest
from polyreel.documents.document import ModelDocument
from polyreel.documents.lint import RULES, lint, omissions
from polyreel.documents.loading import parsed

TODAY = date(2026, 11, 24)  # of the readings; nothing here may fail because time passes


@pytest.fixture(scope="module")
def documents(root):
    paths = sorted(root.glob("plugins/*/src/*/models/**/*.json"))
    return [
        ModelDocument(json=parsed(path.read_bytes(), origin=path.name), origin=str(path.relative_to(root)))
        for path in paths
    ]


def test_the_lint_finds_nothing(documents):
    assert len(documents) > 30
    known = {document.id for document in documents}
    findings = lint(documents, today=TODAY, known=known)
    assert [f"{found.origin}: {found.rule}: {found.where}: {found.message}" for found in findings] == []
    assert omissions(documents, known=known) == []


def test_every_group_of_rules_is_applied(sources):
    """A rule that is written in a file of the lint stands among those that are applied."""
    files = [source for source in sources if source.module.startswith("polyreel.documents.lint.")]
    written = [rule for source in files for rule in getattr(source.load(), "RULES", ())]
    assert len(written) == len(RULES)
    assert {rule.id for rule in written} == {rule.id for rule in RULES}
