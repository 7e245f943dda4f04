"""Pages and tables for people: true, whole, and harmless whatever a document holds."""

import json
import re
from pathlib import Path

import pytest
from polyreel.documents.document import ModelDocument
from polyreel.documents.tables import models_table
from polyreel.documents.views.markdown import comparison, model_page, table, text
from polyreel.documents.views.pages import INDEX, MARK, page_files, write_pages
from polyreel.documents.views.wording import allowed, label, price_lines
from polyreel.errors import ConfigurationError

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    ModelDocument(json=json.loads(path.read_text()), origin=path.name)
    for path in sorted(ROOT.glob("plugins/*/src/*/models/**/*.json"))
]
EACH = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.reference)
CELL = re.compile(r"(?<!\\)\|")


def tables(page):
    """Each table of a page, as rows of cells."""
    blocks = re.findall(r"(?:^\|.*\|$\n?)+", page, re.MULTILINE)
    return [[CELL.split(row)[1:-1] for row in block.splitlines()] for block in blocks]


def test_a_page_tells_all_that_the_document_says(toy):
    page = model_page(ModelDocument(json=toy))
    for part in (
        "# Toy\n",
        "`acme-labs/toy-1`",
        "A model for tests.",
        "| vendor's name | `toy-1` |",
        "| ends | 2026-09-01 |",
        "| replaced by | `acme-labs/toy-2` |",
        "| alternatives | `other/film-1` |",
        "| kept by the provider | 1 hours |",
        "| jobs can | cancel, tell its progress, call back, repeat a submit safely, delete at the provider, list jobs at the provider |",
        "| `prompt` (required) | Prompt | text |  |  | What the film shows. |",
        "| `duration` | Duration | 4, 8 | `4` | seconds | Seconds. |",
        "| `reference_images` | Reference pictures | a list of: image/png, at most 1 kB, at most 1,000 pixels, or an earlier job |",
        "| `acme_labs_voices` | Voices | a list of: clip, deep |",
        "| `size` | `aspect_ratio` |",
        "- a film with voices takes 8 seconds: set duration to 8",
        "- when size is 720x1280: 0.10 USD per second\n- 1 USD per video",
        'polyreel.generate(\n    "a boat",\n    model="acme-labs/toy-1",\n)',
        "- <https://acme.example/models> (read 2026-03-02): It exists",
        "- <https://acme.example/prices> (read 2026-01-02): A cent a frame",
        "## Not known\n\n- Why?",
    ):
        assert part in page, part


@EACH
def test_every_table_is_whole_and_every_parameter_is_told(document):
    page = model_page(document)
    for rows in tables(page):
        assert len({len(row) for row in rows}) == 1
    for name in document.properties:
        assert f"\n| `{name}`" in page
    assert len(price_lines(document)) == len((document.prices or {"rules": ()})["rules"])


@EACH
def test_an_example_of_a_page_is_valid_python(document):
    for code in re.findall(r"```python\n(.*?)\n```", model_page(document), re.DOTALL):
        compile(code, document.reference, "exec")


def test_words_are_shown_as_they_are():
    assert text("a|b <script>x</script> & [l](javascript:x) *b* _i_ snake_case\nline") == (
        "a\\|b &lt;script&gt;x&lt;/script&gt; &amp; \\[l\\](javascript:x) \\*b\\* \\_i\\_ snake_case line"
    )
    assert text("give `input_image|x` too") == "give `input_image\\|x` too"
    assert text("a lone ` tick") == "a lone \\` tick"


def test_a_hostile_document_brings_no_markup_into_its_page(toy):
    evil = "<img src=x onerror=alert(1)> | [a](javascript:alert(1))"
    toy["title"] = toy["description"] = evil
    toy["properties"]["duration"]["description"] = evil
    toy["x-model"]["sources"][0] |= {"fact": evil, "url": "https://x>y <b>"}
    toy["x-model"]["open_questions"] = [evil]
    toy["x-price"]["rules"] = [{"unknown": evil}]
    document = ModelDocument(json=toy)
    for page in (model_page(document), comparison([document])):
        assert not re.search(r"(?<!`)<(?!https://[^>\s]*>)", re.sub(r"`[^`]*`", "", page))
        assert not re.search(r"(?<!\\)\]\(", page)


