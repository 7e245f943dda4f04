"""A `/v1/videos` whose films take time, and that knows when each was ready and when its client first learned of it.

python studio.py SEED MEDIAN SIGMA FILM   prints its port

The time of a film is log-normal, by the seed and the number of the job. No film gets on before `POST /release`, so
that a benchmark can see all jobs waiting; with MEDIAN 0 a film is ready at once. Each answer advises when to look
again: after 5 to 10 s. `GET /books` tells everything as JSON. Answers are written as bytes, without a library, so that
what is measured is the client.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import sys
import time
from pathlib import Path

SOON, LATE = 5_000, 10_000  # milliseconds that an answer advises
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nopenai-poll-after-ms: %d\r\nContent-Length: %d\r\n\r\n"
JOB = (
    b'{"id":"video_%d","object":"video","model":"sora-2","status":"%s","progress":%d,"created_at":1,'
    b'"size":"1280x720","seconds":"4"}'
)


class Books:
    """What the studio knows; one entry for each job."""

    def __init__(self, seed: int, median: float, sigma: float, film: bytes) -> None:
        self._chance = random.Random(seed)
        self._median, self._sigma = median, sigma
        self.film = film
        self.released: float | None = None
        self.submitted: list[float] = []
        self.takes: list[float] = []
        self.seen: dict[int, float] = {}
        self.polls = self.fetches = self.others = 0

    def submit(self) -> bytes:
        self.submitted.append(time.monotonic())
        take = math.exp(self._chance.gauss(math.log(self._median), self._sigma)) if self._median else 0.0
        self.takes.append(take)
        return self._answer(len(self.takes) - 1, b"queued", 0)

    def poll(self, job: int) -> bytes:
        self.polls += 1
        now = time.monotonic()
        if self.released is None or now < self.ready_at(job):
            return self._answer(job, b"in_progress", 50)
        self.seen.setdefault(job, now)
        return self._answer(job, b"completed", 100)

    def ready_at(self, job: int) -> float:
        assert self.released is not None
        return max(self.released, self.submitted[job]) + self.takes[job]

    def _answer(self, job: int, status: bytes, progress: int) -> bytes:
        body = JOB % (job, status, progress)
        return HEAD % (self._chance.randint(SOON, LATE), len(body)) + body

    def told(self) -> dict[str, object]:
        first = min(self.takes, default=0.0)
        return {
            "jobs": len(self.takes),
            "polls": self.polls,
            "fetches": self.fetches,
            "others": self.others,
            "seen": len(self.seen),
            "first_take": first,
            "since_release": 0.0 if self.released is None else time.monotonic() - self.released,
            "lags": [at - self.ready_at(job) for job, at in self.seen.items()],
        }

    def answer(self, method: bytes, path: bytes) -> bytes:
        parts = path.partition(b"?")[0].strip(b"/").split(b"/")
        match method, parts:
            case b"POST", [b"v1", b"videos"]:
                return self.submit()
            case b"GET", [b"v1", b"videos", name]:
                return self.poll(int(name[6:]))
            case b"GET", [b"v1", b"videos", _, b"content"]:
                self.fetches += 1
                return (
                    b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: %d\r\n\r\n"
                    % len(self.film)
                    + self.film
                )
            case b"POST", [b"release"]:
                self.released = time.monotonic()
                return b"HTTP/1.1 204 No Content\r\n\r\n"
            case b"GET", [b"books"]:
                body = json.dumps(self.told()).encode()
                return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        self.others += 1
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class Conversation(asyncio.Protocol):
    """One connection: a request at a time, its body dropped."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._unread += data
        head, end, body = self._unread.partition(b"\r\n\r\n")
        if not end:
            return
        line, *fields = head.split(b"\r\n")
        length = next((int(f[15:]) for f in fields if f[:15].lower() == b"content-length:"), 0)
        if len(body) < length:
            return
        self._unread = body[length:]
        method, path, _ = line.split(b" ")
        self._transport.write(self._books.answer(method, path))


def opened(seed: str, median: str, sigma: str, film: str) -> Books:
    return Books(int(seed), float(median), float(sigma), Path(film).read_bytes())


async def main(books: Books) -> None:
    server = await asyncio.get_running_loop().create_server(
        lambda: Conversation(books), "127.0.0.1", 0, backlog=8192
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main(opened(*sys.argv[1:])))
    except KeyboardInterrupt:
        sys.exit(0)
