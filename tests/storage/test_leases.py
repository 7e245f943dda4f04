"""Who works on a job: held, renewed, let go of, taken from the dead and never from the living."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest
from polyreel.storage.conflicts import ConcurrentWrite
from polyreel.storage.leases import Lease, Owners, boot_id
from polyreel.storage.memory import MemoryStore
from polyreel.storage.sqlite import SQLiteStore
from polyreel.types.job import Job

NOW = 1_000.0


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    made = MemoryStore() if request.param == "memory" else SQLiteStore(tmp_path / "jobs.sqlite3")
    yield made
    made.close()


def mine(store, until=NOW + 60):
    return Lease(owner=store.me, until=until)


def test_one_worker_at_a_time(store, job):
    store.add(job())
    first = mine(store)
    assert isinstance(store.claim("job_1", first, steady=NOW), Job)
    assert store.claim("job_1", mine(store, NOW + 99), steady=NOW) == first
    store.release("job_1", first)
    assert isinstance(store.claim("job_1", mine(store), steady=NOW), Job)


def test_there_is_nothing_to_claim_where_no_job_is(store):
    assert store.claim("job_1", mine(store), steady=NOW) is None


def test_a_lease_ends_on_the_steady_clock(store, job):
    store.add(job())
    store.claim("job_1", mine(store), steady=NOW)
    assert isinstance(store.claim("job_1", mine(store), steady=NOW + 59.9), Lease)
    assert isinstance(store.claim("job_1", mine(store, NOW + 200), steady=NOW + 60), Job)


def test_a_claim_is_a_fence_for_whoever_came_before(store, job):
    store.add(job())
    before = store.claim("job_1", mine(store), steady=NOW)
    after = store.claim("job_1", mine(store, NOW + 200), steady=NOW + 60)
    assert after.version == before.version + 1
    late = before.model_copy(update={"version": before.version + 1, "message": "late"})
    with pytest.raises(ConcurrentWrite):
        store.save(late, expected=before.version)
    store.save(after.model_copy(update={"version": after.version + 1}), expected=after.version)
    assert store.get("job_1").message != "late"


def test_a_save_lets_go_or_holds_on(store, job):
    store.add(job())
    lease = mine(store)
    held = store.claim("job_1", lease, steady=NOW)
    kept = held.model_copy(update={"version": held.version + 1})
    store.save(kept, expected=held.version, lease=lease)
    assert store.claim("job_1", mine(store), steady=NOW) == lease
    store.save(kept.model_copy(update={"version": kept.version + 1}), expected=kept.version)
    assert isinstance(store.claim("job_1", mine(store), steady=NOW), Job)


def test_a_lease_is_renewed_only_by_who_holds_it(store, job):
    store.add(job())
    lease, longer = mine(store), mine(store, NOW + 600)
    store.claim("job_1", lease, steady=NOW)
    assert store.renew("job_1", longer, held=lease)
    assert not store.renew("job_1", longer, held=lease)
    assert store.claim("job_1", lease, steady=NOW + 61) == longer
    store.release("job_1", lease)  # held no more: nothing happens
    assert store.claim("job_1", lease, steady=NOW + 61) == longer


def test_of_another_life_of_the_machine_nobody_is_left(store, job):
    store.add(job(), lease=Lease(owner="another-boot:1-2", until=NOW + 10_000))
    assert isinstance(store.claim("job_1", mine(store), steady=NOW), Job)


def test_a_job_can_be_added_under_a_lease(store, job):
    lease = mine(store)
    store.add(job(), lease=lease)
    assert store.claim("job_1", mine(store), steady=NOW) == lease


def test_an_earlier_job_with_the_same_key_is_returned(store, job):
    store.add(job(idempotency_key="order-17"))
    again = store.add(job("job_2", idempotency_key="order-17"))
    assert again.id == "job_1"
    assert store.get("job_2") is None
    store.add(job("job_3", idempotency_key="order-18"))
    store.add(job("job_4", idempotency_key=None))
    store.add(job("job_5", idempotency_key=None))
    assert len(store.find()) == 4


def test_what_belongs_to_a_request_is_kept_until_it_has_a_receipt(store, job):
    store.add(job(receipt=None), intent=b"pictures")
    bare = store.get("job_1")
    store.save(bare.model_copy(update={"version": 1}), expected=0)
    assert store.intent("job_1") == b"pictures"
    store.save(bare.model_copy(update={"version": 2, "receipt": job().receipt}), expected=1)
    assert store.intent("job_1") is None
    assert store.intent("job_2") is None


def test_a_wake_makes_a_step_due_earlier_and_never_later(store, job):
    store.add(job(next_at=500.0))
    assert store.wake("job_1", 400.0)
    assert store.get("job_1").next_at == 400.0
    assert store.wake("job_1", 900.0)
    assert [(found.id, found.next_at) for found in store.find(unfinished=True)] == [("job_1", 400.0)]
    assert not store.wake("job_2", 1.0)


# --- processes --------------------------------------------------------------------------------------------------

HOLDER = """
import sys
from pathlib import Path
from polyreel.storage.leases import Owners
owners = Owners(Path(sys.argv[1]))
print(owners.me, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Another process with a name of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "owners")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    process.owner = process.stdout.readline().strip()
    yield process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


@pytest.fixture
def owners(tmp_path):
    made = Owners(tmp_path / "owners")
    yield made
    made.close()


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_the_lease_of_a_process_that_was_killed_is_free_at_once(end, owners, other):
    assert not owners.is_gone(other.owner)
    other.send_signal(end)
    other.wait()
    assert owners.is_gone(other.owner)


def test_a_process_that_is_only_stopped_keeps_its_lease(owners, other):
    other.send_signal(signal.SIGSTOP)
    assert not owners.is_gone(other.owner)
    other.send_signal(signal.SIGCONT)


def test_nobody_is_gone_to_itself(owners, tmp_path):
    another = Owners(tmp_path / "owners")
    assert another.me != owners.me
    assert not owners.is_gone(owners.me)
    assert not another.is_gone(owners.me)
    assert not owners.is_gone(another.me)
    another.close()
    assert owners.is_gone(f"{boot_id()}:1-abc")


def test_the_files_of_the_dead_are_swept(owners, other, tmp_path):
    other.kill()
    other.wait()
    assert owners.me
    (left,) = (tmp_path / "owners").iterdir()
    assert left.name.removeprefix("owner-") == owners.me.partition(":")[2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_process_has_a_name_of_its_own(owners):
    script = textwrap.dedent("""
        import os, sys
        from pathlib import Path
        from polyreel.storage.leases import Owners
        owners = Owners(Path(sys.argv[1]))
        mine = owners.me
        child = os.fork()
        if child == 0:
            os._exit(0 if owners.me != mine else 1)
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) or owners.me != mine)
    """)
    folder = str(owners._folder)
    assert subprocess.run([sys.executable, "-c", script, folder], check=False).returncode == 0
