"""``polyreel batch`` killed with -9 in the middle and run again: the service keeps account of what it charged."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from acme.service import KEY
from polyreel.flows import BlockingIO, run
from polyreel.http import BlockingTransport, Request, Wire

SUPPORT = Path(__file__).parents[1] / "support"
BATCH = """
import sys
from acme.service import plugins_for
from polyreel.cli import main
from polyreel.plugins import Plugins

Plugins.of_machine = classmethod(lambda cls, environ: plugins_for("{mode}"))
sys.exit(main(["batch", *sys.argv[1:]]))
"""


class Service:
    """The service of ``acme`` in another process."""

    def __init__(self, url, transport):
        self.url = url
        self._transport = transport

    @property
    def charges(self):
        """The job of each charge, by our own id."""
        request = Request(method="GET", url=f"{self.url}/books")
        books = run(
            _sent(Wire(request=request, timeout=10.0)), BlockingIO(transport=self._transport, clock=None)
        )
        return [charge["reason"] for charge in books.json()["charges"]]


def _sent(wire):
    return (yield wire)


@contextmanager
def served(mode):
    command = [
        sys.executable,
        "-m",
        "acme.service",
        "--mode",
        mode,
        "--slow",
        "0.1",
        "--render-seconds",
        "0.5",
    ]
    env = {**os.environ, "PYTHONPATH": str(SUPPORT)}
    process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    transport = BlockingTransport()
    try:
        yield Service(process.stdout.readline().strip(), transport)
    finally:
        transport.close()
        process.communicate("")


@pytest.fixture
def begin(tmp_path):
    """Start the command line as a process whose only provider is that service."""
    running = []

    def begin(service, mode, *args):
        env = {
            **os.environ,
            "PYTHONPATH": str(SUPPORT),
            "POLYREEL_HOME": str(tmp_path / "home"),
            "ACME_BASE_URL": service.url,
            "ACME_API_KEY": KEY,
        }
        command = [sys.executable, "-W", "error", "-c", BATCH.format(mode=mode), *args]
        process = subprocess.Popen(
            command, env=env, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        if process.poll() is None:
            process.kill()
            process.communicate()


@pytest.mark.parametrize(("mode", "timeout"), [("token", "60"), ("list", "10")])
def test_each_line_is_paid_once(tmp_path, begin, eventually, mode, timeout):
    """Each run is killed when it has paid for a few more films, wherever the others are then."""
    lines = [{"prompt": f"boat {number}", "duration": 4} for number in range(16)]
    (tmp_path / "shots.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    with served(mode) as service:
        for killed_after in (2, 5, 9):
            process = begin(service, mode, "shots.jsonl", "-m", "acme/one", "-q", "--concurrency", "4")
            eventually(lambda: len(service.charges) >= killed_after, seconds=60)  # noqa: B023  asked at once
            process.kill()
            process.communicate()
        process = begin(service, mode, "shots.jsonl", "-m", "acme/one", "--json", "--timeout", timeout)
        out, err = process.communicate(timeout=120)
        report, charges = json.loads(out), service.charges
    assert len(set(charges)) == len(charges), "charged twice"
    assert set(charges) <= {line["job_id"] for line in report["lines"]}, "a paid job is not known"
    if mode == "token":
        assert (process.returncode, report["completed"], len(charges)) == (0, 16, 16), err
    # What was cut off before it was sent is in no list, which proves nothing: it is unknown, and not sent again.
    assert report["completed"] + report["unknown"] + report["unfinished"] == 16, err
    assert len([*(tmp_path / "shots").glob("*.mp4")]) == report["completed"]


def test_ctrl_c_lets_what_runs_end_and_the_same_command_goes_on(tmp_path, begin, eventually):
    lines = [{"prompt": f"boat {number}", "duration": 4} for number in range(8)]
    (tmp_path / "shots.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    with served("neither") as service:
        process = begin(service, "neither", "shots.jsonl", "-m", "acme/one", "--concurrency", "2", "--json")
        eventually(lambda: len(service.charges) >= 2, seconds=60)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, json.loads(out)["interrupted"]) == (130, True), err
        assert "the same command goes on from here" in err
        assert len(service.charges) < 8
        process = begin(service, "neither", "shots.jsonl", "-m", "acme/one", "--json")
        out, err = process.communicate(timeout=120)
        assert (process.returncode, json.loads(out)["completed"], len(service.charges)) == (0, 8, 8), err
