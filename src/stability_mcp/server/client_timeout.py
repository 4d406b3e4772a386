"""Returns a job id before the client is known to time out.

Hosts cut a call off after 10 to 60 seconds, and none says so beforehand. Timeouts that were seen
are kept in the store for a while, by the name that the client gives itself.
"""

from dataclasses import replace
from functools import partial

import anyio

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.server.call_context import CallContext
from stability_mcp.server.lazy_studio import LazyStudio

WAIT_SHARE = 0.8
"""Of the shortest time after which the client gave up."""
MIN_WAIT_SECONDS = 5.0
"""Least wait of a call: a call that the user stopped must not shorten every later one."""
SETTLE_SECONDS = 0.5
"""Seconds. A host that ends altogether cancels its calls as well, and that says nothing."""

WAIT_TOOL = "job_wait"
"""The one tool beside the paid ones that takes long."""


async def limit_wait(lazy_studio: LazyStudio, context: CallContext) -> CallContext:
    """Return the call with a wait that its client is known to bear."""
    if not _takes_long(context):
        return context
    give_up_seconds = await (await lazy_studio.studio()).client_timeout(_name(context))
    if give_up_seconds is None:
        return context
    return replace(
        context, wait=min(context.wait, max(give_up_seconds * WAIT_SHARE, MIN_WAIT_SECONDS))
    )


def record_give_up(lazy_studio: LazyStudio, context: CallContext, seconds: float) -> None:
    """Note that the client cancelled a call after so many seconds, unless the server is ending."""
    if _takes_long(context):
        lazy_studio.spawn(partial(_record, lazy_studio, _name(context), seconds))


async def _record(lazy_studio: LazyStudio, client: str, seconds: float) -> None:
    await anyio.sleep(SETTLE_SECONDS)
    await (await lazy_studio.studio()).client_gave_up(client, seconds)


def _takes_long(context: CallContext) -> bool:
    row = OPERATIONS.get(context.tool)
    paid = row is not None and row.is_paid()
    return bool(context.client) and (paid or context.tool == WAIT_TOOL)


def _name(context: CallContext) -> str:
    return context.client.rpartition(" ")[0] or context.client
