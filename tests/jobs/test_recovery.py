"""Recovery of the jobs of a dead process: its lock decides, never the age of anything."""

import sys
import time
from pathlib import Path

import anyio
import pytest
from pydantic import SecretStr

from stability_mcp.client.client import Client
from stability_mcp.jobs.models import JobCriteria, Timing
from stability_mcp.jobs.process_lock import ProcessLock
from stability_mcp.jobs.transactions import recover
from stability_mcp.store.database import Database
from stability_mcp.store.format import lock_path
from stability_mcp.store.locks import HeldLock
from stability_mcp.store.tenancy import Upstream
from support.jobs import worker_process
from support.jobs.jobs import (
    OWNER,
    PAID,
    PRICE,
    AccountJobs,
    Wire,
    answer,
    core,
    hangs,
    picture,
    put,
    register,
    running_jobs,
    succeeds,
)
from support.jobs.upstream import counting_upstream
from support.store.rows import change, ledger, money, rows, spool

pytestmark = pytest.mark.anyio


async def _leave_by_dead_process(
    home: Path, state: str, *, age: float = 0, **columns: object
) -> str:
    """Insert a job, in some state, of a process without a lock, and return its id."""
    database = await anyio.to_thread.run_sync(Database, home)
    made = await database.write(lambda c: put(c, now=time.time() - age), name="test.write")
    [job] = made.job_ids
    values = {"state": state, "attempt": 0 if state == "queued" else 1, **columns}
    pairs = ", ".join(f"{name} = ?" for name in values)
    change(home, f"UPDATE jobs SET {pairs} WHERE id = ?", *values.values(), job)  # noqa: S608 -- names from this test
    await database.write(register, name="test.write")
    if state != "queued":
        [(day,)] = rows(home, "SELECT day FROM jobs")
        change(
            home,
            "INSERT INTO charges VALUES (1, ?, ?, ?, 1, ?, ?, 'sent', 0)",
            *(OWNER, PAID.id, job, day, PRICE),
        )
    await database.close()
    return job


async def test_a_queued_job_of_a_dead_process_is_sent(tmp_path: Path) -> None:
    """*Chosen*: its request never began."""
    job = await _leave_by_dead_process(tmp_path, "queued")
    wire = Wire([succeeds()])

    async with running_jobs(tmp_path, wire) as jobs:
        [view] = await jobs.wait([job], 30)

    assert (view.state, len(wire.posts)) == ("done", 1)
    assert rows(tmp_path, "SELECT lease_version FROM jobs") == [
        (3,)
    ]  # released by recovery, and taken


async def test_a_sent_request_of_a_dead_process_is_unknown_and_never_sent_again(
    tmp_path: Path,
) -> None:
    """*Chosen*: the outcome cannot be known; it counts as charged."""
    job = await _leave_by_dead_process(tmp_path, "submitting")
    (tmp_path / "spool" / f"{job}.1.part").write_bytes(b"half")
    wire = Wire([succeeds()])

    async with running_jobs(tmp_path, wire) as jobs:
        [view] = await jobs.wait([job], 30)

    assert (view.state, view.charged, wire.posts) == ("unknown", "assumed", [])
    assert "The server stopped while the API was working" in (view.error or "")
    assert (money(tmp_path), ledger(tmp_path), spool(tmp_path)) == ((0, PRICE), ["assumed"], [])


async def test_a_complete_response_in_the_spool_is_stored(tmp_path: Path) -> None:
    """*Chosen*: `.body` means complete, and its headers are recorded."""
    job = await _leave_by_dead_process(tmp_path, "storing", answer=answer(seed="42").to_json())
    (tmp_path / "spool" / f"{job}.1.body").write_bytes(picture())
    wire = Wire([succeeds()])

    async with running_jobs(tmp_path, wire) as jobs:
        [view] = await jobs.wait([job], 30)

    assert (view.state, view.charged, wire.posts) == ("done", "yes", [])
    assert rows(tmp_path, "SELECT seed FROM media") == [("42",)]
    assert (money(tmp_path), spool(tmp_path)) == ((0, PRICE), [])


