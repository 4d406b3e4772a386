"""The sweeper: what has ended leaves the store after STABILITY_KEEP_DAYS, a little at a time.

It looks some time after the store was opened, so that it slows no start, and every few hours from
then on. What may go is looked up by readers; the writer is only asked for short transactions that
look again, so two sweepers at once are as good as one. `retention_rows` says what goes and
what stays. Paid answers that could not be used leave the quarantine at the same age.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import anyio

from stability_mcp.errors import StorageError
from stability_mcp.maintenance import retention_rows
from stability_mcp.maintenance.retention_rows import Numbered
from stability_mcp.store.database import Database
from stability_mcp.store.ids import MAX_SEQ
from stability_mcp.store.queries import Connection
from stability_mcp.store.threads import in_file_thread

START_SECONDS = 60.0
"""Seconds from the opening of the store to the first look."""
INTERVAL_SECONDS = 6 * 3_600.0
"""Seconds between two looks."""
DAY_SECONDS = 86_400.0

PAGE_ROWS = 200
"""Rows that are looked at in one read."""
MAX_WRITE_SECONDS = 0.01
"""Seconds after which a transaction takes up nothing more; with its last step and the commit it
stays within 50 ms."""
PAUSE_SECONDS = 0.05
"""Seconds between two transactions, in which everybody else can write."""

log = logging.getLogger(__name__)

ListRows = Callable[[Connection, int], list[Numbered]]
MayGo = Callable[[Connection, str], bool]
Remove = Callable[[Sequence[str]], Awaitable[tuple[int, int]]]
"""One write transaction: how many of the ids were looked at, and how many of those are gone."""


@dataclass
class Swept:
    """What is gone."""

    jobs: int = 0
    media: int = 0
    """Imported and fitted items; results go with their jobs."""
    calls: int = 0
    files: int = 0
    """Blobs that no row names."""
    quarantined: int = 0
    spool: int = 0
    """What imports left that died on the way."""


class Retention:
    """Sweeps one store, for as long as `run` runs.

    Args:
        database: The store.
        keep_days: Days for which what has ended is kept; None: for ever.
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
            delay: Seconds before the first time.
            every: Seconds between two times.
        """
        await anyio.sleep(delay)
        while True:
            try:
                swept = await self.sweep()
            except (StorageError, OSError) as error:
                log.warning("the store could not be swept yet: %s", error)
            except Exception:  # a bug in here must not end the jobs beside it
                log.exception("the store could not be swept by a bug")
            else:
                log.info("swept: %s", swept)
            await anyio.sleep(every)

    async def sweep(self) -> Swept:
        """Sweep once and tell what is gone.

        Raises:
            StorageError: the store cannot be read or written.
        """
        now, home, swept = self._clock(), self._database.home, Swept()
        swept.spool = await in_file_thread(lambda: retention_rows.sweep_spool(home, now))
        if self._keep_days is None:
            return swept
        cutoff = now - self._keep_days * DAY_SECONDS
        while gone := await self._results(cutoff):
            # What something was made from is free only when that is gone: once more.
            swept.jobs += gone[0]
            swept.media += gone[1]
        swept.calls = await self._rows(
            lambda c, before: retention_rows.old_calls(
                c, cutoff=cutoff, before=before, limit=PAGE_ROWS
            ),
            _every,
            lambda ids: self._database.write(
                lambda c: retention_rows.sweep_calls(
                    c, ids, cutoff=cutoff, seconds=MAX_WRITE_SECONDS
                ),
                name="maintenance.retain_calls",
                alone=True,
            ),
        )
        swept.files = await self._files(min(cutoff, now - retention_rows.MIN_FILE_AGE_SECONDS))
        swept.quarantined = await in_file_thread(lambda: self._quarantine(cutoff))
        return swept

    async def _results(self, cutoff: float) -> tuple[int, int] | None:
        """Sweep jobs with their results, then imports; None: there was nothing to sweep."""
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
                alone=True,
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
                alone=True,
            ),
        )
        return (ended, imported) if ended or imported else None

    async def _rows(self, list_rows: ListRows, may_go: MayGo, remove: Remove) -> int:
        """Go through rows from the newest to the oldest, in pages and short transactions."""

        def read(before: int, connection: Connection) -> tuple[list[str], int]:
            page = list_rows(connection, before)
            ids = [each.id for each in page if may_go(connection, each.id)]
            return ids, page[-1].seq if page else 0

        gone, before = 0, MAX_SEQ
        while before:
            ids, before = await self._database.read(partial(read, before))
            gone += await self._write(ids, remove)
        return gone

    async def _files(self, cutoff: float) -> int:
        gone, home = 0, self._database.home
        folders = retention_rows.unreferenced_blobs(home)
        while (files := await in_file_thread(lambda: next(folders, None))) is not None:
            names = [path.name for path in files]
            free = await self._database.read(partial(retention_rows.unnamed, hashes=names))
            gone += await self._write(
                free,
                lambda ids: self._database.write(
                    lambda c: retention_rows.unlink(
                        c, home, ids, cutoff=cutoff, seconds=MAX_WRITE_SECONDS
                    ),
                    name="maintenance.retain_blobs",
                    alone=True,
                ),
            )
        return gone

    async def _write(self, ids: list[str], remove: Remove) -> int:
        gone = 0
        while ids:
            looked, done = await remove(ids)
            ids, gone = ids[looked:], gone + done
            await anyio.sleep(PAUSE_SECONDS)
        return gone

    def _quarantine(self, cutoff: float) -> int:
        folder = self._database.home / "quarantine"
        return sum(retention_rows.remove_if_older(path, cutoff) for path in folder.iterdir())


def _every(connection: Connection, each: str) -> bool:
    """Leave nothing out: looking again is as cheap."""
    del connection, each
    return True
