"""The servers under test: processes on stdio, driven with plain JSON lines.

No client library is involved, as its time would count as the server's.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Self
from urllib.parse import urlencode
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[1]
OURS = (sys.executable, "-m", "stability_mcp")
BARE = (sys.executable, "-m", "benchmarks.bare_server")
MAX_LINE_BYTES = 1 << 24
SAMPLE_SECONDS = 0.005
WARM_UP = 3
"""Calls not measured, in which a server imports, connects and opens its store."""
PAGE = os.sysconf("SC_PAGE_SIZE")

HELLO = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "bench", "version": "1"},
}


class ServerError(Exception):
    """The server under test returned an error or exited."""


@dataclass
class Server:
    """A server under test."""

    process: asyncio.subprocess.Process
    _waiting: dict[int, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    _threads: dict[str, int] = field(default_factory=dict)
    """CPU time of each thread in nanoseconds, including threads that have ended."""
    _last: int = 0
    _reading: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, command: tuple[str, ...], environment: dict[str, str]) -> Self:
        """Start the process without waiting for output."""
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            limit=MAX_LINE_BYTES,
        )
        server = cls(process)
        server._reading = asyncio.create_task(server._read())
        return server

    async def initialize(self) -> None:
        """Perform the handshake of the legacy protocol era."""
        await self.request("initialize", HELLO)
        self._send({"method": "notifications/initialized"})

    async def request(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send one request and return its result.

        Raises:
            ServerError: the server returned an error or exited.
        """
        self._last += 1
        number = self._last
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        self._send({"id": number, "method": method, "params": params or {}})
        message = await answer
        if "error" in message:
            raise ServerError(f"{method}: {message['error']}")
        result: dict[str, Any] = message["result"]
        return result

    async def call(self, tool: str, **arguments: object) -> str:
        """Call a tool and return its text.

        Raises:
            ServerError: the tool failed.
        """
        result = await self.request("tools/call", {"name": tool, "arguments": arguments})
        text = "\n".join(block.get("text", "") for block in result["content"])
        if result.get("isError"):
            raise ServerError(text)
        return text

    async def stop(self) -> None:
        """Close stdin, as clients do, and wait for the process; kill it after 10 s."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            await asyncio.wait_for(self.process.wait(), 10)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
        if self._reading is not None:
            await self._reading

    def resident(self) -> float:
        """Return the resident memory of the process in MB."""
        return resident(self.process.pid)

    def cpu_ms(self) -> float:
        """Return the CPU time of all threads seen so far, in milliseconds."""
        for thread in Path(f"/proc/{self.process.pid}/task").glob("*"):
            with contextlib.suppress(OSError):  # the thread has just ended
                used = int((thread / "schedstat").read_text().split()[0])
                self._threads[thread.name] = used
        if not self._threads:
            return _cpu_seconds_by_ps(self.process.pid) * 1000
        return sum(self._threads.values()) / 1e6

    def _send(self, message: dict[str, Any]) -> None:
        if self.process.stdin is not None:
            self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    async def _read(self) -> None:
        while self.process.stdout is not None and (line := await self.process.stdout.readline()):
            message = json.loads(line)
            waiting = self._waiting.pop(message.get("id"), None)
            if waiting is not None:
                waiting.set_result(message)
        for waiting in self._waiting.values():
            waiting.set_exception(ServerError("the server exited"))


def _cpu_seconds_by_ps(pid: int) -> float:
    listed = subprocess.run(  # noqa: S603 -- a fixed command
        ["/bin/ps", "-o", "time=", "-p", str(pid)], capture_output=True, text=True, check=True
    )
    minutes, _, seconds = listed.stdout.strip().rpartition(":")
    hours, _, rest = minutes.rpartition(":")
    return int(hours or 0) * 3600 + int(rest or 0) * 60 + float(seconds)


def resident(pid: int) -> float:
    """Return the resident memory of a process in MB."""
    proc = Path(f"/proc/{pid}/statm")
    if proc.exists():
        return int(proc.read_text().split()[1]) * PAGE / 1e6
    listed = subprocess.run(  # noqa: S603 -- a fixed command
        ["/bin/ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True
    )
    return int(listed.stdout) * 1024 / 1e6


@asynccontextmanager
async def running(command: tuple[str, ...], environment: dict[str, str]) -> AsyncIterator[Server]:
    """Run a server and perform the handshake."""
    server = await Server.start(command, environment)
    try:
        await server.initialize()
        yield server
    finally:
        await server.stop()


async def alternate(
    servers: Sequence[Server], rounds: int, ask: Callable[[Server, int], Awaitable[object]]
) -> list[float]:
    """Make the same request to the servers alternately; return each median in milliseconds.

    Args:
        servers: The servers.
        rounds: Measured requests per server; warm-up requests come first.
        ask: Makes the n-th request to a server.
    """
    took: list[list[float]] = [[] for _ in servers]
    for number in range(-WARM_UP, rounds):
        for server, times in zip(servers, took, strict=True):
            started = now()
            await ask(server, number)
            if number >= 0:
                times.append(now() - started)
    return [median(times) for times in took]


@asynccontextmanager
async def peak_of(pid: int) -> AsyncIterator[Callable[[], float]]:
    """Sample a process's memory; yield a function that returns the maximum in MB."""
    seen = [resident(pid)]

    async def watch() -> None:
        while True:
            seen.append(resident(pid))
            await asyncio.sleep(SAMPLE_SECONDS)

    watching = asyncio.create_task(watch())
    try:
        yield lambda: max(seen)
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


