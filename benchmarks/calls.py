"""The overhead of a paid call on top of the API's own time, for one call and for a hundred."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks import files
from benchmarks.processes import BARE, OURS, Server, Upstream, alternate, environment, now, running
from benchmarks.slow_disk import DELAY_MILLISECONDS, WHY_NOT_SLOW, slow_disk
from benchmarks.table import Line, at_most, skipped

MAX_SMALL_MB = 1
READY_SECONDS = 11.0
"""Just after the poll at 10 s, so that the next one is almost a full interval later."""
GROWTH_SHARE = 1.05
"""A larger ratio between the second and the first hundred calls counts as a leak."""

MAX_REQUESTS, WINDOW_SECONDS = 150, 10.0
RATE_CALLS = 600


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """Concurrent calls."""

    calls: int
    latency: float
    """Seconds that the API takes for each call."""
    rounds: int


async def overhead(
    folder: Path, up: Upstream, pictures: Sequence[Path], *, calls: int
) -> list[Line]:
    """Compare single calls with an upstream without latency, alternating between the servers."""
    env = environment(folder, up.url, STABILITY_PREVIEW="none")
    lines = []
    async with running(OURS, env) as one, running(BARE, env) as other:
        for picture in pictures:
            up.set(picture)
            ask = partial(_one_call, picture.stem)
            ours, bare = await alternate((one, other), calls, ask)
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
    """Compare memory after many calls, and check its growth over as many again."""
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
    """Compare the wall time of many concurrent calls, alternating between the servers.

    Each round has its own store, so that the previous round's rate limit does not delay it.
    """
    name = f"{crowd.calls} calls at once, latency {crowd.latency:g} s"
    usual, busiest = await _walls(folder / "usual", up, picture, crowd)
    lines = [
        _at_once_line(name, usual, 1.25),
        at_most("most requests in any 10 s", busiest, MAX_REQUESTS, "{:.0f}"),
    ]
    if crowd.rounds == 1:
        return lines  # only checks that it works
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
    """Return the median wall time of both servers, and our maximum requests in 10 s."""
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
                await _call_concurrently(server, crowd.calls)
                times.append(now() - started)
                if command is OURS:
                    busiest = max(busiest, int(up.counts()["busiest"]))
    return (median(walls[OURS]), median(walls[BARE])), busiest


async def deferred(folder: Path, up: Upstream, picture: Path) -> Line:
    """Measure how long after a generation is ready its result is stored; polls are 10 s apart."""
    source = files.picture(folder / "source.png", 256, noise=0)
    up.set(picture, deferred=READY_SECONDS)
    env = environment(folder, up.url, STABILITY_PREVIEW="none", STABILITY_WAIT="300")
    async with running(OURS, env) as server:
        await server.call(
            "upscale_creative", prompt="a harbour", image=str(source), confirm_spend=60
        )
        stored = time.monotonic()
    ready = min(up.counts()["arrivals"]) + READY_SECONDS
    return at_most("deferred result, seconds from ready to stored", stored - ready, 11, "{:.1f}")


async def rate(folder: Path, up: Upstream, picture: Path) -> list[Line]:
    """Exceed the API's rate limit with two servers, and measure how much of it they use.

    Measured from the first to the last arrival at the API; other lines cover a call's overhead.
    """
    up.set(picture, latency=0.2, lock=60)
    env = environment(folder, up.url, STABILITY_PREVIEW="none", STABILITY_WAIT="300")
    async with running(OURS, env) as one, running(OURS, env) as other:
        half = RATE_CALLS // 2
        await asyncio.gather(
            _call_concurrently(one, half), _call_concurrently(other, half, "harbour")
        )
        counts = up.counts()
    wall = max(counts["arrivals"]) - min(counts["arrivals"])
    used = (RATE_CALLS / MAX_REQUESTS - 1) * WINDOW_SECONDS / wall
    name = f"{RATE_CALLS} calls over 2 servers"
    return [
        Line(
            name=f"{name}, share of the API's rate used",
            measured=f"{used:.1%} ({wall:.1f} s)",
            limit="at least 90%",
            holds=used >= 0.9,  # noqa: PLR2004 -- the limit in the line above
        ),
        at_most(
            f"{name}, most requests in any 10 s", int(counts["busiest"]), MAX_REQUESTS, "{:.0f}"
        ),
        at_most(f"{name}, refused for being too many", int(counts["refused"]), 0, "{:.0f}"),
    ]


async def _call_concurrently(server: Server, count: int, what: str = "street") -> None:
    await asyncio.gather(
        *(server.call("generate_core", prompt=f"a {what}, number {n}") for n in range(count))
    )
