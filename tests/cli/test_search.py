"""``polyreel models search``, ``-m auto``, aliases, and models by date."""

import json

import pytest

WISH = ("--aspect-ratio", "9:16", "--resolution", "1080p", "--generate-audio", "--duration", "8")
VEO = "google/veo-3.1-fast-generate-001"


@pytest.fixture
def configure(tmp_path):
    """Write the configuration file."""

    def written(text):
        (tmp_path / "home").mkdir(exist_ok=True)
        (tmp_path / "home" / "config.toml").write_text(text)

    return written


@pytest.fixture
def on_a_day(quick):
    """Set the clock."""

    def set_to(seconds):
        quick.advance(seconds - quick.now())

    set_to(1_795_500_000.0)  # 2026-11-24
    return set_to


@pytest.fixture(autouse=True)
def autumn(on_a_day):
    """What the documents say of dates is read on one day."""


def test_a_search_lists_offers_with_price_rule_date_and_stage(run):
    result = run("models", "search", *WISH)
    heading, first, *rest = result.out.splitlines()
    assert heading.split() == ["MODEL", "PRICE", "STAGE", "CONFIGURED"]
    assert first.split()[0] == "google/veo-3.1-lite-generate-001@vertex"
    assert "0.64 USD (8 s x 0.08 USD per second, price of 2026-10-08)" in first
    assert "preview" in first
    assert "needs project (GOOGLE_CLOUD_PROJECT) or api_key (GOOGLE_API_KEY)" in first
    assert "unknown (" in rest[-1]
    assert (result.code, result.err) == (0, "")
    assert "sora" not in result.out


def test_a_limit_and_the_reasons_why_not(run):
    result = run("models", "search", *WISH, "--max-cost", "2", "--near-misses")
    lines = [line for line in result.out.splitlines() if line.startswith("not ")]
    assert any(line.startswith("not google/veo-3.1-generate-001@vertex: it costs 3.20 USD") for line in lines)
    assert "was shut down on" not in lines[0]
    assert "was shut down on 2025-12-01" in lines[-1]
    assert "not openai/sora-2: was shut down on 2026-09-24; use google/gemini-omni-1.2-flash" in lines
    assert "not " not in run("models", "search", *WISH, "--max-cost", "2").out


def test_only_what_this_machine_is_set_up_for(run, monkeypatch):
    none = run("models", "search", *WISH, "--live")
    assert (none.code, none.out) == (0, "")
    assert "no model that this machine is set up for takes this request" in none.err
    assert "google/veo-3.1-lite-generate-001@vertex: needs project" in none.err
    monkeypatch.setenv("GEMINI_API_KEY", "AIza-0123456789")
    live = run("models", "search", *WISH, "--live", "--json").json["offers"]
    assert "google/gemini-omni-1.1-flash@gemini" in [offer["model"] for offer in live]
    assert {offer["configured"] for offer in live} == {True}


def test_a_search_in_json(run):
    found = run("models", "search", *WISH, "--json", "--near-misses").json
    first = found["offers"][0]
    assert first["estimate"] == {
        "amount": "0.64",
        "currency": "USD",
        "rule": "8 s x 0.08 USD per second",
        "as_of": "2026-10-08",
    }
    assert (first["stage"], first["configured"], first["retires_on"]) == ("preview", False, None)
    assert "GOOGLE_CLOUD_PROJECT" in first["missing"]
    assert [miss["retired"] for miss in found["near_misses"]] == sorted(
        miss["retired"] for miss in found["near_misses"]
    )
    assert "near_misses" not in run("models", "search", *WISH, "--json").json


def test_a_search_for_another_day(run):
    found = run("models", "search", "--duration", "12", "--as-of", "2026-06-01", "--json").json["offers"]
    assert "openai/sora-2" in {offer["model"] for offer in found}
    result = run("models", "search", "--as-of", "soon")
    assert result.code == 2
    assert "--as-of" in result.err


