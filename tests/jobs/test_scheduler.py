"""The scheduler: the order of due jobs, waiting for slots, and waking waiting callers."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import pytest

from stability_mcp.jobs.engine import Done, Kind, Later, Lease, Step
from stability_mcp.jobs.scheduler import MAX_CONNECTING, Scheduler
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection
from support.jobs.jobs import ME, put, register
from support.store.observed import Reads
from support.store.rows import execute

pytestmark = pytest.mark.anyio


Perform = Callable[[str, Lease], Awaitable[Step]]


def _set(connection: Connection, *, job: str, state: str, priority: int) -> None:
    change = "UPDATE jobs SET state = :state, priority = :priority WHERE id = :job"
    execute(connection, change, job=job, state=state, priority=priority)


def _register_once(connection: Connection) -> None:
    if not execute(connection, "SELECT 1 FROM processes"):
        register(connection)


@asynccontextmanager
async def running(
    home: Path,
    perform: Perform,
    *,
    concurrency: int = 10,
    jobs: int = 0,
    kind: Callable[[Path], Database] = Database,
) -> AsyncIterator[tuple[Scheduler, list[str], Database]]:
    """Run an engine over this many queued jobs."""
    database = await anyio.to_thread.run_sync(kind, home)
    await database.write(_register_once, name="test.write")
    made = [await database.write(put, name="test.write") for _ in range(jobs)]
    engine = Scheduler(database, process=ME, concurrency=concurrency)
    try:
        with anyio.fail_after(60):
            async with anyio.create_task_group() as group:
                group.start_soon(engine.run, perform)
                yield engine, [call.job_ids[0] for call in made], database
                await engine.drain(30)
    finally:
        await database.close()


async def test_storing_runs_before_polls_and_polls_before_requests(
    tmp_path: Path,
) -> None:
    """*Chosen*: requests are ordered by priority, then by age."""
    order: list[str] = []
    finished = anyio.Event()

    async def perform(job: str, _lease: Lease) -> Step:
        order.append(job)
        if len(order) == 5:
            finished.set()
        return Done()

    database = await anyio.to_thread.run_sync(Database, tmp_path)
    await database.write(register, name="test.write")
    jobs = [(await database.write(put, name="test.write")).job_ids[0] for _ in range(5)]
    states = [("queued", 1), ("queued", 0), ("queued", 0), ("submitted", 1), ("storing", 1)]
    for job, (state, priority) in zip(jobs, states, strict=True):
        await database.write(
            partial(_set, job=job, state=state, priority=priority), name="test.write"
        )
    await database.close()

    async with running(tmp_path, perform):
        await finished.wait()

    assert order == [jobs[4], jobs[3], jobs[1], jobs[2], jobs[0]]


async def test_no_other_job_requests_a_slot_while_none_is_free(tmp_path: Path) -> None:
    """*Chosen*: one failed request for a slot is enough."""
    performed: list[str] = []

    async def perform(job: str, _lease: Lease) -> Step:
        performed.append(job)
        return Later(seconds=30, kind="send", blocks_others=True) if job in jobs else Done()

    jobs: list[str] = []
    async with running(tmp_path, perform, jobs=5, concurrency=1) as (engine, made, database):
        jobs += made
        await _until(performed, 1)
        stored = await _scan(engine, database, performed)

    assert performed == [jobs[0], *stored]


async def _until(order: list[str], count: int) -> None:
    """Wait until this many steps have begun."""
    while len(order) < count:  # noqa: ASYNC110 -- a list sets no event
        await anyio.sleep(0.01)


async def _scan(engine: Scheduler, database: Database, order: list[str]) -> list[str]:
    """Let the engine scan the due jobs twice; return the two jobs inserted for that.

    These need no slot: a job that has not begun by the second of them will not begin now.
    """
    made = []
    for _ in range(2):
        made.append(await database.write(partial(_put, "storing", 0), name="test.write"))
        engine.wake()
        while made[-1] not in order:  # noqa: ASYNC110 -- as above
            await anyio.sleep(0.01)
    return made


def _put(state: str, priority: int, connection: Connection) -> str:
    [job] = put(connection).job_ids
    _set(connection, job=job, state=state, priority=priority)
    return job


async def test_storing_continues_while_no_slot_is_free(tmp_path: Path) -> None:
    """*Chosen*: only steps that send a request need one."""
    performed, stored = anyio.Event(), anyio.Event()

    async def perform(_job: str, _lease: Lease) -> Step:
        if not performed.is_set():
            performed.set()
            return Later(seconds=30, kind="poll", blocks_others=True)
        stored.set()
        return Done()

    async with running(tmp_path, perform, jobs=1, concurrency=1) as (engine, _, database):
        await performed.wait()
        await database.write(partial(_put, "storing", 0), name="test.write")
        engine.wake()
        with anyio.fail_after(30):
            await stored.wait()


@pytest.mark.parametrize(("kind", "priority", "stopped"), [("send", 1, 1), ("send", 0, 2)])
async def test_a_job_without_a_slot_blocks_all_jobs_that_are_not_more_urgent(
    tmp_path: Path, kind: Kind, priority: int, stopped: int
) -> None:
    """*Chosen*: slots are reserved for polls, and against batches for interactive jobs."""
    order: list[str] = []
    refused = anyio.Event()

    async def perform(job: str, _lease: Lease) -> Step:
        order.append(job)
        if not refused.is_set():
            refused.set()
            return Later(seconds=30, kind=kind, blocks_others=True)
        return Done()

    database = await anyio.to_thread.run_sync(Database, tmp_path)
    await database.write(partial(_put, "queued", priority), name="test.write")
    await database.close()
    async with running(tmp_path, perform, concurrency=5) as (engine, _, database):
        await refused.wait()
        made = [
            await database.write(partial(_put, *each), name="test.write")
            for each in (("queued", 1), ("queued", 0), ("submitted", 0))
        ]
        engine.wake()
        await _until(order, 4 - stopped)
        stored = await _scan(engine, database, order)
        soon = order[1:]

    assert sorted(soon) == sorted([*made[stopped:], *stored])


async def test_a_batch_leaves_part_of_the_concurrency_to_others(tmp_path: Path) -> None:
    """*Chosen*: a batch takes at most 80 % of it."""
    order: list[str] = []
    end = anyio.Event()

    async def perform(job: str, lease: Lease) -> Step:
        order.append(job)
        lease.begun()
        await end.wait()
        return Done()

    database = await anyio.to_thread.run_sync(Database, tmp_path)
    await database.write(register, name="test.write")
    for _ in range(10):
        await database.write(partial(_put, "queued", 1), name="test.write")
    await database.close()
    async with running(tmp_path, perform, concurrency=5) as (engine, _, database):
        await _until(order, 4)
        stored = await _scan(engine, database, order)
        of_batch = len(order) - len(stored)
        awaited = [
            await database.write(partial(_put, "queued", 0), name="test.write") for _ in range(2)
        ]
        engine.wake()
        await _until(order, 7)
        stored += await _scan(engine, database, order)
        at_once = [job for job in order if job not in stored]
        end.set()

    assert of_batch == 4
    assert at_once[4:] == awaited[:1]


async def test_the_number_of_connecting_requests_is_limited(tmp_path: Path) -> None:
    """*Chosen*: when the rate limit is used up, few have connected without need."""
    started: list[Lease] = []
    full, more, end = anyio.Event(), anyio.Event(), anyio.Event()

    async def perform(job: str, lease: Lease) -> Step:
        order.append(job)
        if job not in jobs:
            return Done()
        started.append(lease)
        if len(started) == MAX_CONNECTING:
            full.set()
        if len(started) > MAX_CONNECTING:
            more.set()
        await end.wait()
        return Done()

    jobs: list[str] = []
    order: list[str] = []
    more_than_start = MAX_CONNECTING + 5
    async with running(tmp_path, perform, jobs=more_than_start, concurrency=100) as (
        engine,
        made,
        database,
    ):
        jobs += made
        await full.wait()
        await _scan(engine, database, order)
        at_first = len(started)
        started[0].begun()
        await more.wait()
        end.set()

    assert at_first == MAX_CONNECTING


async def test_a_waiting_caller_is_woken_only_by_changes_of_its_job(tmp_path: Path) -> None:
    """*Chosen*: by an event, not by reading repeatedly."""
    go = {True: anyio.Event(), False: anyio.Event()}
    woken: list[str] = []

    async def perform(job: str, _lease: Lease) -> Step:
        await go[job == jobs[0]].wait()
        return Later(seconds=30, kind="poll")

    async def wait(name: str, job: str) -> None:
        await engine.changed([job], 30)
        woken.append(name)

    jobs: list[str] = []
    async with running(tmp_path, perform, jobs=2) as (engine, made, _database):
        jobs += made
        async with anyio.create_task_group() as group:
            group.start_soon(wait, "first", made[0])
            group.start_soon(wait, "second", made[1])
            await anyio.wait_all_tasks_blocked()
            go[True].set()
            await _until(woken, 1)
            await anyio.wait_all_tasks_blocked()
            seen = list(woken)
            go[False].set()

    assert seen == ["first"]
    assert woken == ["first", "second"]


async def test_a_stored_time_far_in_the_future_does_not_stall_a_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: a wrong clock may have written it; the longest sleep is a minute."""
    began = anyio.Event()

    async def perform(_job: str, _lease: Lease) -> Step:
        began.set()
        return Done()

    reads = Reads()
    database = await anyio.to_thread.run_sync(reads.open, tmp_path)
    await database.write(put, name="test.write")
    await database.write(lambda c: execute(c, "UPDATE jobs SET wake_at = 1e12"), name="test.write")
    engine = Scheduler(database, process=ME, concurrency=1)
    with anyio.fail_after(120):
        async with anyio.create_task_group() as group:
            group.start_soon(engine.run, perform)
            await reads.more(1)
            await anyio.wait_all_tasks_blocked()
            early = began.is_set()
            real = time.monotonic
            monkeypatch.setattr(time, "monotonic", lambda: real() + 61)  # a minute passes
            await began.wait()
            await engine.drain(30)
    await database.close()

    assert not early


