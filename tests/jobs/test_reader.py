"""Many who wait look at their jobs with few reads, and are told what is so, not what was."""

from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection
from support.jobs.jobs import Desk, idle_desk, put, register
from support.store.observed import Reads
from support.store.rows import change

pytestmark = pytest.mark.anyio


async def _store(home: Path, reads: Reads, jobs: int) -> tuple[Database, list[str], Desk]:
    def write(connection: Connection) -> list[str]:
        register(connection)
        return [put(connection).job_ids[0] for _ in range(jobs)]

    database = await anyio.to_thread.run_sync(reads.open, home)
    made = await database.write(write, name="test.write")
    return database, made, idle_desk(database)


async def test_who_asks_while_a_read_runs_is_answered_by_the_next_with_all_others(
    tmp_path: Path,
) -> None:
    """*Chosen*: two reads for a hundred who wait."""
    reads = Reads()
    database, made, jobs = await _store(tmp_path, reads, 100)
    found: dict[str, str] = {}
    reads.hold()

    async def look(job: str) -> None:
        [seen] = await jobs.views([job])
        found[job] = seen.state

    async with anyio.create_task_group() as group:
        for job in made:
            group.start_soon(look, job)
        await anyio.wait_all_tasks_blocked()
        reads.release()
    await database.close()

    assert len(set(made)) == 100
    assert found == dict.fromkeys(made, "queued")
    assert reads.count <= 2


async def test_what_is_told_is_as_of_the_question_or_later(tmp_path: Path) -> None:
    """*Chosen*: a read that began before is not the answer."""
    database, made, jobs = await _store(tmp_path, Reads(), 1)
    before = await jobs.views(made)
    change(tmp_path, "UPDATE jobs SET state = 'done'")
    after = await jobs.views(made)
    await database.close()

    assert [view.state for view in before + after] == ["queued", "done"]


async def _after_all(do: Callable[[], None]) -> None:
    await anyio.wait_all_tasks_blocked()
    do()


async def test_who_gives_up_strands_nobody(tmp_path: Path) -> None:
    """*Chosen*: the next reads for all that still ask."""
    reads = Reads()
    database, [one, other], jobs = await _store(tmp_path, reads, 2)
    found: list[str] = []
    reads.hold()

    async def look() -> None:
        [seen] = await jobs.views([other])
        found.append(seen.id)

    with anyio.fail_after(30):
        async with anyio.create_task_group() as group:
            with anyio.CancelScope() as gives_up:
                group.start_soon(_after_all, gives_up.cancel)
                await jobs.views([one])
            group.start_soon(look)
            await anyio.wait_all_tasks_blocked()
            reads.release()
    await database.close()

    assert found == [other]
