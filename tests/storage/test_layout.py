"""Files of earlier releases, brought up to date; and files that are not touched."""

import sqlite3
from pathlib import Path

import pytest
from acme.house import House, tiny_film
from polyreel.errors import StorageFailed
from polyreel.storage import layout
from polyreel.storage.layout import STEPS, Step, bring_up_to_date
from polyreel.storage.memory import MemoryStore
from polyreel.storage.sqlite import SQLiteStore

RELEASE_1 = Path(__file__).with_name("release_1.sql")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "jobs.sqlite3"


@pytest.fixture
def old(path):
    """A file as the first release wrote it, with a job in each phase that it could be left in."""
    connection = sqlite3.connect(path)
    connection.executescript(RELEASE_1.read_text(encoding="utf-8"))
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    return path


def layouts(path):
    with sqlite3.connect(path) as connection:
        return dict(connection.execute("SELECT number, checksum FROM layout"))


def test_the_jobs_of_the_first_release_go_on(old, tmp_path):
    # What the provider holds: the films of that release's receipts, film_1 to film_3.
    house = House(tmp_path, store=MemoryStore())
    with house.client() as before:
        for _ in range(3):
            before.submit("a paper kite", model="acme/one")
    house.store = SQLiteStore(old)
    with house.client() as client:
        client.resume()
        ended = {job.id: job for job in client.list_jobs()}
    assert sorted(job.status for job in ended.values()) == ["completed"] * 3 + ["failed"] + ["unknown"] * 2
    # Whether these two were accepted that release did not know, and nobody does: they are not sent again.
    assert {ended["job_submitting"].status, ended["job_unknown"].status} == {"unknown"}
    assert house.count("POST", "/films$") == 3
    films = [job.videos[0].path for job in ended.values() if job.status == "completed"]
    assert [path.read_bytes() for path in films if path.is_absolute()] == [tiny_film()] * 2


def test_each_step_is_recorded_with_its_checksum(old, path):
    store = SQLiteStore(path)
    store.find()
    store.close()
    assert layouts(path) == {number: step.checksum for number, step in enumerate(STEPS, start=1)}


def test_a_new_file_has_the_same_layout_as_an_old_one(old, tmp_path):
    def tables(file):
        store = SQLiteStore(file)
        store.find()
        store.close()
        with sqlite3.connect(file) as connection:
            rows = connection.execute(
                "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name"
            ).fetchall()
        return [(kind, name, " ".join((text or "").split())) for kind, name, text in rows]

    assert tables(old) == tables(tmp_path / "new.sqlite3")


def test_a_file_that_other_steps_made_is_not_touched(path):
    other = (
        Step(script="CREATE TABLE job (id TEXT) STRICT;"),
        Step(script="CREATE TABLE more (id TEXT) STRICT;"),
    )
    connection = sqlite3.connect(path, isolation_level=None)
    bring_up_to_date(connection, path, other)
    before = connection.execute("SELECT name, sql FROM sqlite_schema").fetchall()
    connection.close()
    with pytest.raises(StorageFailed, match="another step 1 than this polyreel's"):
        SQLiteStore(path).find()
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT name, sql FROM sqlite_schema").fetchall() == before


def test_a_step_that_fails_leaves_the_file_as_it_was(path):
    connection = sqlite3.connect(path, isolation_level=None)
    bring_up_to_date(connection, path, STEPS[:1])

    def fill(_):
        raise sqlite3.OperationalError("the disk is full")

    broken = (*STEPS[:1], Step(script="CREATE TABLE more (id TEXT) STRICT;", fill=fill))
    with pytest.raises(sqlite3.OperationalError):
        bring_up_to_date(connection, path, broken)
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    assert connection.execute("SELECT name FROM sqlite_schema WHERE name = 'more'").fetchall() == []
    connection.close()


def test_a_trigger_is_one_statement():
    script = "CREATE TABLE a (id TEXT); CREATE TRIGGER t BEFORE UPDATE ON a BEGIN SELECT 1; SELECT 2; END;"
    assert len(list(layout._statements(script))) == 2


def test_how_a_step_is_indented_does_not_matter():
    assert (
        Step(script="CREATE  TABLE\n  a (id TEXT)").checksum
        == Step(script="CREATE TABLE a (id TEXT)").checksum
    )
    assert (
        Step(script="CREATE TABLE a (id TEXT)").checksum != Step(script="CREATE TABLE b (id TEXT)").checksum
    )
