"""What a warm paid call does inside the server: its counts, and where its time goes.

`python -m benchmarks.inside` runs the server and a client in one process, which is watched by
`counters` and `stages`, and prints what was found as JSON; what to do is JSON, too, on stdin.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from benchmarks.calls import Crowd
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
    folder: Path, up: Upstream, picture: Path, *, calls: int, crowd: Crowd
) -> tuple[list[Line], str]:
    """Return the lines of the counts, and the table of stages."""
    asked = Asked(
        url=up.url,
        folder=str(folder),
        picture=str(picture),
        calls=calls,
        crowd=crowd.calls,
        latency=crowd.latency,
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.inside"),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    told, failed = await process.communicate(json.dumps(asdict(asked)).encode())
    if process.returncode:
        raise ServerError(failed.decode()[-2000:])
    found = json.loads(told)
    lines = [
        at_most(f"warm paid call, {each.name}", found["counts"][each.name], limit, "{:.0f}")
        for each in fields(Counts)
        for limit in [getattr(MAX_COUNTS, each.name)]
    ]
    name = f"{crowd.calls} calls at once, commits"
    return [*lines, at_most(name, found["commits"], MAX_COMMITS, "{:.0f}")], _table(found["stages"])


def _table(found: Mapping[str, float]) -> str:
    whole = found[WHOLE]
    rows = [(name, f"{ms:.2f}", f"{ms / whole:.0%}") for name, ms in found.items()]
    return columns([("a warm paid call, server and client in one process", "ms", "share"), *rows])


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the process is to do."""

    url: str
    folder: str
    picture: str
    calls: int
    """One after the other."""
    crowd: int
    """At once."""
    latency: float
    """Seconds that the API takes for each of these."""


async def measure(asked: Asked) -> dict[str, Any]:
    """Run the servers and return what was found."""
    folder, picture, up = Path(asked.folder), Path(asked.picture), Upstream(asked.url)

    def settings(name: str, **more: str) -> Settings:
        chosen = {
            "home": folder / name,
            "output_dir": folder / f"{name}-files",
            "roots": (folder,),
            "api_key": "sk-bench-not-a-key",
            "base_url": asked.url,
            "budget": "none",
            **more,
        }
        return Settings.model_validate(chosen)

    up.set(picture)
    found: dict[str, Any] = {
        "stages": await stages(settings("stages"), calls=asked.calls),
        "counts": asdict((await warm_call(settings("counts"), calls=min(asked.calls, 9))).counts),
    }
    up.set(picture, latency=asked.latency)
    commits = await commits_at_once(settings("at-once", preview="none"), calls=asked.crowd)
    return found | {"commits": commits}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(Asked(**json.load(sys.stdin))))))
