"""The server on stdio, with a timing chosen by the test.

`python -m support.server.timed_server '{"poll_seconds": 0.1}'`; other settings come from the
environment.
"""

import json
import sys
from functools import partial

import anyio

from stability_mcp.jobs.models import Timing
from stability_mcp.server.app import build_server
from stability_mcp.server.stdio import serve
from stability_mcp.settings import read_settings
from stability_mcp.studio import open_studio
from support.programs import forked


def timed(**seconds: float) -> list[str]:
    """Return a command that runs a server with this timing."""
    return forked("support.server.timed_server", json.dumps(seconds))


if __name__ == "__main__":
    timing_ = Timing(**json.loads(sys.argv[1]))
    anyio.run(
        serve, build_server(read_settings(), open_studio=partial(open_studio, timing=timing_))
    )
