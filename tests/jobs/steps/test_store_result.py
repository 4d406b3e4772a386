"""Storing a paid result: only this machine's disk may delay it, and only for a while."""

from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from stability_mcp.store.database import Database, Moment
from support.jobs.jobs import AT_ONCE, PRICE, Wire, core, running_jobs, submit, succeeds
from support.store.disk import until_progress
from support.store.observed import FailingWrites
from support.store.rows import money, rows, spool

pytestmark = pytest.mark.anyio

SOON = replace(AT_ONCE, disk_retry_seconds=0.01)
LATE = replace(AT_ONCE, disk_retry_seconds=60.0)
WHY = "The database cannot be written: database or disk is full."

FULL = "stored as soon as the data folder is writable"


@pytest.mark.parametrize(
    "times",
    [
        {"send.headers": 1},
        {"send.headers": 2},
        {"finish.store": 1},
        {"send.headers": 1, "finish.store": 2},
    ],
)
async def test_a_disk_that_was_full_loses_no_result(tmp_path: Path, times: dict[str, int]) -> None:
    """*Chosen*: a complete response is kept, and stored when there is space."""
    wire, full = Wire([succeeds(seed="8")]), FailingWrites(times=times)

    async with running_jobs(tmp_path, wire, kind=full.open, timing=SOON) as jobs:
        submitted = await jobs.submit(core(), tool="test")
        [view] = await jobs.wait(submitted.job_ids, 30)

    assert (view.state, view.charged, len(wire.posts)) == ("done", "yes", 1)
    assert Counter(full.failed) == times
    assert rows(tmp_path, "SELECT seed FROM media") == [("8",)]
    assert (money(tmp_path), spool(tmp_path)) == ((0, PRICE), [])


async def test_a_full_disk_is_shown_as_progress_and_the_bytes_are_kept(tmp_path: Path) -> None:
    """*Chosen*: the job stays `storing`, and its progress gives the reason."""
    full = FailingWrites("finish.store")

    async with running_jobs(tmp_path, Wire([succeeds()]), kind=full.open, timing=LATE) as jobs:
        [job] = await submit(jobs)
        view = await until_progress(jobs, job, FULL)

    assert (view.state, view.progress) == (
        "storing",
        f"storing the result ({FULL}: {WHY})",
    )
    assert f"{view.id}.1.body" in spool(tmp_path)


async def test_nothing_is_sent_when_send_begin_cannot_be_written(tmp_path: Path) -> None:
    """*Chosen*: no byte is sent before the request is recorded."""
    wire, full = Wire([succeeds()]), FailingWrites("send.begin")

    async with running_jobs(tmp_path, wire, kind=full.open) as jobs:
        [job] = await submit(jobs)
        view = await until_progress(jobs, job, "sent as soon as")

    assert (view.state, wire.posts) == ("queued", [])
    assert view.progress == f"queued (sent as soon as the data folder is writable: {WHY})"


async def test_two_equal_results_share_one_blob(
    tmp_path: Path,
) -> None:
    """*Chosen*: two equal pictures are one blob and two media."""
    async with running_jobs(tmp_path, Wire([succeeds()])) as jobs:
        submitted = await jobs.submit(core(), tool="test", count=2)
        await jobs.wait(submitted.job_ids, 30)

    [(blob,)] = rows(tmp_path, "SELECT DISTINCT blob FROM media")
    assert rows(tmp_path, "SELECT count(*) FROM media") == [(2,)]
    assert [file.name for file in (tmp_path / "blobs").rglob("*") if file.is_file()] == [blob]


async def test_a_complete_response_that_failed_to_sync_is_not_treated_as_truncated(
    tmp_path: Path,
) -> None:
    """*Chosen*: `.part` means truncated, unless this process knows that the body is complete."""
    failures = [OSError("no room")]

    def fail(moment: Moment, name: str) -> None:
        if (moment, name) == ("before", "spool.sync") and failures:
            raise failures.pop()

    store = partial(Database, observer=fail)
    async with running_jobs(tmp_path, Wire([succeeds(seed="8")]), kind=store, timing=SOON) as jobs:
        submitted = await jobs.submit(core(), tool="test")
        [view] = await jobs.wait(submitted.job_ids, 30)

    assert (view.state, failures) == ("done", [])
    assert spool(tmp_path) == []
