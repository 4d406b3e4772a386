"""The tasks extension for the SDK's client."""

from collections.abc import Sequence
from typing import Any, Literal

import anyio
from mcp import Client
from mcp.client.extension import ClaimContext, ClientExtension, ResultClaim
from mcp.types import CallToolResult, Request, RequestParams, Result
from pydantic import ConfigDict, Field

TASKS = "io.modelcontextprotocol/tasks"


class CreatedTask(Result):
    """The response to a long call."""

    result_type: Literal["task"]
    task_id: str
    status: str
    status_message: str | None = None
    created_at: str
    last_updated_at: str
    ttl_ms: int | None
    poll_interval_ms: int


class TaskDetails(Result):
    """The response of `tasks/get`."""

    model_config = ConfigDict(extra="allow")

    result_type: str | None = None
    task_id: str = ""
    status: str = ""
    status_message: str | None = None
    result: dict[str, Any] | None = None


class TaskParams(RequestParams):
    """Parameters of a task request."""

    task_id: str
    input_responses: dict[str, dict[str, Any]] | None = Field(default=None)


class TaskRequest(Request[TaskParams, str]):
    """A request of the extension."""

    name_param = "taskId"


class TasksExtension(ClientExtension):
    """Declares the extension and its result type."""

    identifier = TASKS

    def claims(self) -> Sequence[ResultClaim[CreatedTask]]:
        """Return the result type."""
        return [ResultClaim(result_type="task", model=CreatedTask, resolve=_resolve)]


async def _resolve(task: CreatedTask, ctx: ClaimContext) -> CallToolResult:
    raise AssertionError((task, ctx))  # tests poll tasks explicitly


async def call(
    client: Client, name: str, arguments: dict[str, Any]
) -> CallToolResult | CreatedTask:
    """Call a tool and return its result or task."""
    response = await client.session.call_tool(name, arguments, allow_claimed=True)
    assert isinstance(response, CallToolResult | CreatedTask)
    return response


async def start_task(client: Client, name: str, arguments: dict[str, Any]) -> CreatedTask:
    """Call a tool and return its task."""
    response = await call(client, name, arguments)
    assert isinstance(response, CreatedTask), response
    return response


async def task_request(client: Client, method: str, task_id: str, **more: Any) -> TaskDetails:  # noqa: ANN401 -- JSON
    """Get, update or cancel a task."""
    request = TaskRequest(method=method, params=TaskParams(task_id=task_id, **more))
    return await client.session.send_request(request, TaskDetails)


async def wait_for_task(client: Client, task_id: str) -> TaskDetails:
    """Poll a task until it has ended."""
    with anyio.fail_after(30):
        while (found := await task_request(client, "tasks/get", task_id)).status == "working":
            await anyio.lowlevel.checkpoint()
    return found


def task_result(task: TaskDetails) -> CallToolResult:
    """Return the result of a completed task."""
    assert task.status == "completed", task
    return CallToolResult.model_validate(task.result)
