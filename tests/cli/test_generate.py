import io
import json
import re
from pathlib import Path

import av
import pytest

MODEL = "openai/sora-2"


def png(path, width=720, height=1280):
    from PIL import Image

    Image.new("RGB", (width, height), "navy").save(path)
    return path


def test_a_film_of_the_asked_size_and_length_arrives_under_its_name(simulated, machine):
    result = simulated("--duration", 4, "--size", "1280x720", "-o", "boat.mp4")
    assert result.code == 0
    assert result.out == f"{machine / 'boat.mp4'}\n"
    with av.open("boat.mp4") as film:
        assert (film.streams.video[0].width, film.streams.video[0].height) == (1280, 720)
        assert film.duration / av.time_base == pytest.approx(4, abs=0.1)
        assert len(film.streams.audio) == 1


def test_being_simulated_is_said_at_the_start_and_at_the_end(simulated):
    lines = simulated().err.splitlines()
    assert lines[0].startswith("SIMULATED: a simulator on this machine plays openai/sora-2")
    assert lines[-1].startswith("SIMULATED: this is a test film, not made by openai/sora-2")


def test_each_change_is_one_line_with_the_jobs_id(simulated):
    lines = [line for line in simulated().err.splitlines() if line.startswith("job_")]
    words = [re.sub(r" \d+ %| \[.*", "", line.split(": ", 1)[1]) for line in lines]
    assert words[:2] == ["preparing", "queued"]
    assert words[-2:] == ["fetching", "completed"]
    assert "processing" in words
    assert len(lines) == len(set(lines))


def test_the_end_says_what_was_made_and_what_was_paid(simulated):
    assert re.search(r"mp4: 720x1280, 4 s, with sound, \d+ kB; nothing was paid", simulated().err)


def test_warnings_are_said_once_on_standard_error(simulated):
    result = simulated("--seed", 7)
    assert result.err.count("warning: seed: openai/sora-2 has no seed; it is left out") == 1
    assert result.err.count("warning: model: openai/sora-2 was shut down on 2026-09-24") == 1
    assert len(result.out.splitlines()) == 1


def test_without_a_name_the_film_gets_a_readable_one_here_and_never_the_same(simulated, machine):
    first, second = simulated(prompt="A paper boat, crossing!"), simulated(prompt="A paper boat, crossing!")
    names = [Path(result.out.strip()).name for result in (first, second)]
    assert all(re.fullmatch(r"a-paper-boat-crossing-[0-9a-f]{8}\.mp4", name) for name in names)
    assert names[0] != names[1]
    assert sorted(path.name for path in machine.iterdir()) == sorted(names)


@pytest.mark.parametrize(
    ("prompt", "slug"),
    [
        ("पत्र की नाव", "पत्र-की-नाव"),
        ("../../etc/passwd", "etc-passwd"),
        ("🚤🚤", "film"),
        ("纸" * 90, "纸" * 16),
    ],
)
def test_a_readable_name_is_safe_in_any_script(simulated, machine, prompt, slug):
    path = Path(simulated(prompt=prompt).out.strip())
    assert path.parent == machine
    assert path.name.rpartition("-")[0] == slug


def test_json_is_one_document_about_job_films_cost_and_warnings(simulated, machine):
    result = simulated("--json", "-o", "boat.mp4")
    assert result.json["job"]["status"] == "completed"
    assert result.json["job"]["id"].startswith("job_")
    assert result.json["videos"] == [
        {
            "path": str(machine / "boat.mp4"),
            "size": "720x1280",
            "duration": 4.0,
            "audio": True,
            "stored": None,
            "bytes": (machine / "boat.mp4").stat().st_size,
        }
    ]
    assert result.json["cost"] == {"amount": "0", "currency": "USD", "billed": False, "basis": "simulated"}
    assert [warning["parameter"] for warning in result.json["warnings"]] == ["model"]
    assert result.json["simulated"] is True


def test_quiet_prints_only_the_path(simulated, machine):
    result = simulated("-q", "-o", "boat.mp4")
    assert result.out == f"{machine / 'boat.mp4'}\n"
    assert all(line.startswith(("SIMULATED", "warning")) for line in result.err.splitlines())


