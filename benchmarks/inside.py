"""What a warm paid call does inside the server: its counts, and where its time goes.

`python -m benchmarks.inside <url> <folder> <calls> <calls at once>` runs the server and a client in
one process, which is watched by `counters` and `stages`, and prints what was found as JSON.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from benchmarks.counters import (
    MAX_COMMITS,
    MAX_COUNTS,
    Counts,
    commits_at_once,
    warm_call,
)
from benchmarks.processes import ROOT, ServerError, Upstream
from benchmarks.stages import WHOLE, stages
from benchmarks.table import Line, at_most, columns

from stability_mcp.settings import Settings


async def inside(
    folder: Path, up: Upstream, picture: Path, *, calls: int, crowd: int
) -> tuple[list[Line], str]:
    """Return the lines of the counts, and the table of stages."""
    up.set(picture)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.inside", up.url, str(folder), str(calls), str(crowd)),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    told, failed = await process.communicate()
    if process.returncode:
        raise ServerError(failed.decode()[-2000:])
    found = json.loads(told)
    lines = [
        at_most(f"warm paid call, {each.name}", found["counts"][each.name], limit, "{:.0f}")
        for each in fields(Counts)
        for limit in [getattr(MAX_COUNTS, each.name)]
    ]
    name = f"{crowd} calls at once, commits"
    return [*lines, at_most(name, found["commits"], MAX_COMMITS, "{:.0f}")], _table(found["stages"])


def _table(found: Mapping[str, float]) -> str:
    whole = found[WHOLE]
    rows = [(name, f"{ms:.2f}", f"{ms / whole:.0%}") for name, ms in found.items()]
    return columns([("a warm paid call, server and client in one process", "ms", "share"), *rows])


async def measure(url: str, folder: Path, calls: int, crowd: int) -> dict[str, Any]:
    """Run the servers and return what was found."""

    def settings(name: str, **more: str) -> Settings:
        chosen = {
            "home": folder / name,
            "output_dir": folder / f"{name}-files",
            "roots": (folder,),
            "api_key": "sk-bench-not-a-key",
            "base_url": url,
            "budget": "none",
            **more,
        }
        return Settings.model_validate(chosen)

    return {
        "stages": await stages(settings("stages"), calls=calls),
        "counts": asdict((await warm_call(settings("counts"), calls=min(calls, 9))).counts),
        "commits": await commits_at_once(settings("at-once", preview="none"), calls=crowd),
    }


if __name__ == "__main__":
    address, place, *numbers = sys.argv[1:]
    print(json.dumps(asyncio.run(measure(address, Path(place), *map(int, numbers)))))
