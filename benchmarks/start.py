"""The cost of a start: handshake, idle memory, first paid call."""

import asyncio
from pathlib import Path
from statistics import median

from benchmarks.processes import (
    BARE,
    OURS,
    Server,
    Upstream,
    environment,
    now,
    running,
)
from benchmarks.table import Line, at_most

SETTLE_SECONDS = 1.0
"""Time for the server's work right after the handshake, before it counts as idle."""

URL = "http://127.0.0.1:9"


async def initialize(folder: Path, *, starts: int) -> Line:
    """Compare the time from start to the response to `initialize`, alternating between servers."""
    env = environment(folder, URL)
    took: dict[tuple[str, ...], list[float]] = {OURS: [], BARE: []}
    for number in range(starts + 1):
        for command, times in took.items():
            started = now()
            server = await Server.start(command, env)
            await server.initialize()
            if number:  # the first start fills the file cache
                times.append(now() - started)
            await server.stop()
    ours, bare = median(took[OURS]), median(took[BARE])
    return at_most(
        "initialize on stdio, x the bare server", ours / bare, 1.15, note=f"{ours:.0f} ms"
    )


async def idle_memory(folder: Path) -> Line:
    """Compare memory before the first paid call."""
    env = environment(folder, URL)
    held = []
    for command in (OURS, BARE):
        async with running(command, env) as server:
            await server.request("tools/list")
            await asyncio.sleep(SETTLE_SECONDS)
            held.append(server.resident())
    ours, bare = held
    return at_most("memory idle, x the bare server", ours / bare, 1.15, note=f"{ours:.0f} MB")


async def first_paid_call(folder: Path, up: Upstream, picture: Path, *, starts: int) -> list[Line]:
    """Compare the first paid call with an empty store, alternating between servers."""
    up.set(picture)
    took: dict[tuple[str, ...], list[float]] = {OURS: [], BARE: []}
    for number in range(starts):
        for command, times in took.items():
            env = environment(folder / f"{number}-{command[-1]}", up.url)
            async with running(command, env) as server:
                started = now()
                await server.call("generate_core", prompt="a lighthouse")
                times.append(now() - started)
    ours, bare = median(took[OURS]), median(took[BARE])
    return [
        at_most("first paid call, ms", ours, 350, "{:.0f}"),
        at_most("first paid call, x the bare server", ours / bare, 5, note=f"{bare:.0f} ms"),
    ]
