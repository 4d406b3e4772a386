"""What the operator of a store asks for while it is in use: figures, checks, sweeps, a request log.

Imported with the first such request.
"""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass

from stability_mcp.figures.operation_figures import JobTotals, OperationFigures, job_totals
from stability_mcp.figures.request_log import LoggedRequest, LogPage, LogQuery, Slot, read_log
from stability_mcp.jobs.models import JobFilter, RateLimit, State
from stability_mcp.maintenance.rehearsal import rehearse
from stability_mcp.maintenance.repair import StoreCheck
from stability_mcp.maintenance.retention import Keep, Retention, Swept
from stability_mcp.maintenance.store_size import StoreSize, store_size
from stability_mcp.store.disk import MIN_FREE_BYTES
from stability_mcp.store.programs import RunningProcess, living_processes, running_processes
from stability_mcp.store.threads import in_file_thread
from stability_mcp.studio.runtime import StudioParts

__all__ = [
    "JobTotals",
    "LogPage",
    "LoggedRequest",
    "OperationFigures",
    "RunningProcess",
    "Slot",
    "State",
    "StoreHealth",
    "StoreSize",
    "Swept",
    "Upkeep",
]


@dataclass(frozen=True, kw_only=True)
class StoreHealth:
    """The result of a check of the store that changes nothing."""

    files: int
    """Stored files that were looked at: whether they exist, and their sizes."""
    problems: int
    """What is lost or wrong."""
    leftovers: int
    """Harmless leftovers of crashes."""
    size: StoreSize
    free_bytes: int
    """On the disk of the store."""

    @property
    def has_room(self) -> bool:
        """Return whether there is room for the results of paid requests."""
        return self.free_bytes > MIN_FREE_BYTES


class Upkeep:
    """Figures about a store in use, and what keeps it in order.

    Args:
        parts: The parts of the studio.
    """

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts
        self._database = parts.runtime.database

    async def job_totals(self) -> JobTotals:
        """Count the account's jobs by operation and state, with their times."""
        return await self._database.read(lambda c: job_totals(c, self._parts.account))

    async def processes(self) -> list[RunningProcess]:
        """Return the processes that use the store, in the order in which they started."""
        living = await in_file_thread(lambda: living_processes(self._database.home))
        return await self._database.read(lambda c: running_processes(c, living))

    async def requests(
        self,
        *,
        limit: int,
        operations: Sequence[str],
        state: JobFilter | None = None,
        since: float = 0.0,
        cursor: str | None = None,
    ) -> LogPage:
        """Return a page of the account's requests to the API, newest first.

        Args:
            limit: Maximum requests on the page.
            operations: Only requests of these operations.
            state: Only requests of jobs in this state, or in any running state.
            since: Only requests from this time on, in unix seconds.
            cursor: The previous page's `next_cursor`.

        Raises:
            NotFoundError: the cursor is invalid.
        """
        slots, window = self._parts.settings.rate
        query = LogQuery(
            limit=limit,
            operations=operations,
            state=state,
            since=since,
            cursor=cursor,
            slots_since=time.time() - RateLimit(limit=slots, window=window).slot_seconds,
        )
        return await self._database.read(lambda c: read_log(c, self._parts.account, query))

    async def health(self) -> StoreHealth:
        """Check the store as `doctor` does, but without reading whole files.

        Raises:
            StorageError: the store cannot be read.
        """
        check = StoreCheck(self._database, repair=False, max_compare_seconds=0)
        found = [each async for each in check.findings()]
        problems = sum(each.bad for each in found)
        return StoreHealth(
            files=check.blobs,
            problems=problems,
            leftovers=len(found) - problems,
            size=await self.size(),
            free_bytes=await in_file_thread(lambda: shutil.disk_usage(self._database.home).free),
        )

    async def size(self) -> StoreSize:
        """Measure the store."""
        return await in_file_thread(lambda: store_size(self._database.home))

    async def sweep(self, days: float | None, *, dry_run: bool = False) -> Swept:
        """Remove ended jobs and media that are older, by the rules of STABILITY_KEEP_DAYS.

        Args:
            days: Their age; None: remove only leftovers of crashes, and no media.
            dry_run: Whether to return what would be removed.

        Raises:
            StorageError: the store cannot be read, written or copied.
        """
        keep, leftovers_only = Keep(days=days), days is None
        if dry_run:
            plan = await rehearse(self._database, keep, leftovers_only=leftovers_only)
            return plan.swept
        retention = Retention(self._database, keep)
        return await (retention.sweep_leftovers() if leftovers_only else retention.sweep())
