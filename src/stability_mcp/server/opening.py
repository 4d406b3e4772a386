"""Opens an existing store without waiting for a call, so that an idle server recovers jobs.

Most conversations make no picture, and a crash of the host must not cost a paid generation. So the
studio opens soon after the handshake, and its recovery takes over the jobs of dead servers. If no
store exists, none is created; another server may create one later, so the server keeps checking.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

import anyio

from stability_mcp.errors import StudioError
from stability_mcp.server.lazy_studio import LazyStudio

DATABASE = "store.db"
"""Same as `store.format.DATABASE`; the store package isn't loaded here."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class OpenTiming:
    """When a server opens its store without a call, in seconds."""

    greeting: float = 5.0
    """Longest wait for a handshake; a server on HTTP may have no client."""
    settle: float = 0.25
    """Pause after the handshake, while hosts list tools, prompts and resources."""
    interval: float = 0.5
    """Pause between two checks for a store that doesn't exist yet."""
    min_retry: float = 30.0
    """First pause after a failure to open the store; it doubles, as a person has to fix it."""
    max_retry: float = 3_600.0


async def open_existing(
    home: Path, lazy_studio: LazyStudio, timing: OpenTiming = OpenTiming()
) -> None:
    """Open the studio as soon as its store exists; return once anything has opened it.

    A store that cannot be opened is logged once. Later attempts are silent; a call that needs the
    store makes its own attempt and reports the error.
    """
    with anyio.move_on_after(timing.greeting):
        await lazy_studio.handshake_done.wait()
    pause, retry, level = timing.settle, timing.min_retry, logging.WARNING
    while True:
        with anyio.move_on_after(pause):
            await lazy_studio.ready.wait()
        if lazy_studio.ready.is_set():
            return
        pause = timing.interval
        if not _exists(home / DATABASE):
            continue
        try:
            await lazy_studio.studio()
        except (StudioError, OSError) as error:
            reason = error.message if isinstance(error, StudioError) else error
            log.log(level, "cannot open the store: %s", reason)
            pause, retry, level = retry, min(2 * retry, timing.max_retry), logging.DEBUG


def _exists(database: Path) -> bool:
    """Return whether there is a store; an empty file is still being created."""
    try:
        return database.stat().st_size > 0
    except OSError:
        return False