def test_no_wait_prints_the_id_of_a_job_that_can_be_waited_for(simulated, run, machine):
    submitted = simulated("--no-wait", "-q", "-o", "boat.mp4")
    assert re.fullmatch(r"job_[0-9a-f]+\n", submitted.out)
    assert not (machine / "boat.mp4").exists()
    waited = run("jobs", "wait", submitted.out.strip(), "-q")
    assert (waited.code, waited.out) == (0, f"{machine / 'boat.mp4'}\n")


def test_no_wait_in_json_has_no_films_yet(simulated):
    result = simulated("--no-wait", "--json")
    assert result.json["videos"] == []
    assert result.json["job"]["status"] == "queued"


def test_time_runs_out_and_the_job_goes_on(simulated, run):
    result = simulated("--timeout", 1, "--json")
    assert result.code == 3
    job = result.json["error"]["job_id"]
    assert result.json["error"]["type"] == "JobTimeout"
    assert f"polyreel jobs resume {job}" in result.err
    assert run("jobs", "resume", job).code == 0


def test_a_dry_run_prints_the_exact_request_and_makes_no_job(simulated, run):
    picture = png("boat.png")
    result = simulated("--dry-run", "--duration", 8, "--input-image", picture)
    assert result.code == 0
    assert result.out.splitlines()[0] == "POST https://api.openai.com/v1/videos"
    size = picture.stat().st_size if isinstance(picture, Path) else Path(picture).stat().st_size
    assert f"  input_reference = file boat.png (image/png, {size:,} bytes)" in result.out.splitlines()
    assert "  seconds = 8" in result.out.splitlines()
    assert "0.80 USD" in result.err
    assert run("jobs", "list", "--json").json == []


def test_a_dry_run_in_json_needs_no_key_and_shows_none(run, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-a-key-that-nobody-sees")
    result = run("generate", "A boat", "-m", MODEL, "--dry-run", "--json")
    (request,) = result.json["requests"]
    assert (request["method"], request["url"]) == ("POST", "http://127.0.0.1:9/v1/videos")
    assert {"name": "prompt", "value": "A boat"} in request["form"]
    assert "nobody-sees" not in result.out + result.err
    monkeypatch.delenv("OPENAI_API_KEY")
    assert run("generate", "A boat", "-m", MODEL, "--dry-run", "--json").out == result.out


def test_a_dry_run_of_a_json_body_leaves_out_the_bytes_of_files(run, monkeypatch):
    picture = png("boat.png")
    result = run(
        "generate", "A boat", "-m", MODEL, "--dry-run", "--input-image", picture,
        "--set", "openai.base_url=http://127.0.0.1:9/v1", "--set", "openai.profile=json",
    )  # fmt: skip
    assert result.code == 0
    assert '"prompt": "A boat"' in result.out
    assert max(map(len, result.out.splitlines())) < 300


def test_the_prompt_from_a_file(simulated, machine):
    (machine / "prompt.txt").write_text("\ufeffA boat from a file\n", encoding="utf-8")
    assert simulated("--json", prompt="@prompt.txt").json["job"]["prompt"] == "A boat from a file"


def test_the_prompt_from_standard_input(simulated, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("A boat from\na pipe\n"))
    assert simulated("--json", prompt="-").json["job"]["prompt"] == "A boat from\na pipe"


def test_the_model_from_the_configuration_file(run, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.toml").write_text(
        'default_model = "film"\n[aliases]\nfilm = "openai/sora-2"\n'
    )
    result = run("check", "A boat", "--simulate", "--json")
    assert (result.code, result.json["model"]) == (0, MODEL)


def test_an_alias_and_an_underscore_are_accepted(simulated):
    result = simulated("--dry-run", "--seconds", 8, "--generate_audio", "--aspect_ratio=16:9", "--json")
    sent = {field["name"]: field["value"] for field in result.json["requests"][0]["form"]}
    assert (sent["seconds"], sent["size"]) == ("8", "1280x720")


def test_objects_are_given_as_json(simulated):
    result = simulated("--dry-run", "--json", "--openai-characters", '{"id": "char_1"}')
    assert result.code == 0
    assert "char_1" in json.dumps(result.json["requests"])


def test_native_fields_reach_the_body_unchecked(simulated):
    result = simulated("--dry-run", "--native", '{"style": "noir"}')
    assert "  style = noir" in result.out.splitlines()


def test_a_picture_is_made_to_fit_on_request(simulated):
    picture = png("boat.png", 300, 300)
    assert simulated("--dry-run", "--input-image", picture).code == 2
    assert simulated("--dry-run", "--input-image", picture, "--fit", "pad").code == 0


def test_what_the_model_lacks_is_left_out_on_request(simulated):
    result = simulated("--dry-run", "--negative-prompt", "rain", "--on-unsupported", "warn")
    assert result.code == 0
    assert "warning: negative_prompt" in result.err


def test_overwrite_replaces_the_file(simulated, machine):
    (machine / "boat.mp4").write_bytes(b"old")
    assert simulated("-o", "boat.mp4").code == 2
    assert (machine / "boat.mp4").read_bytes() == b"old"
    assert simulated("-o", "boat.mp4", "--overwrite").out == f"{machine / 'boat.mp4'}\n"
    assert (machine / "boat.mp4").read_bytes()[4:8] == b"ftyp"


def test_the_help_lists_the_models_own_parameters(run):
    page = run("generate", "-m", MODEL, "--help").out
    assert "Parameters of openai/sora-2:" in page
    assert "--duration 4|8|12|16|20" in page
    assert "[s; default: 4]" in page
    assert "--negative-prompt" not in page
    assert "--seconds" not in page
    assert "--no-wait" in page


def test_the_help_without_a_model_says_how_to_see_them(run):
    page = run("generate", "--help").out
    assert "polyreel generate -m MODEL --help" in " ".join(page.split())
    assert "--negative-prompt TEXT" in page
    assert "openai" not in page


def test_simulation_by_environment_is_said_too(run, monkeypatch):
    monkeypatch.setenv("POLYREEL_SIMULATE", "1")
    result = run("generate", "A paper boat", "-m", MODEL)
    assert result.code == 0
    assert result.err.startswith("SIMULATED")


def test_check_prints_what_would_be_sent_and_the_price(run):
    result = run("check", "A boat", "-m", MODEL, "--simulate", "--duration", 12)
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0] == "valid for openai/sora-2"
    assert "  duration = 12" in lines
    assert lines[-1].startswith("estimate: 1.20 USD (12 s x 0.10 USD per second")


