"""Our server with the conformance suite's fixtures, over HTTP on loopback.

`python -m protocol.fixtures_server`, with tests/ on the path: prints its address on the first line
and serves until it is stopped.
"""

import sys
from collections.abc import Callable
from typing import Any

import anyio
import uvicorn
from mcp.server.mcpserver.tools import Tool

from protocol.fixtures_content import CONTENT_TOOLS, RICH_SCHEMA_TOOL
from protocol.fixtures_lists import add_handshake_methods, add_prompts, add_resources
from protocol.fixtures_questions import QUESTIONS
from protocol.fixtures_tasks import TOOLS, MemoryTasks
from stability_mcp.http.http_app import HTTP_WAIT_SECONDS
from stability_mcp.http.http_serving import listen
from stability_mcp.http.mcp_app import MAX_BODY_BYTES, PATH
from stability_mcp.server.app import StudioServer, build_server
from stability_mcp.server.face import Face
from stability_mcp.settings import read_settings


def build(tasks: MemoryTasks) -> StudioServer:
    """Build the server with the product's own factory."""
    functions: list[Callable[..., Any]] = [*CONTENT_TOOLS, *QUESTIONS, *TOOLS]
    fixtures = [Tool.from_function(each) for each in functions]
    server = build_server(
        read_settings(),
        face=Face(wait=HTTP_WAIT_SECONDS, over_http=True),
        extra_tools=[*fixtures, RICH_SCHEMA_TOOL],
        carriers=[tasks],
    )
    add_resources(server)
    add_prompts(server)
    add_handshake_methods(server)
    return server


def main() -> None:
    """Run the server."""
    listener = listen("127.0.0.1", 0)
    tasks = MemoryTasks()
    server = build(tasks)
    app = server.streamable_http_app(
        streamable_http_path=PATH, max_request_body_size=MAX_BODY_BYTES
    )
    sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}{PATH}\n")
    sys.stdout.flush()

    async def serve() -> None:
        async with tasks.running():
            await uvicorn.Server(uvicorn.Config(app, log_config=None)).serve([listener])

    anyio.run(serve)


if __name__ == "__main__":
    main()
