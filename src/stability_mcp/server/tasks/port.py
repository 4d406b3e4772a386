"""What stands behind the tasks extension: whatever carries work on when its request is over."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.types import CallToolRequestParams

Status = Literal["working", "input_required", "completed", "failed", "cancelled"]
"""The last three are final."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """How the work of one request stands. Times are unix seconds."""

    id: str
    """Whoever knows it may read and end the task, so it cannot be guessed."""
    status: Status
    created_at: float
    updated_at: float
    message: str | None = None
    """What is going on, in words."""
    poll_seconds: float = 1.0
    """How long a client should leave between two looks."""
    keeps_seconds: float | None = None
    """How long it can be asked for, from its beginning; None: for good."""
    result: Mapping[str, Any] | None = None
    """What the request would have been answered, when completed; also an error of the tool."""
    error: Mapping[str, Any] | None = None
    """The protocol's error, when failed."""
    questions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What the client is asked, by a key for each question, when input is required."""


class Tasks(Protocol):
    """Work that outlives its request, of some tools."""

    def takes(self, tool: str) -> bool:
        """Return whether the work of this tool is carried on here."""
        ...

    async def start(
        self,
        params: CallToolRequestParams,
        ctx: ServerRequestContext[Any, Any],
        call_next: CallNext,
    ) -> HandlerResult | Task:
        """Begin the work; return its answer if that comes soon, else the task.

        A task that is returned can be asked for from then on.
        """
        ...

    async def get(self, ctx: ServerRequestContext[Any, Any], task_id: str) -> Task | None:
        """Return a task; None: there is none of that id."""
        ...

    async def update(
        self,
        ctx: ServerRequestContext[Any, Any],
        task_id: str,
        answers: Mapping[str, Mapping[str, Any]],
    ) -> bool:
        """Take answers to its questions, others are ignored; False: there is no such task."""
        ...

    async def cancel(self, ctx: ServerRequestContext[Any, Any], task_id: str) -> bool:
        """End a task that has not ended; False: there is no such task."""
        ...
