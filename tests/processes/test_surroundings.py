"""What a machine does to a process: other processes on the same file, a stop, a full disk, a clock that is set, a fork."""

import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing

import pytest
from acme.house import tiny_film
from polyreel.errors import StorageFailed
from polyreel.types.job import Phase

DAY = 86_400


def overlaps(asked):
    """Requests about one film that two processes had under way at once."""
    found, last = [], {}
    for at, process, method, path, seconds in sorted(asked):
        steps = path.strip("/").split("/")
        if method != "GET" or len(steps) < 2:
            continue
        before = last.get(steps[1])
        if before is not None and before[1] != process and at < before[0]:
            found.append((path, before[1], process))
        last[steps[1]] = (at + seconds, process)
    return found


def assert_all_made(service, count):
    """Every film is there, whole, and was paid for once."""
    assert Counter(service.charged) == Counter(set(service.charged))
    with service.client() as client:
        jobs = client.list_jobs()
        assert len(jobs) == len(service.charged) == count
        for job in jobs:
            assert job.phase is Phase.STORED, (job.id, job.message)
            assert job.videos[0].path.read_bytes() == tiny_film()
    with closing(sqlite3.connect(service.home / "jobs.sqlite3")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("processes", [2, 3])
@pytest.mark.parametrize("mode", ["token", "neither"])
def test_processes_on_one_file_never_work_on_one_job_at_once(serve, ended, mode, processes):
    service = serve(mode, slow=0.1)
    workers = [service.worker("work", "boats", 12) for _ in range(processes)]
    for worker in workers:
        assert len(ended(worker)) == 12
    assert_all_made(service, 12)
    asked = service.books()["asked"]
    assert overlaps(asked) == []
    assert len({process for _, process, *_ in asked}) == processes  # each had its share
    assert sum(method == "POST" for _, _, method, *_ in asked) == 12
    assert sum("/file/" in path for *_, path, _ in asked) == 12


@pytest.mark.parametrize("mode", ["list", "token"])
def test_one_asks_and_others_take_up(serve, ended, mode):
    service = serve(mode, slow=0.1)
    with service.client() as client:
        for number in range(8):
            client.submit(f"boat {number}", model="acme/one")
    for worker in [service.worker("resume", 30) for _ in range(3)]:
        ended(worker)
    assert_all_made(service, 8)
    assert overlaps(service.books()["asked"]) == []


# --- stopped -----------------------------------------------------------------------------------------------------


def line(process, word):
    for text in process.stdout:
        if word in text:
            return text.split()
    raise AssertionError(process.stderr.read())


@pytest.mark.parametrize("mode", ["list", "neither"])
def test_a_process_that_was_stopped_before_it_sent_does_not_send_when_another_did(serve, ended, mode):
    service = serve(mode)
    zombie = service.worker("--hurry", "dawdle", "a boat")
    name = line(zombie, "about")[0]
    zombie.send_signal(signal.SIGSTOP)
    time.sleep(1.3)  # its deadline and its lease are over
    ended(service.worker("--hurry", "resume", 0.5))
    with service.client() as client:
        assert client.get_job(name).phase is Phase.UNKNOWN
        assert client.resubmit(name).phase is Phase.ACCEPTED
    zombie.send_signal(signal.SIGCONT)
    zombie.communicate(timeout=30)
    ended(service.worker("resume", 30))
    assert_all_made(service, 1)


def test_processes_that_are_stopped_and_go_on_at_random_pay_nothing_twice(serve, ended):
    service = serve("list", slow=0.1)
    chance = random.Random(4)
    workers = [service.worker("--hurry", "work", "boats", 15) for _ in range(3)]
    for _ in range(8):
        process = chance.choice(workers)
        if process.poll() is None:
            process.send_signal(signal.SIGSTOP)
            time.sleep(chance.uniform(0.1, 1.5))
            process.send_signal(signal.SIGCONT)
            time.sleep(0.1)
    for process in workers:
        process.communicate(timeout=60)
    ended(service.worker("resume", 30))
    assert max(Counter(service.charged).values()) == 1
    with service.client() as client:
        phases = {job.id: job.phase for job in client.list_jobs()}
    assert {phases[name] for name in service.charged} == {Phase.STORED}


# --- the disk ----------------------------------------------------------------------------------------------------


def test_a_disk_that_is_full_costs_nothing_twice_and_loses_nothing(serve, ended):
    service = serve("token", slow=0.02)
    ended(service.worker("work", "first", 1))
    largest = max(path.stat().st_size for path in service.home.rglob("*") if path.is_file())

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 40_000, resource.RLIM_INFINITY))

    full = service.worker("work", "boats", 30, preexec_fn=limited)
    out, err = full.communicate(timeout=60)
    assert "refused" in out + err  # it met the end of the disk
    ended(service.worker("resume", 30))
    ended(service.worker("work", "boats", 30))
    assert_all_made(service, 31)


