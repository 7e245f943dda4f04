"""The command line, called in-process with quick simulators, and as a process of its own."""

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache

import pytest
from polyreel.cli import main
from polyreel.clock import VirtualClock
from polyreel.simulation.films import render_film
from polyreel.simulation.simulator import FilmStudio
from polyreel.workspace import Simulation, Workspace

MODEL = "openai/sora-2"
VENDORS = ("POLYREEL_", "OPENAI_", "GOOGLE_", "GEMINI_", "CLOUDSDK_", "STORAGE_EMULATOR_", "AWS_")
PROGRAM = (sys.executable, "-W", "error", "-m", "polyreel")


@dataclass(frozen=True)
class Outcome:
    """What a run left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """A machine on which nothing is configured, and an empty folder to work in."""
    for name in list(os.environ):
        if name.startswith(VENDORS) or name in {
            "NO_COLOR",
            "FORCE_COLOR",
            "PYTHONIOENCODING",
        }:
            monkeypatch.delenv(name)
    monkeypatch.setenv("POLYREEL_HOME", str(tmp_path / "home"))
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@cache
def _filmed(spec):
    return render_film(spec)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Simulators whose time passes at once, and which make each kind of film only once."""
    build = Workspace.build
    clock = VirtualClock(time.time())

    def film(spec):
        return _filmed(replace(spec, prompt="", caption="", seed=1))

    def quickly(**setup):
        simulation = Simulation(clock=clock, studio=FilmStudio(film=film))
        return replace(build(**setup), simulation=simulation, clock=clock)

    monkeypatch.setattr(Workspace, "build", quickly)
    return clock


@pytest.fixture
def run(capfd):
    """Run the command line in this process."""

    def run(*args):
        capfd.readouterr()
        code = main([str(arg) for arg in args])
        captured = capfd.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture
def simulated(run):
    """Make a simulated film in this process."""

    def simulated(*args, prompt="A paper boat"):
        return run("generate", prompt, "-m", MODEL, "--simulate", *args)

    return simulated


@pytest.fixture
def start():
    """Start the command line as a process; whatever still runs at the end is ended."""
    running = []

    def start(*args, env=None, **options):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
        process = subprocess.Popen([*PROGRAM, *map(str, args)], env={**os.environ, **(env or {})}, **options)
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        with suppress(ValueError):
            process.communicate()


@pytest.fixture
def line_with():
    """Read a process's standard error up to the line that contains a word; return that line."""

    def line_with(process, word):
        for line in process.stderr:
            if word in line:
                return line
        raise AssertionError(f"the process ended without saying {word!r}")

    return line_with
