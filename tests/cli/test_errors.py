"""Bad input and bad servers: the exit code, the sentence, and never a traceback."""

import json
import os
import struct
import subprocess
import zlib

import polyreel
import pytest
from polyreel.cli.failures import exit_code
from polyreel.client import Client

MODEL = "openai/sora-2"
KEY = "sk-proj-0123456789abcdefghij"


@pytest.fixture(autouse=True)
def never_a_traceback(capfd):
    yield
    captured = capfd.readouterr()
    assert "Traceback" not in captured.out + captured.err


@pytest.fixture
def server(loopback, monkeypatch):
    """A server that speaks /v1/videos as it is told to."""
    monkeypatch.setenv("OPENAI_BASE_URL", f"{loopback.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return loopback


def answer(answers, status, value, **headers):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return answers.reply(status, body, **{"Content_Type": "application/json"} | headers)


def error_body(message, code):
    return {"error": {"message": message, "type": "error", "code": code, "param": None}}


def video(status, **more):
    return {"id": "video_1", "object": "video", "model": "sora-2", "status": status, "progress": 0, **more}


def png(path, width=720, height=1280):
    from PIL import Image

    Image.new("RGB", (width, height)).save(path)
    return path


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--duration", "5"], "duration: 5 is not offered; allowed: 4, 8, 12, 16, 20; the nearest is 4"),
        (["--duration", "abc"], "duration: must be a whole number, not 'abc'"),
        (["--duration", "4.5"], "duration: must be a whole number, not '4.5' (str); the nearest is 4"),
        (["--size", "1x1"], "size: '1x1' is not offered; allowed: 720x1280, 1280x720"),
        (["--durration", "4"], "durration: there is no such parameter; did you mean 'duration'?"),
        (["--seconds", "4", "--duration", "8"], "duration: seconds=4 and duration=8 are two names"),
        (["--duration", "4", "--duration", "8"], "duration: is given 2 times with different values"),
        (["--size", "720x1280", "--aspect-ratio", "16:9"], "size"),
        (["--no-generate-audio"], "generate_audio: the sound track is always made"),
        (["--negative-prompt", "rain"], "(--on-unsupported warn)"),
        (["--openai-characters", "{"], "openai_characters: is no valid JSON"),
        (["--native", "{"], "native: is no valid JSON"),
        (["--native", "[1]"], "native: must be a JSON object"),
        (["--input-image", "nowhere.png"], "input_image: there is no file 'nowhere.png'"),
        (["--input-image", "."], "input_image: "),
        (["--input-image", "data:image/png;base64,####"], "input_image: the data URI cannot be used"),
        (["--input-image", "http://169.254.169.254/key"], "input_image: "),
        (["--input-image", "file:///etc/passwd"], "input_image: "),
        (["-o", "."], "output: . is a folder"),
        (["-o", "/proc/nowhere/boat.mp4"], "output: /proc/nowhere cannot be written"),
    ],
)
def test_a_wrong_parameter_is_named_before_anything_is_sent(simulated, run, args, told):
    result = simulated(*args)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: the request is not valid")
    assert told in result.err
    assert run("jobs", "--json").json == []


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--timeout", "soon"], "'soon' is no number of seconds"),
        (["--timeout", "nan"], "'nan' is no number of seconds"),
        (["--timeout", "-1"], "'-1' is no number of seconds"),
        (["--max-cost", "cheap"], "'cheap' is no amount of money"),
        (["--max-cost", "NaN"], "'NaN' is no amount of money"),
        (["--max-cost", "-1"], "'-1' is no amount of money"),
        (["--fit", "stretch"], "'stretch' is not one of 'crop', 'pad'"),
        (["--on-unknown", "retry"], "'retry' is not one of 'hold', 'resubmit', 'fail'"),
        (["--set", "openai"], "write PROVIDER.NAME=VALUE"),
        (["--simulat"], "No such option '--simulat'. Did you mean '--simulate'?"),
        (["--ouput", "x.mp4"], "No such option '--ouput'. Did you mean '--output'?"),
        (["--byok-api-key", "sk-x"], "No such option '--byok-api-key'"),
        (["--on-progress", "x"], "No such option '--on-progress'"),
        (["--prompt", "x"], "the prompt has no flag"),
        (["--duration"], "requires an argument"),
        (["another prompt"], "unexpected extra argument"),
        (["-z"], "No such option '-z'"),
    ],
)
def test_a_wrong_option_is_a_wrong_use(simulated, args, told):
    result = simulated(*args)
    assert (result.code, result.out) == (2, "")
    assert told in result.err


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("", "prompt: a prompt is a text with at least one visible character"),
        (" \t", "prompt: a prompt is a text with at least one visible character"),
        ("x" * 32001, "prompt: "),
        ("@nowhere.txt", "prompt: the file nowhere.txt cannot be read: No such file"),
        ("@.", "prompt: the file . cannot be read: Is a directory"),
        ("@binary", "prompt: the file binary is no text in UTF-8"),
        ("b\udce4t", "prompt: is no text in this terminal's encoding"),
    ],
)
def test_a_prompt_that_cannot_be_used(simulated, machine, prompt, told):
    (machine / "binary").write_bytes(b"\xff\xfe\x00")
    result = simulated(prompt=prompt)
    assert result.code == 2
    assert told in result.err


