"""Fifty kills with every commit, and the example; ``benchmarks/kills.py`` makes it a thousand for each mode."""

import json
import subprocess
import sys

import pytest

KILLS = {("token", "hold"): 17, ("list", "resubmit"): 17, ("neither", "hold"): 16}


def told(root, *words):
    command = [sys.executable, str(root / "benchmarks" / "kills.py"), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert done.stdout, done.stderr
    return json.loads(done.stdout), done


@pytest.mark.parametrize(("mode", "on_unknown"), KILLS)
def test_killed_again_and_again_nothing_is_lost_and_nothing_is_paid_twice(root, mode, on_unknown):
    kills = KILLS[mode, on_unknown]
    figures, done = told(root, "--mode", mode, "--on-unknown", on_unknown, "--kills", kills, "--seed", 5)
    assert figures["kills"] == kills
    assert figures["jobs"] > 0
    assert (figures["lost"], figures["double"], figures["torn"], figures["unfinished"]) == (0, 0, 0, 0)
    assert figures["integrity"] == "ok"
    assert figures["ledger"].startswith("the books are in order")
    assert figures["stored"] + figures["unknown"] + figures["refused"] == figures["jobs"]
    if mode != "neither":
        assert figures["unknown"] == 0
        assert figures["charges"] == figures["stored"]
    assert len(figures["faults"]) > 2
    assert done.returncode == 0


def test_the_example_holds_what_it_promises(root):
    command = [sys.executable, str(root / "examples" / "survive_kills.py"), "--seed", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("kill -9 after") + done.stdout.count("ended by itself") == 10
    assert "the provider's charges: ['0.40']" in done.stdout
    assert "the books are in order" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("as promised")
