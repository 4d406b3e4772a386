"""Opens the studio of an idle server when unfinished jobs have no living process.

The first call that needs the studio opens it, and the studio's own recovery (`jobs/recovery`) takes
over the jobs of a server that died. Most conversations make no such call, and a crash of the host
must not cost a paid generation. So a server without a studio watches an existing store with the
standard library alone. It writes nothing there, and makes no store where there is none.
"""

import logging
import os
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import anyio
from anyio import to_thread

from stability_mcp.errors import StudioError
from stability_mcp.server.lazy_studio import LazyStudio
from stability_mcp.settings import Settings
from stability_mcp.store.format import (
    EMULATOR_ID,
    MAX_MISSING_PROBES,
    SCHEMA,
    lock_path,
    upstream_id,
)

MIN_ABANDONED_PROBES = 3
"""Looks that are left to a living process of the same upstream, whose own recovery needs 2 s, so
that not every idle server opens its studio."""
SETTLED_SECONDS = 2.0
"""Age from which the time of a file shows every later change: the coarsest file systems need 2."""
BUSY_SECONDS = 0.1
"""Longest wait for a locked database; the next probe comes soon."""
STATES = ("queued", "submitting", "submitted", "storing")
"""States of the jobs that recovery acts on."""

log = logging.getLogger(__name__)

_META = "SELECT key, value FROM meta WHERE key IN ('schema', 'fingerprint_secret')"
_DRIVERS = (
    "SELECT DISTINCT process FROM jobs WHERE upstream = ? AND finished_at IS NULL"  # noqa: S608 -- our own words
    f" AND state IN ({', '.join('?' * len(STATES))})"
)
_PROCESSES = "SELECT id, upstream FROM processes"

_Stamp = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True, kw_only=True)
class ProbeTiming:
    """How often an idle server probes for abandoned jobs, in seconds."""

    interval: float = 1.0
    """Pause before each probe: the first follows the handshake, and a takeover needs 2 to 3 s."""
    min_retry: float = 30.0
    """First pause after the studio could not be opened; it doubles: a person has to repair it."""
    max_retry: float = 3_600.0


async def recover_while_idle(
    settings: Settings,
    lazy_studio: LazyStudio,
    timing: ProbeTiming = ProbeTiming(),
) -> None:
    """Open the studio when jobs are abandoned; return when it is open, whatever opened it."""
    watch = AbandonedJobs(settings)
    pause, retry = timing.interval, timing.min_retry
    while True:
        with anyio.move_on_after(pause):
            await lazy_studio.ready.wait()
        if lazy_studio.ready.is_set():
            return
        pause = timing.interval
        if not await to_thread.run_sync(watch.probe, abandon_on_cancel=True):
            continue
        log.info("unfinished jobs have no living process: the studio opens")
        try:
            await lazy_studio.studio()
        except (StudioError, OSError) as error:
            log.warning("unfinished jobs cannot be recovered, next try in %.0f s: %s", retry, error)
            pause, retry = retry, min(2 * retry, timing.max_retry)


class AbandonedJobs:
    """Finds unfinished jobs of one upstream that no living process drives.

    The database is read only after its files changed. Between changes a probe costs two `stat`
    calls and one try of the lock of each process that drives unfinished jobs.

    Args:
        settings: Which store, and which upstream: jobs of other keys are left alone.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._read_at: _Stamp | None = None
        self._upstream = ""
        self._drivers: set[str | None] = set()
        self._processes: dict[str, str] = {}
        self._missing: dict[str, int] = {}
        self._probes = 0

    def probe(self) -> bool:
        """Return whether the studio is to be opened; blocks for a moment and changes nothing."""
        database = self._settings.home_dir / "store.db"
        stamp = _stamp(database)
        if stamp is None:
            return False
        if stamp != self._read_at:
            if not self._read(database):
                return False
            self._read_at = stamp if _is_settled(stamp) else None
        self._probes = self._probes + 1 if self._any_abandoned() else 0
        return self._probes >= MIN_ABANDONED_PROBES or (
            self._probes > 0 and not self._another_lives()
        )

    def _read(self, database: Path) -> bool:
        """Read which processes drive unfinished jobs, and return whether that was possible."""
        import sqlite3

        try:
            # A read-only connection does not checkpoint when it is closed.
            with closing(
                sqlite3.connect(
                    f"{database.as_uri()}?mode=ro",
                    uri=True,
                    timeout=BUSY_SECONDS,
                    isolation_level=None,
                )
            ) as connection:
                connection.execute("BEGIN")  # one state of the store for all that is read
                meta = dict(connection.execute(_META))
                self._drivers, self._processes = set(), {}
                if meta.get("schema") == str(SCHEMA):  # an idle server migrates nothing
                    self._upstream = self._upstream_of(meta["fingerprint_secret"])
                    found = connection.execute(_DRIVERS, (self._upstream, *STATES))
                    self._drivers = {process for (process,) in found}
                    self._processes = dict(connection.execute(_PROCESSES))
        except (sqlite3.Error, OSError):  # locked or damaged: a call that needs the store says so
            return False
        return True

    def _upstream_of(self, secret: str) -> str:
        key = self._settings.api_key
        if key is None:
            return EMULATOR_ID
        return upstream_id(secret, self._settings.base_url, key.get_secret_value())

    def _any_abandoned(self) -> bool:
        """Return whether the process of a job is dead; the rule is that of `jobs/recovery`."""
        locks = {each: self._lock(each) for each in self._drivers if each in self._processes}
        self._missing = {
            each: self._missing.get(each, 0) + 1
            for each, found in locks.items()
            if found == "missing"
        }
        return (
            len(locks) < len(self._drivers)  # handed back, or of a process without a row
            or "free" in locks.values()
            or any(probes >= MAX_MISSING_PROBES for probes in self._missing.values())
        )

    def _another_lives(self) -> bool:
        """Return whether a living process of this upstream has its studio open."""
        own = (each for each, upstream in self._processes.items() if upstream == self._upstream)
        return any(self._lock(each) == "held" for each in own)

    def _lock(self, process: str) -> Literal["held", "free", "missing"]:
        try:
            file = os.open(lock_path(self._settings.home_dir, process), os.O_RDWR)
        except FileNotFoundError:
            return "missing"
        except OSError:
            return "held"  # nothing shows that its owner is dead
        try:
            return "free" if _is_free(file) else "held"
        finally:
            os.close(file)  # gives the lock back, if it was taken


def _stamp(database: Path) -> _Stamp | None:
    """Return what every commit changes; None: there is no store yet."""
    found = [_stat(database), _stat(database.with_name(f"{database.name}-wal"))]
    if found[0] is None or found[0].st_size == 0:
        return None
    return tuple(each and (each.st_mtime_ns, each.st_size, each.st_ino) for each in found)


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _is_settled(stamp: _Stamp) -> bool:
    """Return whether every later commit shows; Windows may note the time of a write much later."""
    newest = max(each[0] for each in stamp if each is not None)
    return sys.platform != "win32" and time.time() - newest / 1e9 > SETTLED_SECONDS


if sys.platform == "win32":
    import msvcrt

    def _is_free(file: int) -> bool:
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
            msvcrt.locking(file, msvcrt.LK_UNLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _is_free(file: int) -> bool:
        try:
            # Shared, so that two idle servers do not take each other for the owner.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
