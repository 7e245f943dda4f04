"""``polyreel migrate``, and the options that move a request by themselves."""

import json
import shlex

import pytest

OLD, NEW = "openai/sora-2", "google/gemini-omni-1.2-flash"


def test_it_says_what_is_kept_both_prices_and_the_new_command(run):
    done = run("migrate", OLD, NEW, "--duration", 12, "--size", "720x1280")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == f"{OLD} -> {NEW}@gemini (100% survives)"
    assert lines[1:3] == ["  kept:       duration=12", "  kept:       size=720x1280"]
    assert lines[3].startswith("  before:     1.20 USD (12 s x 0.10 USD per second")
    assert lines[4].startswith("  after:      unknown (")
    assert lines[-1] == f"polyreel generate PROMPT -m {NEW}@gemini --duration 12 --size 720x1280"
    assert done.err == ""


def test_it_says_what_changes_what_is_lost_and_what_nobody_asked_for(run):
    done = run(
        "migrate",
        "google/veo-3.0-generate-001",
        "amazon/luma.ray-v2:0",
        "--duration",
        8,
        "--seed",
        4,
        "--n",
        2,
    )
    assert done.code == 0
    for line in (
        "changed:    duration: 8 becomes 9: amazon/luma.ray-v2:0 offers 5, 9",
        "changed:    n: 2 becomes 1: amazon/luma.ray-v2:0 always has 1",
        "lost:       seed=4 is lost: amazon/luma.ray-v2:0 has no seed",
        "by default: resolution: '720p' becomes '540p'",
        "before:     6.40 USD",
        "after:      6.75 USD",
    ):
        assert line in done.out


@pytest.mark.parametrize(
    "words",
    [
        ("--duration", "20", "openai/sora-2-pro", "--dimension", "1792x1024"),
        ("openai/sora-2-pro", "--seconds=20", "--size", "1792x1024"),
        ("--generate-audio", "--size=1792x1024", "openai/sora-2-pro", "--duration", "20"),
    ],
)
def test_the_flags_of_the_source_may_stand_anywhere(run, words):
    done = run("migrate", *words, "--json")
    assert done.code == 0
    best = done.json[0]
    assert best["source"] == "openai/sora-2-pro"
    assert best["target"] == f"{NEW}@gemini"
    assert best["parameters"]["duration"] == 15
    assert {change["parameter"]: change["fate"] for change in best["changed"]}["size"] == "near"
    assert best["before"]["amount"] == "10.00"


def test_without_a_target_the_best_living_ones_are_listed(run):
    done = run("migrate", OLD, "--duration", 8, "--aspect-ratio", "9:16")
    assert done.code == 0
    table = done.out.split("\n\n")[0].splitlines()
    assert table[0].split() == ["MODEL", "SURVIVES", "CHANGED", "LOST", "PRICE"]
    assert table[1].split()[:2] == [f"{NEW}@gemini", "100%"]
    assert not any("sora" in line for line in table[1:]), "they are retired"
    scores = [int(line.split()[1].rstrip("%")) for line in table[1:]]
    assert scores == sorted(scores, reverse=True)
    assert done.out.splitlines()[-1].startswith(f"polyreel generate PROMPT -m {NEW}")


def test_the_json_holds_everything(run):
    answer = run("migrate", OLD, "amazon/luma.ray-v2:0", "--duration", 8, "--prompt", "A boat", "--json").json
    assert set(answer) == {
        "source",
        "target",
        "score",
        "parameters",
        "kept",
        "changed",
        "lost",
        "defaults",
        "problems",
        "before",
        "after",
        "command",
    }
    assert answer["parameters"] == {"prompt": "A boat", "duration": 9}
    assert answer["kept"] == ["prompt"]
    assert answer["changed"] == [
        {
            "parameter": "duration",
            "before": 8,
            "after": 9,
            "fate": "near",
            "reason": "amazon/luma.ray-v2:0 offers 5, 9",
        }
    ]
    assert {change["parameter"] for change in answer["defaults"]} == {
        "aspect_ratio",
        "resolution",
        "generate_audio",
    }
    assert answer["score"] == 0.95


def test_the_new_command_can_be_pasted(run, machine):
    (machine / "a picture.png").write_bytes(b"x")
    answer = run(
        "migrate",
        OLD,
        "google/veo-3.1-generate-001",
        "--duration",
        8,
        "--input-image",
        "a picture.png",
        "--generate-audio",
        "--prompt",
        'A boat\'s "wake" $HOME',
        "--json",
    ).json
    words = shlex.split(answer["command"])
    assert words[:3] == ["polyreel", "generate", 'A boat\'s "wake" $HOME']
    assert "--generate-audio" in words
    checked = run(*[word for word in ["check", *words[2:]] if word not in {"--input-image", "a picture.png"}])
    assert checked.code == 0, checked.err
    assert words[words.index("--input-image") + 1] == "a picture.png"


