"""What it costs that a submit outlives a power cut: SQLite with `synchronous=FULL`, minus the same submit in memory.

python benchmarks/durable.py [submits]

Wall-clock time, since a disk is waited for. Both kinds take turns, against a loopback server; beside them stands what
one commit of one row costs on the same disk, which is the floor.
"""

from __future__ import annotations

import shutil
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polyreel
from measure import HERE, loopback_server, verdict

FOLDER = HERE.parent / "build" / "durable"
MOST_MS = 2.0


def milliseconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return (time.perf_counter() - start) * 1000


def committing(path: Path) -> Callable[[], object]:
    """Return what commits one row, with nothing around it."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE row (text TEXT)")
    return lambda: connection.execute("INSERT INTO row VALUES (?)", ("x" * 1500,))


def main(submits: int) -> int:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    with loopback_server() as base:

        def submitting(store: str) -> Callable[[], object]:
            client = polyreel.Client(
                api_keys={"openai": "sk-benchmark"}, settings={"openai": {"base_url": base}}, store=store
            )
            return lambda: client.submit("A paper boat", model="openai/sora-2", duration=4, size="1280x720")

        cases = {
            "memory": submitting("memory"),
            "durable": submitting(str(FOLDER / "jobs.sqlite3")),
            "one commit": committing(FOLDER / "floor.sqlite3"),
        }
        rows = [
            {name: milliseconds(function) for name, function in cases.items()} for _ in range(submits + 20)
        ]
    rows = rows[20:]  # the first ones open files and connections
    for name in cases:
        taken = sorted(row[name] for row in rows)
        print(
            f"{name:10} median {statistics.median(taken):6.3f} ms, p95 {taken[int(len(taken) * 0.95)]:6.3f} ms"
        )
    more = statistics.median(row["durable"] - row["memory"] for row in rows)
    return 0 if verdict("ms that a durable submit takes longer", more, MOST_MS) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 500))
