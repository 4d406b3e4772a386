"""Tools for the conformance suite that run as tasks, and the carrier that runs them.

The tasks are in memory, but use the same extension as the server's own tasks.
"""

import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

import anyio
from anyio.abc import TaskGroup
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import Context, require_client_extension
from mcp.shared.exceptions import MCPError
from mcp.types import INTERNAL_ERROR, CallToolRequestParams, CallToolResult, InputRequiredResult
from pydantic import BaseModel

from protocol.fixtures_questions import Answer, ask, content_of, questions, text_result
from stability_mcp.server.tasks.extension import TASKS
from stability_mcp.server.tasks.port import Status, Task

GRACE_SECONDS = 0.05
KEEPS_SECONDS = 3600.0


@dataclass
class Work:
    """A task and its running work."""

    task: Task
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    changed: anyio.Event = field(default_factory=anyio.Event)
    done: anyio.Event = field(default_factory=anyio.Event)
    answers: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    answer: HandlerResult | None = None

    def put(self, **changes: Any) -> None:  # noqa: ANN401 -- fields of Task
        """Change the task and wake its waiters."""
        self.task = replace(self.task, updated_at=time.time(), **changes)
        self.changed.set()
        self.changed = anyio.Event()

    async def ask(
        self, requests: Mapping[str, Mapping[str, Any]]
    ) -> Mapping[str, Mapping[str, Any]]:
        """Ask the client, and wait for all replies."""
        self.put(status="input_required", questions=requests)
        while not requests.keys() <= self.answers.keys():
            await self.changed.wait()
        return self.answers


_WORK: ContextVar[Work] = ContextVar("work")


class MemoryTasks:
    """Runs the tools below as tasks while the server is running."""

    def __init__(self) -> None:
        self._tasks: dict[str, Work] = {}
        self._group: TaskGroup | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run tasks until the block ends."""
        async with anyio.create_task_group() as self._group:
            yield
            self._group.cancel_scope.cancel()

    def takes(self, tool: str) -> bool:
        """Return whether a tool runs as a task."""
        return tool in {each.__name__ for each in TASK_TOOLS}

    async def start(
        self,
        params: CallToolRequestParams,  # noqa: ARG002 -- part of the protocol
        ctx: ServerRequestContext[Any, Any],
        call_next: CallNext,
    ) -> HandlerResult | Task:
        """Run the tool in the background; return its result if it is fast, else the task."""
        assert self._group is not None
        now = time.time()
        task = Task(
            id=secrets.token_urlsafe(24),
            status="working",
            created_at=now,
            updated_at=now,
            keeps_seconds=KEEPS_SECONDS,
        )
        work = Work(task)
        self._tasks[task.id] = work
        self._group.start_soon(_run, work, ctx, call_next)
        with anyio.move_on_after(GRACE_SECONDS):
            await work.done.wait()
        return work.task if work.answer is None else work.answer

    async def get(self, ctx: ServerRequestContext[Any, Any], task_id: str) -> Task | None:  # noqa: ARG002 -- part of the protocol
        """Return a task."""
        work = self._tasks.get(task_id)
        return None if work is None else work.task

    async def update(
        self,
        ctx: ServerRequestContext[Any, Any],  # noqa: ARG002 -- part of the protocol
        task_id: str,
        answers: Mapping[str, Mapping[str, Any]],
    ) -> bool:
        """Record the replies to pending questions."""
        work = self._tasks.get(task_id)
        if work is not None and work.task.status == "input_required":
            pending = dict(work.task.questions)
            work.answers |= {key: each for key, each in answers.items() if pending.pop(key, None)}
            status: Status = "input_required" if pending else "working"
            work.put(status=status, questions=pending)
        return work is not None

    async def cancel(self, ctx: ServerRequestContext[Any, Any], task_id: str) -> bool:  # noqa: ARG002 -- part of the protocol
        """Cancel the work."""
        work = self._tasks.get(task_id)
        if work is not None:
            work.scope.cancel()
        return work is not None


async def _run(work: Work, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> None:
    _WORK.set(work)
    with work.scope:
        try:
            answer = await call_next(ctx)
            if not isinstance(answer, InputRequiredResult):
                assert isinstance(answer, BaseModel)
                dumped = answer.model_dump(mode="json", by_alias=True, exclude_none=True)
                work.put(status="completed", result=dumped)
            work.answer = answer
        except MCPError as error:
            failure = error.error.model_dump(by_alias=True, exclude_none=True)
            work.put(status="failed", error=failure)
    if work.scope.cancelled_caught:
        work.put(status="cancelled")
    work.done.set()


def _question(message: str, name: str, kind: str = "string") -> Mapping[str, Any]:
    return ask(message, name, kind).model_dump(mode="json", by_alias=True, exclude_none=True)


async def greet(name: str) -> CallToolResult:
    """Return a greeting at once, without a task."""
    return text_result(f"Hello, {name}!")


async def slow_compute(seconds: float, label: str = "") -> CallToolResult:
    """Return after the given seconds."""
    await anyio.sleep(seconds)
    return text_result(f"Computed {label}.")


async def failing_job(ctx: Context[Any, Any]) -> CallToolResult:
    """Fail after a second; requires the tasks extension."""
    require_client_extension(ctx.request_context, TASKS)
    await anyio.sleep(1)
    return CallToolResult(content=text_result("It failed.").content, is_error=True)


async def protocol_error_job() -> CallToolResult:
    """Fail with a protocol error."""
    await anyio.sleep(2 * GRACE_SECONDS)
    raise MCPError(INTERNAL_ERROR, "The work failed with a protocol error.")


async def confirm_delete(filename: str) -> CallToolResult:
    """Ask while the task is running."""
    answers = await _WORK.get().ask({"confirm": _question("Delete it?", "confirm", "boolean")})
    return text_result(f"{filename}: {answers['confirm']['action']}")


async def multi_input() -> CallToolResult:
    """Ask two questions at once."""
    two = {"name": _question("Your name?", "name"), "place": _question("Where?", "name")}
    return text_result(f"Answered: {sorted(await _WORK.get().ask(two))}")


async def test_tool_with_task(ctx: Context[Any, Any]) -> Answer:
    """Ask first, then continue as a task."""
    entered = content_of(ctx, "user_name")
    if entered is None:
        return questions({"user_name": ask("What is your name?", "name")})
    await anyio.sleep(4 * GRACE_SECONDS)
    return text_result(f"Hello, {entered['name']}!")


Function = Callable[..., Awaitable[Any]]

TASK_TOOLS: tuple[Function, ...] = (
    slow_compute,
    failing_job,
    protocol_error_job,
    confirm_delete,
    multi_input,
    test_tool_with_task,
)
TOOLS: tuple[Function, ...] = (greet, *TASK_TOOLS)
