"""Removes finished jobs, results and imports after STABILITY_KEEP_DAYS, and deleted media.

The first sweep runs some time after the store was opened, so that it doesn't slow down the start;
further ones run every few hours. Candidates are found by readers; the writer only runs short
transactions that check again, so two processes may sweep at the same time. `retention_rows` and
`deleted_media` have the rules. Unusable paid responses leave the quarantine at the same age.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import anyio

from stability_mcp.errors import StorageError
from stability_mcp.maintenance import deleted_media, retention_rows
from stability_mcp.maintenance.retention_rows import Numbered
from stability_mcp.store.database import Database
from stability_mcp.store.ids import MAX_SEQ
from stability_mcp.store.queries import Connection
from stability_mcp.store.threads import in_file_thread

START_SECONDS = 60.0
"""Seconds from opening the store to the first sweep."""
INTERVAL_SECONDS = 6 * 3_600.0
"""Seconds between two sweeps."""
DAY_SECONDS = 86_400.0

PAGE_ROWS = 200
"""Rows per read."""
MAX_WRITE_SECONDS = 0.01
"""Seconds after which a transaction starts no further step; with its last step and the commit it
stays within 50 ms."""
PAUSE_SECONDS = 0.05
"""Seconds between two transactions, so that others can write."""

log = logging.getLogger(__name__)

ListRows = Callable[[Connection, int], list[Numbered]]
IsRemovable = Callable[[Connection, str], bool]
Remove = Callable[[Sequence[str]], Awaitable[tuple[int, int]]]
"""One write transaction; returns how many ids it checked, and how many it removed."""


def restorable_until(deleted_at: float, keep_days: float | None) -> float:
    """Return until when an item that was deleted can be restored, in unix seconds."""
    return deleted_at + deleted_media.kept_days(keep_days) * DAY_SECONDS


@dataclass
class Swept:
    """How much was removed."""

    jobs: int = 0
    media: int = 0
    """Imported and fitted items; results are removed with their jobs."""
    deleted: int = 0
    """Items that the user deleted some time ago."""
    calls: int = 0
    files: int = 0
    """Blobs that no item uses."""
    quarantined: int = 0
    spool: int = 0
    """Leftovers of interrupted imports."""


class Retention:
    """Sweeps one store while `run` is running.

    Args:
        database: The store.
        keep_days: Days to keep finished jobs and old media; None keeps everything.
        clock: Unix seconds.
    """

    def __init__(
        self,
        database: Database,
        *,
        keep_days: float | None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._keep_days = keep_days
        self._clock = clock

    async def run(self, *, delay: float = START_SECONDS, every: float = INTERVAL_SECONDS) -> None:
        """Sweep until cancelled.

        Args:
            delay: Seconds before the first sweep.
            every: Seconds between two sweeps.
        """
        await anyio.sleep(delay)
        while True:
            try:
                swept = await self.sweep()
            except (StorageError, OSError) as error:
                log.warning("sweeping the store failed, retrying later: %s", error)
            except Exception:  # a bug here must not stop the jobs
                log.exception("internal error while sweeping the store")
            else:
                log.info("swept: %s", swept)
            await anyio.sleep(every)

    async def sweep(self) -> Swept:
        """Sweep once; return how much was removed.

        Raises:
            StorageError: the store cannot be read or written.
        """
        now, home, swept = self._clock(), self._database.home, Swept()
        swept.spool = await in_file_thread(lambda: retention_rows.sweep_spool(home, now))
        deleted_before = now - deleted_media.kept_days(self._keep_days) * DAY_SECONDS
        swept.deleted = await self._deleted(deleted_before)
        file_age = now - retention_rows.MIN_FILE_AGE_SECONDS
        swept.files = await self._unused(min(deleted_before, file_age), file_age)
        if self._keep_days is None:
            return swept
        cutoff = now - self._keep_days * DAY_SECONDS
        while removed := await self._results(cutoff):
            # Repeat: parents become removable only after their children.
            swept.jobs += removed[0]
            swept.media += removed[1]
        swept.calls = await self._rows(
            lambda c, before: retention_rows.old_calls(
                c, cutoff=cutoff, before=before, limit=PAGE_ROWS
            ),
            _always,
            lambda ids: self._database.write(
                lambda c: retention_rows.sweep_calls(
                    c, ids, cutoff=cutoff, seconds=MAX_WRITE_SECONDS
                ),
                name="maintenance.retain_calls",
                own_commit=True,
            ),
        )
        swept.files += await self._files(min(cutoff, file_age))
        swept.quarantined = await in_file_thread(lambda: self._quarantine(cutoff))
        return swept

    async def _results(self, cutoff: float) -> tuple[int, int] | None:
        """Sweep jobs with their results, then imports; return None if nothing was removed."""
        ended = await self._rows(
            lambda c, before: retention_rows.old_jobs(
                c, cutoff=cutoff, before=before, limit=PAGE_ROWS
            ),
            lambda c, job: retention_rows.may_be_removed(c, job, cutoff=cutoff),
            lambda ids: self._database.write(
                lambda c: retention_rows.sweep_jobs(
                    c, ids, cutoff=cutoff, seconds=MAX_WRITE_SECONDS
                ),
                name="maintenance.retain_jobs",
                own_commit=True,
            ),
        )
        imported = await self._rows(
            lambda c, before: retention_rows.old_media(
                c, cutoff=cutoff, before=before, limit=PAGE_ROWS
            ),
            lambda c, each: not retention_rows.is_needed(c, each),
            lambda ids: self._database.write(
                lambda c: retention_rows.sweep_media(
                    c, ids, cutoff=cutoff, seconds=MAX_WRITE_SECONDS
                ),
                name="maintenance.retain_media",
                own_commit=True,
            ),
        )
        return (ended, imported) if ended or imported else None

    async def _deleted(self, cutoff: float) -> int:
        """Remove the items that were deleted before `cutoff`."""
        return await self._rows(
            lambda c, before: deleted_media.old_deleted(
                c, cutoff=cutoff, before=before, limit=PAGE_ROWS
            ),
            lambda c, each: deleted_media.is_purgeable(c, each, cutoff=cutoff),
            lambda ids: self._database.write(
                lambda c: deleted_media.purge(c, ids, cutoff=cutoff, seconds=MAX_WRITE_SECONDS),
                name="maintenance.purge_media",
                own_commit=True,
            ),
        )

    async def _unused(self, cutoff: float, file_cutoff: float) -> int:
        """Remove the bytes that only removed items used."""
        total, after, home = 0, "", self._database.home
        while hashes := await self._database.read(
            partial(deleted_media.unused_blobs, after=after, cutoff=cutoff, limit=PAGE_ROWS)
        ):
            after = hashes[-1]
            total += await self._write(
                hashes,
                lambda ids: self._database.write(
                    lambda c: deleted_media.purge_blobs(
                        c, home, ids, cutoff=file_cutoff, seconds=MAX_WRITE_SECONDS
                    ),
                    name="maintenance.purge_blobs",
                    own_commit=True,
                ),
            )
        return total

    async def _rows(self, list_rows: ListRows, is_removable: IsRemovable, remove: Remove) -> int:
        """Process rows from newest to oldest, in pages and short transactions."""

        def read(before: int, connection: Connection) -> tuple[list[str], int]:
            page = list_rows(connection, before)
            ids = [each.id for each in page if is_removable(connection, each.id)]
            return ids, page[-1].seq if page else 0

        total, before = 0, MAX_SEQ
        while before:
            ids, before = await self._database.read(partial(read, before))
            total += await self._write(ids, remove)
        return total

    async def _files(self, cutoff: float) -> int:
        total, home = 0, self._database.home
        folders = retention_rows.unreferenced_blobs(home)
        while (files := await in_file_thread(lambda: next(folders, None))) is not None:
            names = [path.name for path in files]
            hashes = await self._database.read(partial(retention_rows.unreferenced, hashes=names))
            total += await self._write(
                hashes,
                lambda ids: self._database.write(
                    lambda c: retention_rows.unlink(
                        c, home, ids, cutoff=cutoff, seconds=MAX_WRITE_SECONDS
                    ),
                    name="maintenance.retain_blobs",
                    own_commit=True,
                ),
            )
        return total

    async def _write(self, ids: list[str], remove: Remove) -> int:
        total = 0
        while ids:
            checked, removed = await remove(ids)
            ids, total = ids[checked:], total + removed
            await anyio.sleep(PAUSE_SECONDS)
        return total

    def _quarantine(self, cutoff: float) -> int:
        folder = self._database.home / "quarantine"
        return sum(retention_rows.remove_if_older(path, cutoff) for path in folder.iterdir())


def _always(connection: Connection, each: str) -> bool:
    """Accept every candidate: the transaction checks it again just as cheaply."""
    del connection, each
    return True