@pytest.mark.parametrize(
    ("typed", "told"), [(b"", "at least one visible"), (b"\xff\xfe", "cannot be read as text")]
)
def test_standard_input_that_is_no_prompt(start, typed, told):
    env = {"PYTHONIOENCODING": "utf-8:strict"}
    process = start("generate", "-", "-m", MODEL, "--simulate", env=env, stdin=subprocess.PIPE, text=False)
    err = process.communicate(typed)[1].decode()
    assert process.returncode == 2
    assert told in err


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("openai/sora-3", "there is no model 'openai/sora-3'; did you mean 'openai/sora-2'?"),
        ("sora-3", "did you mean 'openai/sora-2'?"),
        ("openia/sora-2", "no provider 'openia' is installed; did you mean 'openai'?"),
        ("openai/", "names no model"),
        (MODEL, "openai/sora-2 was shut down on 2026-09-24 (source: https://"),
    ],
)
def test_a_model_that_cannot_be_used(run, model, told):
    result = run("generate", "A boat", "-m", model)
    assert (result.code, result.out) == (2, "")
    assert told in result.err


def test_no_model(run):
    result = run("generate", "A boat")
    assert result.code == 2
    assert "Name one with -m provider/model" in result.err


def test_no_verb_shows_the_page_of_help(run):
    result = run("schemas")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("Usage: polyreel schemas")
    assert run("schemas", "lint").code == 0


def test_too_dear(simulated):
    result = simulated("--max-cost", "0.39", "--json")
    assert result.code == 2
    assert result.json["error"]["type"] == "BudgetExceeded"


@pytest.mark.parametrize("setting", ["openai.profil=x", "openai.profile=x", "nobody.name=x"])
def test_a_setting_that_does_not_exist(run, setting):
    result = run("check", "A boat", "-m", MODEL, "--set", setting)
    assert result.code == 2
    assert result.err.startswith("error: ")


def damaged_picture(kind, path):
    whole = png(path).read_bytes()
    if kind == "truncated":
        path.write_bytes(whole[: len(whole) // 2])
    if kind == "text":
        path.write_text("no picture")
    if kind == "empty":
        path.write_bytes(b"")
    if kind == "huge":  # a header of 50,000 by 50,000 pixels
        header = struct.pack(">IIBBBBB", 50000, 50000, 8, 2, 0, 0, 0)
        chunk = b"IHDR" + header
        path.write_bytes(
            whole[:8] + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)) + whole[33:]
        )
    if kind == "small":
        png(path, 32, 32)
    return path


@pytest.mark.parametrize("kind", ["truncated", "text", "empty", "huge", "small"])
def test_a_picture_that_cannot_be_used(simulated, machine, kind):
    result = simulated("--input-image", damaged_picture(kind, machine / "boat.png"))
    assert result.code == 2
    assert "\n  input_image: " in result.err


@pytest.mark.parametrize("status", [404, 500])
def test_a_picture_behind_an_address_in_a_private_network_is_not_fetched(
    simulated, loopback, answers, status
):
    result = simulated("--input-image", loopback.on("/boat.png", answers.reply(status)))
    assert result.code == 2
    assert "\n  input_image: " in result.err
    assert loopback.received == []


