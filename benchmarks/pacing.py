"""How often a job is looked at, and how late its film is noticed: schedules against each other.

20,000 render times are drawn from a log-normal distribution with a median of 110 s (public measurements of real jobs
span 83 to 253 s), and every schedule looks at the same ones. Nothing waits: only the arithmetic is run.

    python benchmarks/pacing.py [JOBS]
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable
from functools import partial

from polyreel.durations import Durations
from polyreel.jobs.pacing import WEBHOOK_STRETCH, next_look

MEDIAN, SIGMA = (
    110.0,
    0.35,
)  # of the seconds; with these a look every 5 s makes about 23.8 a job, as in the notes
TAUGHT = 400  # films from which the store has learned before


def renders(jobs: int, chance: random.Random) -> list[float]:
    return [MEDIAN * math.exp(chance.gauss(0.0, SIGMA)) for _ in range(jobs)]


def observed(times: list[float], pause: Callable[[float], float]) -> tuple[float, float, float]:
    """Return polls a job, and the mean and the 95th percentile of the lateness in seconds."""
    polls, late = 0, []
    for ready in times:
        at = 0.0
        while True:
            at += pause(at)
            polls += 1
            if at >= ready:
                break
        late.append(at - ready)
    late.sort()
    return polls / len(times), sum(late) / len(late), late[int(0.95 * len(late))]


def schedules(early: float | None, chance: Callable[[], float]) -> dict[str, Callable[[float], float]]:
    def doubling(elapsed: float) -> float:
        return min(max(elapsed, 1.0), 60.0)

    ours = partial(next_look, chance=chance)
    return {
        "1 s": lambda _: 1.0,
        "5 s": lambda _: 5.0,
        "10 s": lambda _: 10.0,
        "doubling, to 60 s": doubling,
        "ours, nothing learned": lambda at: ours(elapsed=at),
        "ours, learned": lambda at: ours(elapsed=at, early=early),
        "ours, with webhooks": lambda at: ours(elapsed=at, early=early, stretch=WEBHOOK_STRETCH),
    }


def table(jobs: int, seed: int = 1) -> dict[str, tuple[float, float, float]]:
    chance = random.Random(seed)
    taught = Durations()
    for seconds in renders(TAUGHT, chance):
        taught = taught.with_one(seconds)
    times = renders(jobs, chance)
    named = schedules(taught.quantile(0.1), chance.random)
    return {name: observed(times, pause) for name, pause in named.items()}


def main() -> None:
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    print(f"{jobs} renders, log-normal, median {MEDIAN:.0f} s, sigma {SIGMA}\n")
    print("| schedule | polls/job | mean lateness | p95 |\n|---|---|---|---|")
    for name, (polls, mean, p95) in table(jobs).items():
        print(f"| {name} | {polls:.1f} | {mean:.1f} s | {p95:.1f} s |")


if __name__ == "__main__":
    main()
