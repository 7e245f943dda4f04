"""The stores that keep books."""

import pytest
from polyreel.storage.memory import MemoryStore
from polyreel.storage.sqlite import SQLiteStore


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    made = MemoryStore() if request.param == "memory" else SQLiteStore(tmp_path / "jobs.sqlite3")
    yield made
    made.close()


@pytest.fixture
def file(tmp_path):
    made = SQLiteStore(tmp_path / "jobs.sqlite3")
    yield made
    made.close()
