import os
import re
import signal
import socket
import threading

import httpx
import pytest

MODEL = "openai/sora-2"


@pytest.fixture
def served(start):
    """A running simulator: the process and its address."""
    process = start("simulate", "openai", "--render-seconds", "0.2")
    return process, process.stdout.readline().strip()


def test_it_serves_the_wire_protocol_and_says_how_to_use_it(served, line_with):
    process, address = served
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", address)
    assert "SIMULATED" in process.stderr.readline()
    exports = dict(re.findall(r"export (\w+)=(\S+)", process.stderr.readline() + process.stderr.readline()))
    assert exports["OPENAI_BASE_URL"] == address
    headers = {"Authorization": f"Bearer {exports['OPENAI_API_KEY']}"}
    with httpx.Client(headers=headers) as client:
        made = client.post(f"{address}/videos", files={"prompt": (None, "A boat"), "model": (None, "sora-2")})
        assert (made.status_code, made.json()["status"]) == (200, "queued")
        assert client.get(f"{address}/videos/{made.json()['id']}").json()["object"] == "video"
        assert httpx.get(f"{address}/videos").status_code == 401


def test_the_command_line_makes_a_film_at_it_over_a_real_socket(served, run, monkeypatch, machine):
    _, address = served
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-simulated")
    result = run("generate", "A paper boat", "-m", MODEL, "-o", "boat.mp4")
    assert (result.code, result.out) == (0, f"{machine / 'boat.mp4'}\n")
    assert "SIMULATED" not in result.err
    assert (machine / "boat.mp4").read_bytes()[4:8] == b"ftyp"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly(served, number):
    process, address = served
    process.send_signal(number)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (0, "")
    assert err.splitlines()[-1] == "the simulator has stopped"
    port = int(re.search(r":(\d+)", address)[1])
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_port_that_is_taken(run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run("simulate", "openai", "--port", port)
    assert (result.code, result.out) == (2, "")
    assert f"cannot listen at 127.0.0.1:{port}: Address already in use" in result.err


def test_which_provider_is_asked_when_several_have_a_simulator(run):
    result = run("simulate")
    assert (result.code, result.out) == (2, "")
    assert "which provider? Name one of: amazon, google, openai" in result.err


def test_the_only_provider_need_not_be_named(start, line_with):
    process = start("simulate", env={"POLYREEL_PLUGINS": "openai"})
    assert process.stdout.readline().startswith("http://127.0.0.1:")
    assert "OPENAI_BASE_URL" in line_with(process, "BASE_URL")


def test_a_provider_that_is_not_installed(run):
    result = run("simulate", "openia")
    assert result.code == 2
    assert "did you mean 'openai'" in result.err


@pytest.mark.parametrize("args", [["--port", "70000"], ["--port", "x"], ["--render-seconds", "-1"]])
def test_wrong_options(run, args):
    assert run("simulate", *args).code == 2


def test_without_any_simulator(run, monkeypatch):
    monkeypatch.setenv("POLYREEL_PLUGINS", "")
    result = run("simulate")
    assert result.code == 2
    assert "no installed provider has a simulator" in result.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_signals_are_given_back_afterwards(run, number):
    before = signal.getsignal(number)
    timer = threading.Timer(1.0, os.kill, (os.getpid(), number))
    timer.start()
    result = run("simulate", "openai")
    timer.join()
    assert result.code == 0
    assert result.out.startswith("http://127.0.0.1:")
    assert signal.getsignal(number) is before
