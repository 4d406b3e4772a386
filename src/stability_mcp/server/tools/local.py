"""Serves the local tools as MCP tools.

Length: an adapter of one function; the tools are in `local_tools/`.
"""

from collections.abc import Mapping

from stability_mcp.local_tools import all_local_tools
from stability_mcp.local_tools.local_tool import LocalResult, LocalTool
from stability_mcp.server.call_context import CallContext
from stability_mcp.server.definition import CHANGES, EXPORTS
from stability_mcp.server.tool import Tool
from stability_mcp.studio import Studio


def local_tools() -> Mapping[str, Tool]:
    """Return every local tool by name.

    None of them is marked read-only: a path as argument is imported.
    """
    return {name: _tool(each) for name, each in all_local_tools().items()}


def _tool(local: LocalTool) -> Tool:
    async def run(
        studio: Studio,
        arguments: Mapping[str, object],
        context: CallContext,  # noqa: ARG001 -- every tool takes the three
    ) -> LocalResult:
        return await studio.library.run_local(local, arguments)

    return Tool(
        name=local.name,
        title=local.title,
        effects=EXPORTS if local.writes_files else CHANGES,
        arguments=local.arguments,
        output=None,
        function=run,
        hints=local.hints,
        parses=True,
    )
