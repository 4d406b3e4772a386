"""A run continues in another process, whose server was only started."""

import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from support.jobs.upstream import counting_upstream
from support.server.abandoned import NEVER, kill, server, until
from support.server.host import ERAS, Era, text
from support.store.rows import change, rows
from support.workflows.runs import step

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL"),
]

PLAN = {
    "title": "Poster",
    "steps": [
        step("fox", prompt="a fox"),
        step("large", "upscale_creative", image="$fox", prompt="larger"),
        step("hat", "edit_search_and_replace", image="$large", prompt="hat", search_prompt="ear"),
        step("hen", prompt="a hen", review=True),
    ],
}


async def _call(client: Client, **arguments: Any) -> str:  # noqa: ANN401 -- of workflow_run
    return text(await client.call_tool("workflow_run", arguments))


@pytest.mark.parametrize("era", ERAS)
async def test_another_server_continues_the_run_of_a_killed_one(era: Era, tmp_path: Path) -> None:
    """*Promised*: nothing is sent twice; the run ends, and its review waits for the user."""
    home = tmp_path / "home"
    async with counting_upstream(pace=0) as upstream, AsyncExitStack() as stack:
        upstream.results_after = NEVER
        client = await stack.enter_async_context(server(tmp_path, era, upstream))
        started = await _call(client, plan=PLAN)
        run = "run-" + started.partition("run-")[2].split()[0]
        states = "SELECT state FROM jobs WHERE step = 'large'"
        await until(lambda: rows(home, states) == [("submitted",)])
        await until(lambda: rows(home, "SELECT count(*) FROM run_items") == [(3,)])
        async with server(tmp_path, era, upstream) as idle:
            await kill(tmp_path)
            change(home, "UPDATE jobs SET wake_at = 0")  # instead of 10 s between polls
            upstream.results_after = 0
            await until(lambda: rows(home, "SELECT state FROM runs") == [("review",)])
            waiting = await _call(idle, run=run)
            await _call(idle, run=run, pick=[1])
            done = text(await idle.call_tool("job_wait", {"jobs": [run], "seconds": 20}))

    assert '"Poster" waits for a pick: hen' in waiting
    assert "fox 1/1, large 1/1, hat 1/1, hen 1/1" in waiting
    assert '"Poster" done' in done
    assert rows(home, "SELECT state FROM runs") == [("done",)]
    assert upstream.posts == {"a fox": 1, "larger": 1, "hat": 1, "a hen": 1}
