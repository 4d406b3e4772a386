"""Runs the application on the listener's socket, within limits for slow and many connections."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import anyio
import h11
import uvicorn
from anyio import to_thread
from uvicorn.protocols.http.h11_impl import H11Protocol

from stability_mcp.pages.limits import DEFAULT_LIMITS, Limits
from stability_mcp.pages.request_guard import Guard
from stability_mcp.pages.site import page_app
from stability_mcp.pages.studio_source import GetStudio

GRACE_SECONDS = 0.5
"""How long shutdown waits for requests; hosts kill a server two seconds after closing stdin."""


async def serve(
    listening: socket.socket, get_studio: GetStudio, *, port: int, limits: Limits = DEFAULT_LIMITS
) -> None:
    """Serve until cancelled, then close the connections.

    Args:
        listening: A listening socket.
        get_studio: Returns the open studio.
        port: Its port, which requests must name.
        limits: Limits in time and number.
    """
    app = await to_thread.run_sync(page_app, get_studio, limits)
    config = uvicorn.Config(
        Guard(app, port=port),
        ws="none",
        lifespan="off",
        log_config=None,
        proxy_headers=False,
        server_header=False,
        date_header=False,
    )
    config.http = _protocol(limits)
    server = _Server(config)
    try:
        await server.serve([listening])
    finally:
        if server.started:
            await _end(server, listening)


async def _end(server: uvicorn.Server, listening: socket.socket) -> None:
    """Let requests finish for a moment, then drop their connections, which ends them."""
    with anyio.CancelScope(shield=True):
        with anyio.move_on_after(GRACE_SECONDS):
            await server.shutdown([listening])
        for connection in list(server.server_state.connections):
            connection.transport.abort()
        with anyio.move_on_after(GRACE_SECONDS):
            await asyncio.gather(*server.server_state.tasks, return_exceptions=True)


class _Server(uvicorn.Server):
    """Leaves signals to the MCP server, which finishes paid requests first."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


def _protocol(limits: Limits) -> Any:  # noqa: ANN401 -- uvicorn takes any factory
    return type("Protocol", (_Protocol,), {"limits": limits})


class _Protocol(H11Protocol):
    """A connection that ends if a head, or the rest of a refused body, takes long; never logged."""

    limits = DEFAULT_LIMITS
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Start the time limit of the first head, unless there are too many connections."""
        super().connection_made(transport)
        self.access_log = False  # paths contain tokens
        if len(self.connections) > self.limits.connections:
            transport.abort()
            return
        self._start_deadline()

    def data_received(self, data: bytes) -> None:
        """Start the time limit of a head or of a refused body, and end it with the last byte."""
        super().data_received(data)
        is_answered = self.conn.their_state is h11.SEND_BODY and self.conn.our_state is h11.DONE
        if self.conn.their_state is h11.IDLE or is_answered:
            self._start_deadline()
        else:
            self._end_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the time limit."""
        self._end_deadline()
        super().connection_lost(exc)

    def _start_deadline(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.limits.header, self.transport.abort)

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
