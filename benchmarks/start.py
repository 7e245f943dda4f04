"""Start-up: CPU of whole processes, against bare imports in the same run.

python benchmarks/start.py [rounds]
"""

from __future__ import annotations

import statistics
import sys

from measure import child_cpu, loopback_server, median_ratio, verdict

FLOOR = """
import asyncio, httpx, importlib_metadata, jsonschema, pluggy, pydantic
async def main():
    async with httpx.AsyncClient() as client:
        response = await client.post("{base}/videos", headers={{"Authorization": "Bearer sk-benchmark"}}, files=[
            ("prompt", (None, "A paper boat")), ("model", (None, "sora-2")),
            ("seconds", (None, "4")), ("size", (None, "1280x720"))])
        response.raise_for_status().json()["id"]
asyncio.run(main())
"""
OURS = """
import polyreel
client = polyreel.Client(
    api_keys={{"openai": "sk-benchmark"}}, settings={{"openai": {{"base_url": "{base}"}}}}, store={store!r})
client.submit("A paper boat", model="openai/sora-2", duration=4, size="1280x720")
"""


def main(rounds: int) -> int:
    with loopback_server() as base:
        cases = {
            "bare": "import asyncio, json",
            "import": "import polyreel",
            "floor": FLOOR.format(base=base),
            "submit": OURS.format(base=base, store="memory"),
            "durable": OURS.format(base=base, store=None),
        }
        rows = [
            {name: child_cpu(sys.executable, code) for name, code in cases.items()} for _ in range(rounds + 1)
        ]
    rows = rows[1:]  # the first round writes bytecode
    for name in cases:
        print(f"{name:8} {statistics.median(row[name] for row in rows):7.1f} ms CPU")
    met = [
        verdict(
            "import polyreel / import asyncio, json",
            median_ratio([(r["import"], r["bare"]) for r in rows]),
            1.3,
        ),
        verdict(
            "submit from a new process / bare httpx",
            median_ratio([(r["submit"], r["floor"]) for r in rows]),
            1.3,
        ),
        verdict(
            "the same with SQLite / bare httpx", median_ratio([(r["durable"], r["floor"]) for r in rows]), 1.3
        ),
    ]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 9))
