"""``polyreel migrate scan``: what it prints, as text and as JSON, and its exit code."""

import pytest

SOURCE = (
    'import openai\n\nopenai.videos.create(model="sora-2", prompt="A boat", seconds="12", size="720x1280")\n'
)
OMNI = "google/gemini-omni-1.2-flash"
LIVING = 'from google import genai\ngenai.Client().models.generate_videos(model="veo-3.1-generate-001", prompt="x")\n'


@pytest.fixture
def project(machine):
    """A file in the working folder."""

    def project(text=SOURCE, name="main.py"):
        machine.joinpath(name).write_text(text)

    project()
    return project


def test_a_call_with_what_replaces_it(run, project):
    result = run("migrate", "scan", ".", "--to", OMNI)
    assert result.code == 1
    assert result.out == (
        "main.py:3: openai.videos.create: openai/sora-2 was shut down on 2026-09-24\n"
        f'    polyreel.generate("A boat", model="{OMNI}", duration=12, size="720x1280")\n'
    )
    assert result.err == "1 files: 1 retired\n"


def test_what_is_not_the_same_stands_below(run, project):
    project(
        'import openai\ndef f(m="sora-2"):\n    openai.videos.create(model=m, prompt=p, seconds="4", size=s)\n'
    )
    result = run("migrate", "scan", "main.py", "--to", OMNI)
    assert result.out.splitlines()[1:] == [
        "    m is sora-2 unless something else is given",
        f'    polyreel.generate(p, model="{OMNI}", duration=4, size=s)',
        "    # size=s is only known when the program runs; polyreel checks it then",
    ]


def test_as_one_document(run, project):
    result = run("migrate", "scan", ".", "--to", OMNI, "--json")
    assert result.code == 1
    (finding,) = result.json["findings"]
    assert (finding["file"], finding["line"], finding["stand"]) == ("main.py", 3, "retired")
    assert finding["replacement"]["model"] == OMNI
    assert (result.json["files"], result.json["unread"]) == (1, [])


@pytest.mark.parametrize("text", ["x = 1\n", LIVING, "import openai\nopenai.videos.create(model=choose())\n"])
def test_without_a_retired_model_all_is_well(run, project, text):
    project(text)
    assert run("migrate", "scan", ".").code == 0


def test_living_models_are_listed_when_they_are_asked_for(run, project):
    project(LIVING)
    assert run("migrate", "scan", ".").out == ""
    assert run("migrate", "scan", ".", "--json").json["findings"] == []
    result = run("migrate", "scan", ".", "--all")
    assert result.out.endswith("google/veo-3.1-generate-001 is living\n")
    assert result.code == 0


def test_another_day(run, project):
    result = run("migrate", "scan", ".", "--as-of", "2026-09-20")
    assert result.code == 0
    assert "openai/sora-2 ends on 2026-09-24 (4 days left)" in result.out
    assert "polyreel.generate(" in result.out


def test_what_cannot_be_read_is_told_and_the_rest_is_scanned(run, project):
    project("def broken(:\n", "broken.py")
    result = run("migrate", "scan", ".")
    assert result.code == 1
    assert "not read: broken.py: it is no Python: line 1: invalid syntax\n" in result.err
    assert result.err.endswith("1 files, 1 not read: 1 retired\n")


def test_files_that_are_left_out(run, project):
    result = run("migrate", "scan", ".", "--exclude", "main.py")
    assert (result.code, result.out, result.err) == (0, "", "0 files: no call of a known model\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Missing argument"),
        (["nowhere"], "does not exist"),
        ([".", "--to", "google/nothing"], "there is no model 'google/nothing'"),
        ([".", "--as-of", "soon"], "--as-of"),
    ],
)
def test_what_is_asked_wrongly(run, project, arguments, words):
    result = run("migrate", "scan", *arguments)
    assert result.code == 2
    assert words in result.err


def test_a_provider_that_does_not_load_is_told(run, project, monkeypatch):
    from polyreel_openai_sora import foreign

    monkeypatch.setattr(foreign, "CALLS", None)
    result = run("migrate", "scan", ".")
    assert "warning: the plugin 'openai' failed in foreign_calls" in result.err
    assert result.code == 0


def test_control_characters_of_the_source_do_not_reach_the_terminal(run, project):
    project('import openai\nopenai.videos.create(model="sora-2", prompt="\\x1b" "a\x1b[31mb")\n')
    assert "\x1b" not in run("migrate", "scan", ".").out


def test_files_are_never_changed(run, project, machine):
    run("migrate", "scan", ".")
    assert machine.joinpath("main.py").read_text() == SOURCE
