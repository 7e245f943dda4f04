"""200 MB to disk, against a bare streaming loop of the same HTTP library, and how much memory it takes.

python benchmarks/fetch.py [rounds]

Each run is a process of its own, so that its peak memory is its own. The file is a film's bytes only in length,
so the structure check, which reads no film data, is left out on both sides.

A film that was paid for is put on the disk itself and its digest is recorded; a bare loop does neither. Both are
measured: the loop as people write it, and the same loop with the digest, the flush of the file, the rename and the
flush of the folder ("kept"). On a loopback socket, where no network is waited for, these cost what they cost anybody;
what is held to a bar is what polyreel adds to the loop that keeps.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

from measure import ENVIRONMENT, loopback_server, median_ratio, verdict

MEGABYTES = 200
COMMON = """
import json, os, resource, tempfile, time
URL = "{url}"
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
def report(start, before):
    print(json.dumps({{"seconds": time.perf_counter() - start, "growth": peak() - before}}))
folder = tempfile.mkdtemp()
path = os.path.join(folder, "film.mp4")
"""
BARE = (
    COMMON
    + """
import httpx
with httpx.Client() as client:
    client.get(URL.rpartition("/")[0] + "/1")
    before, start = peak(), time.perf_counter()
    with client.stream("GET", URL) as response, open(path, "wb") as file:
        for chunk in response.iter_bytes():
            file.write(chunk)
    report(start, before)
os.remove(path)
"""
)
KEPT = (
    COMMON
    + """
import hashlib
import httpx
with httpx.Client() as client:
    client.get(URL.rpartition("/")[0] + "/1")
    before, start = peak(), time.perf_counter()
    digest = hashlib.sha256()
    with client.stream("GET", URL) as response, open(path + ".part", "wb") as file:
        for chunk in response.iter_bytes():
            file.write(chunk)
            digest.update(chunk)
        file.flush()
        os.fsync(file.fileno())
    os.rename(path + ".part", path)
    handle = os.open(folder, os.O_RDONLY)
    os.fsync(handle)
    report(start, before)
os.remove(path)
"""
)
OURS = (
    COMMON
    + """
from pathlib import Path
from polyreel.clock import SystemClock
from polyreel.exchange import AccountSession
from polyreel.flows import BlockingIO, Fetch, run
from polyreel.http import BlockingTransport, NoAuth, Request
from polyreel.storage.parts import Part, tidy
transport = BlockingTransport()
io = BlockingIO(transport=transport, clock=SystemClock())
session = AccountSession(clock=SystemClock(), auth=NoAuth(), base_url=URL)
def fetch(url):
    part = Part(Path(path), job="job_1", name="video-0")
    part.open()
    request = Request(method="GET", url=url)
    def flow():
        yield Fetch(
            request=request, session=session, into=part.file, max_bytes=1 << 33, begun=part.note, beat=lambda: None
        )
    run(flow(), io)
    assert len(part.file.sha256) == 64
    part.publish(overwrite=False)
    tidy(Path(path), job="job_1", name="video-0", kept=Path(path))
fetch(URL.rpartition("/")[0] + "/1")
os.remove(path)
before, start = peak(), time.perf_counter()
fetch(URL)
report(start, before)
transport.close()
os.remove(path)
"""
)
ASYNC_BARE = (
    COMMON
    + """
import asyncio, httpx
async def main():
    async with httpx.AsyncClient() as client:
        await client.get(URL.rpartition("/")[0] + "/1")
        before, start = peak(), time.perf_counter()
        async with client.stream("GET", URL) as response:
            with open(path, "wb") as file:
                async for chunk in response.aiter_bytes():
                    file.write(chunk)
        report(start, before)
asyncio.run(main())
os.remove(path)
"""
)
ASYNC_KEPT = (
    COMMON
    + """
import asyncio, hashlib, httpx
async def main():
    async with httpx.AsyncClient() as client:
        await client.get(URL.rpartition("/")[0] + "/1")
        before, start = peak(), time.perf_counter()
        digest = hashlib.sha256()
        async with client.stream("GET", URL) as response:
            with open(path + ".part", "wb") as file:
                async for chunk in response.aiter_bytes():
                    file.write(chunk)
                    digest.update(chunk)
                file.flush()
                os.fsync(file.fileno())
        os.rename(path + ".part", path)
        handle = os.open(folder, os.O_RDONLY)
        os.fsync(handle)
        report(start, before)
asyncio.run(main())
os.remove(path)
"""
)
ASYNC_OURS = (
    COMMON
    + """
import asyncio
from pathlib import Path
from polyreel.clock import SystemClock
from polyreel.exchange import AccountSession
from polyreel.flows import AsyncIO, Fetch, run_async
from polyreel.http import AsyncTransport, NoAuth, Request
from polyreel.storage.parts import Part, tidy
async def main():
    transport = AsyncTransport()
    io = AsyncIO(transport=transport, clock=SystemClock())
    session = AccountSession(clock=SystemClock(), auth=NoAuth(), base_url=URL)
    async def fetch(url):
        part = Part(Path(path), job="job_1", name="video-0")
        part.open()
        request = Request(method="GET", url=url)
        def flow():
            yield Fetch(
                request=request, session=session, into=part.file, max_bytes=1 << 33, begun=part.note, beat=lambda: None
            )
        await run_async(flow(), io)
        assert len(part.file.sha256) == 64
        part.publish(overwrite=False)
        tidy(Path(path), job="job_1", name="video-0", kept=Path(path))
    await fetch(URL.rpartition("/")[0] + "/1")
    os.remove(path)
    before, start = peak(), time.perf_counter()
    await fetch(URL)
    report(start, before)
    await transport.close()
asyncio.run(main())
os.remove(path)
"""
)


def measured(code: str, url: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", code.format(url=url)],
        check=True,
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
    )
    return dict(json.loads(done.stdout))


def main(rounds: int) -> int:
    with loopback_server() as base:
        url = base.removesuffix("/v1") + f"/film/{MEGABYTES}"
        cases = {
            "bare": BARE,
            "kept": KEPT,
            "ours": OURS,
            "bare async": ASYNC_BARE,
            "kept async": ASYNC_KEPT,
            "ours async": ASYNC_OURS,
        }
        # Each goes first in every other round: who comes second finds other dirty pages on the disk.
        orders = [list(cases.items()), list(cases.items())[::-1]]
        rows = [{name: measured(code, url) for name, code in orders[number % 2]} for number in range(rounds)]
    for name in cases:
        speed = statistics.median(MEGABYTES / row[name]["seconds"] for row in rows)
        growth = statistics.median(row[name]["growth"] for row in rows)
        print(f"{name:10} {speed:6.0f} MB/s, peak memory +{growth:.1f} MB")
    met = []
    for kind in ("", " async"):
        ours = [row[f"ours{kind}"]["seconds"] for row in rows]
        for other in ("bare", "kept"):
            pairs = list(zip((row[f"{other}{kind}"]["seconds"] for row in rows), ours, strict=True))
            name, ratio = f"speed{kind} / {other} loop", median_ratio(pairs)
            if other == "kept":
                met.append(verdict(name, ratio, 0.9, at_least=True))
            else:
                print(f"     {name}: {ratio:.2f} (it neither flushes nor digests)")
        growth = statistics.median(r[f"ours{kind}"]["growth"] for r in rows)
        met.append(verdict(f"memory growth{kind} in MB", growth, 8))
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10))
