"""Google and Amazon from the command line: simulated in-process, and over sockets with the SDKs' own variables."""

import os
import re
import shlex
import subprocess
import sys

import av
import pytest

PROGRAM = (sys.executable, "-W", "error", "-m", "polyreel")
VENDORS = ("POLYREEL_", "OPENAI_", "GOOGLE_", "GEMINI_", "CLOUDSDK_", "STORAGE_EMULATOR_", "AWS_")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(VENDORS)}

OMNI, VEO, REEL, RAY = (
    "google/gemini-omni-1.2-flash",
    "google/veo-3.1-generate-001",
    "amazon/nova-reel",
    "amazon/luma.ray-v2:0",
)
PLACE = "projects/simulated-project/locations/us-central1/publishers/google"
MODELS = {
    # model, options: size, seconds, sound
    (OMNI,): ((1280, 720), 8, True),
    (VEO,): ((1280, 720), 8, True),
    (REEL, "--duration", "12"): ((1280, 720), 12, False),
    (RAY,): ((960, 540), 5, False),
    (f"{OMNI}@vertex",): ((1280, 720), 8, True),
}


def assert_film(path, size, seconds, sound):
    """Check that a file is a whole film of a size and a length."""
    assert path.read_bytes()[4:8] == b"ftyp"
    with av.open(str(path)) as film:
        assert (film.streams.video[0].width, film.streams.video[0].height) == size
        assert film.duration / av.time_base == pytest.approx(seconds, abs=0.15)
        assert len(film.streams.audio) == sound


@pytest.mark.parametrize("asked", MODELS, ids=" ".join)
def test_a_simulated_film_arrives(asked, run, machine):
    model, *options = asked
    result = run("generate", "A paper boat", "-m", model, *options, "--simulate", "-o", "boat.mp4")
    assert (result.code, result.out) == (0, f"{machine / 'boat.mp4'}\n")
    assert result.err.startswith(f"SIMULATED: a simulator on this machine plays {model.partition('@')[0]}")
    assert_film(machine / "boat.mp4", *MODELS[asked])


def test_a_model_that_has_ended_says_so_while_it_is_simulated(run):
    result = run("generate", "A paper boat", "-m", REEL, "--simulate", "--dry-run")
    assert "warning: model: amazon/nova-reel-v1:1 was shut down on 2026-09-30" in result.err


@pytest.mark.parametrize(
    ("model", "line"),
    [
        (OMNI, "POST https://generativelanguage.googleapis.com/v1/interactions"),
        (
            f"{OMNI}@vertex",
            "POST https://aiplatform.googleapis.com/v1beta1/projects/simulated-project/locations/global/interactions",
        ),
        (
            VEO,
            f"POST https://us-central1-aiplatform.googleapis.com/v1beta1/{PLACE}/models/veo-3.1-generate-001:predictLongRunning",
        ),
        (
            "google/veo-3.1-generate-preview",
            "POST https://generativelanguage.googleapis.com/v1beta/models/veo-3.1-generate-preview:predictLongRunning",
        ),
        (REEL, "POST https://bedrock-runtime.us-east-1.amazonaws.com/async-invoke"),
        (RAY, "POST https://bedrock-runtime.us-west-2.amazonaws.com/async-invoke"),
    ],
)
def test_a_dry_run_shows_where_a_request_would_go(model, line, run):
    result = run("generate", "A paper boat", "-m", model, "--simulate", "--dry-run")
    assert (result.code, result.out.splitlines()[0]) == (0, line)
    assert "ya29" not in result.out + result.err


# --- over a socket --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Start a provider's simulator once; return its process and what it says to export."""
    processes, home = {}, tmp_path_factory.mktemp("simulators")

    def served(provider):
        if provider not in processes:
            command = [*PROGRAM, "simulate", provider, "--render-seconds", "0.05"]
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**ENVIRONMENT, "POLYREEL_HOME": str(home)}
            )  # fmt: skip
            address = process.stdout.readline().strip()
            said = []
            while not said or "Ctrl-C" not in said[-1]:
                said.append(process.stderr.readline())
            exports = dict(
                shlex.split(line)[1].split("=", 1) for line in said if line.startswith("  export ")
            )
            processes[provider] = process, address, exports
        return processes[provider][1:]

    yield served
    for process, _, _ in processes.values():
        process.terminate()
        process.communicate(timeout=20)


