"""The extension `io.modelcontextprotocol/tasks` (SEP-2663), on top of any task backend.

A client that declares it gets a task for a long call, polls it until it ends, and finds the result
in it. Clients without it, and those of an earlier protocol revision, are unaffected.
"""

import math
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.extension import Extension, MethodBinding
from mcp.server.mcpserver import require_client_extension
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, CallToolRequestParams, RequestParams
from pydantic import Field

from stability_mcp.server.tasks.port import Task, Tasks
from stability_mcp.text import plain

TASKS = "io.modelcontextprotocol/tasks"

REVISIONS = frozenset({"2026-07-28"})
"""Protocol revisions with tasks; some clients declare the extension for others too."""

HEADER_MISMATCH = -32020

Context = ServerRequestContext[Any, Any]


class TaskParams(RequestParams):
    """Names a task."""

    task_id: str = Field(min_length=1, max_length=128)


class UpdateParams(TaskParams):
    """Answers the questions of a task."""

    input_responses: dict[str, dict[str, Any]] = Field(default_factory=dict)


class TasksExtension(Extension):
    """Answers long calls with tasks.

    Args:
        carriers: The task backends; the first that accepts a tool runs it.
    """

    identifier = TASKS

    def __init__(self, carriers: Sequence[Tasks]) -> None:
        self._carriers = tuple(carriers)

    def methods(self) -> Sequence[MethodBinding]:
        """Return the methods of the extension."""
        return [
            MethodBinding("tasks/get", TaskParams, self._get, REVISIONS),
            MethodBinding("tasks/update", UpdateParams, self._update, REVISIONS),
            MethodBinding("tasks/cancel", TaskParams, self._cancel, REVISIONS),
        ]

    async def intercept_tool_call(
        self, params: CallToolRequestParams, ctx: Context, call_next: CallNext
    ) -> HandlerResult:
        """Answer a call with its result, or with a task if it takes long."""
        carrier = next((each for each in self._carriers if each.takes(params.name)), None)
        if carrier is None or not negotiated(ctx):
            return await call_next(ctx)
        answer = await carrier.start(params, ctx, call_next)
        return {**_summary(answer), "resultType": "task"} if isinstance(answer, Task) else answer

    async def _get(self, ctx: Context, params: TaskParams) -> HandlerResult:
        _check(ctx, params)
        for carrier in self._carriers:
            if (task := await carrier.get(ctx, params.task_id)) is not None:
                return {**_summary(task), **_details(task), "resultType": "complete"}
        raise _unknown(params)

    async def _update(self, ctx: Context, params: UpdateParams) -> HandlerResult:
        answers = params.input_responses
        return await self._forward(ctx, params, lambda to: to.update(ctx, params.task_id, answers))

    async def _cancel(self, ctx: Context, params: TaskParams) -> HandlerResult:
        return await self._forward(ctx, params, lambda to: to.cancel(ctx, params.task_id))

    async def _forward(
        self, ctx: Context, params: TaskParams, forward: Callable[[Tasks], Awaitable[bool]]
    ) -> HandlerResult:
        _check(ctx, params)
        for carrier in self._carriers:
            if await forward(carrier):
                return {"resultType": "complete"}
        raise _unknown(params)


def negotiated(ctx: Context) -> bool:
    """Return whether the client of a request supports tasks."""
    declared = ctx.session.client_capabilities
    extensions = declared.extensions if declared else None
    return ctx.protocol_version in REVISIONS and TASKS in (extensions or {})


def _check(ctx: Context, params: TaskParams) -> None:
    require_client_extension(ctx, TASKS)
    headers = getattr(ctx.request, "headers", None)  # only over HTTP
    if headers is not None and headers.get("mcp-name") != params.task_id:
        raise MCPError(HEADER_MISMATCH, "The header Mcp-Name does not match params.taskId.")


def _unknown(params: TaskParams) -> MCPError:
    named = plain(params.task_id)
    return MCPError(INVALID_PARAMS, "There is no such task.", {"taskId": named})


def _summary(task: Task) -> dict[str, Any]:
    keeps = task.keeps_seconds
    summary: dict[str, Any] = {
        "taskId": task.id,
        "status": task.status,
        "createdAt": _time(task.created_at),
        "lastUpdatedAt": _time(task.updated_at),
        "ttlMs": None if keeps is None else math.ceil(keeps * 1000),
        "pollIntervalMs": math.ceil(task.poll_seconds * 1000),
    }
    return summary | ({"statusMessage": plain(task.message)} if task.message else {})


def _details(task: Task) -> dict[str, Any]:
    details: dict[str, dict[str, Any]] = {
        "completed": {"result": task.result},
        "failed": {"error": task.error},
        "input_required": {"inputRequests": dict(task.questions)},
    }
    return details.get(task.status, {})


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