def test_a_search_takes_the_parameters_that_one_provider_has(run):
    page = run("models", "search", "--help").out
    assert "--duration N" in page
    assert "--google-" in page
    assert "--amazon-" in page
    names = [line.split()[0] for line in page.splitlines() if line.strip().startswith("--google-")]
    found = run("models", "search", names[0], "x", "--json", "--near-misses").json
    reasons = {miss["model"]: " ".join(miss["reasons"]) for miss in found["near_misses"]}
    assert "there is no such parameter" in reasons["amazon/luma.ray-v2:0"]


def test_a_search_that_finds_nothing_tells_the_nearest(run):
    result = run("models", "search", "--duration", "7000")
    assert (result.code, result.out) == (0, "")
    told = result.err.splitlines()
    assert told[0] == "no model takes this request; the nearest:"
    assert 1 < len(told) < 20
    assert all("shut down" not in line for line in told)
    assert "duration: 7000" in result.err


def test_a_picture_can_be_announced_in_a_search(run):
    for flag in ("--input-image", "--reference-images"):
        offers = {o["model"] for o in run("models", "search", flag, "true", "--json").json["offers"]}
        assert "google/veo-3.1-generate-001@vertex" in offers
        assert ("google/veo-3.1-lite-generate-001@vertex" in offers) == (flag == "--input-image")
    result = run("models", "search", "--input-image", "missing.png")
    assert "there is no file 'missing.png'" in result.err


def test_a_parameter_that_can_be_left_out_is_warned_of(run):
    strict = run("models", "search", "--negative-prompt", "rain", "--json").json["offers"]
    lenient = run("models", "search", "--negative-prompt", "rain", "--on-unsupported", "warn", "--json").json[
        "offers"
    ]
    assert len(lenient) > len(strict)
    assert any("negative_prompt" in w["parameter"] for offer in lenient for w in offer["warnings"])
    shown = run("models", "search", "--negative-prompt", "rain", "--on-unsupported", "warn").out
    assert "WARNINGS" in shown.splitlines()[0]
    assert "has no negative_prompt; it is left out" in shown


def test_auto_generates_with_the_cheapest_and_says_which(run, machine):
    result = run("generate", "A paper boat", "-m", "auto", "--duration", "8", "--simulate", "-o", "boat.mp4")
    assert result.code == 0
    assert "was chosen: the cheapest of" in result.err
    assert (machine / "boat.mp4").exists()


def test_auto_checks_with_any_models_parameters(run, monkeypatch):
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "boats")
    result = run("check", "A paper boat", "-m", "auto", *WISH, "--json")
    assert result.json["model"] == "google/veo-3.1-lite-generate-001"
    assert "was chosen" in result.json["warnings"][0]["message"]
    page = run("check", "-m", "auto", "--help").out
    assert "--google-" in page
    assert "Every model has parameters of its own" not in page


def test_auto_without_any_model_says_what_is_missing(run):
    result = run("generate", "A paper boat", "-m", "auto", *WISH)
    assert result.code == 2
    assert "no living and configured model takes this request" in result.err
    assert "needs project (GOOGLE_CLOUD_PROJECT)" in result.err


def test_auto_can_be_the_default(run, configure):
    configure('default_model = "auto"\n')
    result = run("check", "A paper boat", "--duration", "8", "--json")
    assert result.code == 2  # nothing is set up on this machine, and that is said
    assert "no living and configured model" in result.json["error"]["message"]


# --- aliases ----------------------------------------------------------------------------------------------------


def test_an_alias_works_in_every_verb(run, configure):
    configure(f'[aliases]\nfast = "{VEO}@vertex"\ncheapest = "auto"\n')
    assert run("models", "show", "fast", "--json").json["$id"].endswith(f"{VEO}@vertex")
    assert run("check", "A boat", "-m", "fast", "--simulate", "--json").json["model"] == VEO
    assert "0.80 USD (8 s x 0.10" in run("cost", "-m", "fast", "--duration", "8", "--resolution", "720p").out
    assert run("generate", "A boat", "-m", "fast", "--simulate", "--no-wait", "-q").code == 0
    assert run("jobs", "list", "--json").json[0]["settings"]["surface"] == "vertex"
    page = run("generate", "-m", "fast", "--help").out
    assert f"Parameters of {VEO}" in page
    assert "was chosen" in run("check", "A boat", "-m", "cheapest", "--simulate").err


