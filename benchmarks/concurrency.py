"""Many exchanges at once against a server that takes 100 ms: the awaited transports, and what they stand on, bare.

python benchmarks/concurrency.py [at once] [exchanges]

Each client is a process of its own. Ideal is what a client without any cost would do: so many at once in each 100 ms.
"""

from __future__ import annotations

import json
import subprocess
import sys

from measure import ENVIRONMENT, verdict

DELAY = 0.1
SERVER = """
import asyncio
BODY = b'{"id":"video_1","object":"video","model":"sora-2","status":"queued","progress":0,"created_at":1}'
ANSWER = b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(BODY) + BODY
class Conversation(asyncio.Protocol):
    def connection_made(self, transport): self.transport = transport
    def data_received(self, data): asyncio.get_running_loop().call_later(DELAY, self.transport.write, ANSWER)
async def main():
    server = await asyncio.get_running_loop().create_server(Conversation, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""
LOOP = """
import asyncio, json, sys, time
URL, MANY, TOTAL = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
HEADERS = {"Authorization": "Bearer sk-benchmark", "Accept": "application/json", "User-Agent": "benchmark"}
async def measured(one):
    async def hand():
        nonlocal left
        while left > 0:
            left -= 1
            start = time.perf_counter()
            await one()
            taken.append(time.perf_counter() - start)
    for left in (MANY, TOTAL):  # the first round opens the connections
        taken = []
        start, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(hand() for _ in range(MANY)))
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    print(json.dumps({"rate": TOTAL / seconds, "cpu": cpu / TOTAL * 1000, "p50": sorted(taken)[TOTAL // 2] * 1000}))
"""
OURS = """
from polyreel.carriers import carrier
from polyreel.http import Request, Wire
async def main():
    transport = carrier({{"POLYREEL_HTTP": {name!r}}})
    wire = Wire(request=Request(method="GET", url=URL, headers=HEADERS))
    async def one(): (await transport.send(wire)).json()
    await measured(one)
    await transport.close()
asyncio.run(main())
"""
CLIENTS = {
    "httpx": """
import httpx
async def main():
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=None), headers=HEADERS, timeout=60) as client:
        async def one(): (await client.get(URL)).json()
        await measured(one)
asyncio.run(main())
""",
    "aiohttp": """
import aiohttp
async def main():
    async with aiohttp.ClientSession(headers=HEADERS, connector=aiohttp.TCPConnector(limit=0)) as client:
        async def one():
            async with client.get(URL) as answer: await answer.json()
        await measured(one)
asyncio.run(main())
""",
    "ours, httpx": OURS.format(name="httpx"),
    "ours, aiohttp": OURS.format(name="aiohttp"),
}


def measured(code: str, url: str, many: int, total: int) -> dict[str, float]:
    command = [sys.executable, "-c", LOOP + code, url, str(many), str(total)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=ENVIRONMENT)
    return dict(json.loads(done.stdout))


def main(many: int, total: int) -> int:
    command = [sys.executable, "-c", SERVER.replace("DELAY", str(DELAY))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            url = f"http://127.0.0.1:{server.stdout.readline().strip()}/v1/videos/video_1"
            rows = {name: measured(code, url, many, total) for name, code in CLIENTS.items()}
        finally:
            server.kill()
    ideal = many / DELAY
    print(f"{'ideal':14} {ideal:6.0f}/s")
    for name, row in rows.items():
        print(f"{name:14} {row['rate']:6.0f}/s, p50 {row['p50']:6.1f} ms, {row['cpu']:6.3f} ms CPU each")
    met = [
        verdict(
            "ours over httpx / plain httpx",
            rows["ours, httpx"]["rate"] / rows["httpx"]["rate"],
            3,
            at_least=True,
        ),
        verdict("ours over aiohttp / ideal", rows["ours, aiohttp"]["rate"] / ideal, 0.8, at_least=True),
    ]
    return 0 if all(met) else 1


if __name__ == "__main__":
    numbers = [int(number) for number in sys.argv[1:]]
    sys.exit(main(*(numbers + [64, 3000][len(numbers) :])))