def test_a_folder_that_cannot_be_written_costs_nothing(serve, tmp_path):
    service = serve("neither")
    service.home = "/proc/polyreel"
    worker = service.worker("submit", "a boat")
    assert worker.wait(30) != 0
    assert "cannot be opened" in worker.stderr.read()
    assert service.charged == []


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_read_only_folder_costs_nothing(serve, tmp_path):
    service = serve("neither")
    service.home.mkdir(mode=0o500)
    worker = service.worker("submit", "a boat")
    assert worker.wait(30) != 0
    assert service.charged == []


# --- the store ---------------------------------------------------------------------------------------------------


def locked(service):
    connection = sqlite3.connect(service.home / "jobs.sqlite3", isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    return closing(connection)


def test_a_file_that_somebody_holds_for_a_while_is_waited_for(serve, ended):
    service = serve("neither")
    ended(service.worker("submit", "a boat"))
    with locked(service):
        worker = service.worker("submit", "another boat")
        time.sleep(1.5)
        assert len(service.charged) == 1  # nothing is sent before its record is written
    ended(worker)
    ended(service.worker("resume", 30))
    assert_all_made(service, 2)


def test_a_receipt_waits_for_a_file_that_somebody_holds(serve, ended, eventually):
    service = serve("neither", slow=1.0, seed=6)
    ended(service.worker("submit", "a boat"))
    worker = service.worker("submit", "another boat")
    eventually(lambda: len(service.charged) == 2, 20)
    with locked(service):
        time.sleep(2.5)
        assert worker.poll() is None
    assert ended(worker)[-1].endswith("accepted")
    ended(service.worker("resume", 30))
    assert_all_made(service, 2)


def test_a_file_that_stays_locked_costs_nothing(serve, monkeypatch):
    monkeypatch.setattr("polyreel.storage.sqlite._BUSY_MS", 200)
    service = serve("neither")
    with service.client() as client:
        client.submit("a boat", model="acme/one")
        with locked(service), pytest.raises(StorageFailed, match="locked"):
            client.submit("another boat", model="acme/one")
    assert len(service.charged) == 1


# --- the clock ---------------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("faketime") is None, reason="needs Debian's package faketime")
@pytest.mark.parametrize("step", [DAY, -DAY], ids=["a day ahead", "a day back"])
def test_a_clock_that_is_set_by_a_day_stalls_nothing_and_pays_nothing_twice(serve, ended, step):
    service = serve("token")
    with service.client() as client:
        for number in range(3):
            client.submit(f"boat {number}", model="acme/one")
    ended(service.worker("resume", 30, before=["faketime", "-f", f"{step:+d}s"]))
    assert_all_made(service, 3)


# --- a fork ------------------------------------------------------------------------------------------------------


def test_a_forked_process_shares_nothing_that_it_must_not(serve, root):
    service = serve("neither", slow=0.05)
    program = f"""
import os, sys
from acme.worker import client_of
client = client_of("neither", {service.address!r})
client.submit("before", model="acme/one")  # its connections are open
child = os.fork()
who = "parent" if child else "child"
jobs = [client.submit(f"{{who}} {{number}}", model="acme/one") for number in range(12)]
client.resume(timeout=20)
if child:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    client.close()
else:
    client.close()
    os._exit(0)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env=service.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    with service.client() as client:
        client.resume(timeout=20)
        mine = {job.receipt.id: job.id for job in client.list_jobs()}
    told = {charge["job"]: charge["reason"] for charge in service.books()["charges"]}
    assert mine == told  # no receipt went to another's job
    assert_all_made(service, 25)