@dataclass(frozen=True)
class Upstream:
    """The fake API, in its own process."""

    url: str

    def set(self, file: Path, *, media_type: str = "image/png", **chosen: float) -> None:
        """Set the response to every request, and reset the counts.

        Args:
            file: The body.
            media_type: Its type.
            chosen: `latency`, `lock` and `deferred` in seconds: see `benchmarks.upstream`.
        """
        query = urlencode({"file": file, "type": media_type, "latency": 0, **chosen})
        self._ask(Request(f"{self.url}/bench?{query}", method="PUT"))  # noqa: S310 -- loopback

    def counts(self) -> dict[str, Any]:
        """Return arrival times, and the maximum number in any rate-limit window."""
        return self._ask(Request(f"{self.url}/bench"))  # noqa: S310 -- loopback

    def _ask(self, request: Request) -> dict[str, Any]:
        with urlopen(request, timeout=30) as answer:  # noqa: S310 -- loopback
            counts: dict[str, Any] = json.load(answer)
        return counts


@asynccontextmanager
async def upstream() -> AsyncIterator[Upstream]:
    """Run the fake API."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.upstream", cwd=ROOT, stdout=subprocess.PIPE
    )
    try:
        if process.stdout is None:  # pragma: no cover -- it is a pipe
            raise ServerError("the upstream has no output")
        yield Upstream(f"http://127.0.0.1:{int(await process.stdout.readline())}")
    finally:
        process.terminate()
        await process.wait()


def environment(folder: Path, url: str, **more: str) -> dict[str, str]:
    """Return the environment of a server under test, with its own store in `folder`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STABILITY_")}
    files = folder / "files"
    files.mkdir(parents=True, exist_ok=True)
    return kept | {
        "STABILITY_API_KEY": "sk-bench-not-a-key",
        "STABILITY_BASE_URL": url,
        "STABILITY_BUDGET": "none",
        "STABILITY_HOME": str(folder / "home"),
        "STABILITY_OUTPUT_DIR": str(files),
        "STABILITY_ROOTS": str(folder),
        **more,
    }


def now() -> float:
    """Return a monotonic time in milliseconds."""
    return time.perf_counter() * 1000
