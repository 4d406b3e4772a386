"""Workflows: planning a large one, and what a step costs in addition to its call."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.table import Line, at_most

from stability_mcp.settings import Settings
from stability_mcp.studio import Studio, open_studio
from stability_mcp.studio.workflow.plan_report import PlanWish
from stability_mcp.studio.workflow.run_start import RunOptions
from stability_mcp.workflows.diagram import mermaid
from stability_mcp.workflows.plan_check import check_plan
from stability_mcp.workflows.plan_notation import read_plan
from stability_mcp.workflows.waste import waste

STEPS = 200
MAX_PLANNING_MS = 50.0
MAX_STEP_MS = 15.0
MAX_WAIT_SECONDS = 60.0


async def workflows(folder: Path, url: str, *, rounds: int, items: int) -> list[Line]:
    """Return the lines of workflows; the upstream answers at once.

    Args:
        folder: An empty folder.
        url: Base URL of the upstream.
        rounds: Repetitions, of which the median counts.
        items: Paid items of the run that is compared with as many calls.
    """
    planning = median([planned() for _ in range(max(rounds, 2))])
    settings = Settings.model_validate(
        {
            "home": folder / "home",
            "output_dir": folder / "files",
            "api_key": "sk-bench-not-a-key",
            "base_url": url,
            "budget": "none",
            "preview": "none",
        }
    )
    async with open_studio(settings) as studio:
        await _run(studio, 2)  # imports the driver
        costs = [await _overhead(studio, items) for _ in range(rounds)]
    return [
        at_most(f"planning {STEPS} steps, ms", planning, MAX_PLANNING_MS, "{:.0f}"),
        at_most(f"workflow step above its call, {items} at once, ms", median(costs), MAX_STEP_MS),
    ]


def planned() -> float:
    """Return the milliseconds for reading, checking and drawing a plan of 200 steps."""
    plan = {"steps": [_step(number) for number in range(STEPS)]}
    began = time.perf_counter()
    read = read_plan(plan)
    assert read.plan is not None  # noqa: S101 -- it has no problems
    checked = check_plan(read.plan, {})
    waste(checked)
    mermaid(checked)
    return (time.perf_counter() - began) * 1000


def _step(number: int) -> dict[str, Any]:
    """Return one of the steps: pictures, edits and local changes in turn."""
    if number % 3 == 0:
        return {
            "id": f"s{number}",
            "tool": "generate_core",
            "arguments": {"prompt": f"number {number}"},
        }
    source = f"$s{number - 1}"
    if number % 3 == 1:
        return {
            "id": f"s{number}",
            "tool": "edit_remove_background",
            "arguments": {"image": source},
        }
    return {
        "id": f"s{number}",
        "tool": "image_transform",
        "arguments": {"image": source, "steps": [{"op": "resize", "width": 512}]},
    }


async def _overhead(studio: Studio, items: int) -> float:
    """Return the overhead of a run for each item, compared with a call, in milliseconds."""
    calls = await _timed(lambda: _calls(studio, items))
    run = await _timed(lambda: _run(studio, items))
    return (run - calls) / items * 1000


async def _timed(work: Callable[[], Awaitable[None]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


async def _calls(studio: Studio, items: int) -> None:
    prompts = [f"call {number} {time.time_ns()}" for number in range(items)]
    await asyncio.gather(
        *(studio.call("generate_core", {"prompt": each}, wait=MAX_WAIT_SECONDS) for each in prompts)
    )


async def _run(studio: Studio, items: int) -> None:
    prompts = [f"item {number} {time.time_ns()}" for number in range(items)]
    step = {
        "id": "draw",
        "tool": "generate_core",
        "foreach": prompts,
        "arguments": {"prompt": "$item"},
    }
    wish = PlanWish(plan={"steps": [step]})
    outcome = await studio.runs.start(wish, RunOptions(wait=MAX_WAIT_SECONDS, preview=False))
    assert outcome.state.row.state == "done", outcome.state.row.why  # noqa: S101 -- a measurement
