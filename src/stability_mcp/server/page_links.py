"""Links to local pages in answers; the listener opens with the first link."""

import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from stability_mcp.server.face import Face, Listener
from stability_mcp.settings import Settings
from stability_mcp.surroundings import remote_place
from stability_mcp.text import local_time

if TYPE_CHECKING:
    from stability_mcp.local_tools.local_tool import Paint
    from stability_mcp.studio import MediaItem, Studio

MAX_VIEWS = 8
"""View links in one answer: as many as a call makes variants."""

PAINT_ADVICE = (
    "Show the user this link: they paint over what should change and save the mask. "
    "The next answer names it."
)
"""What an answer with a paint link says."""

log = logging.getLogger(__name__)


class PageLinks:
    """Makes links to local pages.

    Args:
        face: What the program offers.
        settings: The operator's settings.
        studio: Returns the open studio.
        spawn: Runs a task until the server ends.
    """

    def __init__(
        self,
        face: Face,
        settings: Settings,
        *,
        studio: "Callable[[], Awaitable[Studio]]",
        spawn: Callable[[Callable[[], Awaitable[None]]], None],
    ) -> None:
        self.over_http = face.over_http
        self._open_pages = face.open_pages
        self._studio = studio
        self._spawn = spawn
        self._listener: Listener | None = None
        self.obstacle = _obstacle(face, settings)
        """Why the user can't open a page, as a sentence; "": they can."""

    def view_lines(self, studio: "Studio", items: "Sequence[MediaItem]") -> list[str]:
        """Return the lines with the addresses at which the user can look at items."""
        base = self.open() if items else None
        if base is None:
            return []
        urls = [f"{base}/v/{studio.pages.links.view(each.id).token}" for each in items[:MAX_VIEWS]]
        while_it_runs = "(while this server runs)"
        if len(items) == 1:
            return [f"view: {urls[0]} {while_it_runs}"]
        lines = [f"view {each.name}: {url}" for each, url in zip(items, urls, strict=False)]
        rest = len(items) - len(urls)
        more = [f"view: media_show has the links of the other {rest}"] if rest else []
        return [f"{lines[0]} {while_it_runs}", *lines[1:], *more]

    def paint_lines(self, studio: "Studio", paint: "Paint") -> list[str]:
        """Return the lines with the address at which the user can paint a mask."""
        base = self.open()
        if base is None:
            return [f"No page to paint on can be opened. {self.obstacle} Pass shapes instead."]
        link = studio.pages.links.paint(paint)
        until = local_time(link.expires_at)[-5:]
        return [
            f"paint: {base}/p/{link.token} (until {until}, while this server runs)",
            PAINT_ADVICE,
        ]

    def open(self) -> str | None:
        """Return the base URL of the pages, which listen from now on; None: see `obstacle`."""
        if self._listener is None and not self.obstacle and self._open_pages is not None:
            try:
                self._listener = self._open_pages(self._studio)
            except OSError as error:
                log.warning("cannot listen for browsers: %s", error)
                self.obstacle = f"No port for a local page can be opened ({error.strerror})."
            else:
                self._spawn(partial(self._run, self._listener))
        return None if self._listener is None else self._listener.base_url

    async def _run(self, listener: Listener) -> None:
        try:
            await listener.run()
        finally:
            self._listener = None  # after a bug, the next link opens another one


def _obstacle(face: Face, settings: Settings) -> str:
    if settings.view == "off":
        return "Local pages are turned off (STABILITY_VIEW=off)."
    if face.open_pages is None:
        return "A local page needs a running MCP server; this command ends with the call."
    if settings.view == "on":
        return ""
    if face.over_http and settings.hosts:
        return "The server may be used from other machines (STABILITY_HOSTS)."
    place = remote_place(os.environ, os.path.exists)
    return f"The server runs in {place}, so the user's browser can't open its pages." * bool(place)
