"""A client with the tasks extension, on top of the SDK's client."""

from collections.abc import Sequence
from typing import Any, Literal

import anyio
from mcp import Client
from mcp.client.extension import ClaimContext, ClientExtension, ResultClaim
from mcp.types import CallToolResult, Request, RequestParams, Result
from pydantic import ConfigDict, Field

TASKS = "io.modelcontextprotocol/tasks"


class Created(Result):
    """The response to a long call."""

    result_type: Literal["task"]
    task_id: str
    status: str
    status_message: str | None = None
    created_at: str
    last_updated_at: str
    ttl_ms: int | None
    poll_interval_ms: int


class Detailed(Result):
    """The response of `tasks/get`."""

    model_config = ConfigDict(extra="allow")

    result_type: str | None = None
    task_id: str = ""
    status: str = ""
    status_message: str | None = None
    result: dict[str, Any] | None = None


class Params(RequestParams):
    """Parameters of a task request."""

    task_id: str
    input_responses: dict[str, dict[str, Any]] | None = Field(default=None)


class Asks(Request[Params, str]):
    """A request of the extension."""

    name_param = "taskId"


class TakesTasks(ClientExtension):
    """Declares the extension and its result type."""

    identifier = TASKS

    def claims(self) -> Sequence[ResultClaim[Created]]:
        """Return the result type."""
        return [ResultClaim(result_type="task", model=Created, resolve=_resolve)]


async def _resolve(task: Created, ctx: ClaimContext) -> CallToolResult:
    raise AssertionError((task, ctx))  # tests poll tasks themselves


async def call(client: Client, name: str, arguments: dict[str, Any]) -> CallToolResult | Created:
    """Call a tool and return its result or task."""
    answer = await client.session.call_tool(name, arguments, allow_claimed=True)
    assert isinstance(answer, CallToolResult | Created)
    return answer


async def begun(client: Client, name: str, arguments: dict[str, Any]) -> Created:
    """Call a tool and return its task."""
    answer = await call(client, name, arguments)
    assert isinstance(answer, Created), answer
    return answer


async def ask(client: Client, method: str, task_id: str, **more: Any) -> Detailed:  # noqa: ANN401 -- JSON
    """Get, update or cancel a task."""
    request = Asks(method=method, params=Params(task_id=task_id, **more))
    return await client.session.send_request(request, Detailed)


async def ended(client: Client, task_id: str) -> Detailed:
    """Poll a task until it has ended."""
    with anyio.fail_after(30):
        while (found := await ask(client, "tasks/get", task_id)).status == "working":
            await anyio.lowlevel.checkpoint()
    return found


def answer_of(task: Detailed) -> CallToolResult:
    """Return the result of a completed task."""
    assert task.status == "completed", task
    return CallToolResult.model_validate(task.result)
