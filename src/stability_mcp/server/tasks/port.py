"""The port of the tasks extension: a backend runs work that outlives its request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.types import CallToolRequestParams

Status = Literal["working", "input_required", "completed", "failed", "cancelled"]
"""The last three are final."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """The state of one request's work. Times are unix seconds."""

    id: str
    """Unguessable, since anyone who knows it may read and cancel the task."""
    status: Status
    created_at: float
    updated_at: float
    message: str | None = None
    """Progress in words."""
    poll_seconds: float = 1.0
    """Poll interval for clients."""
    keeps_seconds: float | None = None
    """How long it can be polled, from its start; None: forever."""
    result: Mapping[str, Any] | None = None
    """The result of a completed request; may be an error result of the tool."""
    error: Mapping[str, Any] | None = None
    """The protocol error of a failed request."""
    questions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Questions to the client by key, if input is required."""


class Tasks(Protocol):
    """A backend that runs some tools as tasks."""

    def takes(self, tool: str) -> bool:
        """Return whether this backend runs a tool."""
        ...

    async def start(
        self,
        params: CallToolRequestParams,
        ctx: ServerRequestContext[Any, Any],
        call_next: CallNext,
    ) -> HandlerResult | Task:
        """Start the work; return its result if it is fast, else a task.

        A returned task can be polled at once.
        """
        ...

    async def get(self, ctx: ServerRequestContext[Any, Any], task_id: str) -> Task | None:
        """Return a task by id, or None."""
        ...

    async def update(
        self,
        ctx: ServerRequestContext[Any, Any],
        task_id: str,
        answers: Mapping[str, Mapping[str, Any]],
    ) -> bool:
        """Answer questions of a task, ignoring unknown ones; False: there is no such task."""
        ...

    async def cancel(self, ctx: ServerRequestContext[Any, Any], task_id: str) -> bool:
        """Cancel a task unless it has ended; False: there is no such task."""
        ...
