"""`python -m benchmarks`: the budgets, measured against a bare server in the same run.

Every figure is a ratio or a difference within one run, so that a slow machine does not matter, and
a busy one little. Exits with 1 where a budget is missed.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import calls, lists, media, start
from benchmarks.files import picture
from benchmarks.processes import Upstream, upstream
from benchmarks.table import Line, rendered


async def measure(folder: Path, up: Upstream, *, quick: bool, slow: bool) -> list[Line]:
    """Return every line, in the order of the design's table."""
    small = picture(folder / "drawing.png", 512, noise=0)
    large = picture(folder / "photograph.png", 1536, noise=20)

    def room(name: str) -> Path:
        made = folder / name
        made.mkdir()
        return made

    lines = [
        await start.initialize(room("initialize"), starts=2 if quick else 9),
        await start.idle_memory(room("idle")),
        *await start.tool_list(room("tools")),
    ]
    for name, file in (("small", small), ("large", large)):
        lines.append(await calls.overhead(room(name), up, file, calls=3 if quick else 40))
    lines += await calls.memory(room("memory"), up, small, calls=5 if quick else 100)
    lines += await calls.at_once(room("at-once"), up, small, latency=0.2 if quick else 1)
    if slow:
        lines += await calls.rate(room("rate"), up, small)
    lines += await media.previews(room("previews"), rounds=2 if quick else 20)
    lines += await media.large_preview(room("large-preview"), up)
    sent, back = (4_000_000, 2_000_000) if quick else (49_900_000, 20_000_000)
    lines.append(await media.large_sound(room("large-sound"), up, sent=sent, back=back))
    lines += await lists.lists(room("lists"), rows=1_000 if quick else 100_000)
    return lines


async def run(*, quick: bool, slow: bool) -> list[Line]:
    """Measure in a temporary folder."""
    with TemporaryDirectory(prefix="stability-bench-") as folder:
        async with upstream() as up:
            return await measure(Path(folder), up, quick=quick, slow=slow)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--quick", action="store_true", help="few rounds: does it run at all")
    parser.add_argument("--slow", action="store_true", help="also 600 calls at the API's rate")
    chosen = parser.parse_args(arguments)
    started = time.monotonic()
    lines = asyncio.run(run(quick=chosen.quick, slow=chosen.slow))
    print(rendered(lines))
    missed = [line.name for line in lines if not line.holds]
    print(f"\n{len(lines) - len(missed)} of {len(lines)} hold; {time.monotonic() - started:.0f} s")
    return 1 if missed and not chosen.quick else 0


if __name__ == "__main__":
    sys.exit(main())
