"""Models for other readers, on the command line."""

import json

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from polyreel.cli.formats import LISTINGS, PAGES

OMNI = "google/gemini-omni-1.2-flash@gemini"
BOTH_APIS = {OMNI, "google/gemini-omni-1.2-flash@vertex"}


def test_living_models_in_openrouters_shape(run):
    result = run("models", "list", "--format", "openrouter")
    listed = {entry["id"]: entry for entry in result.json["data"]}
    assert set(listed) >= BOTH_APIS
    assert list(listed) == sorted(listed)
    assert not [name for name in listed if name.startswith("openai/")], "retired, or an open family"
    assert (result.code, result.err) == (0, "")


def test_living_models_as_an_openapi_request_body(run):
    described = run("models", "list", "--format", "openapi").json
    assert set(described["components"]["schemas"]["VideoRequest"]["discriminator"]["mapping"]) >= BOTH_APIS
    assert list(OpenAPIV31SpecValidator(described).iter_errors()) == []


def test_living_models_as_tools(run):
    tools = run("models", "list", "--format", "mcp").json["tools"]
    assert "generate_google_gemini-omni-1_2-flash_gemini" in {tool["name"] for tool in tools}


def test_living_models_as_a_table(run):
    heading, _, *rows = run("models", "list", "--format", "markdown").out.splitlines()
    assert heading.startswith("| model | API | seconds |")
    assert any(row.startswith("| `google/gemini-omni-1.2-flash` | gemini | 3-15 |") for row in rows)


def test_a_corrected_document_is_listed_in_place_of_the_original(run, tmp_path):
    document = run("models", "show", "google/gemini-omni-1.2-flash@gemini", "--json").json
    folder = tmp_path / "home" / "models"
    folder.mkdir(parents=True)
    (folder / "omni.json").write_text(json.dumps({**document, "title": "Corrected"}))
    listed = run("models", "list", "--format", "openrouter").json["data"]
    assert [entry["name"] for entry in listed if entry["id"] == OMNI] == ["Corrected"]


def test_one_model_as_a_form(run):
    asked = run("models", "show", "openai/sora-2", "--format", "form").json
    assert [field["name"] for field in asked["fields"]][:2] == ["prompt", "input_image"]


def test_one_model_as_a_page(run):
    assert run("models", "show", "sora-2", "--format", "markdown").out.startswith(
        "# Sora 2\n\n`openai/sora-2`\n"
    )


def test_one_model_as_a_tool(run):
    assert run("models", "show", "sora-2", "--format", "mcp").json["name"] == "generate_openai_sora-2"


@pytest.mark.parametrize(
    "words",
    [
        *(("list", "--format", form) for form in LISTINGS),
        *(("show", "sora-2", "--format", form) for form in PAGES),
    ],
    ids=" ".join,
)
def test_two_shapes_at_once_are_refused(run, words):
    result = run("models", *words, "--json")
    assert result.code == 2
    assert "leave --json out" in result.err


def test_an_unknown_shape_is_refused_with_those_there_are(run):
    result = run("models", "list", "--format", "yaml")
    assert result.code == 2
    assert "'openrouter'" in result.err


def test_models_side_by_side(run):
    first, _, *rows = run("models", "compare", "openai/sora-2", "openai/sora-2-pro").out.splitlines()
    assert first == "|  | `openai/sora-2` | `openai/sora-2-pro` |"
    assert "| `duration` | 4, 8, 12, 16, 20 | 4, 8, 12, 16, 20 |" in rows
    documents = run("models", "compare", "sora-2", "sora-2-pro", "--json").json
    assert [document["x-model"]["native_id"] for document in documents] == ["sora-2", "sora-2-pro"]


def test_a_comparison_needs_models_that_exist(run):
    assert run("models", "compare").code == 2
    assert "did you mean" in run("models", "compare", "openai/sora-2", "openai/sora-3").err


def test_pages_are_written_with_an_index(run, machine):
    result = run("schemas", "pages", "docs")
    assert (result.code, result.out) == (0, "docs\n")
    assert (machine / "docs" / "openai" / "sora-2.md").read_text().count("# Sora 2\n") == 1
    assert "[`openai/sora-2`](openai/sora-2.md)" in (machine / "docs" / "README.md").read_text()
    assert "openai/sora-2.md" in run("schemas", "pages", "docs", "--json").json["files"]


def test_pages_never_replace_what_is_not_theirs(run, machine):
    (machine / "README.md").write_text("# Mine")
    result = run("schemas", "pages", ".")
    assert result.code == 2
    assert "README.md was not written by this" in result.err
    assert [path.name for path in machine.iterdir()] == ["README.md"]


def test_pages_say_where_they_cannot_be_written(run, machine):
    (machine / "file").write_text("")
    result = run("schemas", "pages", "file/below")
    assert result.code == 1
    assert "cannot be written" in result.err


def test_settings_do_not_change_what_is_listed_for_others(run):
    result = run("models", "list", "--format", "mcp", "--set", "google.surface=vertex")
    assert result.code == 2
    assert "leave --set out" in result.err


def test_another_day_changes_which_models_live(run):
    then = {
        entry["id"]
        for entry in run("models", "list", "--format", "openrouter", "--as-of", "2026-09-01").json["data"]
    }
    later = {
        entry["id"]
        for entry in run("models", "list", "--format", "openrouter", "--as-of", "2027-07-01").json["data"]
    }
    assert "openai/sora-2" in then - later
    assert "google/gemini-omni-flash-preview@vertex" in then - later
