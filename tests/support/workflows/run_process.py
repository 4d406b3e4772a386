"""A process that drives the run of a workflow, to be killed.

`run` is for `support.jobs.forks`. With no run in the store it starts `PLAN`; otherwise it continues
what another process left, and answers an unknown outcome like a user who pays again. It writes a
line of JSON about what it knows at its start, and another when the run has ended.
"""

import json
from pathlib import Path
from typing import Any

import anyio
from pydantic import SecretStr

from stability_mcp.jobs.models import Timing
from stability_mcp.settings import Settings
from stability_mcp.studio import Studio, open_studio
from stability_mcp.studio.workflow.plan_report import PlanWish
from stability_mcp.studio.workflow.run_start import RunOptions
from stability_mcp.workflows.runs.run_state import RunState

LINES = "lines.jsonl"
"""In the parent of the home: what the processes wrote."""
YESES = "yeses.txt"
"""In the parent of the home: the jobs that the user paid for again."""
TIMING = Timing(poll_seconds=0.1, retry_seconds=0.01, recovery_seconds=0.2)
LOOK = RunOptions(wait=0.2, preview=False)

FANNED = "fanned out"
PLAN: dict[str, Any] = {
    "title": FANNED,
    "steps": [
        {
            "id": "hero",
            "tool": "generate_core",
            "foreach": ["hero one", "hero two", "hero three"],
            "arguments": {"prompt": "{item}"},
        },
        {
            "id": "small",
            "tool": "image_transform",
            "foreach": "$hero",
            "arguments": {"image": "$item", "steps": [{"op": "resize", "width": 80}]},
        },
        *(
            {
                "id": name,
                "tool": "edit_search_and_replace",
                "foreach": "$hero",
                "arguments": {"image": "$item", "prompt": name, "search_prompt": "hat"},
            }
            for name in ("red", "blue")
        ),
        {
            "id": "sketch",
            "tool": "control_sketch",
            "foreach": "$small",
            "arguments": {"image": "$item", "prompt": "sketch"},
        },
        {
            "id": "larger",
            "tool": "upscale_conservative",
            "foreach": "$red",
            "arguments": {"image": "$item", "prompt": "larger"},
        },
        {
            "id": "sheet",
            "tool": "image_layout",
            "arguments": {"images": "$blue", "kind": "grid", "width": 256},
        },
        {
            "id": "song",
            "tool": "audio3_text_to_audio",
            "arguments": {"prompt": "song", "duration": 5},
        },
        {
            "id": "poster",
            "tool": "control_structure",
            "arguments": {"image": "$sheet", "prompt": "poster"},
        },
        {
            "id": "final",
            "tool": "edit_search_and_recolor",
            "foreach": "$sketch",
            "arguments": {"image": "$item", "prompt": "final", "select_prompt": "hat"},
        },
        {
            "id": "wall",
            "tool": "image_layout",
            "arguments": {"images": ["$final", "$poster"], "kind": "grid", "width": 256},
        },
        {
            "id": "last",
            "tool": "edit_outpaint",
            "arguments": {"image": "$wall", "prompt": "last", "left": 10},
        },
    ],
}
"""12 steps and 26 items, 21 of them paid; the prompt names the step to the upstream."""
PAID = {
    **dict.fromkeys(("hero one", "hero two", "hero three", "song", "poster", "last"), 1),
    **dict.fromkeys(("red", "blue", "sketch", "larger", "final"), 3),
}
"""Paid items by prompt."""
LOCAL = 5
"""Items of local steps."""


def _write(home: Path, **facts: object) -> None:
    with (home.parent / LINES).open("a") as file:
        file.write(f"\n{json.dumps(facts)}\n")  # a kill may have cut the line before it


def done_media(state: RunState) -> dict[str, str | None]:
    """Return the result of each finished item."""
    return {f"{row.step} {row.item}": row.media for row in state.rows if row.state == "done"}


def settings_of(home: Path, url: str) -> Settings:
    """Return the settings of a process."""
    return Settings(
        home=home,
        api_key=SecretStr("sk-test"),
        base_url=url,
        output_dir=home.parent / "out",
        roots=(home.parent,),
        metadata="off",
        budget=5_000,  # every kill may cost the price of several results again
    )


async def pay_again(studio: Studio, home: Path, state: RunState) -> None:
    """Act as a user who pays again for what never arrived, and write down for which jobs."""
    with (home.parent / YESES).open("a") as file:
        file.write("".join(f"{job.id}\n" for job in state.unknown_jobs))
    await studio.runs.answer_unknown(state.row.id, "pay_again", LOOK)


async def main(home: Path, url: str) -> None:
    """Start or continue the run."""
    async with open_studio(settings_of(home, url), timing=TIMING) as studio:
        runs = await studio.runs.list(limit=1)
        if runs:
            run_id = runs[0].row.id
        else:
            run_id = (await studio.runs.start(PlanWish(plan=PLAN), LOOK)).state.row.id
        _write(home, running=run_id, done=done_media(await studio.runs.read(run_id)))
        while True:
            outcome = await studio.runs.show(run_id, LOOK)
            state, row = outcome.state, outcome.state.row
            if row.state == "paused" and state.unknown_jobs:
                await pay_again(studio, home, state)
            elif row.state != "running":
                break
        _write(home, state=row.state, why=row.why, done=done_media(state))


def run(home: str, url: str) -> None:
    """Start or continue the run, in a forked process."""
    anyio.run(main, Path(home), url)
