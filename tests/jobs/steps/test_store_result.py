"""Storing what was paid: nothing but this machine's disk may hold it up, and only for a while."""

from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from stability_mcp.store.database import Database, Moment
from support.jobs.jobs import AT_ONCE, PRICE, Wire, at_work, core, submit, yes
from support.store.disk import until_said
from support.store.observed import FailingWrites
from support.store.rows import money, rows, spool

pytestmark = pytest.mark.anyio

SOON = replace(AT_ONCE, disk_retry_seconds=0.01)
LATE = replace(AT_ONCE, disk_retry_seconds=60.0)
WHY = "The database cannot be written: database or disk is full."

FULL = "stored as soon as the data folder can be written"


@pytest.mark.parametrize(
    "times",
    [
        {"send.headers": 1},
        {"send.headers": 2},
        {"finish.store": 1},
        {"send.headers": 1, "finish.store": 2},
    ],
)
async def test_a_disk_that_was_full_costs_no_result(tmp_path: Path, times: dict[str, int]) -> None:
    """*Chosen*: what was received whole is kept, and stored when there is room."""
    wire, full = Wire([yes(seed="8")]), FailingWrites(times=times)

    async with at_work(tmp_path, wire, kind=full.open, timing=SOON) as jobs:
        submitted = await jobs.submit(core(), tool="test")
        [view] = await jobs.wait(submitted.job_ids, 30)

    assert (view.state, view.charged, len(wire.posts)) == ("done", "yes", 1)
    assert Counter(full.failed) == times
    assert rows(tmp_path, "SELECT seed FROM media") == [("8",)]
    assert (money(tmp_path), spool(tmp_path)) == ((0, PRICE), [])


async def test_a_disk_that_is_full_says_so_and_keeps_the_bytes(tmp_path: Path) -> None:
    """*Chosen*: the job stays in `storing` and says why."""
    full = FailingWrites("finish.store")

    async with at_work(tmp_path, Wire([yes()]), kind=full.open, timing=LATE) as jobs:
        [job] = await submit(jobs)
        view = await until_said(jobs, job, FULL)

    assert (view.state, view.progress) == (
        "storing",
        f"storing the result ({FULL}: {WHY})",
    )
    assert f"{view.id}.1.body" in spool(tmp_path)


async def test_an_intent_that_cannot_be_written_sends_nothing(tmp_path: Path) -> None:
    """*Chosen*: no byte leaves before the journal knows."""
    wire, full = Wire([yes()]), FailingWrites("send.begin")

    async with at_work(tmp_path, wire, kind=full.open) as jobs:
        [job] = await submit(jobs)
        view = await until_said(jobs, job, "sent as soon as")

    assert (view.state, wire.posts) == ("queued", [])
    assert view.progress == f"queued (sent as soon as the data folder can be written: {WHY})"


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