def test_errors_in_json_are_one_document(simulated):
    result = simulated("--duration", 5, "--json")
    assert result.code == 2
    assert result.json == {
        "error": {
            "type": "InvalidRequest",
            "message": "duration: 5 is not offered; allowed: 4, 8, 12, 16, 20; the nearest is 4 (model openai/sora-2)",
            "problems": [
                {
                    "parameter": "duration",
                    "message": "5 is not offered; allowed: 4, 8, 12, 16, 20; the nearest is 4",
                    "value": 5,
                    "allowed": [4, 8, 12, 16, 20],
                    "suggestion": 4,
                }
            ],
            "job_id": None,
        }
    }
    wrong_use = simulated("--fit", "stretch", "--json")
    assert (wrong_use.json["error"]["type"], wrong_use.json["error"]["problems"]) == ("UsageError", [])


def test_a_missing_key_is_exit_code_4_and_names_the_ways_to_give_one(run, monkeypatch, closed_port):
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{closed_port}/v1")
    result = run("generate", "A boat", "-m", MODEL, "--json")
    assert result.code == 4
    assert result.json["error"]["type"] == "MissingKey"
    assert "OPENAI_API_KEY" in result.err
    assert "--simulate" in result.err


def test_a_refused_key_is_exit_code_4_and_is_not_repeated(run, server, answers):
    refusal = error_body(f"Incorrect API key provided: {KEY}", "invalid_api_key")
    server.on("/v1/videos", answer(answers, 401, refusal))
    result = run("generate", "A boat", "-m", MODEL, "--json")
    assert result.code == 4
    assert result.json["error"]["type"] == "AuthenticationFailed"
    assert result.json["error"]["job_id"].startswith("job_")
    assert KEY not in result.out + result.err


@pytest.mark.parametrize(
    ("status", "value", "kind"),
    [
        (400, error_body("Prompt violates the policy", "moderation_blocked"), None),
        (402, error_body("No money left", "insufficient_quota"), None),
        (200, b"<html>hello</html>", "JobUncertain"),
        (200, b"{", "JobUncertain"),
        (500, b"<html>oops</html>", "JobUncertain"),
    ],
)
def test_a_server_that_refuses_or_talks_nonsense_is_exit_code_1(run, server, answers, status, value, kind):
    server.on("/v1/videos", answer(answers, status, value))
    result = run("generate", "A boat", "-m", MODEL, "--json")
    assert result.code == 1
    assert kind in {None, result.json["error"]["type"]}
    assert len([path for path in server.paths("POST") if path == "/v1/videos"]) == 1


def test_no_network_is_exit_code_1_and_nothing_was_sent(run, monkeypatch, closed_port):
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{closed_port}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    result = run("generate", "A boat", "-m", MODEL)
    assert result.code == 1
    assert "Connection refused" in result.err
    assert "is kept" not in result.err


def test_a_job_that_fails_at_the_provider(run, server, answers):
    server.on("/v1/videos", answer(answers, 200, video("queued")))
    failure = {"message": "The model is tired\x1b[2J", "code": "tired"}
    server.on("/v1/videos/video_1", answer(answers, 200, video("failed", error=failure)))
    result = run("generate", "A boat", "-m", MODEL, "--json")
    assert result.code == 1
    assert "The model is tired" in result.err
    assert "\x1b" not in result.err
    assert result.json["error"]["job_id"].startswith("job_")
    resumed = run("jobs", "resume", result.json["error"]["job_id"])
    assert resumed.code == 1


def test_half_a_film_keeps_the_job(run, server, answers, machine):
    server.on("/v1/videos", answer(answers, 200, video("queued")))
    server.on("/v1/videos/video_1", answer(answers, 200, video("completed", progress=100)))
    cut = answers.raw(
        b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 999\r\n\r\n\0\0\0\x18ftypisom"
    )
    server.on("/v1/videos/video_1/content", cut)
    result = run("generate", "A boat", "-m", MODEL, "-o", "boat.mp4", "--json")
    assert result.code == 1
    assert f"'polyreel jobs resume {result.json['error']['job_id']}' takes it up again" in result.err
    assert list(machine.iterdir()) == []


