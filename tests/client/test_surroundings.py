"""Where clients are used: in a running loop, in many tasks and threads, from the module, and in another process."""

import asyncio
import json
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import polyreel
import pytest
from acme.house import tiny_film
from polyreel.async_client import AsyncClient
from polyreel.client import Client
from polyreel.clock import SystemClock, VirtualClock
from polyreel.errors import ConfigurationError, JobTimeout
from polyreel.simulation.faults import Fault

MODEL = "openai/sora-2"
PROMPT = "A paper boat crossing a puddle"


async def test_a_blocking_client_works_inside_a_running_loop(client):
    # As in a notebook, whose cells run inside a loop.
    assert asyncio.get_running_loop().is_running()
    assert client.generate(PROMPT, model=MODEL).bytes() == tiny_film()


async def test_the_module_works_inside_a_running_loop(simulated, tmp_path):
    setup = {"simulate": simulated(), "store": "memory", "home": tmp_path}
    assert polyreel.generate(PROMPT, model=MODEL, **setup).bytes() == tiny_film()
    assert (await polyreel.agenerate(PROMPT, model=MODEL, **setup)).bytes() == tiny_film()


async def test_many_tasks_share_one_client(simulated, stage, tmp_path):
    async with AsyncClient(simulate=simulated(), store="memory", home=tmp_path) as client:
        results = await asyncio.gather(
            *(client.generate(f"boat {number}", model=MODEL) for number in range(10))
        )
        assert len({result.path for result in results}) == 10
        assert {result.job.prompt for result in results} == {f"boat {number}" for number in range(10)}
        assert stage(client).faults.count("POST") == 10


async def test_a_cancelled_task_leaves_a_job_that_goes_on(simulated, stage, tmp_path):
    class Stopping(VirtualClock):
        """Hangs in the first pause between looks, as real time would."""

        async def sleep_async(self, seconds):
            waiting.set()
            await asyncio.sleep(3600)

    waiting, clock = asyncio.Event(), Stopping()
    async with AsyncClient(simulate=simulated(clock=clock), store="memory", home=tmp_path) as client:
        task = asyncio.create_task(client.generate(PROMPT, model=MODEL))
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        (job,) = await client.list_jobs(unfinished=True)
        assert job.receipt is not None
        clock.__class__ = VirtualClock
        assert (await client.wait(job.id)).job.status == "completed"
        assert stage(client).faults.count("POST") == 1


def test_an_interrupt_while_waiting_leaves_a_job_that_goes_on(simulated, stage, tmp_path):
    class Interrupted(VirtualClock):
        def sleep(self, seconds):
            raise KeyboardInterrupt

    clock = Interrupted()
    with Client(simulate=simulated(clock=clock), store="memory", home=tmp_path) as client:
        with pytest.raises(KeyboardInterrupt):
            client.generate(PROMPT, model=MODEL)
        (job,) = client.list_jobs(unfinished=True)
        clock.__class__ = VirtualClock
        assert client.wait(job.id).job.status == "completed"
        assert stage(client).faults.count("POST") == 1


def test_many_threads_share_a_fresh_client(simulated, stage, tmp_path):
    # Real time, so that the threads really run beside each other; the films are ready at once.
    simulation = simulated(clock=SystemClock(), render_seconds=0.0, kept=False)
    barrier, results, failed = threading.Barrier(6), [], []
    with Client(simulate=simulation, home=tmp_path) as client:

        def make(number):
            barrier.wait()
            try:
                results.append(client.submit(f"boat {number}", model=MODEL))
            except Exception as error:  # noqa: BLE001  reported below
                failed.append(error)

        threads = [threading.Thread(target=make, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        assert len({job.receipt.id for job in results}) == 6
        assert len(client.list_jobs(unfinished=True)) == 6
        assert stage(client).faults.count("POST") == 6


def test_the_module_functions_take_what_a_client_takes(simulated, tmp_path):
    setup = {"simulate": simulated(), "store": str(tmp_path / "jobs.sqlite3"), "home": tmp_path}
    job = polyreel.submit(PROMPT, model=MODEL, duration=8, **setup)
    assert job.parameters["duration"] == 8
    result = polyreel.generate(PROMPT, model=MODEL, output=tmp_path / "boat.mp4", **setup)
    assert result.path == tmp_path / "boat.mp4"
    with Client(**setup) as client:
        assert {each.id for each in client.list_jobs()} == {job.id, result.job.id}


def test_another_process_takes_a_job_up(simulated, tmp_path):
    script = textwrap.dedent(
        """
        import sys
        import polyreel
        from polyreel import Simulation, VirtualClock

        simulation = Simulation(clock=VirtualClock(), render_seconds=30.0)
        with polyreel.Client(simulate=simulation, home=sys.argv[1]) as client:
            print(client.submit("A paper boat crossing a puddle", model="openai/sora-2").model_dump_json())
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    )
    submitted = json.loads(done.stdout)
    assert submitted["phase"] == "accepted"

    clock = VirtualClock()
    clock.advance(5)
    # A client that does not simulate by itself still knows that this job is a simulated one.
    with (
        Client(simulate=simulated(clock=clock), home=tmp_path) as simulating,
        Client(clock=clock, home=tmp_path) as plain,
    ):
        assert plain.get_job(submitted["id"]).simulated
        (job,) = simulating.resume()
        assert (job.id, job.status) == (submitted["id"], "completed")
        assert job.receipt.id == submitted["receipt"]["id"]
        assert plain.wait(job.id).bytes() == tiny_film()
    assert json.loads((tmp_path / "simulation" / "openai.json").read_text())["charges"]


def test_two_clients_work_on_one_job_without_harm(simulated, stage, tmp_path):
    clock = VirtualClock()
    one, other = (Client(simulate=simulated(clock=clock), home=tmp_path) for _ in range(2))
    job = one.submit(PROMPT, model=MODEL)
    for _ in range(40):
        clock.advance(2)
        for each in (one, other):
            each.resume(job.id, timeout=0)
    assert one.get_job(job.id).status == other.get_job(job.id).status == "completed"
    assert len(list((tmp_path / "videos").iterdir())) == 1
    for each in (one, other):
        each.close()


def test_somebody_else_takes_a_step_in_between(house):
    one, other = house.client(), house.client()
    job = one.submit(PROMPT, model="acme/one")
    seen = []

    def meddle(record):
        seen.append(record)
        if len(seen) < 5:
            other.resume(job.id, timeout=25)

    assert one.wait(job.id, on_progress=meddle).job.status == "completed"
    assert house.paid == 1


def test_a_client_can_be_closed_twice_and_is_not_used_again(simulated, tmp_path):
    client = Client(simulate=simulated(), home=tmp_path)
    job = client.submit(PROMPT, model=MODEL)
    client.close()
    client.close()
    with pytest.raises(ConfigurationError, match="this client is closed"):
        client.get_job(job.id)


@pytest.mark.parametrize("path", ["boat.mp4", "deep/er/boat.mp4"])
def test_a_relative_output_is_where_the_caller_stood(path, client, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    job = client.submit(PROMPT, model=MODEL, output=path)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert client.wait(job.id).path == tmp_path / path


def test_a_tilde_is_the_home_folder(client, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert client.generate(PROMPT, model=MODEL, output="~/boat.mp4").path == Path.home() / "boat.mp4"


def test_a_hang_at_every_look_ends_in_a_timeout(house):
    house.add(Fault(kind="hang", path=r"/film_1$", times=None))
    with house.client() as client, pytest.raises(JobTimeout):
        client.generate(PROMPT, model="acme/one", timeout=600)
    assert house.paid == 1
