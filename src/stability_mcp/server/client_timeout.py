"""Limits the wait of a call to what its client is known to tolerate.

Hosts time out calls after 10 to 60 seconds without announcing it. Observed timeouts are stored for
a while, by client name.
"""

from dataclasses import replace
from functools import partial

import anyio

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.server.call_context import CallContext
from stability_mcp.server.lazy_studio import LazyStudio

WAIT_SHARE = 0.8
"""Share of the client's shortest timeout that a call waits."""
MIN_WAIT_SECONDS = 5.0
"""Minimum wait of a call: one that the user stopped must not shorten all later ones."""
SETTLE_SECONDS = 0.5
"""Pause before a timeout is recorded: a host that shuts down cancels its calls too."""

WAIT_TOOLS = frozenset({"job_wait", "media_import"})
"""Slow tools that aren't paid: they wait for jobs, or for the user's files."""


async def limit_wait(lazy_studio: LazyStudio, context: CallContext) -> CallContext:
    """Return the call with a wait that its client is known to tolerate."""
    if not _takes_long(context):
        return context
    give_up_seconds = await (await lazy_studio.studio()).client_timeout(_name(context))
    if give_up_seconds is None:
        return context
    return replace(
        context, wait=min(context.wait, max(give_up_seconds * WAIT_SHARE, MIN_WAIT_SECONDS))
    )


def record_give_up(lazy_studio: LazyStudio, context: CallContext, seconds: float) -> None:
    """Record that the client cancelled a call after some seconds, unless the server is ending."""
    if _takes_long(context):
        lazy_studio.spawn(partial(_record, lazy_studio, _name(context), seconds))


async def _record(lazy_studio: LazyStudio, client: str, seconds: float) -> None:
    await anyio.sleep(SETTLE_SECONDS)
    await (await lazy_studio.studio()).client_gave_up(client, seconds)


def _takes_long(context: CallContext) -> bool:
    row = OPERATIONS.get(context.tool)
    paid = row is not None and row.is_paid()
    return bool(context.client) and (paid or context.tool in WAIT_TOOLS)


def _name(context: CallContext) -> str:
    return context.client.rpartition(" ")[0] or context.client
