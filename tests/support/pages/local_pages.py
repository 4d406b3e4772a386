"""Serves the local pages of a real studio, for tests that speak HTTP."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import httpx2

from stability_mcp.cli.page_opening import open_pages
from stability_mcp.pages.limits import DEFAULT_LIMITS, Limits
from stability_mcp.pages.listener import PageListener
from stability_mcp.pages.serving import serve
from stability_mcp.server.face import Face
from stability_mcp.studio import Studio, Upload, open_studio
from stability_mcp.studio.links import Links
from support.server.in_memory import settings_in

FACE = Face(open_pages=open_pages)
"""A server with pages, as the command line starts it."""


@dataclass
class Clock:
    """A clock that a test sets."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        """Return the time in unix seconds."""
        return self.now


@dataclass(kw_only=True)
class Pages:
    """The pages of one studio, and a client that follows no redirect."""

    studio: Studio
    port: int
    http: httpx2.AsyncClient
    clock: Clock = field(default_factory=Clock)

    def upload(self) -> tuple[Upload, str]:
        """Return an open upload and the path of its page."""
        upload = self.studio.pages.links.upload()
        return upload, f"/u/{upload.token}"

    async def send(self, link: str, name: str, body: bytes) -> httpx2.Response:
        """Send a file, as the page does."""
        return await self.http.post(f"{link}/files", params={"name": name}, content=body)

    async def view(self, file: Path) -> tuple[str, str]:
        """Import a file; return its id and the path of its view page."""
        item, _ = await self.studio.import_media(str(file), None)
        return item.id, f"/v/{self.studio.pages.links.view(item.id).token}"


@asynccontextmanager
async def pages_open(
    folder: Path, limits: Limits = DEFAULT_LIMITS, seconds: float = 60
) -> AsyncIterator[Pages]:
    """Open a studio and serve its pages, for a limited number of seconds."""
    clock = Clock()
    with anyio.fail_after(seconds):
        async with open_studio(settings_in(folder)) as studio:
            studio.pages.links = Links(clock)

            async def get_studio() -> Studio:
                return studio

            listener = PageListener(get_studio)
            base = listener.base_url
            async with anyio.create_task_group() as group:
                if limits == DEFAULT_LIMITS:
                    group.start_soon(listener.run)
                else:
                    group.start_soon(_serve_limited, listener, get_studio, limits)
                async with httpx2.AsyncClient(base_url=base, timeout=30, trust_env=False) as http:
                    yield Pages(studio=studio, port=listener.port, http=http, clock=clock)
                group.cancel_scope.cancel()


async def _serve_limited(
    listener: PageListener, get_studio: Callable[[], object], limits: Limits
) -> None:
    await serve(
        listener._socket,  # noqa: SLF001 -- the listener takes no limits
        get_studio,  # type: ignore[arg-type]  # the same function
        port=listener.port,
        limits=limits,
    )


def link_in(text: str, page: str = "u") -> str:
    """Return the first link to a page in an answer."""
    found = re.search(rf"http://127\.0\.0\.1:\d+/{page}/[\w-]+", text)
    assert found is not None, text
    return found.group()
