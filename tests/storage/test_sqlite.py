"""What only a file can promise: durability, privacy, other processes, and plain words when it is not ours."""

import contextlib
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from polyreel.errors import StorageFailed
from polyreel.storage import sqlite
from polyreel.storage.conflicts import ConcurrentWrite
from polyreel.storage.layout import STEPS, Step, bring_up_to_date
from polyreel.storage.sqlite import SQLiteStore, _write_ahead
from polyreel.types.cost import Estimate
from polyreel.types.job import Phase


@pytest.fixture
def path(tmp_path):
    return tmp_path / "home" / "jobs.sqlite3"


@pytest.fixture
def store(path):
    made = SQLiteStore(path)
    yield made
    made.close()


def test_nothing_is_made_until_it_is_needed(path, job):
    store = SQLiteStore(path)
    store.close()
    assert not path.parent.exists()
    store.add(job())
    assert path.exists()
    store.close()


def test_what_says_that_something_is_sent_outlives_a_power_cut(store, path, job):
    store.add(job())
    store.save(job(version=1, phase=Phase.SUBMITTING), expected=0)
    asked = {}
    for pragma in ("journal_mode", "synchronous", "busy_timeout", "user_version"):
        (asked[pragma],) = store._connection.execute(f"PRAGMA {pragma}").fetchone()
    # 2 is FULL: the write-ahead log is synchronised at each commit.
    assert asked == {
        "journal_mode": "wal",
        "synchronous": 2,
        "busy_timeout": 10_000,
        "user_version": len(STEPS),
    }


def test_another_store_sees_it_at_once(store, path, job):
    store.add(job())
    other = SQLiteStore(path)
    assert other.get("job_1") == job()
    other.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_its_owner_can_read_it(path, job):
    before = os.umask(0)
    try:
        store = SQLiteStore(path)
        store.add(job())
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
        assert set(modes) == {"jobs.sqlite3", "jobs.sqlite3-wal", "jobs.sqlite3-shm"}
        assert set(modes.values()) == {0o600}
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        store.close()
    finally:
        os.umask(before)


