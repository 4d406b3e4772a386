"""REST: its time above a tool call, from a change to its event, and memory."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import files
from benchmarks.http_client import Connection, HttpServer, job_of, serving
from benchmarks.processes import (
    OURS,
    WARM_UP,
    Server,
    Upstream,
    environment,
    now,
    peak_of,
    running,
)
from benchmarks.table import Line, at_most

CORE = "/generate/core"
MAX_REST_MS, MAX_REST_MS_PER_MB = 3.0, 5.0
MAX_EVENT_MS, MAX_FOREIGN_EVENT_MS = 50.0, 600.0
MAX_CLIENT_KIB = 60.0
MAX_UPLOAD_MB = 16.0
MAX_GROWTH_MB = 0.5
"""Growth that counts as none: the allocator's pages."""
CONNECTIONS = 8
"""Connections over which many requests are sent."""
FEW = 5
"""Streams or calls before the measured ones."""
HOLD_SECONDS = 2.0
"""Latency of the upstream while calls wait."""


@dataclass(frozen=True, kw_only=True)
class RestEffort:
    """The size of the measurements of REST."""

    calls: int
    changes: int
    foreign_changes: int
    """Changes of another process; each takes up to half a second."""
    waiting: int
    """Streams or calls that are open at once."""
    upload: int
    """Bytes."""
    requests: int


async def rest(
    folder: Path, up: Upstream, pictures: Sequence[Path], effort: RestEffort
) -> list[Line]:
    """Return the lines of REST; the upstream answers at once unless stated.

    Args:
        folder: An empty folder.
        up: The upstream.
        pictures: A small and a large picture that it answers with.
        effort: The size of the measurements.
    """
    lines = []
    env = environment(folder, up.url, STABILITY_PREVIEW="none", STABILITY_OUTPUT_DIR="none")
    tool_env = env | {"STABILITY_HOME": str(folder / "tool-home")}
    async with serving(env) as server:
        async with running(OURS, tool_env) as tool:
            for picture in pictures:
                up.set(picture)
                above = await _above_a_tool_call(server, tool, picture, effort.calls)
                size = files.megabytes(picture)
                lines.append(
                    at_most(
                        f"REST call of {size * 1000:,.0f} KB, ms above the tool call",
                        above,
                        MAX_REST_MS + MAX_REST_MS_PER_MB * size,
                        "{:.1f}",
                    )
                )
        up.set(pictures[0])
        lines += await _events(server, folder / "home", effort)
        lines += [
            await _upload(server, folder, effort.upload),
            await _requests(server, effort.requests),
        ]
    lines += await _waiting(folder / "waiting", up, pictures[0], effort.waiting)
    return lines


async def _above_a_tool_call(server: HttpServer, tool: Server, picture: Path, calls: int) -> float:
    """Return the median of the differences between calls of both, in milliseconds."""
    [client] = await server.connections(1)
    above = []
    for number in range(-WARM_UP, calls):
        prompt = f"a {picture.stem}, number {number}"
        began = now()
        await tool.call("generate_core", prompt=prompt)
        between = now()
        await client.run(CORE, prompt=prompt)
        if number >= 0:
            above.append((now() - between) - (between - began))
    client.close()
    return median(above)


async def _events(server: HttpServer, home: Path, effort: RestEffort) -> list[Line]:
    """Measure from a change to its event, at the client.

    A change of the server itself counts from before the request that causes it.
    """
    stream = await server.stream()
    [client] = await server.connections(1)
    own, foreign = [], []
    for number in range(effort.changes):
        began = now()
        answer = await client.run(CORE, "respond-async", prompt=f"an event, number {number}")
        needle = job_of(answer).encode()
        await stream.event("job", needle)
        own.append(now() - began)
        await stream.event("media", needle)
    for number in range(effort.foreign_changes):
        await asyncio.sleep(0.037 * number % 0.4)  # at different times between two polls
        await asyncio.to_thread(_change, home, f"change {number}")
        began = now()
        await stream.event("balance", f'"change {number}"'.encode())
        foreign.append(now() - began)
    await asyncio.to_thread(_change, home, None)
    await stream.event("balance")
    stream.close()
    client.close()
    name = "change to its event"
    return [
        at_most(f"{name}, p99 ms", percentile(own), MAX_EVENT_MS, "{:.0f}"),
        at_most(
            f"{name}, another process, p99 ms", percentile(foreign), MAX_FOREIGN_EVENT_MS, "{:.0f}"
        ),
    ]


