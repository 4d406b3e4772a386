"""Serves MCP on stdin and stdout, as hosts start it.

Hosts close stdin, wait two seconds, send SIGTERM, wait two more and kill the process. A paid
request in flight must be finished if possible, or its picture is lost.
"""

import logging
import math
import os
import signal
import sys
from contextlib import AsyncExitStack

import anyio
from anyio.abc import ObjectSendStream
from mcp.server.stdio import stdio_server
from mcp.shared._stream_protocols import ReadStream, WriteStream
from mcp.shared.message import SessionMessage
from mcp.types import JSONRPCError
from pydantic import ValidationError

from stability_mcp.server.app import StudioServer, build_server
from stability_mcp.server.face import Face, OpenPages
from stability_mcp.server.garbage import paused_collection
from stability_mcp.server.messages import Message, MessageReader, as_message, unreadable_text
from stability_mcp.settings import Settings

log = logging.getLogger(__name__)

INCOMPLETE_SECONDS = 2.0
"""How long the next line of a message over several lines may take; then it counts as cut off."""
ENDED_BY_SIGNAL = 128
"""The exit code after a signal is this plus the signal's number."""


def run_stdio(settings: Settings, open_pages: OpenPages | None = None) -> None:
    """Serve until stdin ends, then finish requests in flight.

    Args:
        settings: The operator's settings.
        open_pages: Opens the local pages; None: no links to them.

    Raises:
        ConfigurationError: a toolset doesn't exist.
    """
    with paused_collection():
        server = build_server(settings, face=Face(open_pages=open_pages))
    anyio.run(serve, server)


async def serve(server: StudioServer) -> None:
    """Serve on stdin and stdout until stdin ends or a signal arrives."""
    async with AsyncExitStack() as stack:
        if sys.platform != "win32":
            group = await stack.enter_async_context(anyio.create_task_group())
            stack.callback(group.cancel_scope.cancel)
            group.start_soon(_end_by_signal, server)
        read, write = await stack.enter_async_context(stdio_server())
        await serve_repaired(server, read, write)


async def serve_repaired(
    server: StudioServer,
    read: ReadStream[SessionMessage | Exception],
    write: WriteStream[SessionMessage],
) -> None:
    """Serve a client whose invalid messages are repaired or answered with an error."""
    out, repaired = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    async with anyio.create_task_group() as group:
        group.start_soon(_repair, read, write, out)
        await server.run_streams(repaired, write)
        group.cancel_scope.cancel()


async def _repair(
    read: ReadStream[SessionMessage | Exception],
    write: WriteStream[SessionMessage],
    out: ObjectSendStream[SessionMessage | Exception],
) -> None:
    """Pass messages on; the SDK reports each line that it can't read as an exception."""
    reader = MessageReader()
    ended = False
    async with out:
        while not ended:
            found: list[Message] = []
            item: SessionMessage | Exception | None = None
            with anyio.move_on_after(INCOMPLETE_SECONDS if reader.waiting else math.inf) as pause:
                try:
                    item = await read.receive()
                except anyio.EndOfStream:
                    ended = True
            if isinstance(item, ValidationError):
                found += reader.feed(unreadable_text(item))
            elif pause.cancelled_caught or ended or item is not None:
                found += reader.flush()
            for each in found:
                checked = as_message(each)
                if isinstance(checked, JSONRPCError):
                    log.warning("answered an invalid message: %s", checked.error.message)
                    await write.send(SessionMessage(checked))
                else:
                    await out.send(SessionMessage(checked))
            if isinstance(item, SessionMessage):
                await out.send(item)


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
