"""A minimal MCP server for this API, as the baseline of the benchmarks.

It uses the same SDK and HTTP library, and has one tool that sends the same request and writes the
file. It has no database: a client that times out loses the result it paid for. `BENCH_PAGE` is a
file whose text the tool `guide` returns; `BENCH_TOOLS` is a file with tools to offer instead.
"""

import json
import os
import uuid
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
from mcp.server import MCPServer
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from mcp.types import ToolAnnotations

URL = os.environ["STABILITY_BASE_URL"]
HEADERS = {"authorization": f"Bearer {os.environ['STABILITY_API_KEY']}", "accept": "*/*"}
FOLDER = Path(os.environ["STABILITY_OUTPUT_DIR"])


@cache
def client() -> httpx2.AsyncClient:
    """Return the shared client, created on the first call because reading certificates is slow."""
    return httpx2.AsyncClient(base_url=URL, headers=HEADERS, timeout=300)


@cache
def page() -> str:
    """Return the text of `guide`."""
    return Path(os.environ["BENCH_PAGE"]).read_text(encoding="utf-8")


async def generate_core(prompt: str) -> str:
    """Generate a picture."""
    form = {"prompt": prompt, "aspect_ratio": "1:1", "seed": "0", "output_format": "png"}
    parts = {name: (None, value) for name, value in form.items()}
    response = await client().post("/v2beta/stable-image/generate/core", files=parts)
    response.raise_for_status()
    path = FOLDER / f"{uuid.uuid4().hex}.png"
    path.write_bytes(response.content)
    return f"{path} seed {response.headers['seed']}"


async def guide(topic: str) -> str:
    """Return a page of text."""
    del topic
    return page()


def copied(tool: dict[str, Any]) -> Tool:
    """Return a tool with another server's definition that does nothing."""

    async def run() -> str:
        return "done"

    schema = tool.get("outputSchema")
    return Tool(
        fn=run,
        name=tool["name"],
        title=tool.get("title"),
        description=tool.get("description", ""),
        parameters=tool["inputSchema"],
        fn_metadata=FuncMetadata(arg_model=ArgModelBase, output_schema=schema),
        is_async=True,
        annotations=ToolAnnotations.model_validate(tool.get("annotations") or {}),
    )


def build() -> MCPServer:
    """Build the server."""
    if "BENCH_TOOLS" in os.environ:
        offered = json.loads(Path(os.environ["BENCH_TOOLS"]).read_bytes())
        return MCPServer(
            "bare", version="1", log_level="WARNING", tools=[copied(each) for each in offered]
        )
    server = MCPServer("bare", version="1", log_level="WARNING")
    server.tool()(generate_core)
    if "BENCH_PAGE" in os.environ:
        server.tool(structured_output=False)(guide)
    return server


if __name__ == "__main__":
    build().run()
