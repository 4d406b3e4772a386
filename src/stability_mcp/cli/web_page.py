"""Serves the web page for the person at this machine, and opens it in the browser."""

import os
import socket
import sys
import webbrowser
from contextlib import suppress
from pathlib import Path

import anyio
from anyio import to_thread

from stability_mcp.errors import ConfigurationError
from stability_mcp.http.http_app import http_app
from stability_mcp.http.http_serving import kept_token, listen, serve_app
from stability_mcp.http.identities import Secrets
from stability_mcp.pages.page_token import PageTokens
from stability_mcp.server.face import OpenPages
from stability_mcp.settings import Settings
from stability_mcp.surroundings import remote_place

HOST = "127.0.0.1"
PORT_FILE = "ui-port"
"""The port of the last run: a browser finds the drafts again that it keeps for an address."""
MIN_PORT, MAX_PORT = 1_024, 65_535
"""Ports that programs without special rights may listen on."""


async def run_ui(
    settings: Settings, *, port: int | None, opens: bool, open_pages: OpenPages
) -> None:
    """Serve until a signal arrives, then finish requests in flight.

    Args:
        settings: The operator's settings.
        port: The port, 0 for any free one; None: that of the last run, if it is free.
        opens: Whether to open the page in the browser.
        open_pages: Opens the local pages of links in answers.

    Raises:
        ConfigurationError: the port is in use.
        StorageError: the data folder can't be written.
    """
    bearer = kept_token(settings.home_dir)
    listener = _listen(settings.home_dir / PORT_FILE, port)
    tokens = PageTokens()
    base = f"http://{HOST}:{listener.getsockname()[1]}"
    link = tokens.new_link(base)
    place = remote_place(os.environ, os.path.exists)
    sys.stdout.write(_announcement(link, place))
    sys.stdout.flush()
    async with anyio.create_task_group() as group:
        if opens and not place:
            group.start_soon(_open, link)
        given = Secrets(token=bearer, page=tokens)
        app = http_app(settings, given, open_pages=open_pages)
        await serve_app(app, settings, listener)
        group.cancel_scope.cancel()


def _announcement(link: str, place: str) -> str:
    lines = [
        f"stability-mcp: web page at {link}",
        "The link opens the page once. Ctrl+C stops the page; jobs that were sent are finished.",
    ]
    if place:
        lines.append(
            f"This runs in {place}: if the link doesn't open, forward its port to your machine "
            "under the same number."
        )
    return "\n".join(lines) + "\n"


async def _open(link: str) -> None:
    """Open the browser in a thread, as some stay in the foreground."""
    if not await to_thread.run_sync(webbrowser.open, link, abandon_on_cancel=True):
        sys.stdout.write("No browser could be opened. Open the link yourself.\n")
        sys.stdout.flush()


def _listen(kept: Path, port: int | None) -> socket.socket:
    """Return a socket that listens on a port, or on that of the last run if it is free."""
    if port is not None:
        return listen(HOST, port)
    try:
        listener = listen(HOST, _kept_port(kept))
    except ConfigurationError:  # in use: by another `ui`, or by another program
        return listen(HOST, 0)
    with suppress(OSError):  # the next run then has another port
        kept.write_text(str(listener.getsockname()[1]), encoding="ascii")
    return listener


def _kept_port(kept: Path) -> int:
    """Return the port of the last run; 0: there is none."""
    try:
        port = int(kept.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0
    return port if MIN_PORT <= port <= MAX_PORT else 0
