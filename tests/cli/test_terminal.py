"""In a real terminal: a live line that is redrawn, colours only where they are wanted."""

import os
import pty
import re
import select
import time

MODEL = "openai/sora-2"
GENERATE = ("generate", "A [bold]paper[/] boat", "-m", MODEL, "--simulate", "-o", "boat.mp4")


def in_terminal(start, *args, **env):
    """Run with all streams on one pseudo-terminal; return the exit code and everything that was drawn."""
    ours, theirs = pty.openpty()
    surroundings = {"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"} | env
    process = start(*args, env=surroundings, stdin=theirs, stdout=theirs, stderr=theirs, text=False)
    os.close(theirs)
    drawn = b""
    until = time.monotonic() + 40
    while time.monotonic() < until:
        if not select.select([ours], [], [], 0.5)[0]:
            continue
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other side was closed
            break
        drawn += piece
    os.close(ours)
    return process.wait(10), drawn.decode()


def test_a_live_line_shows_id_phase_and_time(start, machine):
    code, drawn = in_terminal(start, *GENERATE)
    assert code == 0
    assert "\x1b[2K" in drawn or "\x1b[1A" in drawn  # it redraws
    assert re.search(r"job_[0-9a-f]+", drawn)
    for word in ("queued", "processing", "fetching", "0:00:0"):
        assert word in drawn
    assert drawn.rstrip().splitlines()[-1] == str(machine / "boat.mp4")
    assert "SIMULATED: this is a test film" in drawn


def test_a_dumb_terminal_gets_lines(start):
    code, drawn = in_terminal(
        start, "generate", "A boat", "-m", MODEL, "--simulate", "--no-wait", TERM="dumb"
    )
    assert code == 0
    assert "\x1b" not in drawn
    assert re.search(r"job_\w+: queued \[", drawn)


def test_tables_are_drawn_in_a_terminal_without_colour_if_asked(start):
    code, drawn = in_terminal(start, "models")
    assert code == 0
    assert "\x1b[1m" in drawn
    assert "openai/sora-2" in drawn
    _, plain = in_terminal(start, "models", NO_COLOR="1")
    assert not re.search(r"\x1b\[[\d;]*3\dm", plain)


def test_a_servers_words_do_not_move_the_cursor(run, loopback, answers, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", f"{loopback.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    body = b'{"error": {"message": "no\\u001b[2J\\u0007 \\u009b31m", "type": "invalid_request_error", "code": "x"}}'
    loopback.on("/v1/videos", answers.reply(400, body, Content_Type="application/json"))
    result = run("generate", "A boat", "-m", MODEL)
    assert result.code == 1
    assert not any(sign < " " and sign != "\n" for sign in result.err)
    assert "\x9b" not in result.err


def test_a_batch_is_one_view_and_its_paths_come_afterwards(start, machine):
    requests = "".join(f'{{"prompt": "boat {number}", "model": "{MODEL}"}}\n' for number in range(2))
    (machine / "shots.jsonl").write_text(requests)
    code, drawn = in_terminal(start, "batch", "shots.jsonl", "--simulate")
    assert code == 0
    assert "\x1b[2K" in drawn or "\x1b[1A" in drawn  # it redraws
    assert "0 of 2 completed" in drawn
    assert len(set(re.findall(r"job_[0-9a-f]+", drawn))) == 2
    lines = [re.sub(r"\x1b\[\w+", "", line).strip() for line in drawn.rstrip().splitlines()]
    paths = sorted(map(str, (machine / "shots").iterdir()))
    assert sorted(lines[-4:-2]) == paths
    assert len(paths) == 2
    assert lines[-2] == "shots: 2 requests: 2 completed"
