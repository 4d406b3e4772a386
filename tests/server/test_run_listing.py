"""A run is shown like a job: waited for, listed, read, notified of, and served as a task."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.types import (
    ResourceListChangedNotification,
    ResourceUpdatedNotification,
    TextResourceContents,
)

from stability_mcp.server.app import build_server
from support.server.in_memory import (
    Era,
    Gate,
    both_eras,
    connected,
    data,
    fine,
    paced,
    refused,
    settings_in,
    text,
    until,
)
from support.server.tasks import (
    TasksExtension,
    start_task,
    task_request,
    task_result,
    wait_for_task,
)
from support.store.rows import rows
from support.workflows.runs import (
    LOGO,
    PAIR,
    drawing,
    emulated,
    lines,
    run,
    run_id,
    state,
    step,
    steps_line,
)

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("small_pictures")]


@both_eras
async def test_a_run_is_waited_for_with_its_id_or_without_any(era: Era, tmp_path: Path) -> None:
    """*Chosen*: its own jobs need no waiting; the answer is that of workflow_run."""
    async with drawing(tmp_path, era, wait=0) as client:
        started = await run(client, plan=PAIR)
        named = await client.call_tool("job_wait", {"jobs": [run_id(started)], "seconds": 20})
        second = await run(client, plan=LOGO)
        unnamed = await client.call_tool("job_wait", {"seconds": 20})
        over = await client.call_tool("job_wait", {})
        mixed = refused(await client.call_tool("job_wait", {"jobs": [run_id(second), "x"]}))

    assert state(started) == "running"
    assert lines(started, "next:") == [
        f'next: job_wait {{"jobs": ["{run_id(started)}"]}}; it continues by itself'
    ]
    assert steps_line(named) == "steps: fox 2/2, hen 1/1, large 3/3"
    assert (run_id(unnamed), state(unnamed)) == (run_id(second), "review")
    assert "every result has been collected" in text(over)
    assert "wait for a workflow run in a call of its own" in mixed


async def test_a_list_of_jobs_starts_with_the_runs(tmp_path: Path) -> None:
    """*Chosen*: with state, progress and price; a filter of states applies to them too."""
    async with drawing(tmp_path) as client:
        done = await run(client, plan=PAIR)
        waiting = await run(client, plan=LOGO)
        listed = await client.call_tool("job_list", {})
        paused = data(await client.call_tool("job_list", {"state": "paused"}))
        cores = data(await client.call_tool("job_list", {"operation": "generate_core"}))

    first, second = text(listed).splitlines()[2:4]
    assert first.startswith(
        f"{run_id(waiting)}  workflow Logo  waits for a pick: draft  3 of 5 results  9 credits"
    )
    assert second.startswith(f"{run_id(done)}  workflow  done  6 of 6 results  15 credits")
    assert [each["id"] for each in paused["runs"]] == [run_id(waiting)]
    assert "runs" not in cores


async def test_a_run_is_a_resource(tmp_path: Path) -> None:
    """*Chosen*: listed with the newest jobs; its data has steps, results and money."""
    async with drawing(tmp_path) as client:
        waiting = await run(client, plan=LOGO)
        uri = f"job://{run_id(waiting)}"
        listed = [str(each.uri) for each in (await client.list_resources()).resources]
        [read] = (await client.read_resource(uri)).contents

    assert uri in listed
    assert isinstance(read, TextResourceContents)
    found = json.loads(read.text)
    assert (found["state"], found["reviews"], found["result_count"]) == ("review", ["draft"], 3)
    assert [each["id"] for each in found["steps"]] == ["draft", "cut", "icon"]
    assert (found["charged"], found["max_credits"]) == (9, 14)


@pytest.mark.filterwarnings("ignore:resources/:mcp.shared.exceptions.MCPDeprecationWarning")
async def test_subscribers_are_notified_when_a_run_stops(tmp_path: Path) -> None:
    """*Documented* (2025-11-25): as for a job."""
    listed, stopped, uris = anyio.Event(), anyio.Event(), []

    async def record(message: Any) -> None:  # noqa: ANN401 -- any notification
        if isinstance(message, ResourceListChangedNotification):
            listed.set()
        if isinstance(message, ResourceUpdatedNotification):
            uris.append(str(message.params.uri))
            stopped.set()

    gate = Gate()
    settings = settings_in(tmp_path, {"wait": 0, "preview": "none"})
    server = build_server(settings, open_studio=partial(paced, gate=gate))
    with anyio.fail_after(60):
        async with Client(server, mode="legacy", message_handler=record) as client:
            await client.list_resources()
            started = await run(client, plan=LOGO)
            await client.subscribe_resource(f"job://{run_id(started)}")
            await listed.wait()  # the server has seen the run
            gate.open()
            await stopped.wait()

    assert set(uris) == {f"job://{run_id(started)}"}


async def test_answers_mention_runs_that_no_answer_has_shown(tmp_path: Path) -> None:
    """*Chosen*: until an answer has shown them, also in a later session."""
    async with drawing(tmp_path, wait=0) as client:
        started = await run(client, plan=LOGO)
        states = "SELECT state FROM runs"
        await until(lambda: rows(emulated(tmp_path), states) == [("review",)])
    async with drawing(tmp_path) as client:
        first = text(await client.call_tool("media_list", {}))
        await run(client, run=run_id(started))
        second = text(await client.call_tool("media_list", {}))

    assert f'Workflow run {run_id(started)} ("Logo") waits for a pick' in first
    assert "Workflow run" not in second


async def test_a_run_is_a_task_with_its_result(tmp_path: Path) -> None:
    """*Chosen*: for clients that declare the extension; the task has the id of the run."""
    gate = Gate()
    async with connected(
        tmp_path, gate=gate, wait=0, preview="none", extensions=[TasksExtension()]
    ) as client:
        task = await start_task(client, "workflow_run", {"plan": PAIR})
        working = await task_request(client, "tasks/get", task.task_id)
        gate.open()
        ended = task_result(await wait_for_task(client, task.task_id))
        again = fine(await run(client, run=task.task_id))

    assert task.task_id.startswith("run-")
    assert working.status == "working"
    assert steps_line(fine(ended)) == "steps: fox 2/2, hen 1/1, large 3/3"
    assert steps_line(again) == steps_line(ended)


async def test_a_task_that_waits_for_a_pick_has_a_result(tmp_path: Path) -> None:
    """*Chosen*: the client polls no longer, and the model asks the user."""
    gate = Gate()
    async with connected(
        tmp_path, gate=gate, wait=0, preview="none", extensions=[TasksExtension()]
    ) as client:
        task = await start_task(client, "workflow_run", {"plan": LOGO})
        gate.open()
        ended = task_result(await wait_for_task(client, task.task_id))

    assert "waits for a pick: draft, 3 pictures" in text(ended)


async def test_cancelling_the_task_cancels_the_run(tmp_path: Path) -> None:
    """*Chosen*: what was sent is kept."""
    gate = Gate()
    plan = {"steps": [step("fox", prompt="a fox"), step("up", "upscale_fast", image="$fox")]}
    async with connected(
        tmp_path, gate=gate, wait=0, preview="none", extensions=[TasksExtension()]
    ) as client:
        task = await start_task(client, "workflow_run", {"plan": plan})
        await task_request(client, "tasks/cancel", task.task_id)
        gate.open()
        ended = await wait_for_task(client, task.task_id)
        shown = await run(client, run=task.task_id)

    assert ended.status == "cancelled"
    assert state(shown) == "cancelled"
    assert "up 0/1" in steps_line(shown)


async def test_a_finished_run_can_be_seen_by_another_server(tmp_path: Path) -> None:
    """*Chosen*: two servers on one home; the one that doesn't drive it waits for it as well."""
    gate = Gate()
    settings = settings_in(tmp_path, {"preview": "none", "wait": 0})
    with anyio.fail_after(60):
        driver = build_server(settings, open_studio=partial(paced, gate=gate))
        async with Client(driver) as client, drawing(tmp_path) as other:
            name = run_id(await run(client, plan=PAIR))
            gate.open()
            seen = await other.call_tool("job_wait", {"jobs": [name], "seconds": 30})

    assert steps_line(seen) == "steps: fox 2/2, hen 1/1, large 3/3"
