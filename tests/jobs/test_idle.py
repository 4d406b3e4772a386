"""An idle server does almost no work."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import anyio
import pytest

from stability_mcp.jobs.models import Timing
from stability_mcp.jobs.process_lock import ProcessLock
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection
from support.jobs.jobs import Wire, put, running_jobs, succeeds
from support.store.rows import rows

pytestmark = pytest.mark.anyio

T = TypeVar("T")

QUICK = Timing(recovery_seconds=0.01)


class CountingDatabase(Database):
    """Counts reads."""

    reads = 0

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Count, then read."""
        CountingDatabase.reads += 1
        return await super().read(work)


async def _ticks() -> int:
    """Let recovery run many times, and return the number of reads meanwhile."""
    await anyio.sleep(0.1)  # reads already begun may still finish
    before = CountingDatabase.reads
    await anyio.sleep(0.5)
    return CountingDatabase.reads - before


async def test_recovery_reads_rows_only_after_a_change(tmp_path: Path) -> None:
    """*Chosen*: an idle server checks only files, also while another server is running."""
    async with running_jobs(tmp_path, Wire([]), kind=CountingDatabase, timing=QUICK):
        single = await _ticks()
        other = await anyio.to_thread.run_sync(ProcessLock, tmp_path)
        together = await _ticks()
        other.release()

    assert (single, together) == (0, 0)


async def test_recovery_detects_a_dead_process_without_a_change_of_rows(tmp_path: Path) -> None:
    """*Chosen*: releasing a lock changes no row."""
    async with running_jobs(tmp_path, Wire([]), timing=QUICK):
        dead = tmp_path / "locks" / "dead.lock"
        await _ticks()
        dead.touch()
        with anyio.fail_after(60):
            while dead.exists():  # noqa: ASYNC110 -- recovery sets no event
                await anyio.sleep(0.01)


async def test_recovery_detects_a_job_released_by_another_process(tmp_path: Path) -> None:
    """*Chosen*: a commit by another process counts as a change."""
    async with running_jobs(tmp_path, Wire([succeeds()]), timing=QUICK):
        await _ticks()
        database = await anyio.to_thread.run_sync(Database, tmp_path)
        await database.write(lambda c: put(c, now=time.time()), name="test.write")
        await database.close()
        with anyio.fail_after(60):
            while rows(tmp_path, "SELECT state FROM jobs") != [("done",)]:  # noqa: ASYNC110 -- recovery sets no event
                await anyio.sleep(0.01)
