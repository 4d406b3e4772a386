"""Our server over HTTP on loopback, with an emulated API that is slow.

`python -m protocol.paced_server SECONDS`, with tests/ on the path: prints its address on the first
line and serves until it is stopped. The environment sets everything else.
"""

import sys
from functools import partial

import anyio
import uvicorn

from stability_mcp.http.http_serving import listen
from stability_mcp.http.mcp_app import MAX_BODY_BYTES, PATH
from stability_mcp.server.app import build_server
from stability_mcp.settings import read_settings
from support.server.in_memory import paced


def main() -> None:
    """Run the server."""
    server = build_server(read_settings(), open_studio=partial(paced, latency=float(sys.argv[1])))
    listener = listen("127.0.0.1", 0)
    app = server.streamable_http_app(
        streamable_http_path=PATH, max_request_body_size=MAX_BODY_BYTES
    )
    sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}{PATH}\n")
    sys.stdout.flush()
    anyio.run(uvicorn.Server(uvicorn.Config(app, log_config=None)).serve, [listener])


if __name__ == "__main__":
    main()
