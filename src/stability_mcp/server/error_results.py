"""Errors into results: text that an agent can act on, and nothing of our insides.

Errors of this project say what happened, whether it was charged and what helps. Anything else is a
bug of ours: it is logged whole, and the client is told only that.
"""

import logging
from collections.abc import Iterable

from mcp.types import CallToolResult, TextContent

from stability_mcp.errors import StudioError
from stability_mcp.server.toolsets import toolset_of
from stability_mcp.text import did_you_mean, plain, quoted

ERROR = "stability-mcp/error"
"""Key in `_meta` of what kind of error it is."""

log = logging.getLogger(__name__)


def error_result(error: Exception, tool: str, *, uncollected: str | None = None) -> CallToolResult:
    """Return what a client gets of an exception."""
    if isinstance(error, StudioError):
        return _result(str(error), type(error).__name__, error.charged, uncollected)
    log.error("%s failed by a bug", tool, exc_info=error)
    text = (
        f"{tool} stopped at a bug in stability-mcp ({type(error).__name__}); its log on stderr has "
        "the details. If a job had been started, job_list shows it and it goes on; it is never "
        "sent twice. Please report the bug."
    )
    return _result(text, "Bug", "unknown", uncollected)


def unknown_tool(
    name: str, *, enabled: Iterable[str], every: Iterable[str], toolsets: Iterable[str]
) -> CallToolResult:
    """Return what a client gets that calls a tool which is not offered."""
    if name in set(every):
        more = (*toolsets, toolset_of(name))
        text = (
            f"The tool {quoted(name)} is not enabled here. Nothing was charged. The person who "
            f"runs the server can add it: STABILITY_TOOLSETS={','.join(more)}."
        )
    else:
        guess = did_you_mean(name, enabled) or "tools/list shows every tool."
        text = f"There is no tool {quoted(name)}. Nothing was charged. {guess}"
    return _result(text, "NotFoundError", "no", None)


def _result(text: str, kind: str, charged: str, uncollected: str | None) -> CallToolResult:
    lines = [text, *filter(None, [uncollected])]
    return CallToolResult(
        content=[TextContent(text=plain("\n".join(lines)))],
        is_error=True,
        _meta={ERROR: {"kind": kind, "charged": charged}},
    )
