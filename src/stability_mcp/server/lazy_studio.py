"""Opens the studio once, with the first call that needs it or from `opening.py`.

It is closed when the server ends. Store, client and emulator take a third of a second and tens of
megabytes to load, so the handshake doesn't wait for them.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

import anyio
from anyio.abc import TaskGroup, TaskStatus

from stability_mcp.server.face import PLAIN_FACE, Face
from stability_mcp.server.loading import load
from stability_mcp.server.page_links import PageLinks
from stability_mcp.settings import Settings

if TYPE_CHECKING:
    from stability_mcp.local_tools.local_tool import Paint
    from stability_mcp.server.elicitation import PendingQuestion
    from stability_mcp.studio import MediaItem, SpendScope, Studio

OpenStudio = Callable[[Settings], "AbstractAsyncContextManager[Studio]"]

log = logging.getLogger(__name__)


class LazyStudio:
    """Opens one studio, in its own task, so that work outlives the request that started it."""

    def __init__(
        self, settings: Settings, group: TaskGroup, opener: OpenStudio, face: Face = PLAIN_FACE
    ) -> None:
        self._settings = settings
        self._group = group
        self._opener = opener
        self._face = face
        self._http_scope: SpendScope | None = None
        self._studio: Studio | None = None
        self._opening = anyio.Lock()
        self.ready = anyio.Event()
        """Set when the studio has been opened for the first time."""
        self.handshake_done = anyio.Event()
        """Set when a client has completed the handshake."""
        self._closing = anyio.Event()
        self._spawned: set[anyio.CancelScope] = set()
        self.questions: dict[str, PendingQuestion] = {}
        """Questions that are open at the client, by the question key of the quote."""
        self.pages = PageLinks(face, settings, studio=self.studio, spawn=self.spawn)
        self.closed = anyio.Event()
        """Set when all requests in flight are finished and stored."""

    async def studio(self) -> "Studio":
        """Return the studio, opening it if necessary.

        Raises:
            StorageError: the data folder cannot be used; the next call tries again.
        """
        async with self._opening:
            if self._studio is not None:
                return self._studio
            # If the host cancels this call, the store must not stay half open.
            with anyio.CancelScope(shield=True):
                opened: Studio = await self._group.start(self._hold)
            self._studio = opened
            self.ready.set()
            return opened

    @property
    def opened(self) -> "Studio | None":
        """Return the studio if it is open, or None."""
        return self._studio

    async def spend_scope(self, client: str) -> "SpendScope":
        """Return which spending limits bind a client that gives itself this name."""
        limits = (await self.studio()).limits
        if not self._face.over_http:
            return limits.stdio_scope(client)
        if self._http_scope is None:
            self._http_scope = await limits.http_scope(self._face.token)
        return self._http_scope

    def view_lines(self, items: "Sequence[MediaItem]") -> list[str]:
        """Return the lines with the addresses at which the user can look at items."""
        return self.pages.view_lines(self._studio, items) if self._studio else []

    def paint_lines(self, paint: "Paint") -> list[str]:
        """Return the lines with the address at which the user can paint a mask."""
        return self.pages.paint_lines(self._studio, paint) if self._studio else []

    def painted_lines(self) -> list[str]:
        """Return the lines about masks that users painted, each once."""
        return self._studio.pages.painting.take_news() if self._studio else []

    async def uncollected_line(self) -> str | None:
        """Return the lines about undelivered results; also None while the store isn't open."""
        if self._studio is None:
            return None
        unread = await self._studio.uncollected_line()
        return "\n".join(filter(None, [*self.painted_lines(), unread])) or None

    async def uncollected_line_or_none(self) -> str | None:
        """Return the same line; also None if the store cannot be read."""
        try:
            return await self.uncollected_line()
        except Exception as error:  # noqa: BLE001 -- a finished answer must not fail for this line
            log.info("cannot look up uncollected results: %s", error)
            return None

    def spawn(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run a task that outlives the request, but not the server."""
        scope = anyio.CancelScope()

        async def run() -> None:
            try:
                with scope:
                    await work()
            except Exception:
                log.exception("bug in a background task")
            finally:
                self._spawned.discard(scope)

        if not self._closing.is_set():
            self._spawned.add(scope)
            self._group.start_soon(run)

    def close(self) -> None:
        """Start closing: send nothing new and finish requests in flight."""
        self._closing.set()
        for scope in self._spawned:
            scope.cancel()
        if self._studio is None:  # while it is opening, nothing is in flight
            self.closed.set()

    async def _hold(self, *, task_status: "TaskStatus[Studio]") -> None:
        opened = False
        try:
            async with self._opener(self._settings) as studio:
                opened = True
                task_status.started(studio)
                await self._closing.wait()
        except Exception as error:
            if not opened:
                raise _root_error(error) from None
            log.exception("bug closed the studio; the next call opens it again")
        finally:
            self._studio = None
            if self._closing.is_set():
                self.closed.set()


def _root_error(error: Exception) -> Exception:
    """Return the original error inside the groups that task groups wrap it in."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


@asynccontextmanager
async def lazy_studio_open(
    settings: Settings, opener: OpenStudio, face: Face = PLAIN_FACE
) -> AsyncIterator[LazyStudio]:
    """Provide a studio until the block ends, then wait for requests in flight."""
    async with anyio.create_task_group() as group:
        lazy_studio = LazyStudio(settings, group, opener, face)
        try:
            yield lazy_studio
        finally:
            lazy_studio.close()


@asynccontextmanager
async def open_lazily(settings: Settings) -> "AsyncIterator[Studio]":
    """Load the studio's code in a thread, so that the server keeps answering, and open it."""
    loaded = await load("stability_mcp.studio")
    async with loaded.open_studio(settings) as studio:
        yield studio
