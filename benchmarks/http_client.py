"""A plain HTTP client and our server over HTTP, for measurements.

No client library is involved, as its time would count as the server's.
"""

import asyncio
import contextlib
import json
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.processes import OURS, ROOT, ServerError, resident

PREFIX = "/api/stability"
BLOCK = 1 << 18
"""Bytes of a body that are sent at a time."""


@dataclass
class Connection:
    """A connection that is kept open between requests."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, port: int) -> "Connection":
        """Connect to a server on this machine."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=1 << 20))

    async def send(
        self, method: str, path: str, body: bytes = b"", *, kind: str = "", prefer: str = ""
    ) -> None:
        """Send a request, its body in blocks."""
        lines = [f"{method} {PREFIX}{path} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"Content-Type: {kind}"] if kind else []
        lines += [f"Prefer: {prefer}"] if prefer else []
        lines += [f"Content-Length: {len(body)}"] if body else []
        self.writer.write("\r\n".join((*lines, "", "")).encode())
        for start in range(0, len(body), BLOCK):
            self.writer.write(body[start : start + BLOCK])
            await self.writer.drain()

    async def head(self) -> int:
        """Read status line and headers; return the length of the body, or -1 for a stream.

        Raises:
            ServerError: the status isn't a success.
        """
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status = int(head.split(" ", 2)[1])
        length = re.search(r"(?im)^content-length: *(\d+)", head)
        if status >= 400:  # noqa: PLR2004
            text = await self.reader.read(int(length[1]) if length else BLOCK)
            raise ServerError(f"{status}: {text!r}")
        return int(length[1]) if length else -1

    async def request(self, method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
        """Send a request and return the body of its answer."""
        await self.send(method, path, body, **headers)
        return await self.reader.readexactly(await self.head())

    async def run(self, operation: str, prefer: str = "", **fields: object) -> bytes:
        """Run an operation with a JSON body and return the body of its answer."""
        body = json.dumps(fields).encode()
        return await self.request("POST", operation, body, kind="application/json", prefer=prefer)

    async def event(self, name: str, needle: bytes = b"") -> bytes:
        """Return the data of the next event with a name and a text in its data."""
        while True:
            line = await self.reader.readline()
            if not line:
                raise ServerError("the stream ended")
            if line.strip() == f"event: {name}".encode():
                data = await self.reader.readline()
                if needle in data:
                    return data

    def close(self) -> None:
        """Close it."""
        self.writer.close()


@dataclass(frozen=True)
class HttpServer:
    """Our server over HTTP."""

    port: int
    pid: int

    def resident(self) -> float:
        """Return its resident memory in MB."""
        return resident(self.pid)

    async def connections(self, count: int) -> list[Connection]:
        """Open some connections."""
        return [await Connection.open(self.port) for _ in range(count)]

    async def stream(self) -> Connection:
        """Open a stream of events and read its first state."""
        found = await Connection.open(self.port)
        await found.send("GET", "/events")
        await found.head()
        await found.event("balance")
        return found


@asynccontextmanager
async def serving(environment: dict[str, str]) -> AsyncIterator[HttpServer]:
    """Run our server over HTTP until the block ends."""
    process = await asyncio.create_subprocess_exec(
        *OURS,
        "serve",
        "--http",
        "--no-auth",
        "--port",
        "0",
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    if process.stderr is None:  # pragma: no cover -- it is a pipe
        raise ServerError("the server has no output")
    found = re.search(rb"http://[^ ]+:(\d+)/mcp", await process.stderr.readline())
    if found is None:
        raise ServerError("the server did not start")
    draining = asyncio.create_task(process.stderr.read())
    try:
        yield HttpServer(int(found[1]), process.pid)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
        await draining


def job_of(answer: bytes) -> str:
    """Return the id of the job in a JSON answer."""
    found: dict[str, Any] = json.loads(answer)
    job: str = found["id"]
    return job
