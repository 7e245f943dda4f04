"""Stores that keep rates, and a house whose jobs count as real, so that its account is paced."""

import pytest
from acme.house import House
from polyreel.storage.memory import MemoryStore
from polyreel.storage.sqlite import SQLiteStore

STORES = {
    "memory": lambda folder: MemoryStore(),
    "sqlite": lambda folder: SQLiteStore(folder / "jobs.sqlite3"),
}


@pytest.fixture(params=STORES)
def store(request, tmp_path):
    made = STORES[request.param](tmp_path)
    yield made
    made.close()


@pytest.fixture
def real(tmp_path):
    return House(tmp_path, real=True)
