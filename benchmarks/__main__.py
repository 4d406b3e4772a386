"""`python -m benchmarks`: the budgets, measured against a bare server in the same run.

Every figure is a ratio or a difference within one run, so that a slow machine does not matter, and
a busy one little. Exits with 1 where a budget is missed.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import calls, free, inside, lists, media, start
from benchmarks.calls import Crowd
from benchmarks.files import picture
from benchmarks.processes import Upstream, upstream
from benchmarks.table import Line, rendered


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much is measured."""

    calls: int
    starts: int
    crowd: Crowd
    rows: int
    idle_seconds: float
    sound: tuple[int, int]
    quick: bool = False
    """Leave out what takes long however little of it is done."""


FULL = Effort(
    calls=40,
    starts=9,
    crowd=Crowd(calls=100, latency=1, rounds=3),
    rows=100_000,
    idle_seconds=20,
    sound=(49_900_000, 20_000_000),
)
QUICK = Effort(
    calls=3,
    starts=1,
    crowd=Crowd(calls=20, latency=0.1, rounds=1),
    rows=1_000,
    idle_seconds=0.5,
    sound=(4_000_000, 2_000_000),
    quick=True,
)


async def measure(folder: Path, up: Upstream, effort: Effort) -> tuple[list[Line], str]:
    """Return every line in the order of the design's tables, and where a call's time goes."""
    small = picture(folder / "drawing.png", 512, noise=0)
    large = picture(folder / "photograph.png", 1536, noise=20)
    quick, starts = effort.quick, effort.starts

    def room(name: str) -> Path:
        made = folder / name
        made.mkdir()
        return made

    lines, stages = await inside.inside(
        room("inside"), up, small, calls=effort.calls, crowd=effort.crowd
    )
    lines += await calls.overhead(room("calls"), up, (small, large), calls=effort.calls)
    lines += await calls.at_once(room("at-once"), up, small, effort.crowd)
    up.set(small)
    lines += await free.free_calls(
        room("free"), up.url, blocks=1 if quick else 9, idle_seconds=effort.idle_seconds
    )
    lines += [
        await free.first_free_call(room("first-free"), starts=starts),
        *await free.tool_list(room("list"), rounds=effort.calls),
        *await start.first_paid_call(room("first-paid"), up, small, starts=starts),
        *await calls.memory(room("memory"), up, small, calls=5 if quick else 100),
        await free.opened_files(room("opened"), up.url),
        await start.initialize(room("initialize"), starts=starts),
        await start.idle_memory(room("idle")),
        *await media.previews(room("previews"), rounds=2 if quick else 20),
        *await media.large_preview(room("large-preview"), up),
    ]
    sent, back = effort.sound
    lines.append(await media.large_sound(room("large-sound"), up, sent=sent, back=back))
    lines += await lists.lists(room("lists"), rows=effort.rows)
    if not quick:
        lines.append(await calls.deferred(room("deferred"), up, small))
        lines += await calls.rate(room("rate"), up, small)
    return lines, stages


async def run(effort: Effort) -> tuple[list[Line], str]:
    """Measure in a temporary folder."""
    with TemporaryDirectory(prefix="stability-bench-") as folder:
        async with upstream() as up:
            return await measure(Path(folder), up, effort)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--quick", action="store_true", help="few rounds: does it run at all")
    chosen = parser.parse_args(arguments)
    started = time.monotonic()
    lines, stages = asyncio.run(run(QUICK if chosen.quick else FULL))
    print(f"{rendered(lines)}\n\n{stages}")
    missed = [line.name for line in lines if not line.holds]
    print(f"\n{len(lines) - len(missed)} of {len(lines)} hold; {time.monotonic() - started:.0f} s")
    return 1 if missed and not chosen.quick else 0


if __name__ == "__main__":
    sys.exit(main())
