"""What a host pays before the first call: the handshake, the idle memory, the list of tools."""

import asyncio
import json
from pathlib import Path
from statistics import mean, median

from benchmarks.processes import BARE, OURS, Server, environment, now, running
from benchmarks.table import Line, at_most

from stability_mcp.api.operations import OPERATIONS

SETTLE_SECONDS = 1.0
"""Time for what a server does right after the handshake; idle is what it is then."""

MAX_LIST_BYTES, MAX_OPERATION_BYTES = 48_000, 1_400


async def initialize(folder: Path, *, starts: int) -> Line:
    """Compare the time from start to the answer of `initialize`, both servers in turns."""
    env = environment(folder, "http://127.0.0.1:9")
    took: dict[tuple[str, ...], list[float]] = {OURS: [], BARE: []}
    for number in range(starts + 1):
        for command, times in took.items():
            started = now()
            server = await Server.start(command, env)
            await server.initialize()
            if number:  # the first of each fills the file cache
                times.append(now() - started)
            await server.stop()
    ours, bare = median(took[OURS]), median(took[BARE])
    return at_most(
        "initialize on stdio, x the bare server", ours / bare, 1.15, note=f"{ours:.0f} ms"
    )


async def idle_memory(folder: Path) -> Line:
    """Compare the memory of both before the first call that costs anything."""
    env = environment(folder, "http://127.0.0.1:9")
    held = []
    for command in (OURS, BARE):
        async with running(command, env) as server:
            await server.request("tools/list")
            await asyncio.sleep(SETTLE_SECONDS)
            held.append(server.resident())
    ours, bare = held
    return at_most("memory idle, x the bare server", ours / bare, 1.35, note=f"{ours:.0f} MB")


async def tool_list(folder: Path) -> list[Line]:
    """Count what the default list costs the model: names, descriptions and input schemas."""
    async with running(OURS, environment(folder, "http://127.0.0.1:9")) as server:
        tools = (await server.request("tools/list"))["tools"]
    sizes = {
        tool["name"]: len(
            json.dumps(
                {key: tool[key] for key in ("name", "description", "inputSchema")},
                separators=(",", ":"),
                ensure_ascii=False,
            ).encode()
        )
        for tool in tools
    }
    operations = [size for name, size in sizes.items() if name in OPERATIONS]
    count = f"{len(sizes)} tools; goal 40,000"
    return [
        at_most(
            "tools/list, default, bytes", sum(sizes.values()), MAX_LIST_BYTES, "{:,.0f}", count
        ),
        at_most(
            "mean operation, bytes", mean(operations), MAX_OPERATION_BYTES, "{:,.0f}", "goal 1,200"
        ),
    ]
