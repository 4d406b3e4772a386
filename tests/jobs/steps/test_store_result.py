"""Storing what was paid: nothing but this machine's disk may hold it up, and only for a while."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Connection

from stability_mcp.errors import StorageError
from stability_mcp.store.database import Database, Moment
from support.jobs.jobs import AT_ONCE, PRICE, Wire, at_work, core, yes
from support.store.rows import money, rows, spool

pytestmark = pytest.mark.anyio

SOON = replace(AT_ONCE, disk_retry_seconds=0.01)
LATE = replace(AT_ONCE, disk_retry_seconds=60.0)

T = TypeVar("T")


class Full(Database):
    """A store whose disk is full for some of its commits."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.durable = 0
        self.refused: set[int] = set()

    async def write(
        self, work: Callable[[Connection], T], *, name: str, durable: bool = False
    ) -> T:
        """Refuse those durable commits that are named by number."""
        self.durable += durable
        if durable and self.durable in self.refused:
            raise StorageError("The disk is full.")
        return await super().write(work, durable=durable, name=name)


ADOPTION, INTENT, HEADERS, DONE = 1, 2, 3, 4
"""The durable commits of a job, in order, after the one that adopts at start."""


def full_at(*commits: int) -> type[Database]:
    """Return a store that refuses these durable commits."""

    class FullAt(Full):
        def __init__(self, home: Path) -> None:
            super().__init__(home)
            self.refused = set(commits)

    return FullAt


@pytest.mark.parametrize(
    "commits", [(HEADERS,), (HEADERS, HEADERS + 1), (DONE,), (HEADERS, DONE + 1, DONE + 2)]
)
async def test_a_disk_that_was_full_costs_no_result(
    tmp_path: Path, commits: tuple[int, ...]
) -> None:
    """*Chosen*: what was received whole is kept, and stored when there is room."""
    wire = Wire([yes(seed="8")])

    async with at_work(tmp_path, wire, kind=full_at(*commits), timing=SOON) as jobs:
        submitted = await jobs.submit(core(), tool="test")
        [view] = await jobs.wait(submitted.job_ids, 30)

    assert (view.state, view.charged, len(wire.posts)) == ("done", "yes", 1)
    assert rows(tmp_path, "SELECT seed FROM media") == [("8",)]
    assert (money(tmp_path), spool(tmp_path)) == ((0, PRICE), [])


async def test_a_disk_that_is_full_says_so_and_keeps_the_bytes(tmp_path: Path) -> None:
    """*Chosen*: the job stays in `storing` and says why."""
    always = tuple(range(DONE, 100))

    async with at_work(tmp_path, Wire([yes()]), kind=full_at(*always), timing=LATE) as jobs:
        submitted = await jobs.submit(core(), tool="test")
        [view] = await jobs.wait(submitted.job_ids, 1)

    why = "stored as soon as the data folder can be written: The disk is full."
    assert (view.state, view.progress) == ("storing", f"storing the result ({why})")
    assert f"{view.id}.1.body" in spool(tmp_path)


async def test_an_intent_that_cannot_be_written_sends_nothing(tmp_path: Path) -> None:
    """*Chosen*: no byte leaves before the journal knows."""
    wire = Wire([yes()])

    async with at_work(tmp_path, wire, kind=full_at(INTENT)) as jobs:
        submitted = await jobs.submit(core(), tool="test")
        [view] = await jobs.wait(submitted.job_ids, 0.5)

    assert (view.state, wire.posts) == ("queued", [])
    why = "sent as soon as the data folder can be written: The disk is full."
    assert view.progress == f"queued ({why})"


async def test_bytes_are_under_their_hash_before_the_row_and_never_without(
    tmp_path: Path,
) -> None:
    """*Chosen*: two equal pictures are one blob and two media."""
    async with at_work(tmp_path, Wire([yes()])) as jobs:
        submitted = await jobs.submit(core(), tool="test", count=2)
        await jobs.wait(submitted.job_ids, 30)

    [(blob,)] = rows(tmp_path, "SELECT DISTINCT blob FROM media")
    assert rows(tmp_path, "SELECT count(*) FROM media") == [(2,)]
    assert [file.name for file in (tmp_path / "blobs").rglob("*") if file.is_file()] == [blob]


async def test_a_whole_answer_that_could_not_be_made_durable_is_not_taken_for_a_cut_one(
    tmp_path: Path,
) -> None:
    """*Chosen*: `.part` is what was cut, unless this process knows that it is whole."""
    failures = [OSError("no room")]

    def fail(moment: Moment, name: str) -> None:
        if (moment, name) == ("before", "spool.sync") and failures:
            raise failures.pop()

    store = partial(Database, observer=fail)
    async with at_work(tmp_path, Wire([yes(seed="8")]), kind=store, timing=SOON) as jobs:
        submitted = await jobs.submit(core(), tool="test")
        [view] = await jobs.wait(submitted.job_ids, 30)

    assert (view.state, failures) == ("done", [])
    assert spool(tmp_path) == []
