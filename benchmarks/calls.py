"""What a paid call costs beside the API's own time, and what a hundred of them do."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks import files
from benchmarks.processes import BARE, OURS, Server, Upstream, environment, in_turns, now, running
from benchmarks.slow_disk import DELAY_MILLISECONDS, WHY_NOT_SLOW, slow_disk
from benchmarks.table import Line, at_most, skipped

MAX_SMALL_MB = 1
READY_SECONDS = 11.0
"""After the poll at 10 s, so that the next is nearly a whole pause later."""
GROWTH_SHARE = 1.05
"""More than that from the first hundred calls to the second is called growth."""

MAX_REQUESTS, WINDOW_SECONDS = 150, 10.0
RATE_CALLS = 600


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """Calls that are made together."""

    calls: int
    latency: float
    """Seconds that the API takes for each."""
    rounds: int


async def overhead(
    folder: Path, up: Upstream, pictures: Sequence[Path], *, calls: int
) -> list[Line]:
    """Compare single calls on an upstream that answers at once, both servers in turns."""
    env = environment(folder, up.url, STABILITY_PREVIEW="none")
    lines = []
    async with running(OURS, env) as one, running(BARE, env) as other:
        for picture in pictures:
            up.set(picture)
            ask = partial(_one_call, picture.stem)
            ours, bare = await in_turns((one, other), calls, ask)
            lines += _overhead_lines(files.megabytes(picture), ours, bare)
    return lines


async def _one_call(what: str, server: Server, number: int) -> None:
    await server.call("generate_core", prompt=f"a {what}, number {number}")


def _overhead_lines(size: float, ours: float, bare: float) -> list[Line]:
    name = f"call of {size * 1000:,.0f} KB, preview apart"
    small = size < MAX_SMALL_MB
    return [
        at_most(
            f"{name}, x the bare server",
            ours / bare,
            2.0 if small else 1.4,
            note=f"{ours:.1f} ms, {bare:.1f} ms",
        ),
        at_most(f"{name}, ms above the bare server", ours - bare, 8 if small else 20, "{:.1f}"),
    ]


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
    (first, second), bare = held[OURS], held[BARE][0]
    return [
        at_most(
            f"memory after {calls} calls with previews, x the bare server",
            first / bare,
            1.25,
            note=f"{first:.0f} MB, {bare:.0f} MB",
        ),
        at_most("memory after twice as many, x", second / first, GROWTH_SHARE),
    ]


async def at_once(folder: Path, up: Upstream, picture: Path, crowd: Crowd) -> list[Line]:
    """Compare the wall time of many calls that are made together, both servers in turns.

    Each round has a store of its own, so that the rate limit of the last does not hold it up.
    """
    name = f"{crowd.calls} calls at once, latency {crowd.latency:g} s"
    usual, busiest = await _walls(folder / "usual", up, picture, crowd)
    lines = [
        _at_once_line(name, usual, 1.25),
        at_most("most requests in any 10 s", busiest, MAX_REQUESTS, "{:.0f}"),
    ]
    if crowd.rounds == 1:
        return lines  # a look at whether it runs at all
    name += f", every fsync {DELAY_MILLISECONDS} ms slower"
    shim = slow_disk(folder)
    if shim is None:
        return [*lines, skipped(f"{name}, x the bare server", WHY_NOT_SLOW, "1.50")]
    slow, _ = await _walls(folder / "slow", up, picture, crowd, LD_PRELOAD=str(shim))
    return [*lines, _at_once_line(name, slow, 1.5)]


def _at_once_line(name: str, walls: tuple[float, float], limit: float) -> Line:
    ours, bare = walls
    note = f"{ours / 1000:.2f} s, {bare / 1000:.2f} s"
    return at_most(f"{name}, x the bare server", ours / bare, limit, note=note)


async def _walls(
    folder: Path, up: Upstream, picture: Path, crowd: Crowd, **more: str
) -> tuple[tuple[float, float], int]:
    """Return the median wall time of both servers, and the most requests of ours in 10 s."""
    walls: dict[tuple[str, ...], list[float]] = {OURS: [], BARE: []}
    busiest = 0
    for number in range(crowd.rounds):
        for command, times in walls.items():
            place = folder / f"{number}-{len(times)}-{command[-1]}"
            env = environment(place, up.url, STABILITY_PREVIEW="none", **more)
            async with running(command, env) as server:
                up.set(picture)
                await server.call("generate_core", prompt="the first")
                up.set(picture, latency=crowd.latency)
                started = now()
                await _together(server, crowd.calls)
                times.append(now() - started)
                if command is OURS:
                    busiest = max(busiest, int(up.counted()["busiest"]))
    return (median(walls[OURS]), median(walls[BARE])), busiest


async def deferred(folder: Path, up: Upstream, picture: Path) -> Line:
    """Time how long after a generation is ready its result is stored: a poll is every 10 s."""
    source = files.picture(folder / "source.png", 256, noise=0)
    up.set(picture, deferred=READY_SECONDS)
    env = environment(folder, up.url, STABILITY_PREVIEW="none", STABILITY_WAIT="300")
    async with running(OURS, env) as server:
        await server.call(
            "upscale_creative", prompt="a harbour", image=str(source), confirm_spend=60
        )
        stored = time.monotonic()
    ready = min(up.counted()["arrivals"]) + READY_SECONDS
    return at_most("deferred result, seconds from ready to stored", stored - ready, 11, "{:.1f}")


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
            measured=f"{used:.1%} ({wall:.1f} s)",
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
