"""Many who wait look at their jobs with few reads, and are told what is so, not what was."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import anyio
import pytest
from sqlalchemy import Connection, text

from stability_mcp.jobs.reader import ReadBatcher
from stability_mcp.store.database import Database
from support.jobs.jobs import PAID, put

pytestmark = pytest.mark.anyio

T = TypeVar("T")


class Counting(Database):
    """A store that counts its reads, and can hold them up."""

    reads = 0
    held: anyio.Event | None = None

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Count."""
        self.reads += 1
        if self.held is not None:
            await self.held.wait()
        return await super().read(work)


async def _store(home: Path, jobs: int) -> tuple[Counting, list[str], ReadBatcher]:
    database = await anyio.to_thread.run_sync(Counting, home)
    made = [(await database.write(put, name="test.write")).job_ids[0] for _ in range(jobs)]
    return database, made, ReadBatcher(database, upstream=PAID.id)


async def test_who_asks_while_a_read_runs_is_answered_by_the_next_with_all_others(
    tmp_path: Path,
) -> None:
    """*Chosen*: two reads for a hundred who wait."""
    database, jobs, batcher = await _store(tmp_path, 100)
    found: dict[str, str] = {}
    database.held = anyio.Event()

    async def look(job: str) -> None:
        seen, _ = await batcher.read([job])
        found[job] = seen[job].state

    async with anyio.create_task_group() as group:
        for job in jobs:
            group.start_soon(look, job)
        await anyio.wait_all_tasks_blocked()
        database.held.set()
    await database.close()

    assert found == dict.fromkeys(jobs, "queued")
    assert database.reads <= 2


async def test_what_is_told_is_as_of_the_question_or_later(tmp_path: Path) -> None:
    """*Chosen*: a read that began before is not the answer."""
    database, [job], batcher = await _store(tmp_path, 1)
    before, _ = await batcher.read([job])
    await database.write(
        lambda c: c.execute(text("UPDATE jobs SET state = 'done'")) and None, name="test.write"
    )
    after, _ = await batcher.read([job])
    unknown, _ = await batcher.read(["nobody"])
    await database.close()

    assert [seen[job].state for seen in (before, after)] == ["queued", "done"]
    assert "nobody" not in unknown


async def _after_all(do: Callable[[], None]) -> None:
    await anyio.wait_all_tasks_blocked()
    do()


async def test_who_gives_up_strands_nobody(tmp_path: Path) -> None:
    """*Chosen*: the next reads for all that still ask."""
    database, [one, other], batcher = await _store(tmp_path, 2)
    database.held = anyio.Event()
    found: list[str] = []

    async def look() -> None:
        found.extend((await batcher.read([other]))[0])

    with anyio.fail_after(30):
        async with anyio.create_task_group() as group:
            with anyio.CancelScope() as gives_up:
                group.start_soon(_after_all, gives_up.cancel)
                await batcher.read([one])
            group.start_soon(look)
            await anyio.wait_all_tasks_blocked()
            database.held.set()
    await database.close()

    assert other in found
