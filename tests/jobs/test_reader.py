"""Many waiting callers share few reads of job states, and never get an outdated state."""

from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection
from support.jobs.jobs import AccountJobs, idle_account_jobs, put, register
from support.store.observed import Reads
from support.store.rows import change

pytestmark = pytest.mark.anyio


async def _store(home: Path, reads: Reads, jobs: int) -> tuple[Database, list[str], AccountJobs]:
    def write(connection: Connection) -> list[str]:
        register(connection)
        return [put(connection).job_ids[0] for _ in range(jobs)]

    database = await anyio.to_thread.run_sync(reads.open, home)
    made = await database.write(write, name="test.write")
    return database, made, idle_account_jobs(database)


async def test_all_callers_during_a_read_share_the_next_read(
    tmp_path: Path,
) -> None:
    """*Chosen*: two reads for a hundred waiting callers."""
    reads = Reads()
    database, made, jobs = await _store(tmp_path, reads, 100)
    found: dict[str, str] = {}
    reads.hold()

    async def read(job: str) -> None:
        [seen] = await jobs.views([job])
        found[job] = seen.state

    async with anyio.create_task_group() as group:
        for job in made:
            group.start_soon(read, job)
        await anyio.wait_all_tasks_blocked()
        reads.release()
    await database.close()

    assert len(set(made)) == 100
    assert found == dict.fromkeys(made, "queued")
    assert reads.count <= 2


async def test_a_read_state_is_never_older_than_the_call(tmp_path: Path) -> None:
    """*Chosen*: a read that began before the call doesn't count."""
    database, made, jobs = await _store(tmp_path, Reads(), 1)
    before = await jobs.views(made)
    change(tmp_path, "UPDATE jobs SET state = 'done'")
    after = await jobs.views(made)
    await database.close()

    assert [view.state for view in before + after] == ["queued", "done"]


async def _after_all(do: Callable[[], None]) -> None:
    await anyio.wait_all_tasks_blocked()
    do()


async def test_a_cancelled_caller_does_not_block_the_others(tmp_path: Path) -> None:
    """*Chosen*: the next caller reads for all that still wait."""
    reads = Reads()
    database, [one, other], jobs = await _store(tmp_path, reads, 2)
    found: list[str] = []
    reads.hold()

    async def read() -> None:
        [seen] = await jobs.views([other])
        found.append(seen.id)

    with anyio.fail_after(30):
        async with anyio.create_task_group() as group:
            with anyio.CancelScope() as cancelled:
                group.start_soon(_after_all, cancelled.cancel)
                await jobs.views([one])
            group.start_soon(read)
            await anyio.wait_all_tasks_blocked()
            reads.release()
    await database.close()

    assert found == [other]
