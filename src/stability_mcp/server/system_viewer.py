"""Opens media in the viewer of the operating system, when the user asks for it.

Only files that this server stored or wrote, of types it knows, and never through a shell.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from anyio import to_thread

from stability_mcp.imaging.sniff import EXTENSIONS
from stability_mcp.settings import Settings
from stability_mcp.studio import MediaItem
from stability_mcp.surroundings import remote_place

SECONDS = 3.0
"""How long the opener may take to report a problem; some run as long as the viewer."""

DISPLAYS = ("WAYLAND_DISPLAY", "DISPLAY")
"""Variables of a graphical session on Linux, one of which is set."""


async def open_items(items: list[MediaItem], settings: Settings, *, over_http: bool) -> list[str]:
    """Open the files of items and return a line for each.

    Args:
        items: The items.
        settings: The operator's settings.
        over_http: Whether clients connect over HTTP, perhaps from other machines.
    """
    obstacle = _obstacle(settings, over_http=over_http)
    if obstacle:
        return [f"not opened: {obstacle}"]
    return [await to_thread.run_sync(_open, each) for each in items]


def _obstacle(settings: Settings, *, over_http: bool) -> str:
    """Return why no viewer can be opened, as a sentence; "": it can."""
    if over_http:
        return "The server runs over HTTP, so the user may sit at another machine."
    place = "" if settings.view == "on" else remote_place(os.environ, os.path.exists)
    if place:
        return f"The server runs in {place}, where the user sees no window."
    if not _is_linux():
        return ""
    if not any(map(os.environ.get, DISPLAYS)):
        return "The server has no graphical session (DISPLAY and WAYLAND_DISPLAY aren't set)."
    return "" if shutil.which("xdg-open") else "xdg-open isn't installed (package xdg-utils)."


def _open(item: MediaItem) -> str:
    path = _path(item)
    if path is None:
        return f"not opened: {item.name} has no file of a type that viewers know."
    try:
        _start_viewer(path)
    except (OSError, subprocess.CalledProcessError) as error:
        return f"not opened: {item.name}: the system's viewer failed ({_reason(error)})."
    return f"opened in the system's viewer: {item.name}"


def _path(item: MediaItem) -> Path | None:
    """Return the file to open: the readable copy, else the stored bytes, which have no ending."""
    ending = EXTENSIONS.get(item.media_type)
    if ending is None or item.unreadable:
        return None
    copy = item.copy_path
    if copy is not None and copy.suffix.casefold() == f".{ending}" and copy.is_file():
        return copy
    return item.path if _is_linux() and item.path.is_file() else None


def _start_viewer(path: Path) -> None:
    """Start the viewer.

    Raises:
        OSError: there is none.
        CalledProcessError: it reported a problem.
    """
    if sys.platform == "win32":
        os.startfile(path)  # noqa: S606 -- opens a file that this server wrote
        return
    command = ["open" if sys.platform == "darwin" else "xdg-open", str(path)]
    # stdin and stdout carry the protocol, so the viewer gets neither.
    process = subprocess.Popen(  # noqa: S603 -- an absolute path, no shell
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        code = process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        return  # the viewer is open
    if code:
        raise subprocess.CalledProcessError(code, command)


def _reason(error: OSError | subprocess.CalledProcessError) -> str:
    return error.strerror or "" if isinstance(error, OSError) else f"exit code {error.returncode}"


def _is_linux() -> bool:
    return sys.platform not in {"win32", "darwin"}
