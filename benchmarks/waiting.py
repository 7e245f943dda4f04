"""Many jobs that wait at once: how late each film is noticed, and what a waiting job costs in memory and CPU.

python benchmarks/waiting.py [--jobs 10000] [--seconds 60] [--peer-jobs 1000] [--only NAME ...]

All jobs are submitted first and wait while memory is read; then the films of the studio (studio.py, a process of its
own) begin to get ready, SECONDS in the median. The CPU of a poll is read in a window in which nothing but polls happens,
before the first film. It is compared with bare clients of the same HTTP library that follow the same advice with few
workers (waiters.py). The lag is what the studio saw: from the moment a film was ready to the first answer that said so.
"""

from __future__ import annotations

import argparse
import heapq
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measure import ENVIRONMENT, HERE, verdict
from polyreel.simulation.films import FilmSpec, render_film
from studio import LATE, SOON
from submit import peer_python

SEED, SIGMA = 20_261_124, 0.25
ROOM = HERE.parent / "build" / "waiting"
FIRST_LOOK = 2.0  # seconds after a submit, as in polyreel.jobs.pacing

CASES = {
    "bare httpx": ("bare_httpx", {}),
    "bare aiohttp": ("bare_aiohttp", {}),
    "httpx, memory": ("ours", {"POLYREEL_HTTP": "httpx", "STORE": "memory"}),
    "httpx, SQLite": ("ours", {"POLYREEL_HTTP": "httpx", "STORE": "sqlite"}),
    "aiohttp, memory": ("ours", {"POLYREEL_HTTP": "aiohttp", "STORE": "memory"}),
    "aiohttp, SQLite": ("ours", {"POLYREEL_HTTP": "aiohttp", "STORE": "sqlite"}),
    "openai": ("openai", {}),
}


class Studio:
    """The studio's process, asked over plain HTTP."""

    def __init__(self, port: str) -> None:
        self.base = f"http://127.0.0.1:{port}"

    def books(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.base}/books") as answer:
            return dict(json.load(answer))

    def release(self) -> None:
        urllib.request.urlopen(urllib.request.Request(f"{self.base}/release", method="POST")).close()

    def wait_for_jobs(self, count: int, child: subprocess.Popen[str]) -> None:
        while self.books()["jobs"] < count:
            if child.poll() is not None:
                raise RuntimeError("the client ended early")
            time.sleep(0.2)


@contextmanager
def studio(seconds: float) -> Iterator[Studio]:
    film = ROOM / "film.mp4"
    film.parent.mkdir(parents=True, exist_ok=True)
    spec = FilmSpec(model="openai/sora-2", prompt="A paper boat", width=128, height=128, duration=0.5, fps=8)
    film.write_bytes(render_film(spec))
    command = [sys.executable, str(HERE / "studio.py"), str(SEED), str(seconds), str(SIGMA), str(film)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Studio(process.stdout.readline().strip())
        finally:
            process.kill()


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a process has used so far: CPU in seconds, memory in bytes."""

    cpu: float
    memory: int

    @classmethod
    def of(cls, pid: int) -> Usage:
        facts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        ticks = os.sysconf("SC_CLK_TCK")
        return cls(cpu=(int(facts[11]) + int(facts[12])) / ticks, memory=pages * os.sysconf("SC_PAGE_SIZE"))


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one client did."""

    name: str
    jobs: int
    polls: int
    cpu: float
    poll_ms: float
    rate: float
    memory: float
    lag: float
    late: float
    seconds: float


def measured(name: str, jobs: int, seconds: float) -> Measured:
    kind, variables = CASES[name]
    home = ROOM / "home"
    shutil.rmtree(home, ignore_errors=True)
    python = str(peer_python("openai")) if kind == "openai" else sys.executable
    with studio(seconds) as at:
        command = [python, str(HERE / "waiters.py"), kind, at.base, str(jobs)]
        environment = {**ENVIRONMENT, **variables, "POLYREEL_HOME": str(home)}
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        ) as child:
            try:
                return _followed(name, jobs, at, child, ends=not kind.startswith("bare"))
            finally:
                child.kill()


