"""`python -m benchmarks`: performance limits, measured against a bare server in the same run.

Most figures are ratios or differences within one run, so a slow machine does not matter and a busy
one matters little. Exits with 1 if a limit is exceeded.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import calls, free, inside, lists, media, rest, start, workflows
from benchmarks.calls import Crowd
from benchmarks.files import picture
from benchmarks.media import LocalMedia
from benchmarks.processes import Upstream, upstream
from benchmarks.rest import RestEffort
from benchmarks.table import Line, rendered


@dataclass(frozen=True, kw_only=True)
class Effort:
    """The size of a run."""

    calls: int
    starts: int
    crowd: Crowd
    rows: int
    idle_seconds: float
    sound: tuple[int, int]
    local: LocalMedia
    rest: RestEffort
    quick: bool = False
    """Whether to skip what takes long at any size."""


FULL = Effort(
    calls=40,
    starts=9,
    crowd=Crowd(calls=100, latency=1, rounds=3),
    rows=100_000,
    idle_seconds=20,
    sound=(49_900_000, 20_000_000),
    local=LocalMedia(4_000, 3_000, seconds=60, triangles=20_000),
    rest=RestEffort(
        calls=15,
        changes=30,
        foreign_changes=10,
        waiting=50,
        hold=2,
        upload=99_000_000,
        requests=10_000,
    ),
)
QUICK = Effort(
    calls=3,
    starts=1,
    crowd=Crowd(calls=20, latency=0.1, rounds=1),
    rows=1_000,
    idle_seconds=0.5,
    sound=(4_000_000, 2_000_000),
    local=LocalMedia(1_200, 900, seconds=10, triangles=2_000),
    rest=RestEffort(
        calls=1, changes=2, foreign_changes=1, waiting=0, hold=0, upload=4_000_000, requests=200
    ),
    quick=True,
)


async def measure(folder: Path, up: Upstream, effort: Effort) -> tuple[list[Line], str]:
    """Return the table's lines, and the stages of a call."""
    small = picture(folder / "drawing.png", 512, noise=0)
    large = picture(folder / "photograph.png", 1536, noise=20)
    quick, starts = effort.quick, effort.starts

    def subfolder(name: str) -> Path:
        path = folder / name
        path.mkdir()
        return path

    lines, stages = await inside.inside(
        subfolder("inside"), up, small, calls=effort.calls, crowd=effort.crowd
    )
    lines += await calls.overhead(subfolder("calls"), up, (small, large), calls=effort.calls)
    lines += await calls.at_once(subfolder("at-once"), up, small, effort.crowd)
    up.set(small)
    lines += await free.free_calls(
        subfolder("free"), up.url, blocks=1 if quick else 9, idle_seconds=effort.idle_seconds
    )
    lines += [
        await free.first_free_call(subfolder("first-free"), starts=starts),
        *await free.tool_list(subfolder("list"), rounds=effort.calls),
        *await start.first_paid_call(subfolder("first-paid"), up, small, starts=starts),
        *await calls.memory(subfolder("memory"), up, small, calls=5 if quick else 100),
        await free.opened_files(subfolder("opened"), up.url),
        await start.initialize(subfolder("initialize"), starts=starts),
        await start.idle_memory(subfolder("idle")),
        *await media.previews(subfolder("previews"), rounds=2 if quick else 20),
        *await media.local_tools(subfolder("local-tools"), effort.local, rounds=1 if quick else 5),
        *await media.large_preview(subfolder("large-preview"), up),
    ]
    upload, download = effort.sound
    lines.append(
        await media.large_sound(subfolder("large-sound"), up, upload=upload, download=download)
    )
    lines += await lists.lists(subfolder("lists"), rows=effort.rows)
    up.set(small)
    lines += await workflows.workflows(
        subfolder("workflows"), up.url, rounds=1 if quick else 5, items=5 if quick else 40
    )
    lines += await rest.rest(subfolder("rest"), up, (small, large), effort.rest)
    if not quick:
        lines.append(await calls.deferred(subfolder("deferred"), up, small))
        lines += await calls.rate(subfolder("rate"), up, small)
    return lines, stages


async def run(effort: Effort) -> tuple[list[Line], str]:
    """Run the benchmark in a temporary folder."""
    with TemporaryDirectory(prefix="stability-bench-") as folder:
        async with upstream() as up:
            return await measure(Path(folder), up, effort)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its results; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--quick", action="store_true", help="few rounds, to check that it works")
    options = parser.parse_args(arguments)
    started = time.monotonic()
    lines, stages = asyncio.run(run(QUICK if options.quick else FULL))
    print(f"{rendered(lines)}\n\n{stages}")
    exceeded = [line.name for line in lines if not line.holds]
    print(
        f"\n{len(lines) - len(exceeded)} of {len(lines)} hold; {time.monotonic() - started:.0f} s"
    )
    return 1 if exceeded and not options.quick else 0


if __name__ == "__main__":
    sys.exit(main())
