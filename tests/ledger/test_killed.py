"""Processes that are killed with -9 in the middle of adding, capturing and releasing leave the books in order."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import ledger_jobs
import pytest
from ledger_jobs import NOON, in_order, price, sums
from polyreel.budgets import Allowance
from polyreel.errors import BudgetExceeded
from polyreel.storage.sqlite import SQLiteStore
from polyreel.types.budget import Budget

KILLS = int(os.environ.get("POLYREEL_TEST_KILLS", "8"))
LIMIT = 20

WORKER = """
import random, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from ledger_jobs import bill, price, priced
from polyreel.budgets import Allowance
from polyreel.errors import BudgetExceeded, StorageFailed
from polyreel.jobs.records import cost_of
from polyreel.jobs.states import MOVES, moved
from polyreel.storage.conflicts import ConcurrentWrite
from polyreel.storage.sqlite import SQLiteStore
from polyreel.types.budget import Budget
from polyreel.types.job import Failure, Phase

chance, store = random.Random(sys.argv[3]), SQLiteStore(Path(sys.argv[2]))
budget = Budget(total=int(sys.argv[4]))
names = [f"job_{number:03}" for number in range(120)]
print("ready", flush=True)
while True:
    name = chance.choice(names)
    job = store.get(name)
    try:
        if job is None:
            made = priced(name, simulated=chance.random() < 0.1, project=chance.choice([None, "spots"]))
            guard = Allowance(budget=budget, estimate=made.estimate, now=made.created_at)
            store.add(made, guard=guard)
            continue
        phase = chance.choice([*MOVES[job.phase], job.phase])
        billed = None if phase is Phase.UNKNOWN else chance.choice([True, False, None])
        cost = cost_of(job, billed=billed)
        if billed and not job.simulated and chance.random() < 0.3:
            cost = bill(chance.choice(["0.10", "0.40"]), basis="vendor")
        failure = Failure(message="no", billed=billed)
        after = moved(job, phase, now=job.updated_at + 1, version=job.version + 1, cost=cost, failure=failure)
        store.save(after, expected=job.version)
    except (BudgetExceeded, ConcurrentWrite):
        continue
    except StorageFailed as error:
        if "exists already" not in str(error):
            raise
"""


def started(path, seed):
    support = Path(ledger_jobs.__file__).parent
    command = [sys.executable, "-W", "error", "-c", WORKER, str(support), str(path), str(seed), str(LIMIT)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_killed_at_any_moment(tmp_path):
    path, chance = tmp_path / "jobs.sqlite3", random.Random(5)
    workers = [started(path, seed) for seed in range(3)]
    try:
        for worker in workers:
            assert worker.stdout.readline() == "ready\n"
        store = SQLiteStore(path)
        for kill in range(KILLS):
            time.sleep(chance.uniform(0.005, 0.04))
            victim = chance.randrange(len(workers))
            workers[victim].send_signal(signal.SIGKILL)
            assert workers[victim].wait(timeout=20) == -signal.SIGKILL, workers[victim].stderr.read()
            in_order(store)
            _close(workers[victim])
            workers[victim] = started(path, f"again {kill}")
            assert workers[victim].stdout.readline() == "ready\n"
        found = in_order(store)
        assert found.jobs > LIMIT
        assert found.bookings > found.jobs
        opened, spent = sums(store)["USD"]
        # Each add looked at the sums first. What is sent again afterwards is held beyond the limit, and stands apart.
        again = store.consult(
            lambda books: [hold for hold in books.holds() if hold.number > 1 and not hold.simulated]
        )
        assert opened + spent <= (LIMIT * 1_000_000) + sum(hold.reserved.units for hold in again)
        assert store._connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        store.close()
    finally:
        for worker in workers:
            worker.kill()
            _close(worker)


def _close(worker):
    worker.communicate(timeout=20)


def test_the_limit_of_a_killed_process_is_no_looser(tmp_path):
    """What is held outlives who held it."""
    path = tmp_path / "jobs.sqlite3"
    worker = started(path, "alone")
    assert worker.stdout.readline() == "ready\n"
    store = SQLiteStore(path)
    until = time.monotonic() + 30
    while not sums(store) and time.monotonic() < until:
        time.sleep(0.01)
    worker.kill()
    _close(worker)
    opened, spent = sums(store)["USD"]
    assert opened + spent > 0
    guard = Allowance(budget=Budget(total=LIMIT), estimate=price(str(LIMIT)), now=NOON)
    with pytest.raises(BudgetExceeded) as caught:
        store.consult(guard)
    assert caught.value.spent * 1_000_000 == opened + spent
    store.close()
