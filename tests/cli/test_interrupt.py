"""Ctrl-C at each stage: exit code 130, the job's id, and another process that takes the job up again."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import time

import pytest
from polyreel.cli.failures import interruption
from polyreel.cli.interrupts import Presses
from polyreel.client import Client
from polyreel.types.job import Job

MODEL = "openai/sora-2"


def interrupted(process):
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert "Traceback" not in err
    return out, err


@pytest.mark.parametrize("stage", ["queued", "processing", "fetching"])
def test_while_it_runs_the_job_goes_on_and_another_process_finishes_it(start, line_with, run, machine, stage):
    process = start("generate", "A paper boat", "-m", MODEL, "--simulate", "-o", "boat.mp4")
    line = line_with(process, stage)
    job = re.match(r"job_\w+", line)[0]
    time.sleep(0.2)  # the line comes before what it announces
    out, err = interrupted(process)
    assert process.returncode == 130
    assert out == ""
    assert f"interrupted: {job} goes on; 'polyreel jobs resume {job}' takes it up again" in err
    resumed = run("jobs", "resume", job, "-q")
    assert (resumed.code, resumed.out) == (0, f"{machine / 'boat.mp4'}\n")
    assert [path.name for path in machine.iterdir()] == ["boat.mp4"]


def test_while_submitting_nobody_knows_and_nothing_is_sent_again(
    start, line_with, run, loopback, answers, eventually
):
    loopback.on("/v1/videos", answers.hang())
    env = {"OPENAI_BASE_URL": f"{loopback.url}/v1", "OPENAI_API_KEY": "sk-0123456789abcdef"}
    process = start("generate", "A paper boat", "-m", MODEL, "--json", env=env)
    job = re.match(r"job_\w+", line_with(process, "preparing"))[0]
    eventually(lambda: loopback.received)
    out, err = interrupted(process)
    assert process.returncode == 130
    assert f"polyreel jobs resume {job}" in err
    assert f'"job_id": "{job}"' in out
    assert run("jobs", "show", job, "--json").json["status"] in {"unknown", "queued"}
    assert loopback.paths("POST") == ["/v1/videos"]


def test_while_waiting_for_a_job(start, line_with, run):
    submitted = start("generate", "A paper boat", "-m", MODEL, "--simulate", "--no-wait", "-q")
    job = submitted.communicate()[0].strip()
    process = start("jobs", "wait", job)
    line_with(process, "processing")
    assert f"polyreel jobs resume {job}" in interrupted(process)[1]
    assert process.returncode == 130


def test_before_there_is_a_job(start):
    process = start("generate", "-", "-m", MODEL, "--simulate", stdin=subprocess.PIPE)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1.5)  # it reads the prompt from standard input
    out, err = interrupted(process)
    assert (process.returncode, out) == (130, "")
    assert err.strip() == "interrupted: nothing was sent"


def test_in_this_process_the_exit_code_is_the_same(run, monkeypatch):
    def pressed(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(Client, "models", pressed)
    result = run("models", "--json")
    assert result.code == 130
    assert result.json["error"] == {
        "type": "Interrupted",
        "message": "interrupted: nothing was sent",
        "problems": [],
        "job_id": None,
    }


@pytest.mark.parametrize(
    ("phase", "words"),
    [
        ("running", "goes on"),
        ("unknown", "is not known"),
        ("stored", "is completed; see 'polyreel jobs show job_1'"),
    ],
)
def test_what_is_said_depends_on_where_the_job_is(phase, words):
    job = Job(
        id="job_1", provider="acme", model="acme/film", prompt="x", phase=phase, created_at=0, updated_at=0
    )
    sentence, document = interruption(job)
    assert words in sentence
    assert document["error"]["job_id"] == "job_1"


# --- twice -------------------------------------------------------------------------------------------------------


@pytest.fixture
def in_terminal(start):
    """Start the command line with its words on a pseudo-terminal; yields it with what was drawn so far."""
    ours, theirs = pty.openpty()
    drawn = []

    def begin(*args, **options):
        process = start(*args, stderr=theirs, env={"TERM": "xterm", "COLUMNS": "200"}, **options)
        os.close(theirs)
        return process, until

    def until(word, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            text = b"".join(drawn).decode(errors="replace")
            if word is not None and word in text:
                return text
            if select.select([ours], [], [], 0.2)[0]:
                try:
                    drawn.append(os.read(ours, 65536))
                except OSError:  # the other side was closed
                    return b"".join(drawn).decode(errors="replace")
        raise AssertionError(f"{word!r} was not drawn: {drawn}")

    yield begin
    os.close(ours)


GOOGLE = ("-m", "google/gemini-omni-1.2-flash", "--simulate", "-o", "boat.mp4")


def test_a_second_time_cancels_the_job(in_terminal, run):
    process, until = in_terminal("generate", "A paper boat", *GOOGLE, "--json")
    job = re.search(r"job_\w+", until("processing"))[0]
    process.send_signal(signal.SIGINT)
    until(f"press Ctrl-C again within 2 s to cancel {job}")
    process.send_signal(signal.SIGINT)
    document = json.loads(process.stdout.read())
    assert process.wait(20) == 130
    assert document["error"]["job_id"] == job
    assert document["cancellation"]["outcome"] == "cancelled"
    assert f"interrupted: {job}: cancelled" in until(None)
    assert run("jobs", "show", job, "--json").json["status"] == "cancelled"


def test_a_second_time_says_when_it_cannot_be_cancelled(in_terminal, run):
    process, until = in_terminal("generate", "A paper boat", "-m", MODEL, "--simulate", "-o", "boat.mp4")
    job = re.search(r"job_\w+", until("processing"))[0]
    process.send_signal(signal.SIGINT)
    time.sleep(0.05)  # two signals that wait together are one
    process.send_signal(signal.SIGINT)  # before it was offered: the second is not lost, and tears nothing
    assert process.wait(20) == 130
    assert f"interrupted: {job}: not supported" in until(None)
    assert run("jobs", "resume", job, "-q").code == 0


def test_once_lets_it_go_on(in_terminal, run):
    process, until = in_terminal("generate", "A paper boat", *GOOGLE)
    job = re.search(r"job_\w+", until("processing"))[0]
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    assert f"interrupted: {job} goes on" in until(None)
    assert run("jobs", "resume", job, "-q").code == 0


def test_a_program_that_cannot_read_the_offer_is_not_taken_at_it(start, line_with, run):
    process = start("generate", "A paper boat", *GOOGLE)
    job = re.match(r"job_\w+", line_with(process, "processing"))[0]
    process.send_signal(signal.SIGINT)
    time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "press Ctrl-C again" not in err
    assert run("jobs", "resume", job, "-q").code == 0


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_only_the_second_press_is_quiet(count):
    presses = Presses()
    for number in range(1, count + 1):
        if number == 2:
            presses._pressed(signal.SIGINT, None)
        else:
            with pytest.raises(KeyboardInterrupt):
                presses._pressed(signal.SIGINT, None)
    assert presses.again(0.0) == (count >= 2)


def test_signals_are_given_back():
    before = signal.default_int_handler
    signal.signal(signal.SIGINT, before)  # a test run in the background begins with them ignored
    with Presses():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Presses():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
