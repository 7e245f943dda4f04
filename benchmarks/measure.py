"""What the benchmarks share: a server process, CPU seconds of child processes, medians of ratios."""

from __future__ import annotations

import contextlib
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).parent
# Bytecode is read from disk as in any installation; without it every run would measure the compiler.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {
    "POLYREEL_HOME": os.environ.get("POLYREEL_HOME", str(HERE.parent / "build" / "benchmark-home"))
}


@contextlib.contextmanager
def loopback_server() -> Iterator[str]:
    """Run the small server in a process of its own; yields its base URL."""
    with subprocess.Popen(
        [sys.executable, HERE / "loopback.py"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1"
        finally:
            process.kill()


def child_cpu(python: str | Path, code: str) -> float:
    """CPU milliseconds of a whole process that runs `code`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([str(python), "-c", code], check=True, env=ENVIRONMENT, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def cpu_per_call(function: Callable[[], object], calls: int = 300) -> float:
    """CPU milliseconds of one call."""
    start = time.process_time()
    for _ in range(calls):
        function()
    return (time.process_time() - start) / calls * 1000


def median_ratio(pairs: list[tuple[float, float]]) -> float:
    """The median of ours / theirs, each pair measured one right after the other."""
    return statistics.median(ours / theirs for ours, theirs in pairs)


def verdict(name: str, ratio: float, bar: float, *, at_least: bool = False) -> bool:
    """Print a line and return whether the bar is met."""
    met = ratio >= bar if at_least else ratio <= bar
    print(
        f"{'ok  ' if met else 'MISS'} {name}: {ratio:.2f} (bar: {'>=' if at_least else '<='} {bar})",
        flush=True,
    )
    return met