def test_a_key_that_is_refused_later_keeps_the_job(run, server, answers):
    server.on("/v1/videos", answer(answers, 200, video("queued")))
    server.on("/v1/videos/video_1", answer(answers, 401, error_body("revoked", "invalid_api_key")))
    result = run("generate", "A boat", "-m", MODEL)
    assert result.code == 4
    assert "polyreel jobs resume job_" in result.err


def test_a_home_that_cannot_be_written(simulated, monkeypatch):
    monkeypatch.setenv("POLYREEL_HOME", "/proc/nowhere")
    result = simulated()
    assert result.code == 1
    assert result.err.startswith("error: ")


@pytest.mark.parametrize("text", ["[", "default_model = 7\nproviders = 1"])
def test_a_broken_configuration_file(run, tmp_path, text):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.toml").write_text(text)
    result = run("check", "A boat", "--simulate")
    assert result.code in {1, 2}
    assert result.err.startswith("error: ")


def test_a_bug_is_one_line_and_debug_shows_where(run, monkeypatch):
    def broken(self):
        raise RuntimeError(f"a bug with {KEY}")

    monkeypatch.setattr(Client, "models", broken)
    result = run("models", "--json")
    assert result.code == 1
    assert result.err == (
        "error: unexpected RuntimeError: a bug with ********; POLYREEL_LOG=debug shows where it happened\n"
    )
    assert result.json["error"]["type"] == "RuntimeError"


def test_debug_shows_where_a_bug_is(start, tmp_path):
    code = (
        "from polyreel.client import Client\n"
        "def broken(self): raise RuntimeError('a bug')\n"
        "Client.models = broken\n"
    )
    (tmp_path / "sitecustomize.py").write_text(code)
    env = {"PYTHONPATH": str(tmp_path), "POLYREEL_LOG": "debug"}
    _, err = start("models", env=env).communicate()
    assert "in broken\n" in err
    assert err.splitlines()[-1] == "error: unexpected RuntimeError: a bug"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (polyreel.ProviderError("x"), 1),
        (polyreel.JobFailed("x"), 1),
        (polyreel.JobCancelled("x"), 1),
        (polyreel.JobUncertain("x"), 1),
        (polyreel.FetchFailed("x"), 1),
        (polyreel.StorageFailed("x"), 1),
        (polyreel.TransportFailed("x", request_sent=True), 1),
        (polyreel.PluginFailed("x", plugin="p", phase="import"), 1),
        (polyreel.InvalidRequest([]), 2),
        (polyreel.ModelNotFound("x", model="m"), 2),
        (polyreel.ModelRetired("x", model="m", retired_on="2026-09-24"), 2),
        (polyreel.BudgetExceeded("x"), 2),
        (polyreel.MissingExtra("x", extra="cli"), 2),
        (polyreel.ConfigurationError("x"), 2),
        (polyreel.JobNotFound("x"), 2),
        (polyreel.JobTimeout("x"), 3),
        (polyreel.MissingKey("x", provider="p"), 4),
        (polyreel.AuthenticationFailed("x"), 4),
        (RuntimeError("x"), 1),
    ],
)
def test_exit_codes(error, code):
    assert exit_code(error) == code


def test_ascii_terminals_get_ascii(start):
    process = start("jobs", "wait", "job_纸", env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    out, err = process.communicate()
    assert process.returncode == 2
    assert out + err
    assert (out + err).isascii()


def test_json_stays_readable_in_ascii(start, tmp_path):
    process = start("models", "show", MODEL, "--json", env={"PYTHONIOENCODING": "ascii"})
    out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert json.loads(out)["title"] == "Sora 2"


def test_odd_bytes_in_a_file_name_are_refused_before_anything_is_paid(start):
    args = [
        "generate",
        "A boat",
        "-m",
        MODEL,
        "--simulate",
        "-q",
        "-o",
        os.fsdecode(b"b\xe4t.mp4"),
        "--dry-run",
    ]
    process = start(*args, text=False)
    out, told = process.communicate()
    assert (process.returncode, out) == (2, b"")
    assert b"is no valid Unicode name" in told
    assert b"Traceback" not in told
