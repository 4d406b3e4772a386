"""The lock file of a live process is deleted: it is created again, and nothing is sent twice.

Clean-up tools and people delete files that look old. A missing lock looks like a dead owner.
"""

import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from stability_mcp.jobs.process_lock import ProcessLock
from stability_mcp.store.database import Database
from stability_mcp.store.format import MAX_MISSING_PROBES, lock_path
from stability_mcp.store.locks import try_lock
from support.jobs import worker_process
from support.jobs.jobs import (
    AT_ONCE,
    ME,
    Wire,
    core,
    hangs,
    picture,
    put,
    register,
    running_jobs,
    succeeds,
)
from support.jobs.killed import assert_all_accounted_for, start
from support.jobs.upstream import counting_upstream
from support.store.observed import Reads
from support.store.rows import ledger, money, rows

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be deleted there"),
]

WORKERS, CALLS = 2, 7
"""At least one call of each kind."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a data folder with a folder for locks."""
    (tmp_path / "locks").mkdir()
    return tmp_path


def looks_dead(home: Path, process: ProcessLock) -> bool:
    """Return whether other processes consider this process dead."""
    with ExitStack() as held:
        return try_lock(lock_path(home, process.id), held)


def test_a_deleted_lock_file_is_created_again(home: Path) -> None:
    """*Chosen*: with the same name, so that the process keeps its jobs."""
    process = ProcessLock(home)
    untouched = process.restore_lock()
    lock_path(home, process.id).unlink()

    assert not untouched
    assert process.restore_lock()
    assert not looks_dead(home, process)
    assert not process.restore_lock()
    process.release()
    assert list((home / "locks").iterdir()) == []


def test_a_deleted_locks_folder_is_created_again(home: Path) -> None:
    """*Chosen*: a cleanup tool may delete the whole folder."""
    process = ProcessLock(home)
    lock_path(home, process.id).unlink()
    (home / "locks").rmdir()

    assert process.restore_lock()
    assert not looks_dead(home, process)
    process.release()


def test_a_lock_is_restored_only_after_recovery_has_released_it(home: Path) -> None:
    """*Chosen*: while recovery writes, it holds the lock of the process it considers dead."""
    process = ProcessLock(home)
    path = lock_path(home, process.id)
    path.unlink()
    with ExitStack() as other:
        assert try_lock(path, other)
        assert not process.restore_lock()
        path.unlink()

    assert process.restore_lock()
    assert not looks_dead(home, process)
    process.release()


def test_releasing_a_lost_lock_does_not_delete_a_new_one(home: Path) -> None:
    """*Chosen*: a recovering process may hold the same name by then."""
    process = ProcessLock(home)
    path = lock_path(home, process.id)
    path.unlink()
    with ExitStack() as other:
        assert try_lock(path, other)
        process.release()
        assert path.exists()


async def test_a_live_process_believed_dead_registers_again_and_continues(tmp_path: Path) -> None:
    """*Chosen*: jobs taken over meanwhile stay with the other process; both store results."""
    sent, release = anyio.Event(), anyio.Event()
    wire, other_wire = Wire([hangs(sent, release), succeeds()]), Wire([succeeds()])
    async with running_jobs(tmp_path, wire, concurrency=1) as one:
        first = await one.submit(core("out"), tool="test")
        queued = await one.submit(core("queued"), tool="test")
        await sent.wait()
        [lock] = (tmp_path / "locks").iterdir()
        lock.unlink()
        async with running_jobs(tmp_path, other_wire) as other:
            [taken] = await other.wait(queued.job_ids, 30)
            with anyio.fail_after(30):
                while not lock.exists():  # noqa: ASYNC110 -- another task creates the file
                    await anyio.sleep(0.02)
            with anyio.fail_after(30):
                while rows(tmp_path, "SELECT count(*) FROM processes") != [(2,)]:  # noqa: ASYNC110 -- a row
                    await anyio.sleep(0.02)
            release.set()
            [late] = await one.wait(first.job_ids, 30)
            with anyio.fail_after(30):
                while late.state != "done":
                    await anyio.sleep(0.02)
                    [late] = await one.views(first.job_ids)
            after = await one.submit(core("after"), tool="test")
            [last] = await one.wait(after.job_ids, 30)

    assert (taken.state, late.state, last.state) == ("done", "done", "done")
    assert (len(wire.posts), len(other_wire.posts)) == (2, 1)
    assert ledger(tmp_path) == ["charged"] * 3
    assert money(tmp_path) == (0, 9_000)


async def _taken_over(home: Path) -> None:
    """Wait until a job was taken over; on a busy machine that may be after the start."""
    while rows(home, "SELECT max(lease_version) > 1 FROM jobs") != [(1,)]:  # noqa: ASYNC110 -- a row
        await anyio.sleep(0.02)


@pytest.mark.long(12)
async def test_processes_that_believe_each_other_dead_send_nothing_twice(
    tmp_path: Path,
) -> None:
    """*Chosen*: live processes take over each other's jobs: sends are fenced, results are not."""
    home = tmp_path / "home"
    (tmp_path / worker_process.INPUT).write_bytes(picture())
    async with counting_upstream(pace=8) as server:
        server.results_after = 1
        workers = []
        with anyio.fail_after(60):
            for _ in range(WORKERS):
                workers.append(worker := await start(home, server, CALLS, "idle", "2"))
                assert worker.stdout is not None
                async with anyio.create_task_group() as group:
                    group.start_soon(_delete_locks, home)  # each new process finds no other alive
                    assert await worker.stdout.receive() == b"running\n"
                    group.cancel_scope.cancel()
            codes = [await worker.wait() for worker in workers]

    assert codes == [0] * WORKERS
    assert set(server.posts.values()) == {1}
    assert rows(home, "SELECT state, count(*) FROM jobs GROUP BY state") == [
        ("done", WORKERS * CALLS)
    ]
    assert rows(home, "SELECT max(lease_version) > 1 FROM jobs") == [(1,)]
    assert_all_accounted_for(home, server)


async def _delete_locks(home: Path) -> None:
    while True:
        for lock in (home / "locks").glob("*.lock"):
            lock.unlink(missing_ok=True)
        await anyio.sleep(0.01)


@pytest.mark.parametrize("owner", ["dead", "alive"])
async def test_a_process_whose_lock_stays_missing_is_considered_dead(
    owner: str, tmp_path: Path
) -> None:
    """*Chosen*: not at the first check, because a live process creates its lock again."""
    database, reads = Database(tmp_path), Reads()
    timing = replace(AT_ONCE, recovery_seconds=0.05)
    async with running_jobs(tmp_path, Wire([succeeds()]), kind=reads.open, timing=timing) as jobs:
        left = await database.write(lambda c: put(c, now=time.time()), name="test.write")
        await database.write(register, name="test.write")
        with ExitStack() as held:
            if owner == "alive":
                assert try_lock(lock_path(tmp_path, ME), held)
                await reads.more_checks(3 * MAX_MISSING_PROBES)
            [view] = await jobs.wait(left.job_ids, 30 if owner == "dead" else 0)
    await database.close()

    assert view.state == ("done" if owner == "dead" else "queued")
