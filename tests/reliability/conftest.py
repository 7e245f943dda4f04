"""Worlds for the gates: nothing in them is left to chance, and nothing touches a real disk where that is not the subject."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from polyreel import exchange
from polyreel.jobs import pacing, recovery
from reliability.worlds import DAY, World, small_film

MEMORY = Path("/dev/shm")


@pytest.fixture(scope="session")
def nightly():
    """Whether there is a night's time."""
    return os.environ.get("POLYREEL_NIGHTLY", "") not in {"", "0"}


@pytest.fixture(autouse=True)
def nothing_by_chance(monkeypatch):
    """Pauses have no random part, so that equal histories lead to equal states."""
    small_film()
    monkeypatch.setitem(pacing.next_look.__kwdefaults__, "chance", lambda: 0.5)
    monkeypatch.setitem(exchange.backoff.__kwdefaults__, "chance", lambda: 0.5)


@pytest.fixture
def short_search(monkeypatch):
    """Unknown jobs are looked for over ten minutes instead of two days: fewer looks of the same kind."""
    monkeypatch.setattr(recovery, "SEARCH_ENDS", 600.0)


@pytest.fixture
def shortest_search(monkeypatch):
    """They are looked for over ten seconds."""
    monkeypatch.setattr(recovery, "SEARCH_ENDS", 10.0)


@pytest.fixture
def longer_search(monkeypatch):
    """They are looked for over a day and ten minutes: a day that the clock was set forward does not end it."""
    monkeypatch.setattr(recovery, "SEARCH_ENDS", DAY + 600.0)


@pytest.fixture
def world_of():
    """Return a world by its mode."""
    folder = Path(tempfile.mkdtemp(prefix="polyreel-", dir=MEMORY if MEMORY.is_dir() else None))

    def make(mode, **facts):
        return World(mode, folder, **facts)

    yield make
    shutil.rmtree(folder)
