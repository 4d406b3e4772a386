"""A fake API with almost no overhead: it responds to every POST with the same file.

PNG files get a numbered comment, because the API never returns the same bytes twice.

`python -m benchmarks.upstream` prints its port on the first line and serves until it is stopped. It
knows no operations and checks nothing, so only the server under test is measured. `PUT /bench` sets
the response (`?latency=1&file=/path&type=image/png`) and resets the counts. `&lock=60` enforces the
API's rate limit with a lockout of that many seconds. With `&deferred=12` the response to a POST is
the id of a generation, which is ready that many seconds later. `GET /bench` returns the arrival
times, the maximum number in any window, and the number of refused requests.
"""

import asyncio
import json
import sys
import time
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

MAX_REQUESTS, WINDOW_SECONDS = 150, 10.0
"""The API's rate limit: requests per window in seconds."""

CHUNK = 1 << 18
END_BYTES = 12
"""Size of the last chunk of a PNG."""

STARTED = b'{"id":"%064x"}' % 1
RUNNING = b'{"id":"%064x","status":"in-progress"}' % 1
REFUSAL = b'{"id":"bench","name":"rate_limit_exceeded","errors":["Too many requests."]}'


@dataclass
class Bench:
    """The current response, and the requests received."""

    latency: float = 0
    body: bytes = b""
    media_type: str = "image/png"
    lock: float = 0
    deferred: float = 0
    locked_until: float = 0
    refused: int = 0
    arrivals: list[float] = field(default_factory=list)

    def set(self, query: dict[str, list[str]]) -> None:
        """Change the response and reset the counts."""
        self.latency = float(query["latency"][0])
        self.body = Path(query["file"][0]).read_bytes()
        self.media_type = query["type"][0]
        self.lock = float(query.get("lock", ["0"])[0])
        self.deferred = float(query.get("deferred", ["0"])[0])
        self.locked_until = self.refused = 0
        self.arrivals.clear()

    def admits(self, arrived: float) -> bool:
        """Count a request, and return whether it is within the rate limit."""
        self.arrivals.append(arrived)
        if self.lock and arrived >= self.locked_until:
            recent = sum(arrived - at < WINDOW_SECONDS for at in self.arrivals[-MAX_REQUESTS - 1 :])
            self.locked_until = arrived + self.lock if recent > MAX_REQUESTS else 0
        self.refused += arrived < self.locked_until
        return arrived >= self.locked_until

    def answer(self) -> bytes:
        """Return the next response body."""
        if self.media_type != "image/png":
            return self.body
        comment = b"tEXtnumber\0%d" % len(self.arrivals)
        size, check = len(comment) - 4, zlib.crc32(comment)
        chunk = size.to_bytes(4, "big") + comment + check.to_bytes(4, "big")
        return self.body[:-END_BYTES] + chunk + self.body[-END_BYTES:]

    def counts(self) -> bytes:
        """Return the counts as JSON."""
        counts = {"arrivals": self.arrivals, "refused": self.refused}
        return json.dumps(counts | {"busiest": busiest(self.arrivals)}).encode()


def busiest(arrivals: list[float]) -> int:
    """Return the maximum number of arrivals in any rate-limit window."""
    most = first = 0
    for last, at in enumerate(arrivals):
        while at - arrivals[first] > WINDOW_SECONDS:
            first += 1
        most = max(most, last - first + 1)
    return most


async def handle(bench: Bench, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Handle the requests of one connection."""
    try:
        while await _answer_one(bench, reader, writer):
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def _answer_one(
    bench: Bench, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    method, target, _ = head.split(" ", 2)
    arrived = time.monotonic()
    await _discard(reader, head.lower())
    url = urlsplit(target)
    if url.path == "/bench":
        if method == "PUT":
            bench.set(parse_qs(url.query))
        _write(writer, "application/json", bench.counts())
    elif "/results/" in url.path:
        _write_result(bench, writer, arrived)
    elif method == "GET":
        _write(writer, "application/json", b'{"credits":100000}')
    else:
        if not bench.admits(arrived):
            _write(writer, "application/json", REFUSAL, status="429 Too Many Requests")
            return True
        await asyncio.sleep(bench.latency)
        if bench.deferred:
            _write(writer, "application/json", STARTED)
        else:
            _write(writer, bench.media_type, bench.answer())
    return True


def _write_result(bench: Bench, writer: asyncio.StreamWriter, arrived: float) -> None:
    if arrived < bench.arrivals[0] + bench.deferred:
        _write(writer, "application/json", RUNNING, status="202 Accepted")
    else:
        _write(writer, bench.media_type, bench.body)


async def _discard(reader: asyncio.StreamReader, head: str) -> None:
    """Read and discard a body with Content-Length or in chunks."""
    if "transfer-encoding: chunked" in head:
        while size := int((await reader.readline()).split(b";")[0], 16):
            await _skip(reader, size + 2)
        await reader.readline()
        return
    _, found, rest = head.partition("content-length:")
    if found:
        await _skip(reader, int(rest.split("\r\n", 1)[0]))


async def _skip(reader: asyncio.StreamReader, size: int) -> None:
    while size:
        size -= len(await reader.readexactly(min(size, CHUNK)))


def _write(
    writer: asyncio.StreamWriter, media_type: str, body: bytes, status: str = "200 OK"
) -> None:
    head = (
        f"HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\ncontent-length: {len(body)}\r\n"
        "finish-reason: SUCCESS\r\nseed: 343940597\r\nx-request-id: bench\r\n\r\n"
    )
    writer.write(head.encode())
    writer.write(body)


async def main() -> None:
    """Serve on a free loopback port."""
    bench = Bench()
    server = await asyncio.start_server(
        lambda reader, writer: handle(bench, reader, writer), "127.0.0.1", 0, backlog=1024
    )
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
