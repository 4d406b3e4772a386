"""A run continues in another process whose server nobody has called yet."""

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
    "title": "Spot",
    "steps": [
        step("song", "audio3_text_to_audio", prompt="rain", duration=10),
        step("louder", "audio3_audio_to_audio", audio="$song", prompt="storm"),
        step("fox", prompt="a fox", review=True),
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
        run = started.partition("run ")[2].split()[0]
        states = "SELECT state FROM jobs WHERE step = 'song'"
        await until(lambda: rows(home, states) == [("submitted",)])
        await until(lambda: rows(home, "SELECT count(*) FROM run_items") == [(2,)])
        async with server(tmp_path, era, upstream) as idle:
            await kill(tmp_path)
            change(home, "UPDATE jobs SET wake_at = 0")  # instead of 10 s between polls
            upstream.results_after = 0
            await until(lambda: rows(home, "SELECT state FROM runs") == [("review",)])
            waiting = await _call(idle, run=run)
            done = await _call(idle, run=run, pick=[1])

    assert '"Spot" waits for a pick: fox' in waiting
    assert "song 1/1, louder 1/1, fox 1/1" in waiting
    assert '"Spot" done' in done
    assert rows(home, "SELECT state FROM runs") == [("done",)]
    assert upstream.posts == {"rain": 1, "storm": 1, "a fox": 1}