async def test_a_truncated_response_is_unknown_and_its_file_is_deleted(tmp_path: Path) -> None:
    """*Chosen*: certainly charged, and it cannot be fetched again."""
    job = await _leave_by_dead_process(tmp_path, "storing", answer=answer().to_json())
    (tmp_path / "spool" / f"{job}.1.1.part").write_bytes(b"half")

    async with running_jobs(tmp_path, Wire([succeeds()])) as jobs:
        [view] = await jobs.wait([job], 30)

    assert (view.state, view.charged) == ("unknown", "assumed")
    assert (money(tmp_path), spool(tmp_path)) == ((0, PRICE), [])


async def test_a_complete_picture_is_stored_even_from_a_part_file(tmp_path: Path) -> None:
    """*Chosen*: its length is the announced one, and all of it can be decoded."""
    whole = answer(length=len(picture()), seed="42")
    job = await _leave_by_dead_process(tmp_path, "storing", answer=whole.to_json())
    (tmp_path / "spool" / f"{job}.1.1.part").write_bytes(picture())

    async with running_jobs(tmp_path, Wire([succeeds()])) as jobs:
        [view] = await jobs.wait([job], 30)

    assert (view.state, view.charged) == ("done", "yes")
    assert rows(tmp_path, "SELECT seed FROM media") == [("42",)]
    assert (money(tmp_path), spool(tmp_path)) == ((0, PRICE), [])


@pytest.mark.parametrize(
    ("announced", "received"),
    [
        (len(picture()), picture() + bytes(4_096)),  # too long: not known to be complete
        (len(picture()), picture()[:-200] + bytes(200)),  # as after a power failure
        (None, picture()),  # no announced length
    ],
    ids=["too long", "zeros", "no length"],
)
async def test_a_picture_that_may_be_incomplete_is_unknown(
    tmp_path: Path, announced: int | None, received: bytes
) -> None:
    """*Chosen*: like a truncated one."""
    whole = answer(length=announced)
    job = await _leave_by_dead_process(tmp_path, "storing", answer=whole.to_json())
    (tmp_path / "spool" / f"{job}.1.1.part").write_bytes(received)

    async with running_jobs(tmp_path, Wire([succeeds()])) as jobs:
        [view] = await jobs.wait([job], 30)

    assert (view.state, view.charged) == ("unknown", "assumed")
    assert (money(tmp_path), spool(tmp_path)) == ((0, PRICE), [])


async def test_the_spool_file_of_a_finished_job_is_deleted(tmp_path: Path) -> None:
    """*Chosen*: killed between the last commit and cleaning up the spool."""
    job = await _leave_by_dead_process(tmp_path, "done", finished_at=1.0)
    left = tmp_path / "spool" / f"{job}.1.body"
    left.write_bytes(picture())
    other = tmp_path / "spool" / "of-something-else.tmp"
    other.write_bytes(b"kept")

    async with running_jobs(tmp_path, Wire([succeeds()])):
        pass

    assert spool(tmp_path) == [other.name]


@pytest.mark.parametrize("removed", [False, True])
async def test_a_job_queued_long_ago_is_paused_instead_of_sent(
    tmp_path: Path, *, removed: bool
) -> None:
    """*Chosen*: after ten minutes it may no longer be wanted, and sending it costs credits."""
    job = await _leave_by_dead_process(tmp_path, "queued", age=recover.MAX_QUEUE_SECONDS + 10)
    if removed:  # it was still alive, and continued for a moment
        change(tmp_path, "DELETE FROM processes")
    wire = Wire([succeeds()])

    async with running_jobs(tmp_path, wire) as jobs:
        [view] = await jobs.wait([job], 0.2)
        waited_for = await jobs.unfinished_and_uncollected()

    assert (view.state, wire.posts, waited_for) == ("paused", [], [])
    assert view.progress.startswith("paused before sending: job_rerun sends it")