def percentile(values: Sequence[float], share: float = 0.99) -> float:
    """Return the value that a share of the values doesn't exceed."""
    found = sorted(values)
    return found[min(round(share * len(found)), len(found) - 1)]


def _change(home: Path, why: str | None) -> None:
    """Change a row that an event shows, as another process does."""
    with closing(sqlite3.connect(home / "store.db", timeout=10)) as connection, connection:
        connection.execute("UPDATE upstreams SET paused_why = ?", (why,))


async def _waiting(folder: Path, up: Upstream, picture: Path, count: int) -> list[Line]:
    """Measure the memory of each open stream and of each waiting call, in a server of its own."""
    env = environment(folder, up.url, STABILITY_PREVIEW="none", STABILITY_OUTPUT_DIR="none")
    held = []
    for hold in (_streams, _calls):
        async with serving(env) as server:
            up.set(picture)
            await hold(server, FEW)  # imports what is needed
            up.set(picture, latency=HOLD_SECONDS)
            before = server.resident()
            held.append((await hold(server, count) - before) * 1e6 / 1024 / count)
    up.set(picture)
    streams, calls = held
    name = f"{count} at once, KiB each"
    return [
        at_most(f"memory of a stream, {name}", streams, MAX_CLIENT_KIB, "{:.0f}"),
        at_most(f"memory of a waiting call, {name}", calls, MAX_CLIENT_KIB, "{:.0f}"),
    ]


async def _streams(server: HttpServer, count: int) -> float:
    """Open streams, and return the memory of the server before they are closed."""
    streams = [await server.stream() for _ in range(count)]
    held = server.resident()
    for each in streams:
        each.close()
    return held


async def _calls(server: HttpServer, count: int) -> float:
    """Make calls at once, and return the memory of the server while they wait."""
    clients = await server.connections(count)
    calls = [
        asyncio.create_task(each.run(CORE, prompt=f"waiting, {number} of {count}"))
        for number, each in enumerate(clients)
    ]
    await asyncio.sleep(HOLD_SECONDS * 0.75)
    held = server.resident()
    await asyncio.gather(*calls)
    for each in clients:
        each.close()
    return held


async def _upload(server: HttpServer, folder: Path, size: int) -> Line:
    """Measure memory while a large sound is stored; a small one loads the code before."""
    [client] = await server.connections(1)
    for each in (1_000_000, size):
        body = await asyncio.to_thread(
            files.sound(folder / f"{each}.wav", each, rate=44_100, width=2).read_bytes
        )
        before = server.resident()
        async with peak_of(server.pid) as peak:
            await client.request("POST", "/media", body, kind="audio/wav")
            most = peak()
    client.close()
    name = f"upload of {size / 1e6:.0f} MB, MB more at most"
    return at_most(name, most - before, MAX_UPLOAD_MB, "{:.1f}")


async def _requests(server: HttpServer, count: int) -> Line:
    """Measure what memory many requests leave behind, after a tenth of them."""
    clients = await server.connections(CONNECTIONS)

    async def ask(client: Connection, times: int) -> None:
        for number in range(times):
            await client.request("GET", "/media?limit=1" if number % 10 == 0 else "/health")

    async def ask_all(times: int) -> None:
        await asyncio.gather(*(ask(each, times // CONNECTIONS) for each in clients))

    await ask_all(count // 10)
    before = server.resident()
    await ask_all(count)
    growth = server.resident() - before
    for each in clients:
        each.close()
    return at_most(f"memory after {count:,} requests, MB more", growth, MAX_GROWTH_MB)