async def test_no_step_begins_after_drain_was_called_during_a_read(tmp_path: Path) -> None:
    """*Chosen*: nothing more is sent, whatever the read finds."""
    steps: list[str] = []

    async def perform(job: str, _lease: Lease) -> Step:
        steps.append(job)
        return Done()

    reads = Reads()
    database = await anyio.to_thread.run_sync(reads.open, tmp_path)
    await database.write(put, name="test.write")
    engine = Scheduler(database, process=ME, concurrency=1)
    reads.hold()
    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            group.start_soon(engine.run, perform)
            await reads.more(1)
            group.start_soon(engine.drain, 30)
            await anyio.wait_all_tasks_blocked()
            reads.release()
    await database.close()

    assert steps == []


_TAKEN_AND_GIVEN_BACK = "UPDATE jobs SET lease_version = lease_version + 2 WHERE id = :job"


async def test_a_job_that_comes_back_after_a_takeover_runs(tmp_path: Path) -> None:
    """*Chosen*: a step under the lost lease may end after the job has come back."""
    began, release, done = anyio.Event(), anyio.Event(), anyio.Event()
    lease_versions: list[int] = []

    async def perform(_job: str, lease: Lease) -> Step:
        lease_versions.append(lease.version)
        if len(lease_versions) == 1:
            began.set()
            await release.wait()
        else:
            done.set()
        return Done()

    reads = Reads()
    async with running(tmp_path, perform, jobs=1, kind=reads.open) as (engine, [job], database):
        await began.wait()
        await database.write(
            lambda c: execute(c, _TAKEN_AND_GIVEN_BACK, job=job), name="test.write"
        )
        engine.rescan()
        await reads.more(1)
        release.set()
        await done.wait()

    assert lease_versions == [1, 3]
