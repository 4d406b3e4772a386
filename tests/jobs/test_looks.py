"""Looks: many who wait are answered by one read, as of the moment they asked or later."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import anyio
import pytest
from sqlalchemy import Connection, text

from stability_mcp.jobs.looks import Looks
from stability_mcp.store.database import Database
from support_jobs import OWNER, PAID, put

pytestmark = pytest.mark.anyio

MANY = 200
T = TypeVar("T")


class Counted(Database):
    """A store whose reads are counted."""

    reads = 0

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Count, and read."""
        self.reads += 1
        return await super().read(work)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Counted]:
    """A store with some jobs."""
    database = await anyio.to_thread.run_sync(Counted, tmp_path)
    yield database
    await database.close()


async def _jobs(database: Database, count: int) -> list[str]:
    made = await database.write(lambda c: put(c, count=count, labels=[None] * count))
    return made.job_ids


def _looks(database: Database) -> Looks:
    return Looks(database, owner=OWNER, upstream=PAID.id)


async def test_all_who_ask_at_once_are_answered_by_a_few_reads(database: Counted) -> None:
    """*Chosen*: hundreds who wait must not read hundreds of times a second."""
    jobs = await _jobs(database, 8)
    looks, found = _looks(database), []

    async def one(job: str) -> None:
        seen, _ = await looks.look([job])
        found.append(seen[job].job.id)

    async with anyio.create_task_group() as group:
        for number in range(MANY):
            group.start_soon(one, jobs[number % len(jobs)])

    assert sorted(found) == sorted(jobs * (MANY // len(jobs)))
    assert database.reads <= 3


async def test_a_look_never_tells_what_was_before_it(database: Counted) -> None:
    """*Chosen*: who looks after a change sees it, also while an earlier read is under way."""
    [job] = await _jobs(database, 1)
    looks = _looks(database)
    states = []

    async def look() -> None:
        states.append((await looks.look([job]))[0][job].job.state)

    async with anyio.create_task_group() as group:
        group.start_soon(look)
        await anyio.lowlevel.checkpoint()
        change = text("UPDATE jobs SET state = 'paused' WHERE id = :job")
        await database.write(partial(Connection.execute, statement=change, parameters={"job": job}))
        await look()

    assert states[-1] == "paused"


async def test_whoever_gives_up_leaves_the_others_an_answer(database: Counted) -> None:
    """*Chosen*: the one who was to read for all may be cancelled."""
    [job] = await _jobs(database, 1)
    looks = _looks(database)
    answered = []

    async def look() -> None:
        answered.append((await looks.look([job]))[0])

    async with anyio.create_task_group() as group:
        with anyio.CancelScope() as first:
            group.start_soon(look)
            first.cancel()
            await looks.look([job])
        group.start_soon(look)

    assert [list(each) for each in answered] == [[job], [job]]


async def test_a_job_that_does_not_exist_is_left_out(database: Counted) -> None:
    """*Chosen*: who asked says which."""
    [job] = await _jobs(database, 1)
    found, blocked = await _looks(database).look([job, "nothere000"])

    assert list(found) == [job]
    assert blocked == 0
