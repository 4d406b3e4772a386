"""A disk that is full at any moment of a paid call, and room on it later: nothing is lost.

These run on a real small disk, against a real HTTP server that counts. Where none can be mounted
they are skipped; the same moments are tested by injected faults beside the steps.
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
from support.jobs.jobs import PRICE, Desk, core, picture
from support.jobs.upstream import Stage, Upstream, counting_upstream
from support.store.disk import (
    MIB,
    MIN_FREE,
    ROOM,
    SECONDS,
    Disk,
    at_work_on_small_disk,
    read_only,
    small_disk,
    until_said,
    until_state,
)
from support.store.rows import money, rows, spool

pytestmark = pytest.mark.anyio

ROOM_AGAIN = "stored as soon as there is room on the disk"
WRITABLE_AGAIN = "stored as soon as the data folder can be written"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Give a disk of 24 MB to fill."""
    with small_disk(tmp_path / "disk") as found:
        yield found


@asynccontextmanager
async def _out(
    home: Path, hold: Stage | None = None, image: bytes | None = None
) -> AsyncIterator[tuple[Desk, Upstream]]:
    """Run jobs against a server that stops where it is told, and answers with a picture."""
    async with counting_upstream(pace=0) as upstream:
        upstream.hold, upstream.image = hold, image
        client = Client(base_url=upstream.url, api_key=SecretStr("sk-test"))
        async with client, at_work_on_small_disk(home, client) as jobs:
            yield jobs, upstream


async def _submit(jobs: Desk) -> str:
    return (await jobs.submit(core(), tool="test")).job_ids[0]


async def _held(upstream: Upstream) -> None:
    with anyio.fail_after(SECONDS):
        await upstream.held.wait()


async def _done(jobs: Desk, job: str) -> JobRecord:
    [view] = await jobs.wait([job], SECONDS)
    assert (view.state, view.charged) == ("done", "yes"), (view.progress, view.error)
    return view


def _as_if_nothing_had_been(home: Path, upstream: Upstream, made: bytes = picture(1)) -> None:
    """One POST, the right bytes, the money right, nothing left in the spool."""
    assert dict(upstream.posts) == {"a lighthouse": 1}
    [(seed, blob)] = rows(home, "SELECT seed, blob FROM media")
    assert (seed, blob) == ("7", hashlib.sha256(made).hexdigest())
    assert (home / "blobs" / blob[:2] / blob).read_bytes() == made
    assert (money(home), spool(home)) == ((0, PRICE), [])


def large(size: int) -> bytes:
    """Return a picture of so many bytes."""
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
async def test_nothing_is_sent_without_room_and_it_is_sent_when_there_is(
    disk: Disk, free: int
) -> None:
    """*Chosen*: refused before a byte leaves, and nobody has to ask again."""
    async with _out(disk.home) as (jobs, upstream):
        disk.fill(leave=max(free, MIB))  # the call itself is journalled
        job = await _submit(jobs)
        disk.fill(leave=free)
        view = await until_said(jobs, job, "sent as soon as there is room on the disk")
        assert (view.state, dict(upstream.heads), spool(disk.home)) == ("queued", {}, [])
        disk.empty()
        await _done(jobs, job)

    _as_if_nothing_had_been(disk.home, upstream)


async def test_a_disk_that_fills_up_while_a_request_is_out_does_not_even_delay_it(
    disk: Disk,
) -> None:
    """*Chosen*: the bytes have their room, and the journal that of the reserve."""
    made = large(ROOM)  # so that cutting its file gives nothing back
    async with _out(disk.home, "waiting", made) as (jobs, upstream):
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
async def test_without_a_reserve_the_journal_waits_and_the_answer_with_it(
    disk: Disk, stage: Stage
) -> None:
    """*Chosen*: T3 or T5 on a disk without a free byte; the row stays as it is and says why."""
    made = large(ROOM)
    async with _out(disk.home, stage, made) as (jobs, upstream):
        job = await _submit(jobs)
        await _held(upstream)
        if stage == "body":
            await until_state(disk.home, "storing")
        (disk.home / "reserve").unlink()
        disk.fill()
        upstream.release.set()
        view = await until_said(jobs, job, ROOM_AGAIN)
        assert view.state == ("storing" if stage == "body" else "submitting")
        disk.empty()
        await _done(jobs, job)

    _as_if_nothing_had_been(disk.home, upstream, made)


async def test_the_end_of_a_body_waits_in_memory_for_room(disk: Disk) -> None:
    """*Chosen*: an answer larger than the room made for it, and the disk fills up in its middle."""
    made = large(3 * ROOM)
    async with _out(disk.home, "body", made) as (jobs, upstream):
        job = await _submit(jobs)
        await _held(upstream)
        await until_state(disk.home, "storing")
        disk.fill()
        upstream.release.set()
        view = await until_said(jobs, job, ROOM_AGAIN, "No space left")
        assert view.state == "storing"
        disk.empty()
        await _done(jobs, job)

    _as_if_nothing_had_been(disk.home, upstream, made)


async def test_a_process_that_ends_says_what_was_only_in_memory(
    disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    """*Chosen*: the loss is told, and the next process says that it may have been charged."""
    made = large(3 * ROOM)
    async with _out(disk.home, "body", made) as (jobs, upstream):
        job = await _submit(jobs)
        await _held(upstream)
        disk.fill()
        upstream.release.set()
        await until_said(jobs, job, ROOM_AGAIN)
    assert "the end of its paid response was only in memory" in caplog.text

    disk.empty()
    async with _out(disk.home) as (jobs, another):
        [view] = await jobs.wait([job], SECONDS)
    assert (view.state, view.charged) == ("unknown", "assumed")
    assert (dict(another.posts), spool(disk.home)) == ({}, [])


async def test_a_process_that_ends_leaves_what_is_on_the_disk_to_the_next(
    disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    """*Chosen*: a body that is whole is stored by whoever comes, without another request."""
    made = large(ROOM)
    async with _out(disk.home, "body", made) as (jobs, upstream):
        job = await _submit(jobs)
        await _held(upstream)
        await until_state(disk.home, "storing")
        (disk.home / "reserve").unlink()
        disk.fill()
        upstream.release.set()
        await until_said(jobs, job, ROOM_AGAIN)
    assert f"{job}.1.body" in spool(disk.home)
    assert "its response is in the spool; the next server stores it" in caplog.text

    disk.empty()
    async with _out(disk.home) as (jobs, _):
        await _done(jobs, job)
    _as_if_nothing_had_been(disk.home, upstream, made)


async def test_a_folder_of_results_that_is_read_only_holds_a_job_up_and_loses_nothing(
    disk: Disk,
) -> None:
    """*Chosen*: it says so, and goes on when the folder can be written."""
    async with _out(disk.home, "waiting") as (jobs, upstream):
        job = await _submit(jobs)
        await _held(upstream)
        with read_only(disk.home / "blobs"):
            upstream.release.set()
            await until_said(jobs, job, WRITABLE_AGAIN)
            await until_state(disk.home, "storing")
        await _done(jobs, job)

    _as_if_nothing_had_been(disk.home, upstream)


async def test_a_spool_that_is_read_only_lets_nothing_be_sent(disk: Disk) -> None:
    """*Chosen*: the answer would have nowhere to go."""
    async with _out(disk.home) as (jobs, upstream):
        with read_only(disk.home / "spool"):
            job = await _submit(jobs)
            view = await until_said(jobs, job, "sent as soon as the data folder can be written")
            assert (view.state, dict(upstream.heads)) == ("queued", {})
        await _done(jobs, job)

    _as_if_nothing_had_been(disk.home, upstream)
