"""A small and quick `/v1/videos` on a loopback socket, in a process of its own: `python loopback.py` prints its port.

It reads each request whole and answers from constants, so that what is measured is the client.
"""

from __future__ import annotations

import asyncio
import json
import sys

VIDEO = json.dumps(
    {
        "id": "video_1",
        "object": "video",
        "model": "sora-2",
        "status": "queued",
        "progress": 0,
        "created_at": 1,
    }
).encode()
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nx-request-id: req_1\r\n\r\n"
    % len(VIDEO)
) + VIDEO
CHUNK = b"\0" * (1024 * 1024)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            line, *fields = head.split(b"\r\n")
            for field in fields:
                name, _, value = field.partition(b":")
                if name.lower() == b"content-length":
                    await reader.readexactly(int(value))
            path = line.split(b" ")[1]
            if path.startswith(b"/film/"):
                megabytes = int(path.rpartition(b"/")[2])
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: %d\r\n\r\n"
                    % (megabytes * len(CHUNK))
                )
                for _ in range(megabytes):
                    writer.write(CHUNK)
                    await writer.drain()
            else:
                writer.write(ANSWER)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        sys.exit(0)