def test_check_describes_a_file_instead_of_printing_it(run):
    picture = png("boat.png")
    result = run("check", "A boat", "-m", MODEL, "--simulate", "--input-image", picture)
    assert re.search(r"input_image = boat\.png \(image/png, [\d,]+ bytes\)", result.out)


def test_check_says_what_is_wrong_with_exit_code_2(run):
    result = run("check", "A boat", "-m", MODEL, "--simulate", "--duration", 7, "--size", "5x5", "--json")
    assert result.code == 2
    assert result.json["ok"] is False
    assert {problem["parameter"] for problem in result.json["problems"]} == {"duration", "size"}
    told = run("check", "A boat", "-m", MODEL, "--simulate", "--duration", 7)
    assert told.out == (
        "not valid for openai/sora-2:\n  duration: 7 is not offered; allowed: 4, 8, 12, 16, 20; the nearest is 8\n"
    )


def test_the_same_idempotency_key_gives_the_same_job(simulated, run):
    first = simulated("--idempotency-key", "order-17", "--no-wait")
    second = simulated("--idempotency-key", "order-17", "--json")
    assert (first.code, second.code) == (0, 0)
    assert second.json["job"]["id"] == first.out.strip()
    assert second.json["job"]["idempotency_key"] == "order-17"
    assert len(run("jobs", "--json").json) == 1


def test_another_request_under_the_same_key_is_refused(simulated, run):
    simulated("--idempotency-key", "order-17", "--no-wait")
    result = simulated("--idempotency-key", "order-17", "--duration", 8)
    assert result.code == 2
    assert "idempotency_key: 'order-17' is the key of another request already" in result.err
    assert len(run("jobs", "--json").json) == 1


@pytest.mark.parametrize("policy", ["hold", "resubmit", "fail"])
def test_what_happens_when_nobody_knows_is_kept_with_the_job(simulated, run, policy):
    job = simulated("--on-unknown", policy, "--no-wait").out.strip()
    assert run("jobs", "show", job, "--json").json["on_unknown"] == policy
