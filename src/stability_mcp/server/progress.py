"""Progress notifications: what a waiting person reads, and what keeps some hosts from giving up."""

from typing import TYPE_CHECKING, Any

from mcp.server.mcpserver import Context

from stability_mcp.wording import plain

if TYPE_CHECKING:
    from stability_mcp.studio import Progress

LEAST_STEP = 0.0001
"""The protocol wants every notification to be further on than the one before."""


def reporter(ctx: Context[Any, Any]) -> "Progress":
    """Return what tells the client how far a call is; nothing is sent to one that did not ask."""
    told = 0.0

    async def report(message: str, share: float) -> None:
        nonlocal told
        told = max(share, told + LEAST_STEP)
        await ctx.report_progress(told, 1.0, plain(message))

    return report
