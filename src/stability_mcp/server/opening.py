"""Opens a store that exists without waiting for a call, so that an idle server recovers jobs.

Most conversations make no picture, and a crash of the host must not cost a paid generation. So the
studio opens soon after the handshake, and its recovery takes over the jobs of servers that died.
Where there is no store none is made: another server may make one later, so the server looks again.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

import anyio

from stability_mcp.errors import StudioError
from stability_mcp.server.lazy_studio import LazyStudio

DATABASE = "store.db"
"""The file that makes a folder a store: `store.format.DATABASE`; the package isn't loaded here."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class OpenTiming:
    """When a server opens its store unasked, in seconds."""

    greeting: float = 5.0
    """Longest wait for a handshake: a server on HTTP may have no client."""
    settle: float = 0.25
    """Pause after the handshake: hosts list tools, prompts and resources then."""
    interval: float = 0.5
    """Pause between two looks for a store that does not exist yet."""
    min_retry: float = 30.0
    """First pause after the store could not be opened; it doubles: a person has to repair it."""
    max_retry: float = 3_600.0


async def open_existing(
    home: Path, lazy_studio: LazyStudio, timing: OpenTiming = OpenTiming()
) -> None:
    """Open the studio as soon as its store exists; return when it is open, whatever opened it.

    A store that cannot be opened is logged once. Later tries are silent, and a call that needs the
    store tries by itself and says what is wrong.
    """
    with anyio.move_on_after(timing.greeting):
        await lazy_studio.greeted.wait()
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
            log.log(level, "the store cannot be opened yet: %s", reason)
            pause, retry, level = retry, min(2 * retry, timing.max_retry), logging.DEBUG


def _exists(database: Path) -> bool:
    """Return whether there is a store; an empty file is one that is being made."""
    try:
        return database.stat().st_size > 0
    except OSError:
        return False
