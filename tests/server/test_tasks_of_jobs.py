"""Clients that support tasks also get one for `job_rerun` and `job_adopt`."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

import anyio
import pytest
from mcp import Client

from support.server.in_memory import Gate, connected, data, facts, fine, text, until
from support.server.tasks import (
    CreatedTask,
    TasksExtension,
    call,
    start_task,
    task_result,
    wait_for_task,
)
from support.store.rows import change, rows

pytestmark = pytest.mark.anyio

FOX = {"prompt": "a fox", "label": "fox"}
CREATIVE = {"image": "fox", "prompt": "a fox"}


def connected_with_tasks(folder: Path, gate: Gate) -> AbstractAsyncContextManager[Client]:
    """Connect a client that declares the extension."""
    return connected(folder, gate=gate, wait=0, toolsets=("all",), extensions=[TasksExtension()])


async def test_a_rerun_is_a_task(tmp_path: Path) -> None:
    """Chosen: it is a paid call like the first; its result names the job it repeats."""
    async with connected(tmp_path) as client:
        first = facts(fine(await client.call_tool("generate_core", FOX)))["jobs"][0]["id"]
    gate = Gate()
    async with connected_with_tasks(tmp_path, gate) as client:
        task = await start_task(client, "job_rerun", {"job": first})
        gate.open()
        last = await wait_for_task(client, task.task_id)
        listed = data(await client.call_tool("job_list", {}))

    answer = fine(task_result(last))
    assert f"Repeats job {first}." in text(answer)
    assert len(facts(answer)["media"]) == 1
    assert [job["collected"] for job in listed["jobs"]] == [True, True]


async def test_an_adopted_generation_is_a_task(tmp_path: Path) -> None:
    """Chosen: it is not charged here, but takes as long as any deferred generation."""
    gate = Gate(shut=False)
    async with connected_with_tasks(tmp_path, gate) as client:
        await wait_for_task(client, (await start_task(client, "generate_core", FOX)).task_id)
        gate.shut()
        await start_task(client, "upscale_creative", CREATIVE)
        adopted = {"generation": await _started(tmp_path), "operation": "upscale_creative"}
        change(_home(tmp_path), "UPDATE jobs SET state = 'failed', finished_at = 1 WHERE deferred")
        task = await start_task(client, "job_adopt", adopted)
        again = await call(client, "job_adopt", adopted)
        gate.open()
        last = await wait_for_task(client, task.task_id)
        listing = text(fine(await client.call_tool("media_list", {})))

    # A job that already exists belongs to another call, which waits for it and may cancel it.
    assert not isinstance(again, CreatedTask)
    assert "Not charged here: the program that started the generation paid for it." in text(
        fine(task_result(last))
    )
    label = f"adopted-{adopted['generation'][:8]}"
    assert facts(task_result(last))["media"][0]["label"] == label
    assert "not yet collected" not in listing


async def test_an_adopted_job_returned_while_running_is_uncollected(tmp_path: Path) -> None:
    """Chosen: a client without tasks received the id of the job, not its result."""
    gate = Gate(shut=False)
    async with connected(tmp_path, gate=gate, wait=0, toolsets=("all",)) as client:
        fine(await client.call_tool("generate_core", FOX))
        fine(await client.call_tool("job_wait", {"seconds": 20}))
        gate.shut()
        fine(await client.call_tool("upscale_creative", {**CREATIVE, "confirm_spend": 100}))
        adopted = {"generation": await _started(tmp_path), "operation": "upscale_creative"}
        change(_home(tmp_path), "UPDATE jobs SET state = 'failed', finished_at = 1 WHERE deferred")
        change(_home(tmp_path), "UPDATE calls SET delivered_at = 1")
        fine(await client.call_tool("job_adopt", adopted))
        gate.open()
        with anyio.fail_after(30):
            listing = ""
            while "not yet collected" not in listing:
                listing = text(fine(await client.call_tool("media_list", {})))

    assert f"not yet collected: adopted-{adopted['generation'][:8]}" in listing


async def _started(folder: Path) -> str:
    query = "SELECT generation FROM jobs WHERE generation IS NOT NULL"
    home = _home(folder)
    await until(lambda: bool(rows(home, query)))
    return str(rows(home, query)[0][0])


def _home(folder: Path) -> Path:
    return folder / "home" / "emulator"
