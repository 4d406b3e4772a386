"""The cost of free calls and of `tools/list`, against a bare server with the same content."""

import asyncio
import json
import sys
from pathlib import Path
from statistics import mean, median

from benchmarks.processes import BARE, OURS, Server, alternate, environment, now, running
from benchmarks.table import Line, at_most, skipped

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import ConfigurationError
from stability_mcp.server.catalog import enabled_tools

URL = "http://127.0.0.1:9"
TOPIC = "prompting"
SHOWN = ("name", "description", "inputSchema")
MAX_LIST_BYTES, MAX_BASIC_BYTES = 60 * 1024, 34_000
MAX_TOOL_BYTES, MAX_OPERATION_BYTES = 1_200, 1_400
SETTLE_SECONDS = 3.0
"""Time for background work after a call to finish."""
BLOCK = 20
"""Calls measured together, because the system counts CPU time in coarse steps."""

OPENED = """
import os, runpy, sys
log = os.open(sys.argv.pop(1), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def opened(event, values):
    if event == "open" and isinstance(values[0], (str, bytes)):
        os.write(log, os.fsencode(values[0]) + b"\\n")
sys.addaudithook(opened)
runpy.run_module("stability_mcp", run_name="__main__", alter_sys=True)
"""
"""A server that logs which files its Python code opens."""


async def free_calls(folder: Path, url: str, *, blocks: int, idle_seconds: float) -> list[Line]:
    """Compare the CPU time of a free call that returns a page of text, alternating between servers.

    Both have generated a picture before, so our store is open. The second line is its idle CPU use.
    """
    page = folder / "page.txt"
    env = environment(folder, url, BENCH_PAGE=str(page))
    used: list[list[float]] = [[], []]
    async with running(OURS, env) as ours, running(BARE, env) as bare:
        for server in (ours, bare):
            await server.call("generate_core", prompt="a lighthouse")
        page.write_text(await _guide(ours), encoding="utf-8")
        for number in range(blocks + 1):
            for server, times in zip((ours, bare), used, strict=True):
                before = server.cpu_ms()
                for _ in range(BLOCK):
                    await _guide(server)
                if number:
                    times.append((server.cpu_ms() - before) / BLOCK)
        idle = await _idle_share(ours, idle_seconds)
    one, other = (median(times) for times in used)
    return [
        at_most(
            "free call with a page of text, CPU x the bare server",
            one / other,
            1.5,
            note=f"{one:.2f} ms, {other:.2f} ms",
        ),
        at_most("idle with an open store, % of a core", idle * 100, 0.5),
    ]


async def _idle_share(server: Server, seconds: float) -> float:
    await asyncio.sleep(min(seconds, SETTLE_SECONDS))
    started, before = now(), server.cpu_ms()
    while now() - started < seconds * 1000:
        await asyncio.sleep(min(seconds, 1))
        server.cpu_ms()  # a thread's CPU time is lost when it ends
    return (server.cpu_ms() - before) / (now() - started)


async def first_free_call(folder: Path, *, starts: int) -> Line:
    """Measure the first free call right after the handshake."""
    env = environment(folder, URL)
    took = []
    for _ in range(starts):
        async with running(OURS, env) as server:
            started = now()
            await _guide(server)
            took.append(now() - started)
    return at_most("first free call, ms", median(took), 150, "{:.0f}")


async def opened_files(folder: Path, url: str, *, calls: int = 5) -> Line:
    """Count the files that our code opens in a repeated free call, with an open store."""
    log = folder / "opened"
    command = (sys.executable, "-c", OPENED, str(log))
    async with running(command, environment(folder, url)) as server:
        await server.call("generate_core", prompt="a lighthouse")
        counts = []
        for _ in range(calls + 1):
            before = len(log.read_bytes().splitlines())
            await _guide(server)
            counts.append(len(log.read_bytes().splitlines()) - before)
    first, *later = counts
    name = "files opened by `guide` after the first call"
    return at_most(name, median(later), 0, "{:.0f}", note=f"first {first}")


async def tool_list(folder: Path, *, rounds: int) -> list[Line]:
    """Compare `tools/list` with a bare server that has the same tools, and measure its size.

    The size is what the model reads: names, descriptions and input schemas.
    """
    offered = folder / "tools.json"
    env = environment(folder, URL)
    async with running(OURS, env) as ours:
        tools = (await ours.request("tools/list"))["tools"]
        offered.write_text(json.dumps(tools), encoding="utf-8")
        async with running(BARE, env | {"BENCH_TOOLS": str(offered)}) as bare:
            one, other = await alternate(
                (ours, bare), rounds, lambda server, _: server.request("tools/list")
            )
    sizes = {tool["name"]: _bytes_of(*(tool[key] for key in SHOWN)) for tool in tools}
    operations = [size for name, size in sizes.items() if name in OPERATIONS]
    return [
        at_most(
            "tools/list, x the bare server with the same tools",
            one / other,
            0.6,
            note=f"{one:.1f} ms, {other:.1f} ms",
        ),
        at_most(
            "tools/list, default, bytes",
            sum(sizes.values()),
            MAX_LIST_BYTES,
            "{:,.0f}",
            f"{len(sizes)} tools",
        ),
        _basic(),
        at_most("mean tool, bytes", mean(sizes.values()), MAX_TOOL_BYTES, "{:,.0f}"),
        at_most("mean operation, bytes", mean(operations), MAX_OPERATION_BYTES, "{:,.0f}"),
    ]


def _basic() -> Line:
    name = "tools/list, basic, bytes"
    try:
        tools = enabled_tools(("basic",))
    except ConfigurationError:
        return skipped(name, "the toolset does not exist", f"{MAX_BASIC_BYTES:,}")
    size = sum(_bytes_of(each.name, each.description, each.input_schema) for each in tools)
    return at_most(name, size, MAX_BASIC_BYTES, "{:,.0f}", f"{len(tools)} tools")


def _bytes_of(*values: object) -> int:
    shown = dict(zip(SHOWN, values, strict=True))
    return len(json.dumps(shown, separators=(",", ":"), ensure_ascii=False).encode())


async def _guide(server: Server) -> str:
    return await server.call("guide", topic=TOPIC)
