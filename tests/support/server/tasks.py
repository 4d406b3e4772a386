"""A client that takes tasks: the SDK's, with the little that the extension asks of it."""

from collections.abc import Sequence
from typing import Any, Literal

import anyio
from mcp import Client
from mcp.client.extension import ClaimContext, ClientExtension, ResultClaim
from mcp.types import CallToolResult, Request, RequestParams, Result
from pydantic import ConfigDict, Field

TASKS = "io.modelcontextprotocol/tasks"


class Created(Result):
    """What a call is answered with whose answer takes long."""

    result_type: Literal["task"]
    task_id: str
    status: str
    status_message: str | None = None
    created_at: str
    last_updated_at: str
    ttl_ms: int | None
    poll_interval_ms: int


class Detailed(Result):
    """What `tasks/get` answers."""

    model_config = ConfigDict(extra="allow")

    result_type: str | None = None
    task_id: str = ""
    status: str = ""
    status_message: str | None = None
    result: dict[str, Any] | None = None


class Params(RequestParams):
    """Names a task; answers its questions."""

    task_id: str
    input_responses: dict[str, dict[str, Any]] | None = Field(default=None)


class Asks(Request[Params, str]):
    """One of the extension's methods."""

    name_param = "taskId"


class TakesTasks(ClientExtension):
    """Declares the extension and its kind of result."""

    identifier = TASKS

    def claims(self) -> Sequence[ResultClaim[Created]]:
        """Return the one kind of result."""
        return [ResultClaim(result_type="task", model=Created, resolve=_resolve)]


async def _resolve(task: Created, ctx: ClaimContext) -> CallToolResult:
    raise AssertionError((task, ctx))  # tests look at tasks themselves


async def call(client: Client, name: str, arguments: dict[str, Any]) -> CallToolResult | Created:
    """Call a tool and return what comes, be it a task."""
    answer = await client.session.call_tool(name, arguments, allow_claimed=True)
    assert isinstance(answer, CallToolResult | Created)
    return answer


async def begun(client: Client, name: str, arguments: dict[str, Any]) -> Created:
    """Call a tool whose answer takes long."""
    answer = await call(client, name, arguments)
    assert isinstance(answer, Created), answer
    return answer


async def ask(client: Client, method: str, task_id: str, **more: Any) -> Detailed:  # noqa: ANN401 -- JSON
    """Ask for a task, tell it something or end it."""
    request = Asks(method=method, params=Params(task_id=task_id, **more))
    return await client.session.send_request(request, Detailed)


async def ended(client: Client, task_id: str) -> Detailed:
    """Ask until a task has ended."""
    with anyio.fail_after(30):
        while (found := await ask(client, "tasks/get", task_id)).status == "working":
            await anyio.lowlevel.checkpoint()
    return found


def answer_of(task: Detailed) -> CallToolResult:
    """Return the answer that is in a task which completed."""
    assert task.status == "completed", task
    return CallToolResult.model_validate(task.result)
