"""Routes that say what this server is, without the database.

Length: one route, apart from those that need the table.
"""

from stability_mcp import __version__
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.rest.route import route
from stability_mcp.server.tool import Data


class Health(Data):
    """That the server answers."""

    status: str
    version: str


@route("GET", "/health", tag="health", access="open")
async def health(call: RestCall, arguments: None) -> Health:  # noqa: ARG001 -- every route takes both
    """Say that the server answers; touches no database."""
    return Health(status="healthy", version=__version__)