@pytest.fixture
def at(served, monkeypatch):
    """Set the variables of a simulator: those that it says, or some of them, and more."""

    def at(provider, *names, **more):
        address, exports = served(provider)
        chosen = {name: exports[name] for name in names or exports}
        for name, value in {**chosen, **more}.items():
            monkeypatch.setenv(name, value.replace("ADDRESS", address))
        return address

    return at


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        (
            "google",
            {
                "GOOGLE_API_KEY": "AIza-simulated",
                "GOOGLE_GEMINI_BASE_URL": "ADDRESS",
                "GOOGLE_VERTEX_BASE_URL": "ADDRESS",
                "STORAGE_EMULATOR_HOST": "ADDRESS",
                "GOOGLE_CLOUD_PROJECT": "simulated-project",
                "GOOGLE_OAUTH_ACCESS_TOKEN": "ya29.simulated",
            },
        ),
        (
            "amazon",
            {
                "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "ADDRESS",
                "AWS_ENDPOINT_URL_S3": "ADDRESS",
                "AWS_ACCESS_KEY_ID": "AKIASIMULATED0000000",
                "AWS_SECRET_ACCESS_KEY": "simulated/secret/access/key/000000000000",
                "POLYREEL_AMAZON_OUTPUT": "s3://simulated-bucket/polyreel us-west-2=s3://simulated-bucket-us-west-2/polyreel",
            },
        ),
    ],
)
def test_a_simulator_says_which_variables_to_export(provider, expected, served):
    address, exports = served(provider)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", address)
    assert exports == {name: value.replace("ADDRESS", address) for name, value in expected.items()}


KEY = ("GOOGLE_API_KEY", "GOOGLE_GEMINI_BASE_URL")
PROJECT = ("GOOGLE_CLOUD_PROJECT", "GOOGLE_VERTEX_BASE_URL", "GOOGLE_OAUTH_ACCESS_TOKEN")
VERTEX = {"GOOGLE_GENAI_USE_VERTEXAI": "true"}
SHORT, DRAFT = ("--duration", "4"), ("--duration", "3", "--resolution", "360p")
SHORT_FILM, DRAFT_FILM = ((1280, 720), 4, True), ((640, 360), 3, True)


@pytest.mark.parametrize(
    ("names", "more", "model", "options", "film"),
    [
        (KEY, {}, OMNI, DRAFT, DRAFT_FILM),
        (("GOOGLE_GEMINI_BASE_URL",), {"GEMINI_API_KEY": "AIza-simulated"}, OMNI, DRAFT, DRAFT_FILM),
        # A server of one's own may still speak what Google no longer does.
        (KEY, {}, "google/veo-3.1-generate-preview", SHORT, SHORT_FILM),
        (PROJECT, VERTEX, VEO, SHORT, SHORT_FILM),
        (PROJECT, VERTEX, OMNI, DRAFT, DRAFT_FILM),
        (PROJECT, {"GOOGLE_CLOUD_LOCATION": "us-central1"}, VEO, SHORT, SHORT_FILM),
        # Express mode: a key and no project.
        (("GOOGLE_API_KEY", "GOOGLE_VERTEX_BASE_URL"), VERTEX, VEO, SHORT, SHORT_FILM),
        ((), {}, OMNI, DRAFT, DRAFT_FILM),
        ((), {}, f"{OMNI}@vertex", DRAFT, DRAFT_FILM),
        ((), {}, VEO, (*SHORT, "--google-storage-uri", "gs://simulated-bucket/films/"), SHORT_FILM),
    ],
    ids=[
        "key", "Gemini's key", "key, Veo", "project, Veo", "project, Omni", "location", "express", "all, Omni",
        "all, Omni on Vertex", "all, a bucket",
    ],
)  # fmt: skip
def test_google_over_a_socket(names, more, model, options, film, at, run, machine):
    at("google", *names, **more)
    result = run("generate", "A paper boat", "-m", model, *options, "-o", "boat.mp4")
    assert (result.code, result.out) == (0, f"{machine / 'boat.mp4'}\n"), result.err
    assert "SIMULATED" not in result.err
    assert_film(machine / "boat.mp4", *film)


@pytest.mark.parametrize(
    ("asked", "film"),
    [((REEL, "--duration", "12"), MODELS[REEL, "--duration", "12"]), ((RAY,), MODELS[RAY,])],
    ids=str,
)
def test_amazon_over_a_socket(asked, film, at, run, machine):
    at("amazon")
    model, *options = asked
    result = run("generate", "A paper boat", "-m", model, *options, "-o", "boat.mp4")
    assert (result.code, result.out) == (0, f"{machine / 'boat.mp4'}\n"), result.err
    assert "SIMULATED" not in result.err
    assert_film(machine / "boat.mp4", *film)


def test_amazon_over_a_socket_with_one_address_for_all_services(at, run, machine):
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "POLYREEL_AMAZON_OUTPUT")
    at("amazon", *keys, AWS_ENDPOINT_URL="ADDRESS", AWS_REGION="us-west-2")
    result = run("generate", "A paper boat", "-m", RAY, "-o", "boat.mp4")
    assert result.code == 0, result.err
    assert_film(machine / "boat.mp4", *MODELS[RAY,])


