"""Clients that support tasks get one for a slow paid call; it returns the call's result."""

import re
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import anyio
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, MISSING_REQUIRED_CLIENT_CAPABILITY, CallToolResult

from stability_mcp.server.tasks import job_tasks
from support.server.in_memory import (
    Gate,
    connected,
    data,
    facts,
    fine,
    links,
    pictures,
    refused,
    text,
)
from support.server.tasks import (
    TASKS,
    CreatedTask,
    TasksExtension,
    call,
    start_task,
    task_request,
    task_result,
    wait_for_task,
)

pytestmark = pytest.mark.anyio

FOX = {"prompt": "a fox", "label": "fox"}
TOOLS = frozenset({"generate_core", "upscale_fast", "media_list", "job_wait"})
AT_ONCE = job_tasks.JobTasks(TOOLS, grace=0)
"""Returns a task for every paid call if the client supports tasks."""
TOKEN = re.compile(r"[0-9a-z]{26}")


def connected_with_tasks(
    folder: Path,
    *,
    gate: Gate | None = None,
    wait: float | None = None,
    concurrency: int = 120,
    grace: float | None = None,
) -> AbstractAsyncContextManager[Client]:
    """Connect a client that declares the extension."""
    return connected(
        folder,
        gate=gate,
        wait=wait,
        concurrency=concurrency,
        extensions=[TasksExtension()],
        carriers=[] if grace is None else [job_tasks.JobTasks(TOOLS, grace=grace)],
    )


async def until_sent(client: Client) -> None:
    """Wait until a job is being sent."""
    with anyio.fail_after(30):
        while not data(await client.call_tool("job_list", {"state": "submitting"}))["jobs"]:
            await anyio.lowlevel.checkpoint()


async def test_a_slow_paid_call_returns_a_task(tmp_path: Path) -> None:
    """Documented (SEP-2663): the server decides; `tasks/get` works at once."""
    gate = Gate()
    async with connected_with_tasks(tmp_path, gate=gate) as client:
        task = await start_task(client, "generate_core", FOX)
        first = await task_request(client, "tasks/get", task.task_id)
        gate.open()
        last = await wait_for_task(client, task.task_id)
        listed = data(await client.call_tool("job_list", {}))

    assert TOKEN.fullmatch(task.task_id)
    assert (task.status, task.ttl_ms) == ("working", None)
    assert task.poll_interval_ms >= 1000
    assert (first.result_type, first.status, first.result) == ("complete", "working", None)
    assert "generating" in (first.status_message or "")
    answer = fine(task_result(last))
    assert "generate_core: 1 picture, 3 credits" in text(answer)
    assert facts(answer)["media"][0]["label"] == "fox"
    assert len(pictures(answer)) == len(links(answer)) == 1
    assert len(listed["jobs"]) == 1


async def test_fast_and_free_calls_return_their_result(tmp_path: Path) -> None:
    """Chosen: a task would cost the client another request."""
    async with connected_with_tasks(tmp_path, grace=30) as client:
        answers = [
            await call(client, "generate_core", FOX),
            await call(client, "media_list", {}),
            await call(client, "job_wait", {"seconds": 0}),
            await call(client, "no_such_tool", {}),
            await call(client, "generate_core", {"promt": "a fox"}),
        ]

    assert not any(isinstance(each, CreatedTask) for each in answers)


async def test_clients_without_the_extension_never_get_a_task(tmp_path: Path) -> None:
    """Documented: they get normal results, and may not send task requests."""
    async with connected(tmp_path, carriers=[AT_ONCE]) as client:
        result = fine(await client.call_tool("generate_core", FOX))
        with pytest.raises(MCPError) as refusal:
            await task_request(client, "tasks/get", "0" * 26)

    assert "generate_core: 1 picture" in text(result)
    assert refusal.value.error.code == MISSING_REQUIRED_CLIENT_CAPABILITY
    assert TASKS in refusal.value.error.data["requiredCapabilities"]["extensions"]


