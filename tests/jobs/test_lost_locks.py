"""The lock of a living process whose file somebody deletes: it is made anew, nothing is sent twice.

Tidying tools and people delete files that look old. A lock that is gone looks like a dead owner.
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
from support.jobs.jobs import AT_ONCE, ME, Wire, at_work, core, hangs, picture, put, register, yes
from support.jobs.killed import see_that_all_is_accounted_for, start
from support.jobs.upstream import counting_upstream
from support.store.observed import Reads
from support.store.rows import ledger, money, rows

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be deleted there"),
]

WORKERS, CALLS = 2, 7
"""Of each kind of call one or more."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Give a folder for locks."""
    (tmp_path / "locks").mkdir()
    return tmp_path


def free(home: Path, process: ProcessLock) -> bool:
    """Return whether others take a process for dead."""
    with ExitStack() as held:
        return try_lock(lock_path(home, process.id), held)


def test_a_lock_whose_file_was_deleted_is_made_anew(home: Path) -> None:
    """*Chosen*: under the same name, so that its jobs stay its own."""
    process = ProcessLock(home)
    untouched = process.restore_lock()
    lock_path(home, process.id).unlink()

    assert not untouched
    assert process.restore_lock()
    assert not free(home, process)
    assert not process.restore_lock()
    process.release()
    assert list((home / "locks").iterdir()) == []


def test_a_lock_whose_folder_was_deleted_is_made_anew(home: Path) -> None:
    """*Chosen*: whoever tidies up does so thoroughly."""
    process = ProcessLock(home)
    lock_path(home, process.id).unlink()
    (home / "locks").rmdir()

    assert process.restore_lock()
    assert not free(home, process)
    process.release()


def test_an_owner_comes_back_only_when_it_was_buried(home: Path) -> None:
    """*Chosen*: while an adopter writes, it holds the name of whoever it takes for dead."""
    process = ProcessLock(home)
    path = lock_path(home, process.id)
    path.unlink()
    with ExitStack() as other:
        assert try_lock(path, other)
        assert not process.restore_lock()
        path.unlink()

    assert process.restore_lock()
    assert not free(home, process)
    process.release()


def test_a_lock_that_is_lost_removes_no_other_when_it_is_given_back(home: Path) -> None:
    """*Chosen*: an adopter may hold the name by then."""
    process = ProcessLock(home)
    path = lock_path(home, process.id)
    path.unlink()
    with ExitStack() as other:
        assert try_lock(path, other)
        process.release()
        assert path.exists()


async def test_whoever_was_believed_dead_is_listed_again_and_goes_on(tmp_path: Path) -> None:
    """*Chosen*: what was adopted meanwhile stays the adopter's; results are taken from both."""
    sent, release = anyio.Event(), anyio.Event()
    wire, other_wire = Wire([hangs(sent, release), yes()]), Wire([yes()])
    async with at_work(tmp_path, wire, concurrency=1) as one:
        first = await one.submit(core("out"), tool="test")
        queued = await one.submit(core("queued"), tool="test")
        await sent.wait()
        [lock] = (tmp_path / "locks").iterdir()
        lock.unlink()
        async with at_work(tmp_path, other_wire) as other:
            [taken] = await other.wait(queued.job_ids, 30)
            with anyio.fail_after(30):
                while not lock.exists():  # noqa: ASYNC110 -- it is another task's file
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


@pytest.mark.long(12)
async def test_processes_that_take_each_other_for_dead_send_nothing_twice(
    tmp_path: Path,
) -> None:
    """*Chosen*: each adopts what the others have, all alive: sends are fenced, results are not."""
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
                    group.start_soon(_delete_locks, home)  # whoever starts finds nobody alive
                    assert await worker.stdout.receive() == b"at work\n"
                    group.cancel_scope.cancel()
            codes = [await worker.wait() for worker in workers]

    assert codes == [0] * WORKERS
    assert set(server.posts.values()) == {1}
    assert rows(home, "SELECT state, count(*) FROM jobs GROUP BY state") == [
        ("done", WORKERS * CALLS)
    ]
    assert rows(home, "SELECT max(lease_version) > 1 FROM jobs") == [(1,)]
    see_that_all_is_accounted_for(home, server)


async def _delete_locks(home: Path) -> None:
    while True:
        for lock in (home / "locks").glob("*.lock"):
            lock.unlink(missing_ok=True)
        await anyio.sleep(0.01)


@pytest.mark.parametrize("owner", ["dead", "alive"])
async def test_a_lock_that_stays_away_has_no_living_owner(owner: str, tmp_path: Path) -> None:
    """*Chosen*: not at the first look, for who lives makes it anew."""
    database, reads = Database(tmp_path), Reads()
    timing = replace(AT_ONCE, recovery_seconds=0.05)
    async with at_work(tmp_path, Wire([yes()]), kind=reads.open, timing=timing) as jobs:
        left = await database.write(lambda c: put(c, now=time.time()), name="test.write")
        await database.write(register, name="test.write")
        with ExitStack() as held:
            if owner == "alive":
                assert try_lock(lock_path(tmp_path, ME), held)
                await reads.more_looks(3 * MAX_MISSING_PROBES)
            [view] = await jobs.wait(left.job_ids, 30 if owner == "dead" else 0)
    await database.close()

    assert view.state == ("done" if owner == "dead" else "queued")