@pytest.mark.parametrize(
    ("provider", "model", "wrong"),
    [
        ("google", OMNI, {"GOOGLE_API_KEY": "AIza-of-nobody"}),
        ("google", VEO, {"GOOGLE_OAUTH_ACCESS_TOKEN": "ya29.of-nobody"}),
        # A look at the bucket would be refused without a reason, and end with code 2.
        (
            "amazon",
            RAY,
            {"AWS_SECRET_ACCESS_KEY": "a-secret-of-nobody", "POLYREEL_AMAZON_BUCKET_CHECK": "off"},
        ),
    ],
)
def test_credentials_that_are_refused_end_with_code_4(provider, model, wrong, at, run):
    at(provider, **wrong)
    result = run("generate", "A paper boat", "-m", model)
    assert (result.code, result.out) == (4, "")
    assert "of-nobody" not in result.err


@pytest.mark.parametrize(
    ("model", "more", "words"),
    [
        (OMNI, {}, "GOOGLE_API_KEY"),
        (f"{OMNI}@vertex", {}, "GOOGLE_CLOUD_PROJECT"),
        (VEO, {}, "GOOGLE_CLOUD_PROJECT"),
        (RAY, {"POLYREEL_AMAZON_OUTPUT": "s3://my-bucket/films"}, "AWS_ACCESS_KEY_ID"),
    ],
)
def test_credentials_that_are_missing_end_with_code_4(model, more, words, run, monkeypatch, tmp_path):
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "nothing"))
    for name, value in {"AWS_EC2_METADATA_DISABLED": "true", **more}.items():
        monkeypatch.setenv(name, value)
    result = run("generate", "A paper boat", "-m", model)
    assert (result.code, result.out) == (4, "")
    assert words in result.err
    assert "--simulate" in result.err


def test_without_a_bucket_nothing_is_sent(run):
    result = run("generate", "A paper boat", "-m", RAY)
    assert result.code == 2
    assert "POLYREEL_AMAZON_OUTPUT=s3://" in result.err


# --- what is there ----------------------------------------------------------------------------------------------------


def test_providers_shows_all_three_with_googles_surfaces(run):
    found = {provider["id"]: provider for provider in run("providers", "--json").json}
    assert set(found) == {"amazon", "google", "openai"}
    told = run("providers").out
    assert "surface gemini: The Gemini Developer API" in told
    assert "surface vertex: Vertex AI" in told


def test_doctor_speaks_of_all_three(run, monkeypatch):
    result = run("doctor")
    assert result.code == 0
    for provider in ("amazon", "google", "openai"):
        assert f"provider {provider}: polyreel-{provider}" in result.out
    monkeypatch.setenv("GOOGLE_API_KEY", "AIza-a-key-that-nobody-sees")
    again = run("doctor")
    assert "note    provider google" not in again.out
    assert "nobody-sees" not in again.out


def test_models_are_listed_once_with_all_three(run):
    ids = [model["id"] for model in run("models", "list", "--json").json]
    assert len(ids) == len(set(ids))
    assert {OMNI, VEO, RAY, "amazon/nova-reel-v1:1", "openai/sora-2"} <= set(ids)
    assert ids == sorted(ids)


@pytest.mark.parametrize(
    ("settings", "surface"),
    [({}, "gemini"), ({"GOOGLE_GENAI_USE_VERTEXAI": "true", "GOOGLE_CLOUD_PROJECT": "p"}, "vertex")],
)
def test_a_model_on_both_surfaces_is_shown_from_the_chosen_one(settings, surface, run, monkeypatch):
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    listed = {model["id"]: model["surface"] for model in run("models", "list", "--json").json}
    assert listed[OMNI] == surface


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (OMNI, "duration                    3 to 15"),
        (VEO, "generate_audio"),
        (REEL, "amazon/nova-reel-v1:1: Nova Reel 1.1"),
        (RAY, "aspect_ratio"),
    ],
)
def test_a_model_is_shown(model, words, run):
    shown = run("models", "show", model)
    assert shown.code == 0
    assert " ".join(words.split()) in " ".join(shown.out.split())


@pytest.mark.parametrize("model", [OMNI, VEO, REEL, RAY])
def test_the_help_of_generate_has_the_models_own_flags(model, run):
    page = run("generate", "-m", model, "--help").out
    own = {OMNI: "--google-task", VEO: "--google-storage-uri", REEL: "--amazon-shots", RAY: "--amazon-loop"}[
        model
    ]
    assert own in page
    assert "--openai-characters" not in page
