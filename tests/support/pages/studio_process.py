"""The server as a process, and a client, for tests that aren't asynchronous themselves."""

import re
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import Client
from mcp.types import CallToolResult

from support.server.host import connected, text

UPLOAD = re.compile(r"http://127\.0\.0\.1:\d+/u/[\w-]+")
SESSION_SECONDS = 3_600.0
"""A server may serve all tests of a worker, among tests of other areas."""
VIEW = re.compile(r"http://127\.0\.0\.1:\d+/v/[\w-]+")
PAINT = re.compile(r"http://127\.0\.0\.1:\d+/p/[\w-]+")


class StudioProcess:
    """A running server as its assistant sees it.

    Args:
        client: A connected client.
        portal: Runs the client's calls.
        folder: A folder that the server may read.
    """

    def __init__(self, client: Client, portal: BlockingPortal, folder: Path) -> None:
        self._client = client
        self._portal = portal
        self.folder = folder

    def call(self, tool: str, **arguments: object) -> str:
        """Call a tool and return the text of its answer, which must not be an error."""
        return self.start(tool, **arguments).result()

    def start(self, tool: str, **arguments: object) -> "Future[str]":
        """Start a call."""

        async def answer() -> str:
            result: CallToolResult = await self._client.call_tool(tool, arguments)
            return text(result)

        return self._portal.start_task_soon(answer)

    def upload_link(self) -> str:
        """Return a new link, after collecting what arrived with the last one."""
        answer = self.call("media_import", source="upload")
        found = UPLOAD.search(answer) or UPLOAD.search(self.call("media_import", source="upload"))
        assert found, answer
        return found.group()

    def view_link(self, tool: str, **arguments: object) -> str:
        """Call a tool and return the link to the item in its answer."""
        answer = self.call(tool, **arguments)
        found = VIEW.search(answer)
        assert found, answer
        return found.group()

    def paint_link(self, image: str) -> str:
        """Return a link to paint a mask on a picture."""
        answer = self.call("image_mask", image=image)
        found = PAINT.search(answer)
        assert found, answer
        return found.group()

    def save(self, name: str, data: bytes) -> Path:
        """Write a file that the server may read."""
        path = self.folder / name
        path.write_bytes(data)
        return path


@contextmanager
def studio_process(folder: Path) -> Iterator[StudioProcess]:
    """Run a server with the emulator and its own store until the block ends."""
    opened = connected(folder, "auto", seconds=SESSION_SECONDS, STABILITY_VIEW="on")
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(opened) as client:
        yield StudioProcess(client, portal, folder)
