import json

MODEL = "openai/sora-2"
HEADINGS = ["MODEL", "STAGE", "TODAY", "PRICE FROM", "SECONDS", "SIZES"]


def test_models_are_listed_with_date_price_and_shape(run):
    result = run("models")
    heading, *rows = result.out.splitlines()
    assert [word for word in HEADINGS if word in heading] == HEADINGS
    row = next(row for row in rows if row.startswith("openai/sora-2 "))
    assert "retired 2026-09-24" in row
    assert "0.10 USD/second" in row
    assert "4, 8, 12, 16, 20" in row
    assert "720x1280, 1280x720" in row
    assert result.err == ""
    assert run("models", "list").out == result.out


def test_lines_are_never_cut_where_nobody_looks_at_a_terminal(run):
    assert all("…" not in line for line in run("models").out.splitlines())


def test_models_in_json(run):
    listed = {entry["id"]: entry for entry in run("models", "--json").json}
    assert listed[MODEL]["retires_on"] == "2026-09-24"
    assert listed[MODEL]["price_from"] == {
        "amount": "0.10",
        "currency": "USD",
        "per": "second",
        "as_of": "2026-09-16",
    }
    assert "duration" in listed[MODEL]["parameters"]
    assert listed["openai/sora-2-pro"]["price_from"]["amount"] == "0.30"


def test_a_servers_own_address_decides_about_dates_and_families(run):
    result = run("models", "--set", "openai.base_url=http://127.0.0.1:9/v1")
    assert "as http://127.0.0.1:9/v1 has it" in result.out
    assert "openai/*" in result.out


def test_one_model_is_shown_with_parameters_rules_prices_and_sources(run):
    result = run("models", "show", MODEL)
    assert result.code == 0
    for part in (
        "openai/sora-2: Sora 2",
        "Today: retired 2026-09-24",
        "  alternatives: google/gemini-omni-1.2-flash",
        "openai_operation says what to do with a film",
        "0.10 USD per second, as of 2026-09-16",
        "(read 2026-11-23)",
    ):
        assert part in result.out
    row = next(line for line in result.out.splitlines() if line.startswith("duration "))
    assert row.split()[1:8] == ["4,", "8,", "12,", "16,", "20", "4", "s"]


def test_prices_with_conditions_and_unknown_ones_are_told_apart(run):
    page = run("models", "show", "openai/sora-2-pro").out
    assert "0.70 USD per second for resolution always 1080p" in page
    assert "not known: an edit or remix is priced by the length of its source" in page


def test_a_model_in_json_is_its_document(run):
    document = run("models", "show", "sora-2", "--json").json
    assert document["$id"] == "urn:polyreel:model:openai/sora-2"
    assert "x-price" in document


def test_an_unknown_model_is_answered_with_the_nearest(run):
    result = run("models", "show", "openai/sora-3")
    assert result.code == 2
    assert "did you mean 'openai/sora-2'" in result.err


def test_the_users_own_document_wins(run, tmp_path):
    document = run("models", "show", MODEL, "--json").json
    document["title"] = "Sora 2, corrected"
    folder = tmp_path / "home" / "models"
    folder.mkdir(parents=True)
    (folder / "sora.json").write_text(json.dumps(document))
    assert run("models", "show", MODEL).out.startswith("openai/sora-2: Sora 2, corrected\n")


def test_a_broken_document_of_the_users_is_named(run, tmp_path):
    folder = tmp_path / "home" / "models"
    folder.mkdir(parents=True)
    (folder / "sora.json").write_text("{")
    result = run("models")
    assert result.code == 2
    assert "sora.json cannot be read" in result.err


def test_schemas_are_exported_and_stale_ones_removed(run, machine):
    result = run("schemas", "export")
    assert (result.code, result.out) == (0, "schemas\n")
    assert (machine / "schemas" / "models" / "openai" / "sora-2.json").exists()
    stale = machine / "schemas" / "models" / "openai" / "gone.json"
    stale.write_text("{}")
    again = run("schemas", "export", "schemas", "--json")
    assert "models/openai/sora-2.json" in again.json["files"]
    assert not stale.exists()


def test_schemas_never_remove_what_is_not_theirs(run, machine):
    own = machine / "models" / "mine.json"
    own.parent.mkdir()
    own.write_text("{}")
    result = run("schemas", "export", ".")
    assert result.code == 2
    assert "is not empty and holds no catalogue" in result.err
    assert own.exists()


def test_schemas_say_where_they_cannot_be_written(run, machine):
    (machine / "file").write_text("")
    result = run("schemas", "export", "file/below")
    assert result.code == 1
    assert "cannot be" in result.err
