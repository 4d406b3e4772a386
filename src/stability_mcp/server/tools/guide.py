"""The guide as a tool: most hosts never load a server's prompts and resources.

Length: each family of tools has a file, and this family has one tool.
"""

from stability_mcp.api.tool_arguments import Arguments
from stability_mcp.server.call_context import CallContext
from stability_mcp.server.definition import READS
from stability_mcp.server.guide import Topic, read_page
from stability_mcp.server.tool import tool


class Guide(Arguments):
    """Read how to get good results: choosing a tool, prompting, masks, files and costs; free.

    Topic `director`: turn a brief into a plan of several steps.
    """

    topic: Topic
    """Page to read."""


@tool(title="Guide", effects=READS)
async def guide(studio: None, arguments: Guide, context: CallContext) -> str:  # noqa: ARG001 -- every tool takes the three
    """Return the page."""
    return await read_page(arguments.topic, context.enabled)
