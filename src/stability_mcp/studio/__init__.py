"""The studio: store, media, client and jobs joined into the one object that every face talks to.

A face (MCP server, command line, Python program) names an operation and its arguments; the studio
validates them, prepares the files, runs the job and tells what came of it. The path of a call:

`Studio.call` -> `arguments.parse` -> `media.prepare` (nothing is paid before this is through) ->
`jobs.submit` (budget and rows) -> the engine performs -> `client.exchange` -> HTTP -> stored media
-> `Studio.call` returns an `Outcome`, or one whose jobs are still under way when the wait is over.
"""

from stability_mcp.jobs.progress import Progress
from stability_mcp.studio.open import open_studio
from stability_mcp.studio.outcomes import (
    Estimate,
    Outcome,
    Price,
    Status,
    known_operation,
    paid_operation,
    price_of,
)
from stability_mcp.studio.studio import Studio

__all__ = [
    "Estimate",
    "Outcome",
    "Price",
    "Progress",
    "Status",
    "Studio",
    "known_operation",
    "open_studio",
    "paid_operation",
    "price_of",
]
