"""The clients that waiting.py compares: `python waiters.py KIND BASE JOBS`.

Each says that it is warm, waits for a line, submits JOBS jobs, waits for all of them, and tells how many films it has.
The bare ones only poll, with few workers, and never end.
"""

from __future__ import annotations

import asyncio
import heapq
import json
import os
import sys
import time
import warnings
from collections.abc import Awaitable, Callable

KEY = "sk-benchmark"
HEADERS = {"Authorization": f"Bearer {KEY}", "Accept": "application/json", "User-Agent": "bare"}
FIELDS = {"prompt": "A paper boat", "model": "sora-2", "seconds": "4", "size": "1280x720"}


def warm() -> None:
    print("warm", flush=True)
    sys.stdin.readline()


async def scheduled(
    jobs: int, workers: int, send: Callable[[str, str], Awaitable[tuple[dict[str, str], dict[str, str]]]]
) -> None:
    """Submit, then poll as advised: a heap of due times, and few workers."""
    await send("POST", "/v1/videos")
    await asyncio.to_thread(warm)
    due: list[tuple[float, str]] = []
    hands = asyncio.Semaphore(workers)

    async def submit() -> None:
        async with hands:
            _, job = await send("POST", "/v1/videos")
        heapq.heappush(due, (time.monotonic() + 2, job["id"]))

    async def poll(name: str) -> None:
        try:
            headers, _ = await send("GET", f"/v1/videos/{name}")
            heapq.heappush(due, (time.monotonic() + int(headers["openai-poll-after-ms"]) / 1000, name))
        finally:
            hands.release()

    async with asyncio.TaskGroup() as group:
        for _ in range(jobs):
            await hands.acquire()
            hands.release()
            group.create_task(submit())
    async with asyncio.TaskGroup() as group:
        while True:
            now = time.monotonic()
            while due and due[0][0] <= now:
                await hands.acquire()
                group.create_task(poll(heapq.heappop(due)[1]))
            await asyncio.sleep(min(max(due[0][0] - time.monotonic(), 0.001), 1.0) if due else 0.01)


async def bare_httpx(base: str, jobs: int) -> None:
    import httpx

    # The most that httpx's pool carries without slowing down.
    limits = httpx.Limits(max_connections=8)
    async with httpx.AsyncClient(base_url=base, limits=limits, headers=HEADERS, timeout=60) as client:

        async def send(method: str, path: str) -> tuple[dict[str, str], dict[str, str]]:
            answer = await client.request(method, path, json=FIELDS if method == "POST" else None)
            return answer.headers, answer.json()

        await scheduled(jobs, 8, send)


async def bare_aiohttp(base: str, jobs: int) -> None:
    import aiohttp

    async with aiohttp.ClientSession(base, headers=HEADERS) as session:

        async def send(method: str, path: str) -> tuple[dict[str, str], dict[str, str]]:
            async with session.request(method, path, json=FIELDS if method == "POST" else None) as answer:
                return answer.headers, await answer.json()

        await scheduled(jobs, 32, send)


async def ours(base: str, jobs: int) -> None:
    import polyreel

    store = "memory" if os.environ["STORE"] == "memory" else None
    async with polyreel.AsyncClient(
        api_keys={"openai": KEY}, settings={"openai": {"base_url": f"{base}/v1"}}, store=store
    ) as client:
        request = {"model": "openai/sora-2", "duration": 4, "size": "1280x720"}
        await client.submit("A paper boat", **request)
        await asyncio.to_thread(warm)
        films, errors = 0, set[str]()
        requests = ({"prompt": "A paper boat", **request} for _ in range(jobs))
        async for outcome in client.map(requests, concurrency=jobs):
            films += outcome.ok
            if not outcome.ok and repr(outcome.error) not in errors and len(errors) < 5:
                errors.add(repr(outcome.error))
                print(outcome.error, file=sys.stderr)
        print(json.dumps({"films": films}), flush=True)
        await asyncio.to_thread(sys.stdin.readline)  # its CPU is read


async def openai(base: str, jobs: int) -> None:
    warnings.simplefilter("ignore")
    from openai import AsyncOpenAI

    async with AsyncOpenAI(api_key=KEY, base_url=f"{base}/v1", timeout=300) as client:
        await client.videos.create(**FIELDS)
        await asyncio.to_thread(warm)
        done = await asyncio.gather(*(client.videos.create_and_poll(**FIELDS) for _ in range(jobs)))
        print(json.dumps({"films": sum(video.status == "completed" for video in done)}), flush=True)
        await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    kind, base, jobs = sys.argv[1:]
    kinds = {"bare_httpx": bare_httpx, "bare_aiohttp": bare_aiohttp, "ours": ours, "openai": openai}
    asyncio.run(kinds[kind](base, int(jobs)))
