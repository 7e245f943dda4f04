"""One submit through the whole library, against the bare HTTP client and two peers, in the same run.

python benchmarks/submit.py [rounds]

The peers live in environments of their own, which are made on first use below `.oracles/`.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import venv
from pathlib import Path

import httpx
import polyreel
from measure import HERE, cpu_per_call, loopback_server, median_ratio, verdict

# The newest LiteLLM that the package index can resolve; newer ones ask for what is not there yet.
PEERS = {"openai": "openai==3.54.0", "litellm": "litellm>=1.106,<1.110"}
PEER_CODE = {
    "openai": """
import warnings; warnings.simplefilter("ignore")
from openai import OpenAI
client = OpenAI(api_key="sk-benchmark", base_url=BASE)
def call(): return client.videos.create(prompt="A paper boat", model="sora-2", seconds="4", size="1280x720")
""",
    "litellm": """
import warnings; warnings.simplefilter("ignore")
import litellm; litellm.suppress_debug_info = True
def call(): return litellm.video_generation(prompt="A paper boat", model="openai/sora-2", seconds="4",
    size="1280x720", api_key="sk-benchmark", api_base=BASE)
""",
}
LOOP = """
import json, sys, time
for line in sys.stdin:
    calls = int(line)
    start = time.process_time()
    for _ in range(calls): call()
    print(json.dumps((time.process_time() - start) / calls * 1000), flush=True)
"""


class Peer:
    """A peer in a process of its own that measures itself on demand."""

    def __init__(self, name: str, base: str) -> None:
        python = peer_python(name)
        code = f"BASE = {base!r}\n{PEER_CODE[name]}\n{LOOP}"
        self.process = subprocess.Popen(
            [str(python), "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def cpu(self, calls: int) -> float:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{calls}\n")
        self.process.stdin.flush()
        while True:
            line = self.process.stdout.readline()
            try:
                return float(json.loads(line))
            except ValueError:
                if not line:
                    raise RuntimeError("the peer ended") from None


def peer_python(name: str) -> Path:
    """The Python of an environment that has the peer; made on first use."""
    place = HERE.parent / ".oracles" / f"benchmark-{name}"
    python = place / "bin" / "python"
    if not (place / "ready").exists():
        venv.create(place, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", PEERS[name]], check=True)
        (place / "ready").touch()
    version = f"from importlib.metadata import version; print({name!r}, version({name!r}))"
    subprocess.run([python, "-c", version], check=True)
    return python


def main(rounds: int) -> int:
    with loopback_server() as base:
        parts = [("prompt", "A paper boat"), ("model", "sora-2"), ("seconds", "4"), ("size", "1280x720")]
        bare = httpx.Client()
        client = polyreel.Client(
            api_keys={"openai": "sk-benchmark"}, settings={"openai": {"base_url": base}}, store="memory"
        )
        durable = polyreel.Client(
            api_keys={"openai": "sk-benchmark"},
            settings={"openai": {"base_url": base}},
            store=str(HERE.parent / "build" / "benchmark.sqlite3"),
        )

        def bare_submit() -> object:
            form = [(name, (None, value)) for name, value in parts]
            response = bare.post(
                f"{base}/videos", files=form, headers={"Authorization": "Bearer sk-benchmark"}
            )
            return response.raise_for_status().json()["id"]

        def submit(chosen: polyreel.Client) -> object:
            return chosen.submit("A paper boat", model="openai/sora-2", duration=4, size="1280x720")

        peers = {name: Peer(name, base) for name in PEERS}
        rows = []
        for _ in range(rounds + 1):
            row = {
                "bare": cpu_per_call(bare_submit),
                "ours": cpu_per_call(lambda: submit(client)),
                "durable": cpu_per_call(lambda: submit(durable), 100),
                **{name: peer.cpu(100) for name, peer in peers.items()},
            }
            rows.append(row)
        for peer in peers.values():
            peer.process.kill()
            peer.process.wait()
    rows = rows[1:]
    for name in rows[0]:
        print(f"{name:8} {statistics.median(row[name] for row in rows):6.3f} ms CPU a submit")
    met = [
        verdict("submit / bare httpx", median_ratio([(r["ours"], r["bare"]) for r in rows]), 1.5),
        verdict("submit / openai", median_ratio([(r["ours"], r["openai"]) for r in rows]), 0.5),
        verdict("submit / litellm", median_ratio([(r["ours"], r["litellm"]) for r in rows]), 0.5),
    ]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 7))
