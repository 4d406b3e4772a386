"""This machine's own times, in the report, in estimates and in the progress of a running job."""

import json
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from mcp import Client
from mcp.types import TextResourceContents

from support.server.clocked import SlowApi, timed
from support.server.in_memory import connected, data, fine, text, until
from support.store.rows import change

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("small_pictures")]

KNOWN_SECONDS = [*range(16, 31), *range(1, 16)]
"""Times of 30 jobs, the slow ones first; their median is 15.5 s."""
ESTIMATE = {"tool": "generate_core", "arguments": {"prompt": "a fox"}}


async def _play(client: Client, api: SlowApi, times: list[int]) -> None:
    for number, seconds in enumerate(times):
        api.seconds = seconds
        fine(await client.call_tool("generate_core", {"prompt": f"fox {number}"}))
        fine(await client.call_tool("job_wait", {}))
    api.seconds = 0


async def _running(client: Client, api: SlowApi, arguments: dict[str, Any]) -> str:
    """Return what `job_wait` says about a job that was sent 4 s ago."""
    api.gate.shut()
    before = api.requests
    fine(await client.call_tool("generate_core", arguments))
    await until(lambda: api.requests > before)
    api.pass_time(4)
    answer = text(await client.call_tool("job_wait", {"seconds": 0}))
    api.gate.open()
    fine(await client.call_tool("job_wait", {}))
    return answer


async def test_the_median_of_30_jobs_is_shown_wherever_a_time_is(tmp_path: Path) -> None:
    """Chosen: the report, the estimate, the progress and the table of operations agree."""
    api = SlowApi()
    async with timed(tmp_path, api, wait=0.3) as client:
        before = data(await client.call_tool("cost_estimate", ESTIMATE))
        await _play(client, api, KNOWN_SECONDS)
        by_operation = {"by": "operation", "format": "data"}
        [line] = data(await client.call_tool("usage_report", by_operation))["lines"]
        report = text(await client.call_tool("usage_report", {"by": "day_operation"}))
        estimate = data(await client.call_tool("cost_estimate", ESTIMATE))
        [table] = (await client.read_resource("stability://operations")).contents
        running = await _running(client, api, {"prompt": "the next fox"})

    usual = median(KNOWN_SECONDS)
    assert before["seconds"] == 8, "the API's usual time"
    assert line["jobs"] == 30
    assert line["seconds"] == usual
    assert f"median {usual:g} s" in report
    assert estimate["seconds"] == usual
    assert isinstance(table, TextResourceContents)
    shown = {each["tool"]: each.get("seconds") for each in json.loads(table.text)["operations"]}
    assert shown["generate_core"] == estimate["seconds"]
    assert shown["generate_ultra"] == 12, "others keep the API's usual time"
    assert "generating: 4 of about 16 s" in running


async def test_two_jobs_are_too_few_and_the_third_one_counts_at_once(tmp_path: Path) -> None:
    """Chosen: with two, one odd time would be half of the truth."""
    api = SlowApi()
    async with timed(tmp_path, api, wait=0.3) as client:
        await _play(client, api, [60, 60])
        two = data(await client.call_tool("cost_estimate", ESTIMATE))
        api.seconds = 60
        third = await _running(client, api, {"prompt": "the third"})
        api.seconds = 0
        fourth = await _running(client, api, {"prompt": "the fourth"})

    assert two["seconds"] == 8
    assert "64 s, longer than the usual 8 s" in third
    assert "4 of about 60 s" in fourth


async def test_estimates_on_the_emulator_show_the_times_of_the_api(tmp_path: Path) -> None:
    """Chosen: its prices are the API's, too; its own times would mislead."""
    async with connected(tmp_path) as client:
        for number in range(4):
            fine(await client.call_tool("generate_core", {"prompt": f"fox {number}"}))
        took = "UPDATE jobs SET finished_at = sent_at + 1.5"
        change(tmp_path / "home" / "emulator", took)
        estimate = data(await client.call_tool("cost_estimate", ESTIMATE))
        report = {"by": "operation", "format": "data"}
        [line] = data(await client.call_tool("usage_report", report))["lines"]

    assert estimate["seconds"] == 8
    assert line["seconds"] == 1.5, "the report shows what was measured"
