"""Real processes: started, stopped and killed, with a provider that counts its charges in a process of its own."""

import json
import os
import subprocess
import sys
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from acme.service import BOOKS, KEY, plugins_for
from polyreel.client import Client

ROOT = Path(__file__).resolve().parents[2]
SUPPORT = ROOT / "tests" / "support"


def reaching_acme():
    """The environment of a process that imports ``acme``."""
    path = os.pathsep.join(filter(None, (str(SUPPORT), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path}


@dataclass
class Service:
    """A provider in another process.

    Attributes:
        mode: What it offers against a submit that is cut off.
        address: Where it is.
        home: Where its clients keep their jobs.
    """

    mode: str
    address: str
    home: Path
    workers: list = field(default_factory=list)

    @property
    def environment(self):
        return {**reaching_acme(), "POLYREEL_HOME": str(self.home)}

    def books(self):
        with urllib.request.urlopen(self.address + BOOKS) as answer:
            return json.load(answer)

    @property
    def charged(self):
        """The job of each charge."""
        return [charge["reason"] for charge in self.books()["charges"]]

    def client(self, **setup):
        """A client in this process."""
        return Client(
            home=self.home,
            settings={"acme": {"base_url": self.address}},
            api_keys={"acme": KEY},
            plugins=plugins_for(self.mode),
            **setup,
        )

    def worker(self, *words, before=(), **options):
        """Start a process that does what :mod:`acme.worker` is told to."""
        command = [*before, sys.executable, "-m", "acme.worker", self.mode, self.address, *map(str, words)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        process = subprocess.Popen(command, env=self.environment, **pipes, **options)
        self.workers.append(process)
        return process

    def close(self):
        for process in self.workers:
            with suppress(ProcessLookupError):
                process.kill()
            with suppress(ValueError):
                process.communicate()


@pytest.fixture
def serve(tmp_path):
    """Start the provider as a process."""
    running = []

    def serve(mode, **flags):
        words = [
            word for name, value in flags.items() for word in (f"--{name.replace('_', '-')}", str(value))
        ]
        process = subprocess.Popen(
            [sys.executable, "-m", "acme.service", "--mode", mode, *words],
            env=reaching_acme(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        service = Service(mode=mode, address=process.stdout.readline().strip(), home=tmp_path / "home")
        running.append((service, process))
        return service

    yield serve
    for service, process in running:
        service.close()
        process.communicate()


def ended(process, seconds=60):
    """Wait for a process that must succeed; return the lines that it printed."""
    out, err = process.communicate(timeout=seconds)
    assert process.returncode == 0, err
    return out.split("\n")[:-1]


@pytest.fixture(name="ended")
def _ended():
    return ended


@pytest.fixture(scope="session")
def root():
    return ROOT
