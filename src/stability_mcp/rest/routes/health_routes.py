"""Routes that say whether this server answers, and whether it can work."""

import logging

import anyio

from stability_mcp import __version__
from stability_mcp.rest.request_problems import RequestProblemError
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.rest.route import route
from stability_mcp.server.tool import Data

READ_SECONDS = 5.0
"""For reading the store: a check usually waits 10 s at most."""
STORE_RETRY_SECONDS = 5
"""When to ask again after the store couldn't be read: a restart takes about one second."""
PAUSED_RETRY_SECONDS = 30
"""When to ask again while the API is paused: the user has to act first."""

log = logging.getLogger(__name__)


class Health(Data):
    """The server answers."""

    status: str
    version: str


@route("GET", "/health", tag="health", access="open")
async def health(call: RestCall, arguments: None) -> Health:  # noqa: ARG001 -- every route takes both
    """Say that the server answers; touches no database."""
    return Health(status="healthy", version=__version__)


class Ready(Data):
    """The server can work."""

    status: str


@route("GET", "/ready", tag="health", access="open", statuses=(503,))
async def ready(call: RestCall, arguments: None) -> Ready:  # noqa: ARG001 -- every route takes both
    """Say whether calls would be sent: the store can be read, and the API isn't paused."""
    if await _is_paused(call):
        raise _not_ready("The API key was rejected or is out of credits.", PAUSED_RETRY_SECONDS)
    return Ready(status="ready")


async def _is_paused(call: RestCall) -> bool:
    """Return whether nothing is sent to the API.

    Raises:
        RequestProblemError: 503, the store can't be used; the log says why.
    """
    try:
        with anyio.fail_after(READ_SECONDS):
            studio = await call.face.get_lazy_studio().studio()
            return (await studio.rate_status()).paused_why is not None
    except Exception:  # whatever it is, the server isn't ready, and the caller may be anybody
        log.warning("the store can't be used", exc_info=True)
        raise _not_ready("The store can't be used.", STORE_RETRY_SECONDS) from None


def _not_ready(reason: str, seconds: int) -> RequestProblemError:
    return RequestProblemError(
        503,
        "not_ready",
        f"{reason} Nothing is sent or charged. Ask again in {seconds} s.",
        headers={"retry-after": str(seconds)},
    )
