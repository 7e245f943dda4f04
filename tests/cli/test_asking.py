"""Before much is spent somebody is asked: at a terminal, and only there. The provider is never reached."""

import os
import pty
import select
import signal
import time

import pytest

VEO = "google/veo-3.1-generate-001"
ORDER = ("generate", "A boat", "-m", VEO, "--duration", "8", "--resolution", "720p")


@pytest.fixture(autouse=True)
def careful(tmp_path, monkeypatch):
    """A machine that asks above one dollar, and whose provider is a closed port."""
    (tmp_path / "home").mkdir(exist_ok=True)
    (tmp_path / "home" / "config.toml").write_text('[budget]\nask_above = "1"\n')
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)


def at_terminal(start, answer, *args):
    """Run at a pseudo-terminal and do something when asked; return the exit code and what was drawn."""
    ours, theirs = pty.openpty()
    process = start(*args, stdin=theirs, stdout=theirs, stderr=theirs, env={"TERM": "xterm"})
    os.close(theirs)
    drawn, until, typed = b"", time.monotonic() + 60, False
    while time.monotonic() < until:
        if select.select([ours], [], [], 0.1)[0]:
            try:
                data = os.read(ours, 65536)
            except OSError:  # Linux's way to say that the other side is closed
                break
            if not data:
                break
            drawn += data
        if not typed and b"[y/N]" in drawn:
            process.send_signal(answer) if isinstance(answer, signal.Signals) else os.write(ours, answer)
            typed = True
    code = process.wait(timeout=30)
    os.close(ours)
    return code, drawn.decode(errors="replace").replace("\r\n", "\n")


@pytest.mark.parametrize("answer", [b"n\n", b"\n", b"\x04"])
def test_what_is_no_yes_sends_nothing(answer, start, run):
    code, drawn = at_terminal(start, answer, *ORDER)
    assert code == 2
    assert "This costs about 3.20 USD (8 s x 0.40 USD per second). Go on? [y/N]" in drawn
    assert "you did not say yes" in drawn
    assert run("jobs", "list", "--json").json == []


def test_ctrl_c_at_the_question_sends_nothing(start, run):
    code, drawn = at_terminal(start, signal.SIGINT, *ORDER)
    assert (code, "interrupted: nothing was sent" in drawn) == (130, True)
    assert run("jobs", "list", "--json").json == []


def test_a_yes_goes_on(start):
    """To the next thing that is missing here: a key."""
    code, drawn = at_terminal(start, b"Yes\n", *ORDER)
    assert drawn.count("[y/N]") == 1
    assert code == 4, drawn


def test_without_a_terminal_it_is_refused_at_once(run):
    result = run(*ORDER)
    assert result.code == 2
    assert "above 1 USD (ask_above) somebody must agree first" in result.err
    assert "there is no terminal to ask at; --yes sends it without asking" in result.err
    assert "[y/N]" not in result.err
    assert run(*ORDER, "--json").json["error"]["type"] == "BudgetExceeded"
    assert run(*ORDER, "--no-wait").code == 2


@pytest.mark.parametrize("flag", [("--yes",), ("-y",), ("--max-cost", "4")])
def test_a_yes_beforehand_is_not_asked_for_again(flag, run):
    assert run(*ORDER, *flag).code == 4


def test_what_costs_less_is_not_asked_about(run):
    assert (
        run(
            "generate", "A boat", "-m", VEO, "--duration", "4", "--resolution", "720p", "--max-cost", "9"
        ).code
        == 4
    )


def test_a_look_and_a_rehearsal_are_not_asked_about(run, simulated, tmp_path):
    (tmp_path / "home" / "config.toml").write_text('[budget]\nask_above = "0.10"\n')
    assert run(*ORDER, "--dry-run").code == 0
    assert run("check", *ORDER[1:]).code == 0
    assert simulated().code == 0


def test_a_price_that_nobody_knows_is_asked_about(start):
    code, drawn = at_terminal(start, b"n\n", "generate", "A boat", "-m", "google/gemini-omni-1.2-flash")
    assert code == 2
    assert "Nobody knows what this costs (" in drawn
