"""What runs while nothing happens costs next to nothing."""

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
from support.jobs.jobs import Wire, at_work, put, yes
from support.store.rows import rows

pytestmark = pytest.mark.anyio

T = TypeVar("T")

QUICK = Timing(recovery_seconds=0.01)


class CountingDatabase(Database):
    """Counts reads."""

    reads = 0

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Count it, and read."""
        CountingDatabase.reads += 1
        return await super().read(work)


async def _ticks() -> int:
    """Let recovery look many times, and return how often the rows were read meanwhile."""
    await anyio.sleep(0.1)  # what begins before this may read once more
    before = CountingDatabase.reads
    await anyio.sleep(0.5)
    return CountingDatabase.reads - before


async def test_recovery_reads_rows_only_after_a_change(tmp_path: Path) -> None:
    """*Chosen*: an idle server looks at files; another one that is there changes nothing."""
    async with at_work(tmp_path, Wire([]), kind=CountingDatabase, timing=QUICK):
        alone = await _ticks()
        other = await anyio.to_thread.run_sync(ProcessLock, tmp_path)
        together = await _ticks()
        other.release()

    assert (alone, together) == (0, 0)


async def test_recovery_sees_the_death_of_another_without_a_change(tmp_path: Path) -> None:
    """*Chosen*: a lock that is given back changes no row."""
    async with at_work(tmp_path, Wire([]), timing=QUICK):
        dead = tmp_path / "locks" / "dead.lock"
        await _ticks()
        dead.touch()
        with anyio.fail_after(60):
            while dead.exists():  # noqa: ASYNC110 -- recovery sets no event
                await anyio.sleep(0.01)


async def test_recovery_sees_a_job_that_is_handed_back(tmp_path: Path) -> None:
    """*Chosen*: a commit of another process is a change."""
    async with at_work(tmp_path, Wire([yes()]), timing=QUICK):
        await _ticks()
        database = await anyio.to_thread.run_sync(Database, tmp_path)
        await database.write(lambda c: put(c, now=time.time()), name="test.write")
        await database.close()
        with anyio.fail_after(60):
            while rows(tmp_path, "SELECT state FROM jobs") != [("done",)]:  # noqa: ASYNC110 -- recovery sets no event
                await anyio.sleep(0.01)
