"""The context of a tool call, in addition to its arguments."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcp.server.mcpserver import Context

from stability_mcp.settings import Settings
from stability_mcp.text import plain

if TYPE_CHECKING:
    from stability_mcp.server.elicitation import Elicitation, QuestionChannel
    from stability_mcp.server.page_links import PageLinks
    from stability_mcp.studio import CallKey, Confirm, Outcome, Progress, WorkspaceSource


@dataclass(kw_only=True)
class Ticket:
    """Lets a long call return its id to a client that supports tasks and polls for the result."""

    grace: float
    """Seconds after which the call returns its id."""
    call: str | None = None
    """Id of the call if it is still running; None: the result is ready."""


TICKET: ContextVar[Ticket | None] = ContextVar("ticket", default=None)
"""The ticket of the current request; None: its client doesn't support tasks."""


@dataclass(frozen=True, kw_only=True)
class CallContext:
    """The context of one tool call."""

    tool: str
    settings: Settings
    enabled: frozenset[str]
    """Names of the enabled tools."""
    wait: float
    """Seconds after which the call returns, with jobs still running."""
    progress: "Progress | None" = None
    ticket: Ticket | None = None
    """None: the client doesn't support tasks."""
    elicitation: "Elicitation | None" = None
    """How to ask the user; None: not possible."""
    confirm: "Callable[[float | None], Confirm] | None" = None
    """Takes the credits that the user agreed to and returns the price check for the studio."""
    questions: "QuestionChannel | None" = None
    """Asks the user, for a tool; None: the client can't ask."""
    pages: "PageLinks | None" = None
    """Makes links to local pages; None: there are none."""
    client: str = ""
    """Name and version of the client."""
    client_name: str = ""
    """Only its name."""
    listed_as: str = ""
    """What it is called in lists of jobs."""
    workspace: "WorkspaceSource | None" = None
    """Asks this client for its workspace folders; None: it has none."""
    connection: dict[str, Any] | None = None
    """What is kept for this client while it is connected; None: there is no other client."""
    exposure: str = ""
    """See `Face.exposure`: such a client gets nothing of the user's but stored media."""
    from_page: bool = False
    """Whether the web page calls: it names no files of this machine, draws media itself, and
    fetches the results of jobs later."""
    key: "CallKey | None" = None
    """The idempotency key of the call, if it may spend credits."""

    @property
    def soon(self) -> float | None:
        """Return the seconds after which the client takes the call's id; None: it doesn't."""
        if self.from_page:
            return self.wait
        return self.ticket.grace if self.ticket is not None else None

    @property
    def can_upload(self) -> bool:
        """Return whether `media_import` could give the user a link to the upload page."""
        possible = self.pages is not None and not self.pages.obstacle
        return possible and "media_import" in self.enabled

    def with_ticket(self, outcome: "Outcome") -> "Outcome":
        """Put the id of an unfinished call on the ticket, for a client that supports tasks."""
        if self.ticket is not None and not outcome.finished:
            self.ticket.call = outcome.call
        return outcome


MIN_STEP = 0.0001
"""Smallest progress step: the protocol requires every notification to increase."""


def reporter(ctx: Context[Any, Any]) -> "Progress":
    """Return a callback that reports progress, to clients that asked for it."""
    last = 0.0

    async def report(message: str, share: float) -> None:
        nonlocal last
        last = max(share, last + MIN_STEP)
        await ctx.report_progress(last, 1.0, plain(message))

    return report
