import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import polyreel
import pytest
from polyreel.cli.overview import VERBS

HEAVY = ("httpx", "jsonschema", "pydantic", "rich", "click", "pluggy", "importlib_metadata", "sqlite3")


@pytest.mark.parametrize("args", [["--help"], ["-h"], []])
def test_the_first_page_names_every_verb(run, args):
    result = run(*args)
    assert (result.code, result.err) == (0, "")
    assert all(f"\n  {verb} " in result.out for verb in VERBS)
    assert "130 interrupted" in result.out


def test_the_version(run):
    assert run("--version").out == f"polyreel {polyreel.__version__}\n"


@pytest.mark.parametrize("args", [["--help"], ["--version"]])
def test_the_first_page_and_the_version_load_nothing_heavy(args):
    code = (
        "import sys; from polyreel.cli import main; main(sys.argv[1:]); "
        f"print(*sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, check=True)
    assert ended.stderr.split() == []
    assert ended.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_a_page(run, verb):
    result = run(verb, "--help")
    assert result.code == 0
    assert result.out.startswith(f"Usage: polyreel {verb}")


@pytest.mark.parametrize("verb", ["list", "show", "wait", "resume", "cancel", "download", "delete"])
def test_every_verb_of_jobs_has_a_page(run, verb):
    assert run("jobs", verb, "--help").out.startswith(f"Usage: polyreel jobs {verb}")


def test_the_package_runs_as_a_module(start):
    process = start("--version")
    assert process.communicate()[0] == f"polyreel {polyreel.__version__}\n"
    assert process.returncode == 0


def test_an_unknown_verb_is_answered_with_the_nearest(run):
    result = run("genrate", "x")
    assert result.code == 2
    assert "there is no verb 'genrate'; did you mean 'generate'?" in result.err
    assert result.out == ""


@pytest.mark.parametrize("module", ["click", "rich"])
def test_without_the_extra_it_says_what_to_install(run, monkeypatch, module):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == module else found(name))
    result = run("models")
    assert result.code == 2
    assert result.err == "error: the command line needs an optional dependency: pip install 'polyreel[cli]'\n"


@pytest.mark.parametrize("args", [["--help"], ["models"], ["generate", "--help"]])
def test_a_reader_that_has_seen_enough_is_no_error(start, args):
    reading, writing = os.pipe()
    os.close(reading)
    process = start(*args, stdout=writing)
    os.close(writing)
    assert process.communicate()[1] == ""
    assert process.returncode == 1


def test_a_full_disk_under_standard_output_is_said(start):
    with Path("/dev/full").open("w") as full:
        process = start("--help", stdout=full)
        assert (
            process.communicate()[1] == "error: standard output cannot be written: No space left on device\n"
        )
    assert process.returncode == 1
