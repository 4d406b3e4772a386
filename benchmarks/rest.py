"""REST: its time above a tool call, from a change to its event, and memory."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
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


@dataclass(frozen=True, kw_only=True)
class RestEffort:
    """The size of the measurements of REST."""

    calls: int
    changes: int
    foreign_changes: int
    """Changes of another process; each takes up to half a second."""
    waiting: int
    """Streams or calls that are open at once; 0: their memory isn't measured, as that takes three
    servers."""
    hold: float
    """Latency of the upstream while they wait, in seconds."""
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
    if effort.waiting:
        lines += await _waiting(folder / "waiting", up, pictures[0], effort)
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


async def _waiting(folder: Path, up: Upstream, picture: Path, effort: RestEffort) -> list[Line]:
    """Measure the memory of each open stream and of each waiting call.

    Each is measured in a server of its own, because a process keeps memory that was freed. Most of
    what a call takes is its job and the connection to the upstream, which a tool call takes too.
    """
    env = environment(folder, up.url, STABILITY_PREVIEW="none", STABILITY_OUTPUT_DIR="none")
    count = effort.waiting
    async with serving(env) as server:
        streams = await _streams(server, count)
    async with serving(env) as server:

        async def ask(number: int) -> None:
            [client] = await server.connections(1)
            await client.run(CORE, prompt=f"waiting, number {number}")
            client.close()

        calls = await _held(ask, server.resident, up, picture, effort)
    async with running(OURS, env) as tool:

        async def call(number: int) -> None:
            await tool.call("generate_core", prompt=f"tool waiting, number {number}")

        tool_calls = await _held(call, tool.resident, up, picture, effort)
    up.set(picture)
    return [
        at_most(
            f"memory of a stream, {count} at once, KiB each", streams, MAX_CLIENT_KIB, "{:.0f}"
        ),
        at_most(
            f"memory of a waiting call, {count} at once, KiB above a tool call",
            calls - tool_calls,
            MAX_CLIENT_KIB,
            "{:.0f}",
            note=f"{calls:.0f} in all",
        ),
    ]


async def _streams(server: HttpServer, count: int) -> float:
    """Open streams, and return what each takes, in KiB."""
    opened = [await server.stream() for _ in range(FEW)]
    before = server.resident()
    opened += [await server.stream() for _ in range(count)]
    held = server.resident() - before
    for each in opened:
        each.close()
    return held * 1e6 / 1024 / count


async def _held(
    ask: Callable[[int], Awaitable[None]],
    resident: Callable[[], float],
    up: Upstream,
    picture: Path,
    effort: RestEffort,
) -> float:
    """Make calls that wait for the upstream at once, and return what each takes, in KiB."""
    up.set(picture)
    await asyncio.gather(*(ask(-number) for number in range(1, FEW + 1)))  # imports what is needed
    up.set(picture, latency=effort.hold)
    before = resident()
    calls = [asyncio.ensure_future(ask(number)) for number in range(effort.waiting)]
    await asyncio.sleep(effort.hold * 0.75)
    held = resident() - before
    await asyncio.gather(*calls)
    return held * 1e6 / 1024 / effort.waiting


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
