"""What a tool is told of the call beside its arguments."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcp.server.mcpserver import Context

from stability_mcp.settings import Settings
from stability_mcp.text import plain

if TYPE_CHECKING:
    from stability_mcp.server.elicitation import Elicitation
    from stability_mcp.studio import Confirm, Outcome, Progress


@dataclass(kw_only=True)
class Ticket:
    """Lets a call that takes long be answered with its id: the client says it will come back."""

    grace: float
    """Seconds after which the call is not waited for."""
    call: str | None = None
    """Id of the call that is still under way; None: the answer is there."""


TICKET: ContextVar[Ticket | None] = ContextVar("ticket", default=None)
"""The ticket of the request under way; None: its client takes nothing but answers."""


@dataclass(frozen=True, kw_only=True)
class CallContext:
    """One call of a tool."""

    tool: str
    settings: Settings
    enabled: frozenset[str]
    """Names of the tools that this server offers."""
    wait: float
    """Seconds after which the call hands back what is still under way."""
    progress: "Progress | None" = None
    ticket: Ticket | None = None
    """None: the client takes nothing but answers."""
    elicitation: "Elicitation | None" = None
    """How the user can be asked; None: not at all."""
    confirm: "Callable[[float | None], Confirm] | None" = None
    """Given the credits that the user agreed to, returns what sees that they agree to a price."""
    client: str = ""
    """What the client calls itself."""

    @property
    def soon(self) -> float | None:
        """Return the seconds after which the client takes the id of the call; None: it doesn't."""
        return self.ticket.grace if self.ticket is not None else None

    def with_ticket(self, outcome: "Outcome") -> "Outcome":
        """Note the call for a client that comes back for what is still under way."""
        if self.ticket is not None and not outcome.finished:
            self.ticket.call = outcome.call
        return outcome


MIN_STEP = 0.0001
"""The protocol wants every notification to be further on than the one before."""


def reporter(ctx: Context[Any, Any]) -> "Progress":
    """Return what tells the client how far a call is; nothing is sent to one that did not ask."""
    last = 0.0

    async def report(message: str, share: float) -> None:
        nonlocal last
        last = max(share, last + MIN_STEP)
        await ctx.report_progress(last, 1.0, plain(message))

    return report
