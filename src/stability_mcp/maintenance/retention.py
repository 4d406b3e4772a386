"""Removes finished jobs, runs, results and imports after STABILITY_KEEP_DAYS, and deleted media.

The first sweep runs some time after the store was opened, so that it doesn't slow down the start;
further ones run every few hours. Candidates are found by readers; the writer only runs short
transactions that check again, so two processes may sweep at the same time. `retention_rows` and
`deleted_media` have the rules. Unusable paid responses leave the quarantine at the same age. Then
`shrink` removes the oldest media if the rest is larger than STABILITY_KEEP_BYTES.

Length: one sweep, with a step for each kind of row and file.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio

from stability_mcp.errors import StorageError
from stability_mcp.maintenance import deleted_media, retention_rows, shrink
from stability_mcp.maintenance.retention_rows import Numbered, Removed, StoredFiles
from stability_mcp.media import upload_rows
from stability_mcp.policy import idempotency
from stability_mcp.store.database import Database
from stability_mcp.store.ids import MAX_SEQ
from stability_mcp.store.queries import Connection
from stability_mcp.store.threads import in_file_thread
from stability_mcp.text import bytes_text

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
Remove = Callable[[Sequence[str]], Awaitable[tuple[int, Removed]]]
"""One write transaction; returns how many ids it checked, and what it removed."""


def restorable_until(deleted_at: float, keep_days: float | None) -> float:
    """Return until when an item that was deleted can be restored, in unix seconds."""
    return deleted_at + deleted_media.kept_days(keep_days) * DAY_SECONDS


@dataclass(frozen=True, kw_only=True)
class Keep:
    """What a sweep keeps; None for no limit."""

    days: float | None = None
    """Days to keep finished jobs and old media."""
    bytes: int | None = None
    """Bytes of stored media to keep."""


@dataclass
class Swept:
    """How much was removed."""

    jobs: int = 0
    media: int = 0
    """Imported and fitted items; results are removed with their jobs."""
    deleted: int = 0
    """Items that the user deleted some time ago."""
    calls: int = 0
    runs: int = 0
    """Runs of workflows."""
    deliveries: int = 0
    """Messages to webhooks."""
    files: int = 0
    """Blobs that no item uses."""
    quarantined: int = 0
    spool: int = 0
    """Leftovers of interrupted imports."""
    uploads: int = 0
    """Uploads whose time is over."""
    keys: int = 0
    """Idempotency keys whose time is over."""
    bytes: int = 0
    """Size of all removed files."""
    excess: int = 0
    """Bytes above STABILITY_KEEP_BYTES that had to stay."""

    def excess_line(self) -> str:
        """Return why the media still take more than STABILITY_KEEP_BYTES; "" if they fit."""
        if not self.excess:
            return ""
        return (
            f"the stored media stay {bytes_text(self.excess)} above STABILITY_KEEP_BYTES: the rest "
            "is in use, renamed with media_label, or less than an hour old"
        )

    def line(self) -> str:
        """Return `2 jobs, 1 stored file (3.1 MB)`; "" if nothing was removed."""
        parts = [
            f"{count} {singular if count == 1 else plural}"
            for field, (singular, plural) in SWEPT_NOUNS.items()
            if (count := getattr(self, field))
        ]
        return f"{', '.join(parts)} ({bytes_text(self.bytes)})" if parts else ""


SWEPT_NOUNS = {
    "jobs": ("job", "jobs"),
    "media": ("imported item", "imported items"),
    "deleted": ("deleted item", "deleted items"),
    "calls": ("call", "calls"),
    "runs": ("workflow run", "workflow runs"),
    "deliveries": ("webhook delivery", "webhook deliveries"),
    "files": ("stored file", "stored files"),
    "quarantined": ("file in quarantine/", "files in quarantine/"),
    "spool": ("leftover in spool/", "leftovers in spool/"),
    "uploads": ("expired upload", "expired uploads"),
    "keys": ("idempotency key", "idempotency keys"),
}
"""What the counts of a sweep are called, by field: singular and plural."""


class Retention:
    """Sweeps one store while `run` is running.

    Args:
        database: The store.
        keep: What to keep; by default everything but deleted media.
        clock: Unix seconds.
        files: The files that belong to the rows; None: those next to the database.
        pause: Seconds between two transactions.
    """

    def __init__(
        self,
        database: Database,
        keep: Keep,
        *,
        clock: Callable[[], float] = time.time,
        files: StoredFiles | None = None,
        pause: float = PAUSE_SECONDS,
    ) -> None:
        self._database = database
        self._keep = keep
        self._clock = clock
        self._files = files or StoredFiles(home=database.home)
        self._pause = pause

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
                if swept.excess:
                    log.warning("%s", swept.excess_line())
            await anyio.sleep(every)

    async def sweep(self) -> Swept:
        """Sweep once; return how much was removed.

        Raises:
            StorageError: the store cannot be read or written.
        """
        now, swept = self._clock(), await self.sweep_leftovers()
        file_age = now - retention_rows.MIN_FILE_AGE_SECONDS
        deleted_before = now - deleted_media.kept_days(self._keep.days) * DAY_SECONDS
        swept.deleted = await self._deleted(deleted_before)
        await self._unused(swept, min(deleted_before, file_age), file_age)
        swept.deliveries = await self._deliveries(now - retention_rows.DELIVERY_DAYS * DAY_SECONDS)
        if self._keep.days is not None:
            cutoff = now - self._keep.days * DAY_SECONDS
            await self._sweep_old(swept, cutoff)
            file_age = min(cutoff, file_age)
        if self._keep.bytes is not None:
            await self._shrink(swept, self._keep.bytes, now)
            file_age = now - retention_rows.MIN_FILE_AGE_SECONDS
        if self._keep != Keep():
            await self._unreferenced(swept, file_age)
        return swept

    async def sweep_leftovers(self) -> Swept:
        """Remove only leftovers of crashes, old idempotency keys and expired uploads."""
        swept, home = Swept(), self._files.home
        leftovers = await in_file_thread(lambda: list(retention_rows.spool_leftovers(home)))
        file_age = self._clock() - retention_rows.MIN_FILE_AGE_SECONDS
        swept.spool = await self._remove_files(swept, leftovers, file_age)
        await self._expired(swept, self._clock())
        return swept

    async def _expired(self, swept: Swept, now: float) -> None:
        """Remove idempotency keys and signed uploads whose time is over."""
        cutoff, removed = now - idempotency.KEEP_SECONDS, PAGE_ROWS
        while removed == PAGE_ROWS:
            removed = await self._database.write(
                lambda c: idempotency.remove_old(c, cutoff=cutoff, limit=PAGE_ROWS),
                name="maintenance.retain_keys",
                own_commit=True,
            )
            swept.keys += removed
            await anyio.sleep(self._pause)
        home = self._files.home
        while uploads := await self._database.write(
            lambda c: upload_rows.remove_expired(c, now=now, limit=PAGE_ROWS),
            name="maintenance.retain_uploads",
            own_commit=True,
        ):
            paths = [upload_rows.upload_path(home, each) for each in uploads]
            swept.uploads += len(uploads)
            await self._remove_files(swept, paths, now)
            await anyio.sleep(self._pause)

    async def _sweep_old(self, swept: Swept, cutoff: float) -> None:
        """Remove what is older than STABILITY_KEEP_DAYS; the bytes of media follow later."""
        while removed := await self._results(cutoff):
            # Repeat: parents become removable only after their children.
            swept.jobs += removed[0]
            swept.media += removed[1]
        runs = await self._rows(
            lambda c, before: retention_rows.old_runs(
                c, cutoff=cutoff, before=before, limit=PAGE_ROWS
            ),
            _always,
            lambda ids: self._database.write(
                lambda c: retention_rows.sweep_runs(
                    c, ids, cutoff=cutoff, seconds=MAX_WRITE_SECONDS
                ),
                name="maintenance.retain_runs",
                own_commit=True,
            ),
        )
        swept.runs = runs.count
        calls = await self._rows(
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
        swept.calls = calls.count
        quarantine = self._files.home / "quarantine"
        found = await in_file_thread(lambda: list(quarantine.iterdir()))
        swept.quarantined = await self._remove_files(swept, found, cutoff)

    async def _shrink(self, swept: Swept, limit: int, now: float) -> None:
        shrunk = await shrink.shrink(self._database, limit=limit, now=now, pause=self._pause)
        swept.jobs += shrunk.jobs
        swept.media += shrunk.media
        swept.deleted += shrunk.deleted
        swept.excess = max(shrunk.size - limit, 0)

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
        return (ended.count, imported.count) if ended.count or imported.count else None

    async def _deleted(self, cutoff: float) -> int:
        """Remove the items that were deleted before `cutoff`."""
        removed = await self._rows(
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
        return removed.count

    async def _unused(self, swept: Swept, cutoff: float, file_cutoff: float) -> None:
        """Remove the bytes that only removed items used."""
        after, files = "", self._files
        while hashes := await self._database.read(
            partial(deleted_media.unused_blobs, after=after, cutoff=cutoff, limit=PAGE_ROWS)
        ):
            after = hashes[-1]
            removed = await self._write(
                hashes,
                lambda ids: self._database.write(
                    lambda c: deleted_media.purge_blobs(
                        c, files, ids, cutoff=file_cutoff, seconds=MAX_WRITE_SECONDS
                    ),
                    name="maintenance.purge_blobs",
                    own_commit=True,
                ),
            )
            swept.files += removed.count
            swept.bytes += removed.bytes

    async def _deliveries(self, cutoff: float) -> int:
        """Remove messages to webhooks, whatever else is kept."""
        removed = 0
        query = partial(retention_rows.old_deliveries, cutoff=cutoff, limit=PAGE_ROWS)
        while seqs := await self._database.read(query):
            removed += await self._database.write(
                partial(retention_rows.delete_deliveries, seqs=seqs),
                name="maintenance.retain_deliveries",
                own_commit=True,
            )
            await anyio.sleep(self._pause)
        return removed

    async def _rows(
        self, list_rows: ListRows, is_removable: IsRemovable, remove: Remove
    ) -> Removed:
        """Process rows from newest to oldest, in pages and short transactions."""

        def read(before: int, connection: Connection) -> tuple[list[str], int]:
            page = list_rows(connection, before)
            ids = [each.id for each in page if is_removable(connection, each.id)]
            return ids, page[-1].seq if page else 0

        total, before = Removed(), MAX_SEQ
        while before:
            ids, before = await self._database.read(partial(read, before))
            total += await self._write(ids, remove)
        return total

    async def _unreferenced(self, swept: Swept, cutoff: float) -> None:
        """Remove the bytes whose rows are gone."""
        files = self._files
        folders = retention_rows.unreferenced_blobs(files.home)
        while (found := await in_file_thread(lambda: next(folders, None))) is not None:
            names = [path.name for path in found]
            hashes = await self._database.read(partial(retention_rows.unreferenced, hashes=names))
            removed = await self._write(
                hashes,
                lambda ids: self._database.write(
                    lambda c: retention_rows.unlink(
                        c, files, ids, cutoff=cutoff, seconds=MAX_WRITE_SECONDS
                    ),
                    name="maintenance.retain_blobs",
                    own_commit=True,
                ),
            )
            swept.files += removed.count
            swept.bytes += removed.bytes

    async def _write(self, ids: list[str], remove: Remove) -> Removed:
        total = Removed()
        while ids:
            checked, removed = await remove(ids)
            ids, total = ids[checked:], total + removed
            await anyio.sleep(self._pause)
        return total

    async def _remove_files(self, swept: Swept, paths: list[Path], cutoff: float) -> int:
        remove = partial(retention_rows.remove_files, paths, cutoff, self._files.remove)
        removed = await in_file_thread(remove)
        swept.bytes += removed.bytes
        return removed.count


def _always(connection: Connection, each: str) -> bool:
    """Accept every candidate: the transaction checks it again just as cheaply."""
    del connection, each
    return True
