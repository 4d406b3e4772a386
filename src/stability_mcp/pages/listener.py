"""Listens on a loopback port for browsers; costs one socket until the first one connects."""

import importlib
import socket

import anyio
from anyio import to_thread

from stability_mcp.pages.studio_source import GetStudio

HOST = "127.0.0.1"
"""Loopback only: no other machine can connect."""

BACKLOG = 16
"""Connections that wait while the application is imported; a browser opens up to six."""

SERVING = "stability_mcp.pages.serving"


class PageListener:
    """The address of the pages; serves them while `run` runs.

    Args:
        get_studio: Returns the open studio.

    Raises:
        OSError: no loopback port can be opened.
    """

    def __init__(self, get_studio: GetStudio) -> None:
        self._get_studio = get_studio
        self._socket = socket.create_server((HOST, 0), backlog=BACKLOG)
        self._socket.settimeout(0)
        # Connections inherit it. Without it, the second part of each answer waits 40 ms.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port: int = self._socket.getsockname()[1]

    @property
    def base_url(self) -> str:
        """Return the address of the pages, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    async def run(self) -> None:
        """Wait for the first connection, then serve until cancelled."""
        with self._socket:
            await anyio.wait_readable(self._socket)
            serving = await to_thread.run_sync(importlib.import_module, SERVING)
            await serving.serve(self._socket, self._get_studio, port=self.port)
