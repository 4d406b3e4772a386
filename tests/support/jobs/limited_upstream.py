"""An upstream that enforces a rate limit as the API does: above it, a lockout.

And the processes that call it: `python -m support.jobs.limited_upstream`, with HOME URL CALLS LIMIT
WINDOW, makes all its calls at once when it reads a line, and ends when all are done.
"""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from pydantic import SecretStr

from stability_mcp.client.client import Client
from stability_mcp.jobs.models import RateLimit, Timing
from stability_mcp.store.database import Database
from stability_mcp.store.tenancy import Upstream
from support.jobs.jobs import account_jobs, core, picture

COUNTED = "counted"
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
MAX_WAIT_SECONDS = 600.0
PICTURES = [picture(number) for number in range(50)]
"""Prepared in advance: a busy server would record arrivals too late."""


@dataclass
class Limited:
    """The rate limiter and its records.

    Args:
        limit: Requests per window of seconds.
        lockout: Seconds of refusals after the limit is exceeded.
    """

    limit: RateLimit
    lockout: float = 60.0
    url: str = ""
    arrivals: list[float] = field(default_factory=list)
    """Times of all requests; queries count too."""
    made: list[float] = field(default_factory=list)
    """Times of requests that generated something."""
    refusals: list[float] = field(default_factory=list)
    _locked_until: float = 0.0

    @property
    def upstream(self) -> Upstream:
        """Return the upstream as jobs see it."""
        return Upstream(id=COUNTED, base_url=self.url)

    def busiest(self) -> int:
        """Return the highest number of requests in any window."""
        most = first = 0
        for last, at in enumerate(self.arrivals):
            while at - self.arrivals[first] >= self.limit.window:
                first += 1
            most = max(most, last - first + 1)
        return most

    def used(self) -> float:
        """Return the share of the limit that was used, from the first generation to the last."""
        ideal = (len(self.made) / self.limit.limit - 1) * self.limit.window
        return ideal / (self.made[-1] - self.made[0])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            arrived = asyncio.get_running_loop().time()
            length = LENGTH.search(head)
            await reader.readexactly(int(length[1]) if length else 0)
            status, media_type, body = self._answer(arrived, posted=head.startswith(b"POST"))
            about = f"Content-Type: {media_type}\r\nContent-Length: {len(body)}\r\n"
            more = "finish-reason: SUCCESS\r\nseed: 7\r\nConnection: close\r\n\r\n"
            retry = f"Retry-After: {self.lockout:.0f}\r\n" if status == 429 else ""
            writer.write(f"HTTP/1.1 {status} -\r\n{about}{retry}{more}".encode() + body)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, now: float, *, posted: bool) -> tuple[int, str, bytes]:
        self.arrivals.append(now)
        since = max(now - self.limit.window, self._locked_until)
        if now >= self._locked_until and sum(at > since for at in self.arrivals) > self.limit.limit:
            self._locked_until = now + self.lockout
        if now < self._locked_until:
            self.refusals.append(now)
            error = {"id": "x", "name": "rate_limit_exceeded", "errors": ["Too many requests."]}
            return 429, "application/json", json.dumps(error).encode()
        if not posted:
            return 200, "application/json", b'{"credits": 1000}'
        self.made.append(now)
        return 200, "image/png", PICTURES[len(self.made) % len(PICTURES)]


@asynccontextmanager
async def limited(limit: RateLimit, *, lockout: float = 60.0) -> AsyncIterator[Limited]:
    """Serve on loopback until the block ends."""
    found = Limited(limit, lockout)
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0, backlog=512)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield found
    finally:
        server.close()
        await server.wait_closed()


async def call_at_once(home: str, url: str, calls: int, limit: tuple[int, float]) -> None:
    """Read a line, make all calls at once, and wait until all are done."""
    upstream = Upstream(id=COUNTED, base_url=url)
    database = await anyio.to_thread.run_sync(Database, Path(home))
    client = Client(base_url=url, api_key=SecretStr("sk-test"))
    timing = Timing()
    async with (
        client,
        account_jobs(database, client, upstream=upstream, rate=limit, timing=timing) as jobs,
    ):

        async def one(number: int) -> None:
            call = await jobs.submit(core(f"{home} {number}"), tool="test")
            [view] = await jobs.wait(call.job_ids, MAX_WAIT_SECONDS)
            assert view.state == "done", view.error

        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await anyio.to_thread.run_sync(sys.stdin.readline)
        async with anyio.create_task_group() as group:
            for number in range(calls):
                group.start_soon(one, number)
    await database.close()


if __name__ == "__main__":
    home_, url_, calls_, limit_, window_ = sys.argv[1:]

    async def _main() -> None:
        await call_at_once(home_, url_, int(calls_), (int(limit_), float(window_)))

    anyio.run(_main)
