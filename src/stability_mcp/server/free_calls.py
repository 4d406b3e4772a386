"""Runs a call of a tool that needs no studio.

It may need the operations, so `app.py` imports it with the first such call. It doesn't import or
wait for the store or the studio.

Length: it is imported on its own, with the first call of a free tool.
"""

from collections.abc import Mapping
from typing import Any

from mcp.types import CallToolResult
from pydantic import BaseModel

from stability_mcp.api.parsing import parse_model
from stability_mcp.server import plain_results
from stability_mcp.server.call_context import CallContext
from stability_mcp.server.error_results import error_result
from stability_mcp.server.lazy_studio import LazyStudio
from stability_mcp.server.tools import free_tools


async def call(
    lazy_studio: LazyStudio, arguments: Mapping[str, Any], context: CallContext
) -> CallToolResult:
    """Run the call and return its result; errors are results too."""
    uncollected = await lazy_studio.uncollected_line_or_none()
    try:
        tool = free_tools()[context.tool]
        parsed = parse_model(tool.arguments, arguments, what=tool.name, hints=tool.hints)
        answer: BaseModel | str = await tool.function(None, parsed, context)
    except Exception as error:  # noqa: BLE001 -- the boundary: every error becomes a result
        return error_result(error, context.tool, uncollected=uncollected)
    if isinstance(answer, BaseModel):
        return plain_results.of_data(answer, uncollected=uncollected)
    return plain_results.of_text(answer, uncollected=uncollected)