def test_models_stand_side_by_side(toy):
    one = ModelDocument(json=toy)
    other = ModelDocument(
        json={
            **toy,
            "properties": {"prompt": toy["properties"]["prompt"]},
            "x-model": {**toy["x-model"], "native_id": "b"},
        }
    )
    (rows,) = tables(comparison([one, other]))
    cells = {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows}
    assert cells[""] == ["`acme-labs/toy-1`", "`acme-labs/b`"]
    assert cells["`duration`"] == ["4, 8", ""]
    assert cells["`prompt`"] == ["text", "text"]
    assert cells["price"][0] == "when size is 720x1280: 0.10 USD per second; 1 USD per video"
    assert {len(row) for row in rows} == {3}


def test_facts_that_only_one_model_has_leave_the_others_empty(toy):
    plain = {**toy, "x-model": {k: v for k, v in toy["x-model"].items() if k != "released"}}
    (rows,) = tables(comparison([ModelDocument(json=plain), ModelDocument(json=toy)]))
    assert [row for row in rows if row[0].strip() == "released"] == [[" released ", "  ", " 2025-01-01 "]]


VALUES = [
    ({"const": True}, "always true"),
    ({"enum": ["a", 1]}, "a, 1"),
    ({"type": "integer", "minimum": 1, "maximum": 4}, "whole number, 1 to 4"),
    ({"type": "integer", "minimum": 1, "multipleOf": 2}, "whole number, at least 1, in steps of 2"),
    ({"type": ["integer", "number"], "maximum": 4}, "whole number or number, at most 4"),
    ({"type": "boolean"}, "yes or no"),
    ({"type": "object"}, "names and values"),
    ({"type": "array", "maxItems": 3, "items": {"type": "string"}}, "up to 3 of: text"),
    ({"type": "array", "minItems": 1, "maxItems": 3, "items": {"type": "string"}}, "1 to 3 of: text"),
    ({}, "any value"),
    ({"x-media": {"accept": ["image/png", "image/jpeg"], "max_bytes": 20 * 1024**2}}, "image/png or image/jpeg, at most 20 MiB"),
    ({"x-media": {"accept": ["image/png"], "max_bytes": 25_000_000}}, "image/png, at most 25 MB"),
    ({"x-media": {"accept": ["image/png"], "max_bytes": 1001}}, "image/png, at most 1,001 bytes"),
    (
        {"x-media": {"accept": ["a/b"], "min_side": 1, "max_side": 2, "fit": "size", "opaque": True, "schemes": ["gs"]}},
        "a/b, at least 1 pixels on each side, at most 2 pixels on each side, with the pixels of the film, nothing transparent, or an address gs://",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "words"), VALUES, ids=[words for _, words in VALUES])
def test_what_is_allowed_is_told_in_words(schema, words):
    assert allowed(schema) == words


def test_a_name_of_a_providers_own_is_told_without_the_provider():
    assert label("acme_labs_camera_control", {}, "acme-labs") == "Camera control"
    assert label("acme_labs_x", {"title": "Titled"}, "acme-labs") == "Titled"
    assert label("input_image", {}) == "First frame"


def test_a_table_of_models_tells_the_unit_of_each_price(toy):
    toy["x-model"]["surface"] = "west"
    heading, _, row = models_table([ModelDocument(json=toy)]).splitlines()
    assert heading == "| model | API | seconds | heights | shapes | sound | price | per | read | ends |"
    assert row == (
        "| `acme-labs/toy-1` | west | 4, 8 | 720x1280, 1280x720 | 9:16, 16:9 | always | 0.10 USD | second | 2026-01-02 "
        "| 2026-09-01 |"
    )


def test_heights_are_told_by_the_resolution_where_there_is_one(toy):
    toy["properties"]["resolution"] = {"type": "string", "const": "720p"}
    toy["properties"]["duration"] = {"type": "integer", "minimum": 3, "maximum": 9, "multipleOf": 3}
    (_, _, row) = models_table([ModelDocument(json=toy)]).splitlines()
    assert row.startswith("| `acme-labs/toy-1` |  | 3-9, in steps of 3 | 720p | 9:16, 16:9 |")


