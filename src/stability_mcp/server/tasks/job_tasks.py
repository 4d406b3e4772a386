"""Runs calls of paid tools as tasks; they are database rows, so they survive a restart.

A task's id is that of its call. Cancelling a task doesn't stop jobs that were sent: they continue,
and their results are uncollected.
"""

from collections.abc import Mapping
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

import anyio
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.types import INTERNAL_ERROR, CallToolRequestParams

from stability_mcp.errors import ArgumentsError, NotFoundError, StudioError
from stability_mcp.server.call_context import TICKET, Ticket
from stability_mcp.server.lazy_studio import LazyStudio
from stability_mcp.server.loading import load
from stability_mcp.server.tasks.port import Task
from stability_mcp.text import plain
from stability_mcp.uris import is_run

if TYPE_CHECKING:
    from stability_mcp.studio import Studio

GRACE_SECONDS = 1.0
"""Faster calls are answered directly: a task would cost the client another request."""
CLIENT_TIMEOUT_SECONDS = 600.0
"""A client that has not polled a task for this long has timed out; the result is uncollected."""

Context = ServerRequestContext[LazyStudio, Any]


class JobTasks:
    """The task backend of all built-in tools; only paid calls outlive their request.

    Args:
        enabled: Names of the enabled tools; answers name no others.
        grace: Seconds after which a paid call is answered with a task.
        timeout: Seconds without a poll after which the result of a task is uncollected.
    """

    def __init__(
        self,
        enabled: frozenset[str],
        *,
        grace: float = GRACE_SECONDS,
        timeout: float = CLIENT_TIMEOUT_SECONDS,
    ) -> None:
        self._enabled = enabled
        self._grace = grace
        self._timeout = timeout
        self._polled_at: dict[str, float] = {}
        """When a client last polled each task of this process whose result is undelivered."""

    def takes(self, tool: str) -> bool:
        """Return whether it is a built-in tool."""
        return tool in self._enabled

    async def start(
        self,
        params: CallToolRequestParams,  # noqa: ARG002 -- the SDK passes them to the tool
        ctx: Context,
        call_next: CallNext,
    ) -> HandlerResult | Task:
        """Call the tool; return a task if it is still running after the grace period."""
        ticket = Ticket(grace=self._grace)
        token = TICKET.set(ticket)
        try:
            answer = await call_next(ctx)
        finally:
            TICKET.reset(token)
        if ticket.call is None:
            return answer
        self._polled_at[ticket.call] = anyio.current_time()
        lazy_studio = ctx.lifespan_context
        lazy_studio.spawn(partial(self._abandon_unpolled, lazy_studio, ticket.call))
        results = await _task_results()
        task: Task | None = await results.task_of(await _studio(ctx), ticket.call)
        return task or answer

    async def get(self, ctx: Context, task_id: str) -> Task | None:
        """Return a task; once its result is returned, the call counts as delivered."""
        results = await _task_results()
        try:
            studio = await _studio(ctx)
            view_lines = ctx.lifespan_context.view_lines
            task: Task | None = await results.finished_task(
                studio, task_id, self._enabled, view_lines
            )
        except StudioError as error:
            raise _read_error(error) from error
        if task_id in self._polled_at:
            self._polled_at[task_id] = anyio.current_time()
            if task is not None and task.status != "working":
                del self._polled_at[task_id]
        return task

    async def update(
        self,
        ctx: Context,
        task_id: str,
        answers: Mapping[str, Mapping[str, Any]],  # noqa: ARG002 -- there are no questions
    ) -> bool:
        """Ignore answers: the user is asked before a call becomes a task, never afterwards."""
        results = await _task_results()
        return await results.task_of(await _studio(ctx), task_id) is not None

    async def cancel(self, ctx: Context, task_id: str) -> bool:
        """Cancel the task and its unsent jobs, unless another call waits for them."""
        studio = await _studio(ctx)
        if is_run(task_id):
            return await _cancel_run(studio, task_id)
        call = await studio.find_call(task_id)
        if call is None:
            return False
        if await studio.cancel_call(task_id):
            await studio.cancel_jobs([job.id for job in call.jobs], caller=task_id)
        return True

    async def _abandon_unpolled(self, lazy_studio: LazyStudio, call: str) -> None:
        while (polled_at := self._polled_at.get(call)) is not None:
            left = polled_at + self._timeout - anyio.current_time()
            if left <= 0:
                del self._polled_at[call]
                await (await lazy_studio.studio()).abandon_call(call)
                return
            await anyio.sleep(left)


async def _cancel_run(studio: "Studio", run: str) -> bool:
    """Cancel a run of a workflow; False: there is no such run."""
    from stability_mcp.studio.workflow.run_start import RunOptions

    try:
        await studio.runs.cancel(run, RunOptions(wait=0, preview=False))
    except NotFoundError:
        return False
    except ArgumentsError:  # it has ended
        return True
    return True


async def _studio(ctx: Context) -> "Studio":
    """Return the studio as the client of a request sees it, with its spending limit."""
    lazy_studio, params = ctx.lifespan_context, ctx.session.client_params
    try:
        studio = await lazy_studio.studio()
        scope = await lazy_studio.spend_scope(params.client_info.name if params else "")
        return studio.for_client(None, None, scope)
    except StudioError as error:
        raise _read_error(error) from error


async def _task_results() -> ModuleType:
    return await load("stability_mcp.server.tasks.task_results")


def _read_error(error: StudioError) -> MCPError:
    """Return the error for a failed read; the client may poll again."""
    return MCPError(INTERNAL_ERROR, plain(str(error)))
