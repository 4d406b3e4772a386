"""A paid call inside a warm server: operation counts, and time by stage.

`python -m benchmarks.inside` runs server and client in one process, observed by `counters` and
`stages`. It reads a JSON task from stdin and prints the results as JSON.
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
    task = Task(
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
    output, errors = await process.communicate(json.dumps(asdict(task)).encode())
    if process.returncode:
        raise ServerError(errors.decode()[-2000:])
    found = json.loads(output)
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
class Task:
    """What the process should measure."""

    url: str
    folder: str
    picture: str
    calls: int
    """Sequential calls."""
    crowd: int
    """Concurrent calls."""
    latency: float
    """Seconds that the API takes for each concurrent call."""


async def measure(task: Task) -> dict[str, Any]:
    """Run the measurements and return their results."""
    folder, picture, up = Path(task.folder), Path(task.picture), Upstream(task.url)

    def settings(name: str, **more: str) -> Settings:
        chosen = {
            "home": folder / name,
            "output_dir": folder / f"{name}-files",
            "roots": (folder,),
            "api_key": "sk-bench-not-a-key",
            "base_url": task.url,
            "budget": "none",
            **more,
        }
        return Settings.model_validate(chosen)

    up.set(picture)
    found: dict[str, Any] = {
        "stages": await stages(settings("stages"), calls=task.calls),
        "counts": asdict((await warm_call(settings("counts"), calls=min(task.calls, 9))).counts),
    }
    up.set(picture, latency=task.latency)
    commits = await commits_at_once(settings("at-once", preview="none"), calls=task.crowd)
    return found | {"commits": commits}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(Task(**json.load(sys.stdin))))))
