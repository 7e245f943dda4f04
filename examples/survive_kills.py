"""Kill `polyreel generate` with -9 at ten random moments: one film, one charge, books in order.

    python examples/survive_kills.py

Nothing is paid: `polyreel simulate` plays the provider on this machine, in a process of its own that survives, and that keeps
its own account of what it would have charged. After each kill another process takes the job up. Only if nobody can know
whether the submit arrived is somebody asked; here the answer is looked up in the provider's own list.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

POLYREEL = (sys.executable, "-m", "polyreel")
PROMPT = "A paper boat crossing a puddle"


def main() -> int:
    """Run it; return the exit code: 0 when all is as it should be."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=None, help="for the same moments again")
    parser.add_argument("--model", default="openai/sora-2")
    arguments = parser.parse_args()
    seed = random.randrange(10**6) if arguments.seed is None else arguments.seed
    with tempfile.TemporaryDirectory(prefix="polyreel-") as folder:
        sound = Trial(Path(folder), arguments.model, random.Random(seed)).run(arguments.kills)
    say(f"{'as promised' if sound else 'NOT AS PROMISED'}; --seed {seed} kills at the same moments")
    return 0 if sound else 1


class Trial:
    """One film, and what is done to the processes that make it.

    Args:
        folder: An empty folder.
        model: The model.
        chance: When they are killed.
    """

    def __init__(self, folder: Path, model: str, chance: random.Random) -> None:
        self.film = folder / "boat.mp4"
        self.model = model
        self.provider = model.partition("/")[0]
        self.chance = chance
        self.service_home = folder / "service"
        self.environment = {**os.environ, "POLYREEL_HOME": str(folder / "home")}

    def run(self, kills: int) -> bool:
        """Kill so often, let it end, and compare both sides' books."""
        longest = self.time_of_a_start()
        # It renders for about as long as the killing takes, so that every part of a job's life is hit.
        with self.service(render_seconds=0.4 * kills * longest):
            for number in range(1, kills + 1):
                self.kill(number, self.chance.uniform(0.0, longest))
            self.settle()
            while not self.jobs():  # each was killed before there was a job
                self.polyreel(*self.generate)
            self.polyreel("jobs", "resume", check=False)
            self.settle()
            self.polyreel("jobs", "resume", check=False)
            return self.is_sound()

    @property
    def generate(self) -> Sequence[str]:
        """The arguments that make the film."""
        return ("generate", PROMPT, "-m", self.model, "-o", str(self.film))

    def kill(self, number: int, after: float) -> None:
        """Start a process, or one that takes its work up, and kill it."""
        jobs = self.jobs()
        arguments = ("jobs", "resume", jobs[0]["id"]) if jobs else self.generate
        process = subprocess.Popen(
            [*POLYREEL, *arguments],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with suppress(subprocess.TimeoutExpired):
            process.wait(after)
        was_alive = process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        phase = next((job["phase"] for job in self.jobs()), "not there yet")
        how = f"kill -9 after {after:.2f} s" if was_alive else "it had ended by itself"
        say(f"{number:2}. polyreel {' '.join(arguments[:2])[:16]}: {how}; the job is {phase}")

    def settle(self) -> None:
        """Decide, as a person would, about a job of which nobody can know whether it was accepted."""
        self.polyreel("jobs", "resume", "--timeout", "1", check=False)
        for job in self.jobs():
            if job["phase"] != "unknown":
                continue
            remote = json.loads(self.polyreel("jobs", "list", "--remote", self.provider, "--json"))
            if remote:
                self.polyreel("jobs", "resolve", job["id"], "--adopt", remote[0]["receipt"]["id"])
                say(
                    f"    unknown, and the provider's own list has it: adopted as {remote[0]['receipt']['id']}"
                )
            else:
                self.polyreel("jobs", "resolve", job["id"], "--resubmit", "--yes")
                say("    unknown, and the provider's own list is empty: sent again")

    def is_sound(self) -> bool:
        """Whether there is one film, one charge, and books that agree."""
        jobs = self.jobs()
        books = json.loads((self.service_home / "simulation" / f"{self.provider}.json").read_text("utf-8"))
        films = list(self.film.parent.glob("*.mp4"))
        verified = subprocess.run(
            [*POLYREEL, "ledger", "verify"], env=self.environment, capture_output=True, text=True, check=False
        )
        say(f"jobs: {[job['status'] for job in jobs]}")
        say(f"films: {[f'{film.name}, {film.stat().st_size:,} bytes' for film in films]}")
        say(f"the provider's charges: {[charge['amount'] for charge in books['charges']]}")
        say(f"polyreel ledger verify: {(verified.stdout or verified.stderr).strip()}")
        return (
            [job["status"] for job in jobs] == ["completed"]
            and films == [self.film]
            and len(books["charges"]) == 1
            and verified.returncode == 0
        )

    def jobs(self) -> list[dict[str, str]]:
        """Return the records of all jobs."""
        found: list[dict[str, str]] = json.loads(self.polyreel("jobs", "list", "--json"))
        return found

    def polyreel(self, *arguments: str, check: bool = True) -> str:
        """Run the command line to its end; return what it printed."""
        done = subprocess.run(
            [*POLYREEL, *arguments], env=self.environment, capture_output=True, text=True, check=False
        )
        if check and done.returncode:
            sys.exit(f"polyreel {' '.join(arguments)} failed: {done.stderr}")
        return done.stdout

    def time_of_a_start(self) -> float:
        """Return the seconds from the start of a program to a little after its first request, on this machine."""
        began = time.monotonic()
        self.polyreel("check", PROMPT, "-m", self.model, check=False)
        return 2.0 * (time.monotonic() - began)

    @contextmanager
    def service(self, *, render_seconds: float) -> Iterator[None]:
        """Let the provider be played by a process of its own, as the programs' surroundings then say."""
        command = [*POLYREEL, "simulate", self.provider, "--render-seconds", f"{render_seconds:.1f}"]
        home = {**os.environ, "POLYREEL_HOME": str(self.service_home)}
        process = subprocess.Popen(
            command, env=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            process.stdout.readline()
            for line in process.stderr:
                if line.startswith("Ctrl-C"):
                    break
                word, _, setting = line.strip().partition(" ")
                if word == "export":
                    name, _, value = setting.partition("=")
                    self.environment[name] = value.strip("'")
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate()


def say(line: str) -> None:
    """Tell whoever watches."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
