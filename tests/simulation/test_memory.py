import json
import logging
import os
import stat
import subprocess
import sys
import threading
import time
from decimal import Decimal

import pytest
from polyreel.clock import VirtualClock
from polyreel.errors import StorageFailed
from polyreel.http import Request
from polyreel.simulation import memory
from polyreel.simulation.charges import Charge, Charges
from polyreel.simulation.memory import KeptState, Remembering
from polyreel.simulation.simulator import FilmStudio, Stage
from polyreel.simulation.staging import set_stage

POST = Request(
    method="POST", url="https://api.toy.example/v1/jobs", content=b'{"prompt": "Katze \xe2\x9c\x93"}'
)
GET = Request(method="GET", url=POST.url)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "simulation" / "toy.json"


@pytest.fixture
def remembering(toy, path):
    def remembering():
        simulator = toy(Stage(clock=VirtualClock()))
        return simulator, Remembering(simulator, path)

    return remembering


def test_jobs_and_charges_outlive_the_process(remembering):
    _, first = remembering()
    assert first(POST).json()["id"] == "job_1"
    simulator, second = remembering()
    assert second(POST).json()["id"] == "job_2"
    assert [job["body"]["prompt"] for job in second(GET).json()["data"]] == ["Katze ✓"] * 2
    assert simulator.stage.charges.total == Decimal("0.20")
    assert simulator.stage.charges.billed_jobs == ("job_1", "job_2")


def test_two_that_share_a_file_see_each_other(remembering):
    (one, first), (_, second) = remembering(), remembering()
    state = one.stage.state
    assert [handler(POST).json()["id"] for handler in (first, second, first)] == ["job_1", "job_2", "job_3"]
    assert second(GET).content == first(GET).content
    assert one.stage.state is state


def test_the_file_is_private_json_and_nothing_else_is_left(remembering, path):
    _, handler = remembering()
    handler(POST)
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert (kept["version"], list(kept["state"]["jobs"]), len(kept["charges"])) == (1, ["job_1"], 1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(file.name for file in path.parent.iterdir()) == ["toy.json", "toy.json.lock"]


def test_what_did_not_change_is_not_written(remembering, path):
    _, handler = remembering()
    handler(POST)
    before = path.stat()
    handler(GET)
    assert path.stat().st_ino == before.st_ino


def test_deleting_the_file_is_a_reset(remembering, path):
    simulator, handler = remembering()
    handler(POST)
    path.unlink()
    assert handler(GET).json() == {"data": []}
    assert simulator.stage.charges.entries == ()
    assert handler(POST).json()["id"] == "job_1"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff",
        b"{",
        b"[]",
        b'"text"',
        b"{}",
        b'{"version": 2, "state": {}, "charges": []}',
        b'{"version": 1, "state": [], "charges": []}',
        b'{"version": 1, "state": {}, "charges": [{}]}',
        b'{"version": 1, "state": {}, "charges": [{"at": 1, "job": "a", "amount": "x"}]}',
        b'{"version": 1, "state": {}, "charges": 1}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_set_aside_and_told(remembering, path, content, caplog):
    path.parent.mkdir()
    for number in (1, 2):
        path.write_bytes(content)
        _, handler = remembering()
        assert handler(POST).json()["id"] == "job_1"
        assert path.with_name(f"toy.json.corrupt-{number}").read_bytes() == content
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 2
    assert "toy.json.corrupt-1" in warnings[0]


def test_a_running_simulator_keeps_its_memory_when_the_file_is_damaged(remembering, path):
    _, handler = remembering()
    handler(POST)
    path.write_bytes(b"damaged")
    assert handler(POST).json()["id"] == "job_2"


def test_a_mistake_of_the_simulator_changes_nothing(toy, path):
    class Failing(toy):
        def handle(self, request):
            answer = super().handle(request)
            if request.content == b'"fail"':
                raise OSError("a mistake of its own")
            return answer

    handler = Remembering(Failing(Stage(clock=VirtualClock())), path)
    with pytest.raises(OSError, match="of its own"):
        handler(Request(method="POST", url=POST.url, content=b'"fail"'))
    assert handler(POST).json()["id"] == "job_1"


def test_a_folder_that_cannot_be_used_is_told(toy, tmp_path):
    (tmp_path / "file").write_text("")
    handler = Remembering(toy(Stage()), tmp_path / "file" / "toy.json")
    with pytest.raises(StorageFailed, match="cannot be used"):
        handler(POST)


def test_a_kill_while_writing_loses_nothing(remembering, path):
    _, handler = remembering()
    handler(POST)
    path.with_name("toy.json.tmp").write_bytes(b"half of it")
    assert handler(POST).json()["id"] == "job_2"


ADD = """
import sys
from decimal import Decimal
from pathlib import Path
from polyreel.simulation.charges import Charge, Charges
from polyreel.simulation.memory import KeptState

kept, state, charges = KeptState(Path(sys.argv[1])), {}, Charges()
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[2])):
    with kept.opened(state, charges):
        state["count"] = state.get("count", 0) + 1
        charges.add(Charge(at=0, job=f"job_{state['count']}", amount=Decimal(1)))
"""


def test_two_processes_never_lose_an_update(path):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ADD, str(path), "100"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout.readline() == b"ready\n"
    for process in processes:
        process.communicate(b"\n", timeout=20)
        assert process.returncode == 0
    state, charges = {}, Charges()
    with KeptState(path).opened(state, charges):
        assert state == {"count": 200}
        assert charges.billed_jobs == tuple(f"job_{number}" for number in range(1, 201))


def test_a_killed_process_leaves_no_lock(path):
    script = (
        "import os, sys; from pathlib import Path\n"
        "from polyreel.simulation.charges import Charges\n"
        "from polyreel.simulation.memory import KeptState\n"
        "with KeptState(Path(sys.argv[1])).opened({}, Charges()): os._exit(9)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", script, str(path)], env=environment, check=False, timeout=20)
    with KeptState(path).opened({}, Charges()):
        pass


@pytest.mark.parametrize("lock", [memory._locked, memory._created])
def test_threads_exclude_each_other(lock, tmp_path):
    inside, most = [], []

    def work():
        for _ in range(5):
            with lock(tmp_path / "lock"):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.001)
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(most) == {1}
    assert len(most) == 20


def test_a_stale_lock_file_is_broken_and_a_wrong_folder_is_an_error(tmp_path):
    path = tmp_path / "lock"
    path.touch()
    os.utime(path, (0, 0))
    with memory._created(path):
        assert path.exists()
    assert not path.exists()
    with pytest.raises(OSError, match="No such file"), memory._created(tmp_path / "none" / "lock"):
        pass


def test_charges_survive_a_round_trip():
    charges = Charges()
    charges.add(Charge(at=1.5, job="a", amount=Decimal("0.30"), currency="EUR", reason="film"))
    again = Charges()
    again.load(json.loads(json.dumps(charges.dump())))
    assert again.entries == charges.entries


def test_a_stage_is_set_with_everything(toy, path):
    studio = FilmStudio(film=lambda _: b"film")
    simulated = set_stage(toy, clock=VirtualClock(), kept_at=path, render_seconds=9, studio=studio)
    stage = simulated.simulator.stage
    assert (stage.render_seconds, stage.studio, stage.clock) == (9, studio, simulated.clock)
    assert simulated.charges is stage.charges
    simulated.handler(POST)
    assert path.exists()
    assert simulated.handler_for(POST.url) is simulated.handler
    assert simulated.handler_for("https://api.toy.example:444/v1") is None