async def test_a_client_of_an_earlier_revision_never_gets_a_task(tmp_path: Path) -> None:
    """Found: some legacy clients declare the extension but reject task results."""
    extensions = [TasksExtension()]
    async with connected(tmp_path, "legacy", extensions=extensions, carriers=[AT_ONCE]) as client:
        result = fine(await client.call_tool("generate_core", FOX))
        with pytest.raises(MCPError):
            await task_request(client, "tasks/get", "0" * 26)

    assert "generate_core: 1 picture" in text(result)


async def test_a_failed_call_is_a_completed_task_with_an_error(tmp_path: Path) -> None:
    """Documented: `failed` is for protocol errors, not tool errors."""
    async with connected_with_tasks(tmp_path, wait=0) as client:
        task = await start_task(client, "generate_core", {"prompt": "a fox, emulate moderation"})
        last = await wait_for_task(client, task.task_id)

    assert "Nothing was charged." in refused(task_result(last))


async def test_a_task_keeps_to_the_spending_limit_and_its_result_says_what_is_left(
    tmp_path: Path,
) -> None:
    """Chosen: the credits are reserved when the task is created."""
    async with connected_with_tasks(tmp_path, gate=(gate := Gate())) as client:
        fine(await client.call_tool("spend_limit", {"credits": 5}))
        task = await start_task(client, "generate_core", FOX)
        second = await call(client, "generate_core", {"prompt": "a hare"})
        gate.open()
        last = await wait_for_task(client, task.task_id)

    assert isinstance(second, CallToolResult)
    assert "has 2 credits left" in refused(second)
    assert "spending limit: 2 of 5 credits left until " in text(fine(task_result(last)))


async def test_notes_on_inputs_are_in_the_result(tmp_path: Path) -> None:
    """Chosen: they are stored with the call, because the request that resolved them is over."""
    async with connected_with_tasks(tmp_path, grace=30) as client:
        await call(client, "generate_core", FOX)
    async with connected_with_tasks(tmp_path, wait=0) as client:
        task = await start_task(client, "upscale_fast", {"image": "fox"})
        last = await wait_for_task(client, task.task_id)

    assert 'image: "fox"' in (task.status_message or "")
    assert 'image: "fox"' in text(fine(task_result(last)))


async def test_fetching_a_task_collects_its_result(tmp_path: Path) -> None:
    """Chosen: it no longer counts as uncollected; fetching it again returns it again."""
    async with connected_with_tasks(tmp_path, wait=0) as client:
        task = await start_task(client, "generate_core", FOX)
        first = task_result(await wait_for_task(client, task.task_id))
        again = task_result(await task_request(client, "tasks/get", task.task_id))
        listed = data(await client.call_tool("job_list", {}))

    assert facts(first)["media"] == facts(again)["media"]
    assert [job["collected"] for job in listed["jobs"]] == [True]


async def test_a_cancelled_task_is_final_but_a_sent_job_continues(tmp_path: Path) -> None:
    """Documented: `cancelled` is final. Chosen: a paid result is kept and reported."""
    gate = Gate()
    async with connected_with_tasks(tmp_path, gate=gate, wait=0) as client:
        task = await start_task(client, "generate_core", FOX)
        await until_sent(client)
        acknowledged = await task_request(client, "tasks/cancel", task.task_id)
        cancelled = await task_request(client, "tasks/get", task.task_id)
        gate.open()
        result = fine(await client.call_tool("job_wait", {"seconds": 20}))
        after = await task_request(client, "tasks/get", task.task_id)

    assert (acknowledged.result_type, acknowledged.status) == ("complete", "")
    assert (cancelled.status, cancelled.result) == ("cancelled", None)
    assert facts(result)["media"][0]["label"] == "fox"
    assert (after.status, after.result) == ("cancelled", None)