def test_a_retired_target_is_said(run):
    done = run("migrate", OLD, "openai/sora-2-pro")
    assert done.code == 0
    assert "note:       openai/sora-2-pro: retired 2026-09-24" in done.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Missing argument 'SOURCE'"),
        (("openai/sora-3",), "there is no model 'openai/sora-3'"),
        ((OLD, "google/nothing"), "there is no model 'google/nothing'"),
        ((OLD, "--max-cost", "3"), "No such option '--max-cost'"),
        ((OLD, NEW, "more"), "unexpected extra argument"),
    ],
)
def test_misuse(run, words, said):
    done = run("migrate", *words)
    assert done.code == 2
    assert said in done.err


def test_what_still_stands_in_the_way_is_said(run, tmp_path):
    """A model of one's own that demands a picture, which no move can make up."""
    document = run("models", "show", OLD, "--json").json
    document["$id"] = "urn:polyreel:model:openai/own"
    document["x-model"] |= {"native_id": "own"}
    document["required"] = ["prompt", "input_image"]
    folder = tmp_path / "home" / "models"
    folder.mkdir(parents=True)
    (folder / "own.json").write_text(json.dumps(document))
    done = run("migrate", OLD, "openai/own", "--duration", 8)
    assert done.code == 2
    assert "in the way: input_image: is missing" in done.out
    assert run("migrate", OLD, "openai/own", "--input-image", "boat.png").code == 0


def test_the_help_lists_the_flags_of_the_source(run):
    assert "'polyreel migrate SOURCE --help' lists them" in " ".join(run("migrate", "--help").out.split())
    page = run("migrate", OLD, "--help").out
    assert "Usage: polyreel migrate SOURCE [TARGET] [--PARAMETER VALUE ...] [OPTIONS]" in page
    assert "--duration 4|8|12|16|20" in page


# --- generate ---------------------------------------------------------------------------------------------------


def test_a_retired_model_is_left_on_demand(run):
    done = run(
        "generate",
        "A paper boat",
        "-m",
        OLD,
        "--duration",
        4,
        "--simulate",
        "--on-retired",
        "migrate",
        "--json",
    )
    assert done.code == 0
    assert done.json["job"]["model"] == NEW
    assert done.json["job"]["requested"]["duration"] == 4
    assert f"warning: model: {OLD} was shut down on 2026-09-24; moved from {OLD} to {NEW}@gemini" in done.err


def test_where_nothing_is_configured_it_cannot_be_left(run):
    done = run("generate", "A paper boat", "-m", OLD, "--on-retired", "migrate")
    assert done.code == 2
    assert "It could not be moved either" in done.err
    assert f"{NEW}@gemini: not configured" in done.err


def test_the_next_model_is_asked(run):
    words = ("generate", "[moderation:create]", "-m", OLD, "--duration", 8, "--simulate")
    refused = run(*words)
    assert refused.code == 1
    done = run(*words, "--fallback", "openai/sora-2-pro", "--fallback", NEW, "--json")
    assert done.code == 0
    assert done.json["job"]["model"] == NEW
    assert done.json["job"]["requested"]["duration"] == 8
    assert [w["message"].partition(" refused")[0] for w in done.json["warnings"][:2]] == [
        OLD,
        "openai/sora-2-pro",
    ]
    jobs = run("jobs", "list", "--json").json
    names = {job["model"]: job["continued_by"] for job in jobs[:3]}
    assert names == {NEW: None, "openai/sora-2-pro": jobs[0]["id"], OLD: jobs[1]["id"]}


def test_what_the_earlier_models_said_is_printed_with_the_last_error(run):
    done = run("generate", "[moderation:create]", "-m", OLD, "--simulate", "--fallback", "openai/sora-2-pro")
    assert done.code == 1
    assert done.err.count("error:") == 1
    assert f"\n  model: {OLD} refused (" in done.err


@pytest.mark.parametrize("words", [("--on-retired", "perhaps"), ("--fallback", "openai/sora-3")])
def test_options_that_say_nothing_known(run, words):
    done = run("generate", "A paper boat", "-m", OLD, "--simulate", *words)
    assert done.code == 2
    assert run("jobs", "list", "--json").json == json.loads("[]")
