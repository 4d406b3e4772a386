"""Serves MCP on stdin and stdout, as hosts start it.

Hosts close stdin, wait two seconds, send SIGTERM, wait two more and kill the process. A paid
request in flight must be finished if possible, or its picture is lost.
"""

import os
import signal
import sys
from contextlib import AsyncExitStack

import anyio

from stability_mcp.server.app import StudioServer, build_server
from stability_mcp.server.garbage import paused_collection
from stability_mcp.settings import Settings

ENDED_BY_SIGNAL = 128
"""The exit code after a signal is this plus the signal's number."""


def run_stdio(settings: Settings) -> None:
    """Serve until stdin ends, then finish requests in flight.

    Raises:
        ConfigurationError: a toolset doesn't exist.
    """
    with paused_collection():
        server = build_server(settings)
    anyio.run(serve, server)


async def serve(server: StudioServer) -> None:
    """Serve on stdin and stdout until stdin ends or a signal arrives."""
    async with AsyncExitStack() as stack:
        if sys.platform != "win32":
            group = await stack.enter_async_context(anyio.create_task_group())
            stack.callback(group.cancel_scope.cancel)
            group.start_soon(_end_by_signal, server)
        await server.run_stdio_async()


async def _end_by_signal(server: StudioServer) -> None:
    """Finish requests in flight, then exit; a second SIGINT exits at once."""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with anyio.create_task_group() as group:
            ending = False
            async for number in signals:
                if ending and number == signal.SIGINT:
                    os._exit(ENDED_BY_SIGNAL + number)
                if not ending:
                    ending = True
                    group.start_soon(_end, server, ENDED_BY_SIGNAL + number)


async def _end(server: StudioServer, code: int) -> None:
    await server.finish()
    # A thread is blocked reading stdin, which only the host can end.
    os._exit(code)