async def test_cancelling_a_task_cancels_its_queued_job(tmp_path: Path) -> None:
    """Chosen: with one request at a time, the second stays queued."""
    gate = Gate()
    async with connected_with_tasks(tmp_path, gate=gate, wait=0, concurrency=1) as client:
        first = await start_task(client, "generate_core", FOX)
        await until_sent(client)
        second = await start_task(client, "generate_core", {"prompt": "a hare", "label": "hare"})
        await task_request(client, "tasks/cancel", second.task_id)
        cancelled = await task_request(client, "tasks/get", second.task_id)
        gate.open()
        last = await wait_for_task(client, first.task_id)
        listed = data(await client.call_tool("job_list", {}))

    assert cancelled.status == "cancelled"
    spent = facts(fine(task_result(last)))["spent"]
    assert (spent["today"], spent["reserved"]) == (3.0, 0.0)
    assert [(job["label"], job["state"], job["charged"]) for job in listed["jobs"]] == [
        ("hare", "cancelled", "not charged"),
        ("fox", "done", "charged"),
    ]


async def test_a_finished_task_cannot_be_cancelled(tmp_path: Path) -> None:
    """Documented: the request is acknowledged but has no effect."""
    async with connected_with_tasks(tmp_path, wait=0) as client:
        task = await start_task(client, "generate_core", FOX)
        await wait_for_task(client, task.task_id)
        acknowledged = await task_request(client, "tasks/cancel", task.task_id)
        after = await task_request(client, "tasks/get", task.task_id)

    assert acknowledged.result_type == "complete"
    assert after.status == "completed"


async def test_unrequested_input_responses_are_ignored(tmp_path: Path) -> None:
    """Documented: keys of no pending request are ignored."""
    async with connected_with_tasks(tmp_path, wait=0) as client:
        task = await start_task(client, "generate_core", FOX)
        responses = {"nothing": {"action": "accept", "content": {}}}
        acknowledged = await task_request(
            client, "tasks/update", task.task_id, input_responses=responses
        )
        last = await wait_for_task(client, task.task_id)

    assert acknowledged.result_type == "complete"
    assert last.status == "completed"


@pytest.mark.parametrize("method", ["tasks/get", "tasks/update", "tasks/cancel"])
async def test_an_unknown_task_is_an_error(method: str, tmp_path: Path) -> None:
    """Documented: invalid parameters."""
    async with connected_with_tasks(tmp_path) as client:
        with pytest.raises(MCPError) as refusal:
            await task_request(client, method, "0" * 26)

    assert refusal.value.error.code == INVALID_PARAMS


async def test_two_tasks_with_identical_calls_are_two_pictures(tmp_path: Path) -> None:
    """Chosen: a task counts as a waiting call, so an identical call is a new variant."""
    async with connected_with_tasks(tmp_path, wait=0) as client:
        tasks = [await start_task(client, "generate_core", {"prompt": "a fox"}) for _ in range(2)]
        found = [task_result(await wait_for_task(client, task.task_id)) for task in tasks]

    assert len({facts(fine(each))["media"][0]["id"] for each in found}) == 2


async def test_a_task_that_is_never_fetched_is_uncollected(tmp_path: Path) -> None:
    """Chosen: a client may disappear; its paid result is still reported."""
    impatient = job_tasks.JobTasks(TOOLS, timeout=0)
    async with connected(
        tmp_path, wait=0, extensions=[TasksExtension()], carriers=[impatient]
    ) as client:
        task = await start_task(client, "generate_core", FOX)
        with anyio.fail_after(30):
            while "not yet collected" not in text(fine(await client.call_tool("media_list", {}))):
                await anyio.lowlevel.checkpoint()
        late = await wait_for_task(client, task.task_id)
        after = text(fine(await client.call_tool("media_list", {})))

    assert facts(fine(task_result(late)))["media"][0]["label"] == "fox"
    assert "not yet collected" not in after


async def test_a_task_outlives_its_server(tmp_path: Path) -> None:
    """Chosen: tasks are stored in the database."""
    async with connected_with_tasks(tmp_path, wait=0) as client:
        task = await start_task(client, "generate_core", FOX)
    async with connected_with_tasks(tmp_path) as client:
        last = await wait_for_task(client, task.task_id)

    assert facts(fine(task_result(last)))["media"][0]["label"] == "fox"