def test_a_family_is_told_by_its_provider_and_what_is_open_as_any(toy):
    toy["x-model"] |= {"native_id": "*", "family": True}
    toy["properties"]["duration"] = {"type": "integer", "minimum": 1}
    del toy["properties"]["aspect_ratio"], toy["x-price"]
    (_, _, row) = models_table([ModelDocument(json=toy)]).splitlines()
    assert row.startswith("| `acme-labs/*` |  | any | 720x1280, 1280x720 |  | always | unknown |  |  |")


@pytest.mark.parametrize(
    ("rules", "cells"),
    [
        ([{"unknown": "why"}], "unknown |  | "),
        (
            [{"per": "video", "amount": "1"}, {"per": "video", "amount": "0.5"}],
            "0.5-1 USD | video | 2026-01-02",
        ),
        ([{"per": "item", "of": "shots", "amount": "2"}], "2 USD | shots | 2026-01-02"),
        (
            [{"per": "item", "of": "shots", "amount": "2"}, {"per": "second", "amount": "1"}],
            "1 USD | second |",
        ),
        ([{"per": "video", "amount": "1"}, {"per": "item", "of": "shots", "amount": "9"}], "1 USD | video |"),
    ],
)
def test_prices_of_one_unit_only_are_put_together(toy, rules, cells):
    toy["x-price"]["rules"] = rules
    assert f"| {cells}" in models_table([ModelDocument(json=toy)])


def test_many_values_are_told_by_the_first_and_the_last(toy):
    toy["properties"]["duration"]["enum"] = list(range(6, 126, 6))
    assert "| 6, 12, …, 120 |" in models_table([ModelDocument(json=toy)])


def test_a_table_is_what_markdown_knows_as_one():
    assert table(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


# --- files


def surfaced(toy, surface):
    json = {**toy, "x-model": {**toy["x-model"], "surface": surface}}
    return ModelDocument(json=json)


def test_pages_stand_by_provider_and_api_and_the_index_links_them(toy, tmp_path):
    living = {**toy, "x-model": {**toy["x-model"], "stage": "ga", "native_id": "b:1"}}
    retired = {**toy, "x-model": {**toy["x-model"], "stage": "retired"}}
    files = write_pages([surfaced(retired, "west"), ModelDocument(json=living)], tmp_path / "models")
    names = [path.relative_to(tmp_path / "models").as_posix() for path in files]
    assert names == [INDEX, "acme-labs/b_1.md", "acme-labs/west/toy-1.md"]
    index = (tmp_path / "models" / INDEX).read_text()
    before, after = index.split("## Retired")
    assert "[`acme-labs/b:1`](acme-labs/b_1.md)" in before
    assert "[`acme-labs/toy-1`](acme-labs/west/toy-1.md)" in after
    assert all(path.read_text().startswith(MARK) for path in files)


def test_an_index_without_retired_models_has_no_such_heading(toy):
    assert "Retired" not in page_files([ModelDocument(json=toy)])[INDEX]


def test_pages_of_models_that_are_gone_are_removed_and_nothing_else(toy, tmp_path):
    write_pages([ModelDocument(json=toy)], tmp_path)
    own = tmp_path / "acme-labs" / "notes.md"
    own.write_text("mine")
    write_pages([surfaced(toy, "west")], tmp_path)
    assert own.read_text() == "mine"
    assert not (tmp_path / "acme-labs" / "toy-1.md").exists()
    assert (tmp_path / "acme-labs" / "west" / "toy-1.md").exists()


def test_a_page_of_somebody_elses_is_never_replaced(toy, tmp_path):
    (tmp_path / INDEX).write_text("# My project")
    with pytest.raises(ConfigurationError, match=r"README\.md was not written by this"):
        write_pages([ModelDocument(json=toy)], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [INDEX]
    assert (tmp_path / INDEX).read_text() == "# My project"


def test_the_links_of_the_index_lead_to_its_pages():
    pages = page_files(DOCUMENTS)
    linked = re.findall(r"\]\(([^)]+)\)", pages[INDEX])
    assert sorted(linked) == sorted(set(pages) - {INDEX})
