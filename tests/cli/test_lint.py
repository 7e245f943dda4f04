"""``polyreel schemas lint``: over what is installed, and over files of somebody else's."""

import json

import pytest

MODEL = "openai/sora-2"


@pytest.fixture
def document(run):
    """A published document, as a file in the making."""
    return run("models", "show", MODEL, "--json").json


@pytest.fixture
def save(machine):
    def save(content, name="film.json", folder=machine):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return save


def test_a_good_document_is_told_nothing_about(run, document, save):
    result = run("schemas", "lint", save(document))
    assert (result.code, result.out) == (0, "")
    assert "1 documents, 0 findings" in result.err


def test_each_finding_is_one_line(run, document, save):
    path = save({**document, "deprecated": False})
    result = run("schemas", "lint", path)
    assert result.code == 1
    assert result.out == (
        f"{path}: deprecated-flag: /deprecated: false, but the stage is retired; write true\n"
    )


def test_findings_as_one_document(run, document, save):
    path = save({**document, "deprecated": False})
    result = run("schemas", "lint", path, "--json")
    assert result.code == 1
    assert result.json == [
        {
            "rule": "deprecated-flag",
            "document": MODEL,
            "origin": str(path),
            "where": "/deprecated",
            "message": "false, but the stage is retired; write true",
        }
    ]


def test_a_folder_is_read_below_and_a_file_that_is_no_document_is_a_finding(run, document, save, machine):
    save(document, "deep/er/film.json")
    save("{", "deep/broken.json")
    save({}, "deep/empty.json")
    result = run("schemas", "lint", "deep")
    assert result.code == 1
    assert (
        "deep/broken.json: document-valid: /: the model document deep/broken.json cannot be read"
        in result.out
    )
    assert "deep/empty.json: document-valid: /: 'title' is a required property" in result.out
    assert "er/film.json" not in result.out
    assert "3 documents" in result.err


def test_two_files_of_one_model_are_seen(run, document, save):
    result = run("schemas", "lint", save(document), save(document, "again.json"))
    assert "film.json: identity-unique: /$id: another document is called so too" in result.out


def test_a_successor_of_a_provider_that_is_not_installed_is_not_judged(run, document, save):
    document["x-model"]["alternatives"] = ["nobody/knows"]
    result = run("schemas", "lint", save(document))
    assert result.code == 0
    assert "note: successor-known: the provider of nobody/knows is not known" in result.err
    document["x-model"]["alternatives"] = ["openai/sora-3"]
    result = run("schemas", "lint", save(document))
    assert "successor-known: /x-model/alternatives/0: there is no model 'openai/sora-3'" in result.out


@pytest.mark.parametrize("place", ["nowhere", "nothing"])
def test_where_there_is_nothing_to_read(run, machine, place):
    (machine / "nothing").mkdir()
    result = run("schemas", "lint", place)
    assert result.code == 2
    assert "does not exist" in result.err or "nothing holds no model document" in result.err


def test_without_a_path_the_installed_documents_with_the_users_corrections(run, document, save, tmp_path):
    before = run("schemas", "lint", "--json").json
    save({**document, "deprecated": False}, folder=tmp_path / "home" / "models")
    result = run("schemas", "lint")
    assert result.code == 1
    assert f"{MODEL}: deprecated-flag: /deprecated: false" in result.out
    assert len(result.out.splitlines()) == len(before) + 1


def test_a_correction_with_findings_is_used_and_the_doctor_notes_them(run, document, save, tmp_path):
    path = save({**document, "deprecated": False, "title": "Corrected"}, folder=tmp_path / "home" / "models")
    assert run("models", "show", MODEL).out.startswith("openai/sora-2: Corrected\n")
    result = run("doctor", "--json")
    (note,) = [finding for finding in result.json["findings"] if finding["subject"] == str(path)]
    assert note["state"] == "note"
    assert note["message"] == "deprecated-flag: /deprecated: false, but the stage is retired; write true"
    assert result.code == 0
