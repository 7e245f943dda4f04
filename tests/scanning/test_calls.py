"""Calls of other packages are found however they are written, and each is replaced by a call that runs."""

import asyncio
import base64
import time
from contextlib import ExitStack
from datetime import date

import polyreel
import pytest
from acme.house import picture, quick_studio
from foreign_snippets import SNIPPETS, TARGET
from polyreel.clock import VirtualClock
from polyreel.workspace import Simulation, Workspace

names = pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda snippet: snippet.name)


@names
def test_a_call_is_found_and_replaced(found, snippet):
    (finding,) = found(snippet.source, to=TARGET)
    assert (finding.document, finding.stand, finding.line) == (snippet.model, "retired", snippet.line)
    assert finding.replacement.call == snippet.call
    assert len(finding.replacement.remarks) == len(snippet.remarks)
    for remark, beginning in zip(finding.replacement.remarks, snippet.remarks, strict=True):
        assert remark.startswith(beginning)


@pytest.fixture
def runs(monkeypatch, tmp_path):
    """Run a call of polyreel as it is printed, against the simulator; return the model that made the film."""
    build = Workspace.build
    clock = VirtualClock(time.time())
    monkeypatch.setenv("POLYREEL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("POLYREEL_SIMULATE", "1")
    monkeypatch.setattr(
        Workspace,
        "build",
        lambda **setup: build(
            **{**setup, "simulate": Simulation(clock=clock, studio=quick_studio()), "store": "memory"}
        ),
    )
    monkeypatch.chdir(tmp_path)
    content = picture(1280, 720)
    for name in ("boat.png", "a.png"):
        tmp_path.joinpath(name).write_bytes(content)
    known = {
        "prompt": "A boat",
        "text": "A boat",
        "mood": "calm",
        "seconds": 4,
        "SIZE": "1280x720",
        "content": content,
        "picture": base64.b64encode(content).decode(),
        "path": "a.png",
    }
    with ExitStack() as stack:

        def opened(path, mode):
            return stack.enter_context(tmp_path.joinpath(path).open(mode))

        def runs(call):
            names = {"polyreel": polyreel, "base64": base64, "open": opened, **known}
            indented = f"async def main():\n    return {call}\n"
            exec(compile(indented, "replacement", "exec"), names)
            return asyncio.run(names["main"]()).job

        yield runs


@names
def test_the_replacement_runs(found, snippet, runs):
    (finding,) = found(snippet.source, to=TARGET)
    call = finding.replacement.call
    if "await" not in call:  # a blocking client has no place inside a running loop
        call = f"await __import__('asyncio').to_thread(lambda: {call})"
    job = runs(call)
    assert (job.model, job.status) == (TARGET, "completed")


@names
def test_without_a_target_the_best_living_model_is_advised(found, snippet, desk, runs):
    (finding,) = found(snippet.source)
    document = desk.model(finding.replacement.model)[2]
    assert document.lifecycle.standing(date(2026, 11, 24)) == "living"
    if document.provider != "amazon":  # a bucket of one's own is needed there
        call = finding.replacement.call
        job = runs(call if "await" in call else f"await __import__('asyncio').to_thread(lambda: {call})")
        assert job.status == "completed"


ELSEWHERE = [
    'import openai\nopenai.OpenAI(base_url="http://localhost:8000/v1").videos.create(model="sora-2", prompt="x")',
    'import openai\nopenai.OpenAI(base_url=address).videos.create(model="sora-2", prompt="x")',
    'import openai\nopenai.AzureOpenAI(azure_endpoint=where).videos.create(model="sora-2", prompt="x")',
    'import openai\nopenai.OpenAI().with_options(base_url=where).videos.create(model="sora-2", prompt="x")',
    'import litellm\nlitellm.video_generation("x", "openai/sora-2", api_base="http://127.0.0.1:4000")',
    'from google import genai\ngenai.Client(http_options={"base_url": where}).models.generate_videos(model="veo-3.0-generate-001")',
    'import boto3\nboto3.client("bedrock-runtime", endpoint_url=where).start_async_invoke(modelId="amazon.nova-reel-v1:0")',
]


@pytest.mark.parametrize("source", ELSEWHERE)
def test_at_another_server_the_vendors_dates_do_not_hold(found, source):
    (finding,) = found(source)
    assert finding.stand == "elsewhere"
    assert finding.replacement is None


@pytest.mark.parametrize("address", ["None", '"https://api.openai.com/v1"'])
def test_the_vendors_own_address_is_no_other_server(found, address):
    (finding,) = found(f'import openai\nopenai.OpenAI(base_url={address}).videos.create(model="sora-2")')
    assert finding.stand == "retired"


UNKNOWN = {
    "a parameter": ("def film(model):\n    openai.videos.create(model=model)", "model"),
    "an f-string": ('openai.videos.create(model=f"sora-{number}")', 'f"sora-{number}"'),
    "a call": ("openai.videos.create(model=choose())", "choose()"),
    "a changed name": ('model = "sora"\nmodel += "-2"\nopenai.videos.create(model=model[1:])', "model[1:]"),
    "arguments out of sight": ("openai.videos.create(**options)", "**options"),
    "a required one that is missing": (
        "from google import genai\ngenai.Client().models.generate_videos(prompt='x')",
        "the call names none",
    ),
}


@pytest.mark.parametrize(("source", "written"), UNKNOWN.values(), ids=UNKNOWN)
def test_a_model_that_only_the_running_program_knows_is_told(found, source, written):
    (finding,) = found(f"import openai\n{source}\n")
    assert (finding.stand, finding.model, finding.replacement) == ("unknown", None, None)
    assert finding.message == f"model not known here: {written}"


def test_a_name_that_no_document_has_is_told(found):
    (finding,) = found('import openai\nopenai.videos.create(model="sora-9")')
    assert finding.stand == "unknown"
    assert finding.message == "model not known here: no installed provider describes 'sora-9'"


NOT_OURS = [
    'import litellm\nlitellm.video_generation("x", "runwayml/gen4_turbo")',
    'from google import genai\ngenai.Client().interactions.create(model="gemini-3-pro", input="x")',
    'import boto3\nboto3.client("bedrock-runtime").start_async_invoke(modelId="twelvelabs.marengo-embed-2-7-v1:0")',
    'import indoxrouter\nindoxrouter.Client().videos("x", model="kling/v3")',
    'import boto3\nboto3.client("s3").start_async_invoke(modelId="amazon.nova-reel-v1:0")',
    'import polyreel\npolyreel.Client().videos("x", model="openai/sora-2")',
    'import openai\nopenai.OpenAI().chat.completions.create(model="sora-2")',
    'library.videos("x", model="films/old")',
    "library.videos.create(model=name)",
    "# openai.videos.create(model='sora-2')\ntext = \"openai.videos.create(model='sora-2')\"",
]


@pytest.mark.parametrize("source", NOT_OURS)
def test_what_is_no_film_of_ours_is_not_listed(found, source):
    assert not found(source)


def test_an_object_that_nothing_explains_is_believed_by_its_model(found):
    (finding,) = found('def film(client):\n    client.videos.create(model="sora-2-pro", prompt="x")')
    assert finding.document == "openai/sora-2-pro"


def test_a_living_model_is_known_as_such(found):
    (finding,) = found(
        'from google import genai\ngenai.Client().models.generate_videos(model="veo-3.1-generate-001")'
    )
    assert (finding.stand, finding.replacement) == ("living", None)


def test_the_day_decides(found):
    source = 'import openai\nopenai.videos.create(model="sora-2", prompt="x")'
    stands = [found(source, day=date(2026, *day))[0].stand for day in [(3, 23), (9, 23), (9, 24)]]
    assert stands == ["living", "ending", "retired"]
    assert found(source, day=date(2026, 9, 23))[0].message == "openai/sora-2 ends on 2026-09-24 (1 days left)"


def test_the_surface_decides(found):
    source = """
from google import genai
genai.Client({}).interactions.create(model="gemini-omni-flash-preview", input="x")
"""
    assert [found(source.format(given))[0].stand for given in ("", "vertexai=True")] == ["retired", "ending"]


def test_what_has_no_counterpart_is_told(found):
    (finding,) = found(
        "import openai\n"
        'openai.videos.create(prompt="x", extra_body={"style": "noir"}, **more, timeout=3)\n'
        "openai.videos.remix(film, prompt='y')",
        to=TARGET,
    )[1:]
    assert finding.replacement.call == f"polyreel.generate('y', model=\"{TARGET}\")"
    assert "video_id has no counterpart and is left out" in finding.replacement.remarks


def test_a_computed_value_that_the_target_lacks_is_told(found):
    (finding,) = found(
        "from google import genai\n"
        "genai.Client().models.generate_videos(model='veo-3.0-generate-001', prompt=p, config={'seed': pick()})",
        to=TARGET,
    )
    assert f"seed=pick() is lost: {TARGET} has no seed" in finding.replacement.remarks
    assert "seed" not in finding.replacement.call


@pytest.mark.parametrize(
    ("seconds", "duration"),
    [("str(length)", "length"), ("length", "int(length)"), ("str(2 * n)", "int(str(2 * n))"), ('"8"', "8")],
)
def test_a_length_is_a_number_here(found, seconds, duration):
    (finding,) = found(
        f'import openai\nopenai.videos.create(model="sora-2", prompt=p, seconds={seconds})', to=TARGET
    )
    assert f"duration={duration}" in finding.replacement.call


def test_a_prompt_that_is_missing_is_told(found):
    (finding,) = found('import openai\nopenai.videos.create(model="sora-2")', to=TARGET)
    assert finding.replacement.call.startswith('polyreel.generate("...", model=')
    assert "no prompt is found in the call: write one" in finding.replacement.remarks


def test_a_text_of_several_lines_becomes_one(found):
    (finding,) = found(
        'import openai\nopenai.videos.create(model="sora-2", prompt="""A\n"boat\'s\n""")', to=TARGET
    )
    call = finding.replacement.call
    assert "\n" not in call
    assert "'A\\n\"boat\\'s\\n'" in call


def test_containers_and_numbers_below_zero_are_literal(found):
    (finding,) = found(
        "from google import genai\n"
        "genai.Client(vertexai=True).models.generate_videos(model='veo-3.0-generate-001', prompt=p,"
        " config={'labels': {'team': 'boats'}, 'seed': -1, 'number_of_videos': 2})",
        to="google/veo-3.1-generate-001@vertex",
    )
    assert "google_labels={'team': 'boats'}" in finding.replacement.call
    assert "n=2" in finding.replacement.call
    assert "seed" in " ".join(finding.replacement.remarks)


@pytest.mark.parametrize("seconds", ["inf", "nan", "9" * 400, "long", ""])
def test_a_length_that_is_no_number_is_told_by_the_migration(found, seconds):
    (finding,) = found(
        f'import openai\nopenai.videos.create(model="sora-2", prompt=p, seconds="{seconds}")', to=TARGET
    )
    assert any(remark.startswith("duration") for remark in finding.replacement.remarks)


def test_references_that_are_computed_are_carried_over(found):
    (finding,) = found(
        "import indoxrouter\n"
        "indoxrouter.Client().videos(p, model='google/veo-3.1-generate-preview', reference_images=pictures)",
        to=TARGET,
    )
    assert "reference_images=pictures" in finding.replacement.call


def test_a_file_at_the_vendor_has_no_counterpart(found):
    (finding,) = found(
        'import openai\nopenai.videos.create(model="sora-2", prompt=p, input_reference={"file_id": "file_1"})',
        to=TARGET,
    )
    assert "input_image" not in finding.replacement.call
    assert "input_reference.file_id has no counterpart and is left out" in finding.replacement.remarks


def test_a_picture_by_its_address(found):
    (finding,) = found(
        'import openai\nopenai.videos.create(prompt=p, input_reference={"image_url": "https://films.example/a.png"})',
        to=TARGET,
    )
    assert 'input_image="https://films.example/a.png"' in finding.replacement.call
    assert not any("input_reference" in remark for remark in finding.replacement.remarks)
