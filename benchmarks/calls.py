"""What a paid call costs beside the API's own time, and what a hundred of them do."""

import asyncio
from pathlib import Path
from statistics import median

from benchmarks.files import megabytes
from benchmarks.processes import BARE, OURS, Server, Upstream, environment, now, running
from benchmarks.table import Line, at_most

MANY = 100
GROWTH_SHARE = 1.05
"""More than that from the first hundred calls to the second is called growth."""

MAX_REQUESTS, WINDOW_SECONDS = 150, 10.0
RATE_CALLS = 600


async def overhead(folder: Path, up: Upstream, picture: Path, *, calls: int) -> Line:
    """Compare single calls on an upstream that answers at once, both servers in turns."""
    up.set(picture)
    size = megabytes(picture)
    took: list[list[float]] = [[], []]
    env = environment(folder, up.url, STABILITY_PREVIEW="none")
    async with running(OURS, env) as ours, running(BARE, env) as bare:
        for number in range(calls + 3):
            for server, times in zip((ours, bare), took, strict=True):
                started = now()
                await server.call("generate_core", prompt=f"a lighthouse, number {number}")
                if number > 2:  # noqa: PLR2004 -- the first calls import and connect
                    times.append(now() - started)
    more = median(took[0]) - median(took[1])
    return at_most(
        f"call of {size * 1000:,.0f} KB, preview apart, ms above the bare server",
        more,
        6 + 5 * size,
        "{:.1f}",
        f"{median(took[0]):.1f} ms",
    )


async def memory(folder: Path, up: Upstream, picture: Path, *, calls: int) -> list[Line]:
    """Compare the memory of both after many calls, and watch it over as many again."""
    up.set(picture)
    env = environment(folder, up.url)
    held: dict[tuple[str, ...], list[float]] = {}
    for command in (OURS, BARE):
        async with running(command, env) as server:
            rounds = held[command] = []
            for _ in range(2):
                for number in range(calls):
                    await server.call("generate_core", prompt=f"a harbour, number {number}")
                rounds.append(server.resident())
    first, second = held[OURS]
    return [
        at_most(
            f"memory after {calls} calls, x the bare server",
            first / held[BARE][0],
            1.8,
            note=f"{first:.0f} MB",
        ),
        at_most("memory after twice as many, x", second / first, GROWTH_SHARE),
    ]


async def at_once(folder: Path, up: Upstream, picture: Path, *, latency: float) -> list[Line]:
    """Compare the wall time of many calls that are made together."""
    walls: list[float] = []
    busiest = 0
    for command in (OURS, BARE):
        env = environment(folder / str(len(walls)), up.url, STABILITY_PREVIEW="none")
        async with running(command, env) as server:
            up.set(picture)
            await server.call("generate_core", prompt="the first")
            up.set(picture, latency=latency)
            started = now()
            await _together(server, MANY)
            walls.append(now() - started)
            if command is OURS:
                busiest = int(up.counted()["busiest"])
    ours, bare = walls
    return [
        at_most(
            f"{MANY} calls at once, latency {latency:g} s, x the bare server",
            ours / bare,
            1.25,
            note=f"{ours / 1000:.2f} s",
        ),
        at_most("most requests in any 10 s", busiest, MAX_REQUESTS, "{:.0f}"),
    ]


async def rate(folder: Path, up: Upstream, picture: Path) -> list[Line]:
    """Make more calls than the API lets through, over two servers, and see what of it is used.

    From the first arrival at the API to the last: what a call costs before and after is told by
    other lines.
    """
    up.set(picture, latency=0.2, lock=60)
    env = environment(folder, up.url, STABILITY_PREVIEW="none", STABILITY_WAIT="300")
    async with running(OURS, env) as one, running(OURS, env) as other:
        half = RATE_CALLS // 2
        await asyncio.gather(_together(one, half), _together(other, half, "harbour"))
        told = up.counted()
    wall = max(told["arrivals"]) - min(told["arrivals"])
    used = (RATE_CALLS / MAX_REQUESTS - 1) * WINDOW_SECONDS / wall
    name = f"{RATE_CALLS} calls over 2 servers"
    return [
        Line(
            name=f"{name}, share of the API's rate used",
            measured=f"{used:.0%} ({wall:.1f} s)",
            limit="at least 90%",
            holds=used >= 0.9,  # noqa: PLR2004 -- the limit beside it
        ),
        at_most(f"{name}, most requests in any 10 s", int(told["busiest"]), MAX_REQUESTS, "{:.0f}"),
        at_most(f"{name}, refused for being too many", int(told["refused"]), 0, "{:.0f}"),
    ]


async def _together(server: Server, count: int, what: str = "street") -> None:
    await asyncio.gather(
        *(server.call("generate_core", prompt=f"a {what}, number {n}") for n in range(count))
    )