def test_an_alias_of_a_missing_model_says_what_it_stands_for(run, configure):
    configure('[aliases]\nfast = "openai/sora-9"\n')
    for words in (("models", "show", "fast"), ("check", "A boat", "-m", "fast"), ("cost", "-m", "fast")):
        result = run(*words)
        assert result.code == 2
        assert "the alias 'fast' stands for 'openai/sora-9'" in result.err
        assert "config.toml" in result.err


# --- by date ----------------------------------------------------------------------------------------------------


def by_id(result):
    return {line.split()[0]: line for line in result.out.splitlines()[1:]}


@pytest.mark.parametrize("words", [("models",), ("models", "list")])
def test_models_stand_where_they_stand_on_a_day(words, run):
    before = by_id(run(*words, "--as-of", "2026-09-23"))
    after = by_id(run(*words, "--as-of", "2026-09-24"))
    assert " ends 2026-09-24 " in before["openai/sora-2"]
    assert " retired 2026-09-24 " in after["openai/sora-2"]
    assert "2026-09-24" in run(*words, "--as-of", "2026-09-24").out.splitlines()[0]
    long_ago = by_id(run(*words, "--as-of", "2020-01-01"))
    assert " from 20" in long_ago["openai/sora-2"]


def test_models_by_date_in_json(run):
    listed = {entry["id"]: entry for entry in run("models", "list", "--as-of", "2027-07-01", "--json").json}
    preview = listed["google/gemini-omni-flash-preview"]
    assert (preview["as_of"], preview["standing"]) == ("2027-07-01", "retired 2027-06-30")
    assert preview["today"] == "ends 2027-06-30"
    assert "standing" not in run("models", "--json").json[0]


def test_a_listing_for_another_reader_is_by_date_too(run):
    assert "openai/sora-2" in run("models", "list", "--format", "markdown", "--as-of", "2026-06-01").out
    assert "openai/sora-2" not in run("models", "list", "--format", "markdown").out


def test_the_doctor_looks_at_every_surface(run, on_a_day):
    findings = run("doctor", "--json").json["findings"]
    assert not [f for f in findings if "facts older" in f["message"]]
    on_a_day(1_795_500_000.0 + 200 * 86_400)
    (note,) = [f for f in run("doctor", "--json").json["findings"] if "facts older" in f["message"]]
    assert note["state"] == "note"
    assert "google/gemini-omni-1.2-flash@gemini" in note["message"]
    assert "google/gemini-omni-1.2-flash@vertex" in note["message"]


def test_a_corrected_document_is_used_and_linted(run, tmp_path):
    document = run("models", "show", f"{VEO}@vertex", "--json").json
    document["x-price"]["rules"] = [
        {"per": "second", "amount": "0.01", "when": {"properties": {"duration": {"const": 4}}}}
    ]
    folder = tmp_path / "home" / "models"
    folder.mkdir(parents=True)
    (folder / "mine.json").write_text(json.dumps(document))
    assert run("cost", "-m", VEO, "--duration", "4").out.startswith("0.04 USD (4 s x 0.01 USD")
    assert run("cost", "-m", VEO, "--duration", "8").out.startswith("unknown (no price rule fits")
    offers = {o["model"]: o for o in run("models", "search", "--duration", "4", "--json").json["offers"]}
    assert offers[f"{VEO}@vertex"]["estimate"]["amount"] == "0.04"
    findings = run("doctor", "--json").json["findings"]
    notes = [f for f in findings if f["state"] == "note" and "mine.json" in f["subject"]]
    assert notes, findings
