"""Scans of sources in a folder, by the documents of the installed providers, on a day that does not move."""

from datetime import UTC, date, datetime

import pytest
from acme.house import quick_studio
from polyreel.client import Client
from polyreel.clock import VirtualClock
from polyreel.scanning.advice import Adviser
from polyreel.scanning.claims import claims_of
from polyreel.scanning.project import Scan
from polyreel.workspace import Simulation

TODAY = date(2026, 11, 24)


@pytest.fixture(scope="session")
def desk(tmp_path_factory):
    """Where requests are admitted, on a machine on which nothing is set."""
    clock = VirtualClock(datetime(2026, 11, 24, tzinfo=UTC).timestamp())
    simulation = Simulation(clock=clock, studio=quick_studio())
    with Client(simulate=simulation, store="memory", home=tmp_path_factory.mktemp("home")) as client:
        yield client.workspace.operations.desk


@pytest.fixture(scope="session")
def claims(desk):
    found, broken = claims_of(desk.plugins, desk.catalogue)
    assert not broken
    return found


@pytest.fixture
def folder(tmp_path):
    """An empty project."""
    place = tmp_path / "project"
    place.mkdir()
    return place


@pytest.fixture
def write(folder):
    """Write a file of the project."""

    def write(name, text):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.fixture
def scan(desk, claims, folder):
    """Scan the project, or what is named of it."""

    def scan(*paths, to=None, day=TODAY, looking_for=claims, desk=desk, **options):
        advice = Adviser(desk=desk, day=day, target=to)
        return Scan(claims=looking_for, advice=advice, today=day).of(paths or [folder], **options)

    return scan


@pytest.fixture
def found(scan, write):
    """Scan one source; its findings."""

    def found(text, name="main.py", **options):
        return scan(write(name, text), **options).findings

    return found
