"""The disk is full at any moment of a paid call and has space later: nothing is lost.

These tests run on a real small disk, against a real HTTP server that counts requests. They are
skipped where no disk can be mounted; `steps/` tests the same moments with injected faults.
"""

import hashlib
import struct
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from pydantic import SecretStr

from stability_mcp.client.client import Client
from stability_mcp.jobs.models import JobRecord
from support.jobs.jobs import PRICE, AccountJobs, core, picture
from support.jobs.upstream import Stage, Upstream, counting_upstream
from support.store.disk import (
    MIB,
    MIN_FREE,
    ROOM,
    SECONDS,
    Disk,
    read_only,
    running_jobs_on_small_disk,
    small_disk,
    until_progress,
    until_state,
)
from support.store.rows import money, rows, spool

pytestmark = pytest.mark.anyio

ROOM_AGAIN = "stored as soon as there is disk space"
WRITABLE_AGAIN = "stored as soon as the data folder is writable"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Return a disk of 24 MB to fill."""
    with small_disk(tmp_path / "disk") as found:
        yield found


@asynccontextmanager
async def _running(
    home: Path, hold: Stage | None = None, image: bytes | None = None
) -> AsyncIterator[tuple[AccountJobs, Upstream]]:
    """Run jobs against a server that stops at stage `hold` and answers with a picture."""
    async with counting_upstream(pace=0) as upstream:
        upstream.hold, upstream.image = hold, image
        client = Client(base_url=upstream.url, api_key=SecretStr("sk-test"))
        async with client, running_jobs_on_small_disk(home, client) as jobs:
            yield jobs, upstream


async def _submit(jobs: AccountJobs) -> str:
    return (await jobs.submit(core(), tool="test")).job_ids[0]


async def _held(upstream: Upstream) -> None:
    with anyio.fail_after(SECONDS):
        await upstream.held.wait()


async def _done(jobs: AccountJobs, job: str) -> JobRecord:
    [view] = await jobs.wait([job], SECONDS)
    assert (view.state, view.charged) == ("done", "yes"), (view.progress, view.error)
    return view


def _assert_stored_as_usual(home: Path, upstream: Upstream, made: bytes = picture(1)) -> None:
    """Check for one POST, the right bytes and charges, and an empty spool."""
    assert dict(upstream.posts) == {"a lighthouse": 1}
    [(seed, blob)] = rows(home, "SELECT seed, blob FROM media")
    assert (seed, blob) == ("7", hashlib.sha256(made).hexdigest())
    assert (home / "blobs" / blob[:2] / blob).read_bytes() == made
    assert (money(home), spool(home)) == ((0, PRICE), [])


def large(size: int) -> bytes:
    """Return a picture of this many bytes."""
    small = picture(1)
    more = bytes(size - len(small) - 12)
    chunk = (
        struct.pack(">I", len(more))
        + b"prVt"
        + more
        + struct.pack(">I", zlib.crc32(b"prVt" + more))
    )
    return small[:33] + chunk + small[33:]


@pytest.mark.parametrize("free", [MIN_FREE + ROOM - 8_192, ROOM // 2, 0])
async def test_a_request_is_sent_only_once_there_is_space_for_its_response(
    disk: Disk, free: int
) -> None:
    """*Chosen*: held back before a byte is sent, and sent later without another call."""
    async with _running(disk.home) as (jobs, upstream):
        disk.fill(leave=max(free, MIB))  # the call itself is recorded
        job = await _submit(jobs)
        disk.fill(leave=free)
        view = await until_progress(jobs, job, "sent as soon as there is disk space")
        assert (view.state, dict(upstream.heads), spool(disk.home)) == ("queued", {}, [])
        disk.empty()
        await _done(jobs, job)

    _assert_stored_as_usual(disk.home, upstream)


async def test_a_disk_that_fills_up_during_a_request_does_not_delay_it(
    disk: Disk,
) -> None:
    """*Chosen*: the body has its space already, and the database uses the reserve."""
    made = large(ROOM)  # so that truncating its file frees nothing
    async with _running(disk.home, "waiting", made) as (jobs, upstream):
        job = await _submit(jobs)
        await _held(upstream)
        disk.fill()
        assert disk.free() == 0
        upstream.release.set()
        await _done(jobs, job)
        assert not (disk.home / "reserve").exists()

        disk.empty()
        await jobs.wait((await jobs.submit(core("another"), tool="test")).job_ids, SECONDS)
        assert (disk.home / "reserve").exists()
        del upstream.posts["another"]

    assert spool(disk.home) == []
    assert rows(disk.home, "SELECT state FROM jobs") == [("done",), ("done",)]


@pytest.mark.parametrize("stage", ["waiting", "body"])
async def test_without_a_reserve_recording_a_response_waits_for_space(
    disk: Disk, stage: Stage
) -> None:
    """*Chosen*: T3 or T5 without a free byte; the row stays as it is, and progress says why."""
    made = large(ROOM)
    async with _running(disk.home, stage, made) as (jobs, upstream):
        job = await _submit(jobs)
        await _held(upstream)
        if stage == "body":
            await until_state(disk.home, "storing")
        (disk.home / "reserve").unlink()
        disk.fill()
        upstream.release.set()
        view = await until_progress(jobs, job, ROOM_AGAIN)
        assert view.state == ("storing" if stage == "body" else "submitting")
        disk.empty()
        await _done(jobs, job)

    _assert_stored_as_usual(disk.home, upstream, made)


async def test_the_end_of_a_body_waits_in_memory_for_space(disk: Disk) -> None:
    """*Chosen*: a response larger than its reserved space, and the disk fills up halfway."""
    made = large(3 * ROOM)
    async with _running(disk.home, "body", made) as (jobs, upstream):
        job = await _submit(jobs)
        await _held(upstream)
        await until_state(disk.home, "storing")
        disk.fill()
        upstream.release.set()
        view = await until_progress(jobs, job, ROOM_AGAIN, "No space left")
        assert view.state == "storing"
        disk.empty()
        await _done(jobs, job)

    _assert_stored_as_usual(disk.home, upstream, made)


async def test_a_process_that_ends_logs_what_was_only_in_memory(
    disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    """*Chosen*: the loss is logged, and the next process reports a possible charge."""
    made = large(3 * ROOM)
    async with _running(disk.home, "body", made) as (jobs, upstream):
        job = await _submit(jobs)
        await _held(upstream)
        disk.fill()
        upstream.release.set()
        await until_progress(jobs, job, ROOM_AGAIN)
    assert "the end of its paid response was only in memory" in caplog.text

    disk.empty()
    async with _running(disk.home) as (jobs, another):
        [view] = await jobs.wait([job], SECONDS)
    assert (view.state, view.charged) == ("unknown", "assumed")
    assert (dict(another.posts), spool(disk.home)) == ({}, [])


async def test_a_complete_body_on_disk_is_stored_by_the_next_process(
    disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    """*Chosen*: without another request."""
    made = large(ROOM)
    async with _running(disk.home, "body", made) as (jobs, upstream):
        job = await _submit(jobs)
        await _held(upstream)
        await until_state(disk.home, "storing")
        (disk.home / "reserve").unlink()
        disk.fill()
        upstream.release.set()
        await until_progress(jobs, job, ROOM_AGAIN)
    assert f"{job}.1.body" in spool(disk.home)
    assert "its response is in the spool; the next server stores it" in caplog.text

    disk.empty()
    async with _running(disk.home) as (jobs, _):
        await _done(jobs, job)
    _assert_stored_as_usual(disk.home, upstream, made)


async def test_a_read_only_blobs_folder_delays_a_job_and_loses_nothing(
    disk: Disk,
) -> None:
    """*Chosen*: progress gives the reason, and the job continues once the folder is writable."""
    async with _running(disk.home, "waiting") as (jobs, upstream):
        job = await _submit(jobs)
        await _held(upstream)
        with read_only(disk.home / "blobs"):
            upstream.release.set()
            await until_progress(jobs, job, WRITABLE_AGAIN)
            await until_state(disk.home, "storing")
        await _done(jobs, job)

    _assert_stored_as_usual(disk.home, upstream)


async def test_nothing_is_sent_while_the_spool_is_read_only(disk: Disk) -> None:
    """*Chosen*: the response could not be stored."""
    async with _running(disk.home) as (jobs, upstream):
        with read_only(disk.home / "spool"):
            job = await _submit(jobs)
            view = await until_progress(jobs, job, "sent as soon as the data folder is writable")
            assert (view.state, dict(upstream.heads)) == ("queued", {})
        await _done(jobs, job)

    _assert_stored_as_usual(disk.home, upstream)