def _followed(name: str, jobs: int, at: Studio, child: subprocess.Popen[str], *, ends: bool) -> Measured:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdout.readline()  # it is warm
    empty, before = Usage.of(child.pid), at.books()["jobs"]
    began = time.monotonic()
    child.stdin.write("go\n")
    child.stdin.flush()
    at.wait_for_jobs(before + jobs, child)
    # The first looks are near the submits; memory and pace are read when they are spread.
    time.sleep(LATE / 1000)
    full = Usage.of(child.pid)
    at.release()
    books = at.books()
    opening = min(max(books["first_take"] - 1, 2.0), 30.0) if ends else 15.0
    one, polls, since = Usage.of(child.pid), books["polls"], time.monotonic()
    time.sleep(opening)
    two, passed = Usage.of(child.pid), time.monotonic() - since
    polls = at.books()["polls"] - polls
    told: dict[str, Any] = {}
    cpu = two.cpu
    if ends:
        line = child.stdout.readline()
        cpu = Usage.of(child.pid).cpu
        assert json.loads(line)["films"] == jobs, line
        told = at.books()
    lags = sorted(told.get("lags", [])) or [float("nan")]
    return Measured(
        name=name,
        jobs=jobs,
        polls=told.get("polls", polls),
        cpu=cpu - empty.cpu,
        poll_ms=(two.cpu - one.cpu) / max(polls, 1) * 1000,
        rate=polls / passed,
        memory=(full.memory - empty.memory) / jobs / 1000,
        lag=statistics.median(lags),
        late=lags[int(len(lags) * 0.95)],
        seconds=time.monotonic() - began,
    )


def optimum(jobs: int, seconds: float) -> float:
    """The median lag of the same schedule with answers that take no time, by simulation."""
    chance = random.Random(SEED)
    due = [(chance.uniform(0.9, 1.1) * FIRST_LOOK, number) for number in range(jobs)]
    ready = [seconds * chance.lognormvariate(0, SIGMA) + LATE / 1000 for _ in range(jobs)]
    lags = []
    heapq.heapify(due)
    while due:
        now, number = heapq.heappop(due)
        if now >= ready[number]:
            lags.append(now - ready[number])
        else:
            heapq.heappush(due, (now + chance.uniform(SOON, LATE) / 1000, number))
    return statistics.median(lags)


def main(asked: argparse.Namespace) -> int:
    best = optimum(asked.jobs, asked.seconds)
    print(f"the schedule's own optimum: median lag {best:.2f} s\n")
    print(
        f"{'':16} {'jobs':>6} {'polls':>7} {'CPU s':>7} {'ms/poll':>8} {'polls/s':>8} {'kB/job':>7} {'lag':>6} {'p95':>6}"
    )
    rows: dict[tuple[str, int], Measured] = {}
    for name in CASES:
        for jobs in dict.fromkeys([asked.peer_jobs, asked.jobs] if name != "openai" else [asked.peer_jobs]):
            if asked.only and name not in asked.only:
                continue
            row = rows[name, jobs] = measured(name, jobs, asked.seconds)
            print(
                f"{name:16} {row.jobs:6} {row.polls:7} {row.cpu:7.1f} {row.poll_ms:8.3f} {row.rate:8.0f} "
                f"{row.memory:7.1f} {row.lag:6.2f} {row.late:6.2f}",
                flush=True,
            )
    print()
    met = []
    for (name, jobs), row in rows.items():
        if jobs != asked.jobs or "," not in name:
            continue
        library = name.partition(",")[0]
        met.append(verdict(f"{name}: median lag / optimum", row.lag / best, 1.2))
        met.append(verdict(f"{name}: kB a waiting job", row.memory, 12))
        if (f"bare {library}", jobs) in rows:
            bare = rows[f"bare {library}", jobs].poll_ms
            met.append(verdict(f"{name}: CPU of a poll / bare {library}", row.poll_ms / bare, 1.5))
    return 0 if all(met) else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--peer-jobs", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--only", nargs="*", choices=CASES)
    sys.exit(main(parser.parse_args()))
