"""Our server with the conformance suite's fixtures, over HTTP on loopback.

`python -m protocol.fixtures_server`, with tests/ on the path: prints its address on the first line
and serves until it is ended.
"""

import sys

import anyio
import uvicorn
from mcp.server.mcpserver.tools import Tool

from protocol.fixtures_content import CONTENT_TOOLS, RICH_SCHEMA_TOOL
from protocol.fixtures_lists import add_handshake_methods, add_prompts, add_resources
from protocol.fixtures_questions import QUESTIONS
from stability_mcp.server.app import StudioServer, build_server
from stability_mcp.server.http import HTTP_WAIT, MOST_BODY, PATH, listen
from stability_mcp.settings import read_settings


def build() -> StudioServer:
    """Build it by the factory that also builds the server for hosts."""
    fixtures = [Tool.from_function(each) for each in (*CONTENT_TOOLS, *QUESTIONS)]
    server = build_server(
        read_settings(), wait=HTTP_WAIT, extra_tools=[*fixtures, RICH_SCHEMA_TOOL]
    )
    add_resources(server)
    add_prompts(server)
    add_handshake_methods(server)
    return server


def main() -> None:
    """Serve."""
    listener = listen("127.0.0.1", 0)
    app = build().streamable_http_app(streamable_http_path=PATH, max_request_body_size=MOST_BODY)
    sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}{PATH}\n")
    sys.stdout.flush()
    anyio.run(uvicorn.Server(uvicorn.Config(app, log_config=None)).serve, [listener])


if __name__ == "__main__":
    main()
