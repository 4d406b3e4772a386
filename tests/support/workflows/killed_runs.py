"""Kill table for the writes of runs: a process that drives one, and is killed inside a write.

The next process does the same again like a user who pauses, picks, raises the budget, pays again
for what never arrived, and makes the finished run again.
"""

import signal
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio

from stability_mcp.errors import StudioError
from stability_mcp.studio import Studio, open_studio
from stability_mcp.studio.workflow.plan_report import PlanWish
from stability_mcp.studio.workflow.workflow_runs import RedoWish
from stability_mcp.workflows.runs import run_driver
from stability_mcp.workflows.runs.run_state import RunState
from support.jobs.worker_process import end_at
from support.workflows.run_process import LOOK, TIMING, pay_again, settings_of

CORE, REPLACE = 3, 5
"""Credits of the two operations."""
PLAN: dict[str, Any] = {
    "title": "killed",
    "budget": 2 * CORE + REPLACE,
    "steps": [
        {
            "id": "draft",
            "tool": "generate_core",
            "foreach": ["draft", "draft"],
            "arguments": {"prompt": "$item"},
            "review": True,
        },
        {
            "id": "red",
            "tool": "edit_search_and_replace",
            "foreach": "$draft",
            "arguments": {"image": "$item", "prompt": "red", "search_prompt": "hat"},
        },
        {
            "id": "small",
            "tool": "image_transform",
            "foreach": "$red",
            "arguments": {"image": "$item", "steps": [{"op": "resize", "width": 32}]},
        },
        {
            "id": "bad",
            "tool": "image_transform",
            "arguments": {"image": "$red.1", "steps": [{"op": "crop", "box": [90, 90, 95, 95]}]},
        },
        {
            "id": "worse",
            "tool": "image_transform",
            "arguments": {"image": "$bad", "steps": [{"op": "resize", "width": 16}]},
        },
    ],
}
"""A review, a budget for one of two picks, a failure and what depends on it."""
WHOLE = 2 * CORE + 2 * REPLACE
PAID = {"draft": 2, "red": 2}
"""Paid items, by prompt."""
DONE = {"draft": 2, "red": 2, "small": 2}
"""Items with a result, by step."""

WRITES = (
    *("start", "start_item", "settle", "settle_local", "skip", "fail_item", "set_state"),
    *("pause", "decide", "raise_budget", "deliver", "collected", "reuse"),
)
"""Killed in the first process."""
TAKING = "workflow.take_run"
"""Killed in the second one, which takes the run over."""
STOPPING = "workflow.stopped"
"""Killed while a mistake of the program is recorded."""


def run(home: str, url: str, place: str) -> None:
    """Drive the run, and be killed at a place; see `worker_process.end_at`."""
    if STOPPING in place:
        setattr(run_driver.RunDriver, "drive", _broken)  # noqa: B010 -- a mistake to record
    anyio.run(main, Path(home), url, place)


async def _broken(driver: run_driver.RunDriver) -> None:
    raise RuntimeError(driver)


async def main(home: Path, url: str, place: str = "") -> RunState:
    """Start or continue the run and make it again; return the second run."""
    observer = end_at(place, signal.SIGKILL) if place else None
    async with open_studio(settings_of(home, url), timing=TIMING, observer=observer) as studio:
        runs = await studio.runs.list(limit=5)
        first = min((each.row.seq, each.row.id) for each in runs)[1] if runs else None
        if first is None:
            plan = {**PLAN, "deliver": {"to": str(home.parent / "delivered")}}
            at_once = replace(LOOK, wait=0)
            first = (await studio.runs.start(PlanWish(plan=plan), at_once)).state.row.id
            with suppress(StudioError):  # on a slow machine it may wait for the pick already
                await studio.runs.pause(first, LOOK)
                await studio.runs.resume(first, None, LOOK)
        before = await _ended(studio, home, first)
        again = [each.row.id for each in runs if each.row.redo_of == first]
        if again:
            return await _ended(studio, home, again[0])
        wish = RedoWish(changes={"small": {"steps": [{"op": "resize", "width": 16}]}})
        made = await studio.runs.redo(before.row.id, wish, LOOK)
        return await _ended(studio, home, made.state.row.id)


async def _ended(studio: Studio, home: Path, run_id: str) -> RunState:
    """Act as the user of a run until it has ended."""
    while True:
        state = (await studio.runs.show(run_id, LOOK)).state
        if state.row.finished_at is not None:
            return state
        try:
            await _decide(studio, home, state)
        except StudioError:  # it continued meanwhile
            await anyio.sleep(0.05)


async def _decide(studio: Studio, home: Path, state: RunState) -> None:
    run_id = state.row.id
    if state.row.state == "review":
        await studio.runs.pick(run_id, [1, 2], LOOK)
    elif state.row.state == "paused" and state.unknown_jobs:
        await pay_again(studio, home, state)
    elif state.row.state == "paused":
        await studio.runs.resume(run_id, _more(state), LOOK)


def _more(state: RunState) -> float | None:
    """Return the budget that the user agrees to; None: it isn't the budget that is too low."""
    return WHOLE if state.row.max_credits < WHOLE * 1000 else None
