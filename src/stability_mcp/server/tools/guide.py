"""The guide, for models: most hosts never load a server's prompts and resources.

Length: a family of tools has a file, and this family has one tool.
"""

from stability_mcp.server.call_context import CallContext
from stability_mcp.server.definition import READS
from stability_mcp.server.guide import Topic, read_page
from stability_mcp.server.tool import Arguments, tool


class Guide(Arguments):
    """Read how to get good results: which tool to choose, prompting, masks, files, costs.

    Topic `director` tells how to turn a brief into a plan of several steps.
    """

    topic: Topic
    """The page."""


@tool(title="Guide", effects=READS)
async def guide(studio: None, arguments: Guide, context: CallContext) -> str:  # noqa: ARG001 -- every tool takes the three
    """Answer with the page."""
    return await read_page(arguments.topic, context.enabled)
