"""Kills real processes at random moments, and counts what was paid: `python benchmarks/kills.py --mode token`.

Three processes work on one job store: two ask for films, many at once, and one takes up whatever is unfinished. The provider
is a process of its own in bad weather, which counts its charges. Every fraction of a second one of the three is killed with
`kill -9`, and another takes its place. In the end what is unfinished is taken up once more, and the books of the two sides
are compared: no charge without a film or an honest `unknown` (lost), and no film charged twice (double).

Each life is a fork of this process, made before anything was opened: so a thousand of them need no thousand starts of the
interpreter. `examples/survive_kills.py` kills whole programs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.request
from collections import Counter
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

SUPPORT = Path(__file__).resolve().parents[1] / "tests" / "support"
sys.path.insert(0, str(SUPPORT))

from acme.house import leftovers, tiny_film  # noqa: E402  the path comes first
from acme.service import BOOKS, KEY, MODES, plugins_for  # noqa: E402  the same
from polyreel.client import Client  # noqa: E402  the same
from polyreel.clock import SystemClock  # noqa: E402  the same

ASKING = 2  # processes that ask for films; one more takes up what is unfinished
CHUNK = 40  # films that are asked for together
LIVES = 12  # so many of a process are spent on one chunk; what is left of it is taken up by the third
ROUNDS = 30  # of taking up, in the end
LIFE = (0.05, 0.4)  # seconds between two kills
LIMITS = dict.fromkeys(("rate_submit", "rate_poll", "rate_fetch"), "5000/s burst 500")


class HurriedClock:
    """A clock on which a pause of a minute takes a second."""

    def __init__(self):
        self._real = SystemClock()
        self._ahead = 0.0

    def now(self):
        return self._real.now() + self._ahead

    def steady(self):
        return self._real.steady() + self._ahead

    def sleep(self, seconds):
        self._real.sleep(seconds / 60)
        self._ahead += seconds * 59 / 60

    async def sleep_async(self, seconds):
        await self._real.sleep_async(seconds / 60)
        self._ahead += seconds * 59 / 60


@dataclass(kw_only=True)
class Figures:
    """What came of a run.

    Attributes:
        lost: Charges without a film and without an honest `unknown`.
        double: Requests that were charged more than once.
        unknown: Jobs of which nobody knows whether they were accepted, as they stand in the end.
        unknown_paid: Those of them that the provider did charge.
        torn: Jobs that say that they have their film, and have it not whole.
        unfinished: Jobs that still need a step.
        integrity: What SQLite's own check says.
    """

    mode: str
    on_unknown: str
    seed: int
    kills: int = 0
    seconds: float = 0.0
    jobs: int = 0
    charges: int = 0
    stored: int = 0
    refused: int = 0
    lost: int = 0
    double: int = 0
    unknown: int = 0
    unknown_paid: int = 0
    torn: int = 0
    unfinished: int = 0
    parts: int = 0
    integrity: str = ""
    ledger: str = ""
    faults: dict[str, int] = field(default_factory=dict)

    @property
    def is_sound(self):
        alright = (self.lost, self.double, self.torn, self.unfinished) == (0, 0, 0, 0)
        told = self.mode == "neither" or not self.unknown_paid
        return (
            alright and told and self.integrity == "ok" and self.ledger.startswith("the books are in order")
        )


@dataclass(frozen=True, kw_only=True)
class Run:
    """One store, one provider, and what its processes are told."""

    home: Path
    address: str
    mode: str
    on_unknown: str

    def client(self, clock=None):
        settings = {"acme": {"base_url": self.address, **LIMITS}}
        return Client(
            home=self.home,
            settings=settings,
            api_keys={"acme": KEY},
            plugins=plugins_for(self.mode),
            clock=clock,
        )

    def ask(self, place, chunk):
        """Ask for a chunk of films, and take them to their ends."""
        prompts = [f"Boat {place} {chunk} {number}" for number in range(CHUNK)]
        with self.client() as client:
            films = client.map(
                prompts,
                model="acme/one",
                name=f"{place} {chunk}",
                concurrency=CHUNK,
                hands=4,
                on_unknown=self.on_unknown,
            )
            for _ in films:
                pass

    def take_up(self):
        """Take up whatever is unfinished, for ever."""
        with self.client() as client:
            while True:
                client.resume(timeout=1.0)
                time.sleep(0.1)

    def finish(self):
        """Take everything to its end, pauses made short."""
        with self.client(HurriedClock()) as client:
            for _ in range(ROUNDS):
                if all(_is_over(job) for job in client.resume(timeout=None)):
                    break


def _is_over(job):
    return not job.needs_step or job.phase == "unknown"


def rehearse(folder):
    """Import here whatever a life will need, by asking where nobody answers."""
    nowhere = Run(home=folder, address="http://127.0.0.1:9/v1", mode="token", on_unknown="hold")
    with nowhere.client(HurriedClock()) as client:
        for _ in client.map(["a paper boat"], model="acme/one", name="rehearsal"):
            pass


def fork(work):
    """Do ``work`` in a process of its own; return its id."""
    child = os.fork()
    if child:
        return child
    try:
        work()
    except BaseException:  # noqa: BLE001  told to whoever watches
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def kill_often(run, kills, chance):
    """Kill and replace the processes of a run; return how many were killed."""
    lives = Counter()

    def begin(place):
        lives[place] += 1
        work = partial(run.ask, place, lives[place] // LIVES) if place < ASKING else run.take_up
        return fork(work)

    alive = {place: begin(place) for place in range(ASKING + 1)}
    killed = 0
    while killed < kills:
        time.sleep(chance.uniform(*LIFE))
        place = chance.randrange(ASKING + 1)
        with suppress(ProcessLookupError):
            os.kill(alive[place], signal.SIGKILL)
        _, status = os.waitpid(alive[place], 0)
        if os.WIFSIGNALED(status):
            killed += 1
        else:  # it had come to the end of its chunk, or has failed
            lives[place] += LIVES
            if os.waitstatus_to_exitcode(status):
                sys.exit("a process failed by itself; see above")
        alive[place] = begin(place)
    for child in alive.values():
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return killed


def judge(run, figures):
    """Compare the books of both sides."""
    with urllib.request.urlopen(run.address + BOOKS) as answer:
        told = json.load(answer)
    charged = Counter(charge["reason"] for charge in told["charges"])
    with run.client() as client:
        jobs = {job.id: job for job in client.list_jobs()}
    phases = Counter(str(job.phase) for job in jobs.values())
    figures.jobs, figures.charges, figures.faults = len(jobs), charged.total(), told["faults"]
    figures.stored, figures.refused, figures.unknown = phases["stored"], phases["failed"], phases["unknown"]
    figures.double = sum(count > 1 for count in charged.values())
    figures.lost = sum(name not in jobs or jobs[name].phase not in {"stored", "unknown"} for name in charged)
    figures.unknown_paid = sum(jobs[name].phase == "unknown" for name in charged if name in jobs)
    figures.unfinished = sum(not _is_over(job) for job in jobs.values())
    figures.torn = sum(not _has_film(job) for job in jobs.values() if job.phase == "stored")
    figures.parts = len(leftovers(run.home))
    with closing(sqlite3.connect(run.home / "jobs.sqlite3")) as connection:
        (figures.integrity,) = connection.execute("PRAGMA integrity_check").fetchone()
    environment = {**os.environ, "POLYREEL_HOME": str(run.home)}
    command = [sys.executable, "-m", "polyreel", "ledger", "verify"]
    verified = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    figures.ledger = (verified.stdout or verified.stderr).strip()


def _has_film(job):
    return job.videos[0].path.read_bytes() == tiny_film()


def measure(arguments):
    figures = Figures(mode=arguments.mode, on_unknown=arguments.on_unknown, seed=arguments.seed)
    folder = Path(tempfile.mkdtemp(prefix="kills-"))
    words = ["--mode", arguments.mode, "--seed", str(arguments.seed), "--faults", str(arguments.faults)]
    service = subprocess.Popen(
        [sys.executable, "-m", "acme.service", *words, "--slow", "0.05"],
        env={**os.environ, "PYTHONPATH": str(SUPPORT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        address = service.stdout.readline().strip()
        run = Run(home=folder / "home", address=address, mode=arguments.mode, on_unknown=arguments.on_unknown)
        rehearse(folder / "rehearsal")
        began = time.monotonic()
        figures.kills = kill_often(run, arguments.kills, random.Random(arguments.seed))
        time.sleep(0.5)  # what was under way when the last ones were killed has arrived
        child = fork(run.finish)
        _, status = os.waitpid(child, 0)
        if status:
            sys.exit("taking up in the end failed; see above")
        figures.seconds = round(time.monotonic() - began, 1)
        judge(run, figures)
    finally:
        service.stdin.close()
        service.wait()
        if not arguments.keep:
            shutil.rmtree(folder)
    return figures


def arguments_of():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--mode", choices=MODES, default="token", help="what the provider offers")
    parser.add_argument("--on-unknown", choices=["hold", "resubmit", "fail"], default="hold")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", type=float, default=0.12, help="the share of requests that meet one")
    parser.add_argument("--keep", action="store_true", help="keep the store; its folder begins with kills-")
    return parser.parse_args()


if __name__ == "__main__":
    found = measure(arguments_of())
    print(json.dumps(asdict(found), indent=2))
    sys.exit(0 if found.is_sound else 1)
