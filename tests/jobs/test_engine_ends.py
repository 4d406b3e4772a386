"""What every engine does for callers that wait, while draining, and after a kill."""

import time
from pathlib import Path

import anyio
import pytest

from stability_mcp.client.models import Answer
from stability_mcp.client.trace import Trace
from stability_mcp.jobs.engine import Done, EngineFactory, Later, Lease, Step
from stability_mcp.jobs.transactions import recover
from stability_mcp.jobs.transactions.recover import RecoveringProcess
from support.jobs.engine import ENGINES, SHORT, working
from support.jobs.jobs import (
    PAID,
    Behaviour,
    Wire,
    answer,
    core,
    picture,
    running_jobs,
    setting_when_it_drains,
    succeeds,
)
from support.store.rows import execute, rows

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("make", ENGINES)]


async def test_draining_revokes_leases_waits_for_running_steps_and_starts_none(
    tmp_path: Path, make: EngineFactory
) -> None:
    """*Chosen*: nothing more is sent, and requests in flight finish."""
    ended: list[str] = []

    async def behave(job: str, lease: Lease) -> Step:
        await lease.lost.wait()
        await anyio.wait_all_tasks_blocked()  # drain waits for this
        ended.append(job)
        return Done()

    async with working(tmp_path, make, concurrency=1, behave=behave) as worker:
        first = await worker.put()
        await worker.put()
        await worker.until_steps(1)
        await worker.engine.drain(10)

    assert ended == worker.steps == [first]


async def test_draining_ends_in_time(tmp_path: Path, make: EngineFactory) -> None:
    """*Chosen*: a step that does not finish is cancelled."""
    cancelled = anyio.Event()

    async def behave(_job: str, _lease: Lease) -> Step:
        try:
            await anyio.sleep_forever()
        finally:
            cancelled.set()
        raise AssertionError("sleep_forever returned")

    async with working(tmp_path, make, behave=behave) as worker:
        await worker.put()
        await worker.until_steps(1)
        with anyio.fail_after(30):
            await worker.engine.drain(0.1)

    assert cancelled.is_set()


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "in another process"])
@pytest.mark.parametrize("ends", [False, True], ids=["changes", "ends"])
async def test_a_waiting_caller_is_woken_when_a_job_changes(
    tmp_path: Path, make: EngineFactory, *, elsewhere: bool, ends: bool
) -> None:
    """*Chosen*: whichever process runs the job."""
    release = anyio.Event()

    async def behave(job: str, _lease: Lease) -> Step:
        await release.wait()
        if ends:
            return await one.end(job)
        await one.database.write(
            lambda c: execute(c, "UPDATE jobs SET attempt = attempt + 1"),
            name="test.write",
        )
        return Later(seconds=0.05, kind="poll")

    async with (
        working(tmp_path, make, behave=behave) as one,
        working(tmp_path, make, process="two") as two,
    ):
        job = await one.put()
        await one.until_steps(1)
        engine = two.engine if elsewhere else one.engine
        with anyio.fail_after(30):
            async with anyio.create_task_group() as group:
                group.start_soon(engine.changed, [job], 60.0)
                await anyio.wait_all_tasks_blocked()
                release.set()


async def test_waiting_ends_at_the_timeout_or_at_once_for_a_finished_job(
    tmp_path: Path, make: EngineFactory
) -> None:
    """*Chosen*: no change is missed between reading and waiting."""
    async with (
        working(tmp_path, make) as one,
        working(tmp_path, make, process="two") as two,
    ):
        job = await one.put()
        await one.until_steps(1)
        with anyio.fail_after(30):
            await one.engine.changed([job], 60)
            await two.engine.changed([job], 60)

        async def behave(_job: str, _lease: Lease) -> Step:
            return Later(seconds=60, kind="poll")

        one.behave = behave
        slow = await one.put()
        await one.until_steps(2)
        with anyio.fail_after(30):
            await one.engine.changed([slow], SHORT)
            await two.engine.changed([slow], SHORT)


async def test_another_process_continues_the_jobs_of_a_killed_one(
    tmp_path: Path, make: EngineFactory
) -> None:
    """*Chosen*: with a new lease_version, so that the dead process cannot send any more."""
    lease_versions: list[int] = []

    async def hang(_job: str, _lease: Lease) -> Step:
        await anyio.sleep_forever()
        raise AssertionError("sleep_forever returned")

    async with working(tmp_path, make, concurrency=1, behave=hang, drain=False) as dead:
        jobs = [await dead.put() for _ in range(3)]
        await dead.until_steps(1)

    async def behave(job: str, lease: Lease) -> Step:
        lease_versions.append(lease.version)
        return await worker.end(job)

    recovering = RecoveringProcess(process="two", upstream=PAID.id)
    async with working(tmp_path, make, process="two", behave=behave) as worker:
        await worker.database.write(
            lambda c: recover.recover_jobs(c, recovering, dead=["one"], now=time.time()),
            name="test.write",
        )
        worker.engine.rescan()
        await worker.until_steps(3)

    assert sorted(worker.steps) == sorted(jobs)
    assert min(lease_versions) > 1


def _connects(connected: anyio.Event, release: anyio.Event) -> Behaviour:
    async def behave(trace: Trace, body: Path) -> Answer:
        connected.set()
        await release.wait()
        await trace.before_send()
        await trace.sent()
        await trace.answered(answer())
        await anyio.Path(body).write_bytes(picture())
        return answer()

    return behave


async def test_nothing_is_sent_after_the_lease_is_lost(tmp_path: Path, make: EngineFactory) -> None:
    """*Chosen*: a job that is connecting when its process ends stays queued for another."""
    connected, draining = anyio.Event(), anyio.Event()
    wire = Wire([_connects(connected, draining)])
    engine = setting_when_it_drains(draining, make)

    async with running_jobs(tmp_path, wire, engine=engine) as jobs:
        await jobs.submit(core(), tool="test")
        await connected.wait()

    assert wire.posts == []
    assert rows(tmp_path, "SELECT state, process, attempt FROM jobs") == [("queued", None, 0)]


async def test_two_processes_run_calls_and_both_see_all_results(
    tmp_path: Path, make: EngineFactory
) -> None:
    """*Chosen*: each job runs once, in one of them."""
    wire = Wire([succeeds()])

    async with (
        running_jobs(tmp_path, wire, engine=make) as one,
        running_jobs(tmp_path, wire, engine=make) as two,
    ):
        mine = await one.submit(core("one"), tool="test", count=3)
        theirs = await two.submit(core("two"), tool="test", count=3)
        job_ids = mine.job_ids + theirs.job_ids
        views = [*await one.wait(job_ids, 30), *await two.wait(job_ids, 30)]

    assert {view.state for view in views} == {"done"}
    assert len(wire.posts) == 6
