"""Turns errors into results that an agent can act on, without internal details.

Errors of this project say what happened, whether it was charged and what to do. Any other exception
is a bug: it is logged with its traceback, and the client only gets its type.
"""

import logging
from collections.abc import Iterable

from mcp.types import CallToolResult, TextContent

from stability_mcp.api.not_offered import suggest
from stability_mcp.errors import StudioError
from stability_mcp.server.toolsets import toolset_of
from stability_mcp.text import CHARGES, plain, quoted

ERROR = "stability-mcp/error"
"""Key in `_meta` of the error's type and charge."""

log = logging.getLogger(__name__)


def error_result(
    error: Exception, tool: str, *, uncollected: str | None = None, can_upload: bool = True
) -> CallToolResult:
    """Return an exception as a result.

    Args:
        error: The exception.
        tool: The name of the tool.
        uncollected: The line about undelivered results, or None.
        can_upload: Whether the client could open an upload page; hints offer it only then.
    """
    if isinstance(error, StudioError):
        text = str(error) if can_upload else _without_upload_offer(str(error))
        return _result(text, type(error).__name__, error.charged, uncollected)
    log.error("bug in %s", tool, exc_info=error)
    text = (
        f"{tool} failed because of a bug in stability-mcp ({type(error).__name__}); the log on "
        "stderr has details. If a job was started, it continues and is never sent twice; job_list "
        "shows its state and charge. Please report the bug."
    )
    return _result(text, "Bug", "unknown", uncollected)


def unknown_tool(
    name: str, *, enabled: Iterable[str], every: Iterable[str], toolsets: Iterable[str]
) -> CallToolResult:
    """Return the result for a tool that doesn't exist or isn't enabled."""
    if name in set(every):
        more = (*toolsets, toolset_of(name))
        text = (
            f"The tool {quoted(name)} isn't enabled. Nothing was charged. The person who runs the "
            f"server can enable it with STABILITY_TOOLSETS={','.join(more)}."
        )
    else:
        guess = suggest(name, enabled) or "tools/list shows every tool."
        text = f"There is no tool {quoted(name)}. Nothing was charged. {guess}"
    return _result(text, "NotFoundError", "no", None)


def _without_upload_offer(text: str) -> str:
    if "media_import" not in text:
        return text  # without importing the studio, which most errors don't need
    from stability_mcp.studio import UPLOAD_OFFER

    return text.replace(UPLOAD_OFFER, "")


def _result(text: str, kind: str, charged: str, uncollected: str | None) -> CallToolResult:
    lines = [text, *filter(None, [uncollected])]
    return CallToolResult(
        content=[TextContent(text=plain("\n".join(lines)))],
        is_error=True,
        _meta={ERROR: {"kind": kind, "charged": CHARGES[charged]}},
    )
