"""Environments of their own for vendors' SDKs, made once below ``.oracles/`` at the root of the repository, and kept."""

import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

ENVIRONMENTS = Path(__file__).parents[3] / ".oracles"
SKIP = "POLYREEL_SKIP_ORACLES"


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A Python that has certain packages and nothing of ours."""

    requirements: tuple
    python: Path

    @property
    def name(self):
        return " ".join(self.requirements)

    def script(self, name):
        """Return the path of a command that a package of this environment installed."""
        return self.python.with_name(f"{name}.exe" if sys.platform == "win32" else name)


def environment_of(*requirements):
    """Return the environment with these packages, made now unless an earlier run left it.

    Where the oracles are left out, the test is skipped; where the environment cannot be made, it fails.
    """
    if os.environ.get(SKIP) == "1":
        pytest.skip(f"{SKIP}=1: the official SDK is not compared with")
    ENVIRONMENTS.mkdir(exist_ok=True)
    packages = "+".join(re.sub(r"[^\w.]+", "-", requirement) for requirement in requirements)
    folder = ENVIRONMENTS / f"{packages}-python-{'.'.join(map(str, sys.version_info[:3]))}"
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    complete = folder / "complete"
    with _locked(ENVIRONMENTS / f"{folder.name}.lock"):
        if not (complete.exists() and python.exists()):
            _make(folder, python, requirements)
            complete.touch()
    return Environment(requirements=requirements, python=python)


@contextmanager
def _locked(path):
    """Hold ``path`` against other processes; the system lets go of it when a process dies."""
    with path.open("a+b") as file:
        if sys.platform == "win32":
            import msvcrt

            while True:
                with suppress(OSError):  # it gives up after ten seconds
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
                    break
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(folder, python, requirements):
    """Make an environment, trying twice, or let the test fail with a sentence."""
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements]
    for _ in range(2):
        shutil.rmtree(folder, ignore_errors=True)
        for command in ([sys.executable, "-m", "venv", folder], install):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                break
        else:
            return
    pytest.fail(
        f"an environment with {' '.join(requirements)} could not be made in two tries. The oracle tests need the "
        f"package registry once, to fill {ENVIRONMENTS}; set {SKIP}=1 to leave them out. The last words were:\n"
        f"{(done.stdout + done.stderr)[-2000:]}",
        pytrace=False,
    )