def test_two_processes_share_it_and_nobody_overwrites_the_other(path, job):
    store = SQLiteStore(path)
    store.add(job())
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from polyreel.storage.conflicts import ConcurrentWrite
        from polyreel.storage.sqlite import SQLiteStore

        store, wins = SQLiteStore(Path(sys.argv[1])), 0
        print("ready", flush=True)
        sys.stdin.readline()
        for _ in range(40):
            job = store.get("job_1")
            try:
                store.save(job.model_copy(update={"version": job.version + 1}), expected=job.version)
            except ConcurrentWrite:
                continue
            wins += 1
        print(wins)
        """
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    wins = [int(process.communicate(timeout=60)[0]) for process in processes]
    assert all(process.returncode == 0 for process in processes)
    assert store.get("job_1").version == sum(wins) >= 40
    store.close()


def test_many_may_open_a_fresh_file_at_once(tmp_path, job):
    # For the moment in which one of them turns the write-ahead log on, SQLite would refuse the others at once.
    refused = []
    for attempt in range(20):
        path, barrier = tmp_path / str(attempt) / "jobs.sqlite3", threading.Barrier(6)

        def begin(number, path=path, barrier=barrier):
            store = SQLiteStore(path)
            barrier.wait()
            try:
                store.add(job(f"job_{number}"))
            except StorageFailed as error:
                refused.append(str(error))
            store.close()

        threads = [threading.Thread(target=begin, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with contextlib.closing(SQLiteStore(path)) as store:
            assert len(store.find()) == 6 - len(refused)
    assert refused == []


def test_a_log_that_cannot_be_turned_on_is_waited_for_and_then_refused(path, monkeypatch):
    pauses = []
    monkeypatch.setattr(time, "sleep", pauses.append)

    class Busy:
        failures = 3
        code = sqlite3.SQLITE_BUSY

        def execute(self, query):
            if self.failures:
                self.failures -= 1
                error = sqlite3.OperationalError("database is locked")
                error.sqlite_errorcode = self.code
                raise error

    _write_ahead(Busy())
    assert len(pauses) == 3
    broken = Busy()
    broken.code = sqlite3.SQLITE_IOERR
    with pytest.raises(sqlite3.OperationalError):
        _write_ahead(broken)
    assert len(pauses) == 3


def test_a_layout_that_cannot_be_made_is_rolled_back(path, job, monkeypatch):
    steps = (
        Step(script="CREATE TABLE note (id TEXT); CREATE TABEL oops;"),
        Step(script="CREATE TABLE note (id TEXT);"),
    )

    def having(*more):
        def bring(connection, path):
            bring_up_to_date(connection, path, (*STEPS, *more))

        monkeypatch.setattr(sqlite, "bring_up_to_date", bring)

    having(steps[0])
    with contextlib.closing(SQLiteStore(path)) as store, pytest.raises(StorageFailed, match="syntax error"):
        store.add(job())
    having()
    with contextlib.closing(SQLiteStore(path)) as store:
        store.add(job())
    having(steps[1])
    with contextlib.closing(SQLiteStore(path)) as store:
        assert store.get("job_1") == job()
        assert store._connection.execute("PRAGMA user_version").fetchone() == (len(STEPS) + 1,)


def test_a_file_of_a_newer_polyreel_is_left_alone(path, job):
    store = SQLiteStore(path)
    store.add(job())
    store._connection.execute("PRAGMA user_version = 99")
    store.close()
    before = path.read_bytes()
    newer = SQLiteStore(path)
    with pytest.raises(StorageFailed, match=r"newer polyreel \(layout 99, this one knows \d+\); upgrade"):
        newer.get("job_1")
    assert path.read_bytes() == before


def test_a_record_of_a_newer_polyreel_is_named_and_hides_no_other(store, path, job, caplog):
    store.add(job())
    store.add(job("job_2"))
    store._connection.execute(
        "UPDATE job SET record = json_insert(record, '$.mood', 'new') WHERE id = 'job_1'"
    )
    with pytest.raises(StorageFailed, match=r"job_1 .* newer polyreel") as caught:
        store.get("job_1")
    assert "Papierboot" not in str(caught.value)
    assert store.get("job_2").id == "job_2"
    assert [job.id for job in store.find()] == ["job_2"]
    assert "job_1" in caplog.text


def test_a_file_that_is_no_database_is_left_alone(path):
    path.parent.mkdir()
    path.write_text("a shopping list that is long enough to be mistaken for a header " * 20)
    before = path.read_bytes()
    store = SQLiteStore(path)
    for _ in range(2):
        with pytest.raises(StorageFailed, match=r"jobs\.sqlite3 refused: file is not a database"):
            store.find()
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_made_says_what_to_do(tmp_path):
    blocker = tmp_path / "a-file"
    blocker.write_text("no folder")
    with pytest.raises(StorageFailed, match=r"cannot be opened: .*Set POLYREEL_HOME"):
        SQLiteStore(blocker / "jobs.sqlite3").find()


def test_a_folder_in_its_place_says_so(path):
    path.mkdir(parents=True)
    with pytest.raises(StorageFailed, match="cannot be opened"):
        SQLiteStore(path).find()


def test_a_full_disk_is_refused_and_later_writes_go_on(store, job):
    store.add(job())
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    large = job("job_2", prompt="x" * 100_000)
    for _ in range(2):
        with pytest.raises(StorageFailed, match="full"):
            store.add(large)
    assert store.get("job_1") == job()
    store._connection.execute(f"PRAGMA max_page_count = {pages + 1000}")
    store.add(large)
    assert store.get("job_2") == large


def test_a_commit_that_fails_leaves_no_transaction_open(store, job):
    store.add(job())
    real = store._connection

    class Breaking:
        def __init__(self):
            self.broken = True

        def execute(self, query, *values):
            if query == "COMMIT" and self.broken:
                self.broken = False
                raise sqlite3.OperationalError("disk I/O error")
            return real.execute(query, *values)

        def __getattr__(self, name):
            return getattr(real, name)

    store._connection = Breaking()
    with pytest.raises(StorageFailed, match="disk I/O error"):
        store.add(job("job_2"))
    assert store.get("job_2") is None
    store.add(job("job_2"))
    assert store.get("job_2") == job("job_2")
    store._connection = real


def test_a_database_that_stays_locked_is_refused(path, store, job, monkeypatch):
    monkeypatch.setattr("polyreel.storage.sqlite._BUSY_MS", 1)
    store.add(job())
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageFailed, match="locked"):
        store.add(job("job_2"))
    other.execute("ROLLBACK")
    other.close()
    store.add(job("job_2"))


def test_it_may_be_used_from_any_thread(store, job):
    store.add(job())
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(store.get, ["job_1"] * 8)) == [job()] * 8


def test_a_write_in_between_is_a_conflict_across_connections(path, store, job):
    store.add(job())
    other = SQLiteStore(path)
    mine = other.get("job_1")
    store.save(job(version=1), expected=0)
    with pytest.raises(ConcurrentWrite):
        other.save(mine.model_copy(update={"version": 1, "message": "mine"}), expected=0)
    other.close()


def test_what_a_damaged_record_cost_is_unknown(store, job):
    """It is not left out: a budget would take it for nothing."""
    store.add(job("job_1", 1.0))
    store.add(job("job_2", 2.0, estimate=Estimate(amount=Decimal("0.40")), cost=None))
    store.close()
    content = store.path.read_bytes()
    assert content.count(b'{"id":"job_1"') == 1
    store.path.write_bytes(content.replace(b'{"id":"job_1"', b'!"id":"job_1"'))
    broken, whole = store.expenses()
    assert (broken.job_id, broken.kind, broken.amount) == ("job_1", "unknown", None)
    assert (whole.job_id, whole.kind, whole.amount) == ("job_2", "open", Decimal("0.40"))


def test_a_record_with_strange_money_is_unknown_too(store, job):
    store.add(job("job_1", 1.0, estimate=Estimate(amount=Decimal("0.40"))))
    with sqlite3.connect(store.path) as connection:
        connection.execute("UPDATE job SET record = json_set(record, '$.estimate.amount', 'much')")
    connection.close()
    assert [expense.kind for expense in store.expenses()] == ["unknown"]


def test_the_record_of_an_older_polyreel_has_no_project(store, job):
    store.add(job("job_1", 1.0))
    with sqlite3.connect(store.path) as connection:
        connection.execute("UPDATE job SET record = json_remove(record, '$.project')")
    connection.close()
    assert store.get("job_1").project is None
    assert store.expenses()[0].project is None


def test_two_openings_of_one_file_take_turns_at_the_guard(path, job):
    """As two processes do: whoever looks keeps the other one waiting until it has written, and neither fails."""
    stores, seen = [SQLiteStore(path) for _ in range(2)], []
    for store in stores:
        store.find()

    def watch(books):
        seen.append(len(list(books.holds())))
        time.sleep(0.005)

    def add(number):
        stores[number % 2].add(job(f"job_{number}"), guard=watch)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(16)))
    assert seen == list(range(16))
    for store in stores:
        store.close()


def test_ctrl_c_while_another_process_writes_leaves_no_transaction_open(store, path, job):
    store.add(job())
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")

    def press():
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)  # acted upon when SQLite returns
        other.execute("COMMIT")

    pressing = threading.Timer(0.05, press)
    pressing.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            store.add(job("job_2"))
    finally:
        pressing.join()
    other.execute("BEGIN IMMEDIATE")
    other.execute("ROLLBACK")
    other.close()
    assert store.get("job_2") is None
    store.add(job("job_3"))