async def test_jobs_released_by_an_ending_process_continue_in_another(tmp_path: Path) -> None:
    """*Chosen*: within two seconds, in a process that is already running."""
    sent, release = anyio.Event(), anyio.Event()
    release.set()
    wire = Wire([succeeds()])

    async with running_jobs(tmp_path, wire) as other:
        async with running_jobs(tmp_path, Wire([hangs(sent, release)]), concurrency=1) as one:
            submitted = await one.submit(core(), tool="test", count=3)
            await sent.wait()
        views = await other.wait(submitted.job_ids, 30)

    assert {view.state for view in views} == {"done"}
    assert len(wire.posts) == 2


async def test_jobs_of_a_live_process_are_not_recovered(tmp_path: Path) -> None:
    """*Chosen*: a held lock means a live owner, whatever it does."""
    sent, release = anyio.Event(), anyio.Event()
    wire = Wire([succeeds()])

    async with running_jobs(tmp_path, Wire([hangs(sent, release)])) as one:
        submitted = await one.submit(core(), tool="test")
        await sent.wait()
        async with running_jobs(tmp_path, wire) as other:
            [view] = await other.views(submitted.job_ids)
        release.set()
        [after] = await one.wait(submitted.job_ids, 30)

    assert (view.state, after.state, wire.posts) == ("submitting", "done", [])


async def test_a_late_response_to_a_process_believed_dead_is_stored(tmp_path: Path) -> None:
    """*Chosen*: its lock file was deleted while it was alive; the paid picture is kept."""
    sent, release = anyio.Event(), anyio.Event()

    async with running_jobs(tmp_path, Wire([hangs(sent, release)])) as one:
        submitted = await one.submit(core(), tool="test")
        await sent.wait()
        for lock in (tmp_path / "locks").iterdir():
            lock.unlink()
        async with running_jobs(tmp_path, Wire([succeeds()])) as other:
            [believed] = await other.wait(submitted.job_ids, 30)
        release.set()
        with anyio.fail_after(30):
            [view] = await one.views(submitted.job_ids)
            while view.state != "done":
                await anyio.sleep(0.01)  # the row sets no event
                [view] = await one.views(submitted.job_ids)

    assert believed.state == "unknown"
    assert (view.state, view.charged, len(view.media)) == ("done", "yes", 1)
    assert (money(tmp_path), ledger(tmp_path)) == ((0, PRICE), ["charged"])


async def test_a_lock_is_held_by_the_process_and_not_by_a_thread(tmp_path: Path) -> None:
    """*Documented* (flock): a lock belongs to the open file, whichever thread opened it."""
    (tmp_path / "locks").mkdir()
    process = await anyio.to_thread.run_sync(ProcessLock, tmp_path)
    path = lock_path(tmp_path, process.id)

    assert path.exists()
    with pytest.raises(BlockingIOError):
        HeldLock(path)
    await anyio.to_thread.run_sync(process.release)

    assert not path.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
async def test_a_running_process_takes_over_the_polls_of_a_killed_one(tmp_path: Path) -> None:
    """*Chosen*: a generation that the killed process started is polled by another.

    Within two seconds: locks are tried every second.
    """
    assert Timing().recovery_seconds == 1
    async with counting_upstream(pace=0) as server:
        server.results_after = 1_000_000
        counted = Upstream(id="counted", base_url=server.url)
        client = Client(base_url=server.url, api_key=SecretStr("sk-test"))
        command = [
            sys.executable,
            "-m",
            worker_process.__name__,
            str(tmp_path),
            server.url,
            "1",
            "on",
        ]
        async with (
            await anyio.open_process(command, stdout=None, stderr=None) as worker,
            client,
            running_jobs(tmp_path, client, upstream=counted) as jobs,
        ):
            try:
                job = await _submitted_by_another(jobs)
            finally:
                worker.kill()
            await worker.wait()
            server.results_after = 0
            [view] = await jobs.wait([job], 30)

    assert (view.state, view.charged) == ("done", "yes")
    assert sum(server.posts.values()) == 1


async def _submitted_by_another(jobs: AccountJobs) -> str:
    with anyio.fail_after(30):
        page = await jobs.page(criteria=JobCriteria(state="submitted"))
        while not page.items:
            await anyio.sleep(0.05)  # another process sets no event
            page = await jobs.page(criteria=JobCriteria(state="submitted"))
    return page.items[0].id
