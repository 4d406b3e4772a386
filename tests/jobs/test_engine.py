"""What every implementation of the engine interface does."""

import time
from itertools import pairwise
from pathlib import Path

import anyio
import pytest

from stability_mcp.jobs.engine import EngineFactory, Later, Lease, Step
from stability_mcp.store.queries import Connection
from support.jobs.engine import ENGINES, SHORT, working

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("make", ENGINES)]


async def test_a_job_runs_once_however_often_the_engine_scans(
    tmp_path: Path, make: EngineFactory
) -> None:
    """*Chosen*: a step that finished its job is not run again."""
    async with working(tmp_path, make) as worker:
        jobs = [await worker.put() for _ in range(3)]
        for _ in range(5):
            worker.engine.wake()
            worker.engine.rescan()
        await worker.until_steps(3)
        jobs.append(await worker.put())  # any repeated step would run before this one
        await worker.until_steps(4)

    assert sorted(worker.steps) == sorted(jobs)


async def test_a_job_whose_transaction_is_rolled_back_never_runs(
    tmp_path: Path, make: EngineFactory
) -> None:
    """*Chosen*: inserting and dispatching a job are one transaction."""
    made: list[str] = []

    async with working(tmp_path, make) as worker:

        def fail(connection: Connection) -> None:
            made.append(worker.put_inside(connection))
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await worker.database.write(fail, name="test.write")
        worker.engine.wake()
        kept = await worker.put()
        await worker.until_steps(1)
        last = await worker.put()
        await worker.until_steps(2)

    assert made
    assert worker.steps == [kept, last]


async def test_a_job_runs_soon_after_the_engine_is_woken(
    tmp_path: Path, make: EngineFactory
) -> None:
    """*Chosen*: it does not wait for the engine's own scan, which is once a minute."""
    async with working(tmp_path, make) as worker:
        await worker.put()
        await worker.until_steps(1)
        await anyio.wait_all_tasks_blocked()  # the engine is idle now
        await worker.put()
        await worker.until_steps(2)


async def test_a_job_that_returns_later_runs_again_at_that_time(
    tmp_path: Path, make: EngineFactory
) -> None:
    """*Chosen*: steps define when; the engine decides how to wait."""
    times: list[float] = []

    async def behave(job: str, _lease: Lease) -> Step:
        times.append(time.monotonic())
        return Later(seconds=SHORT, kind="poll") if len(times) < 3 else await worker.end(job)

    async with working(tmp_path, make, behave=behave) as worker:
        job = await worker.put()
        await worker.until_steps(3)

    assert worker.steps == [job] * 3
    assert all(b - a >= SHORT * 0.99 for a, b in pairwise(times))


async def test_a_step_that_raises_does_not_stop_the_others(
    tmp_path: Path, make: EngineFactory
) -> None:
    """*Chosen*: an error in one job does not affect the next."""
    failed: list[str] = []

    async def behave(job: str, _lease: Lease) -> Step:
        if not failed:
            failed.append(job)
            raise RuntimeError("failure of the test")
        return await worker.end(job)

    async with working(tmp_path, make, behave=behave) as worker:
        await worker.put()
        await worker.until_steps(1)
        other = await worker.put()
        await worker.until_steps(2)

    assert worker.steps[-1] == other


async def test_the_concurrency_limits_requests_in_flight_but_not_polls(
    tmp_path: Path, make: EngineFactory
) -> None:
    """*Chosen*: polls don't count as requests in flight."""
    release = anyio.Event()

    async def behave(job: str, lease: Lease) -> Step:
        lease.begun()
        await release.wait()
        return await worker.end(job)

    async with working(tmp_path, make, concurrency=2, behave=behave) as worker:
        sends = [await worker.put() for _ in range(4)]
        await worker.until_steps(2)
        poll = await worker.put(poll=True)
        await worker.until_steps(3)
        another = await worker.put(poll=True)
        await worker.until_steps(4)
        at_once = list(worker.steps)
        release.set()
        await worker.until_steps(6)

    assert sorted(at_once) == sorted([*sends[:2], poll, another])


async def test_jobs_with_a_lower_priority_number_run_first(
    tmp_path: Path, make: EngineFactory
) -> None:
    """*Chosen*: jobs that a caller waits for run before batches, whichever came first."""
    release = anyio.Event()

    async def behave(job: str, lease: Lease) -> Step:
        lease.begun()
        await release.wait()
        return await worker.end(job)

    async with working(tmp_path, make, concurrency=1, behave=behave) as worker:
        first = await worker.put()
        await worker.until_steps(1)
        batch = [await worker.put(priority=1, wake=False) for _ in range(3)]
        awaited = await worker.put()  # the engine sees all four at once
        release.set()
        await worker.until_steps(5)

    assert worker.steps == [first, awaited, *batch]


async def test_a_job_cancelled_while_queued_never_runs(tmp_path: Path, make: EngineFactory) -> None:
    """*Chosen*: row and engine change in one transaction."""
    release = anyio.Event()

    async def behave(job: str, lease: Lease) -> Step:
        lease.begun()
        await release.wait()
        return await worker.end(job)

    async with working(tmp_path, make, concurrency=1, behave=behave) as worker:
        first = await worker.put()
        await worker.until_steps(1)
        cancelled, last = await worker.put(), await worker.put()
        await worker.database.write(lambda c: worker.cancel_inside(c, cancelled), name="test.write")
        worker.engine.wake()
        release.set()
        await worker.until_steps(2)

    assert worker.steps == [first, last]


async def test_a_finished_job_is_revisited_once(tmp_path: Path, make: EngineFactory) -> None:
    """*Chosen*: its row needs no step, and two steps of one job never run at the same time."""
    async with working(tmp_path, make) as worker:
        ended = await worker.put()
        await worker.engine.changed([ended], 10)
        for _ in range(3):
            worker.engine.revisit(ended, seq=1, lease_version=1, seconds=SHORT)
        await worker.put()
        await worker.until_steps(2)
        early = worker.began[ended]
        with anyio.fail_after(30):
            while worker.began[ended] == early:  # noqa: ASYNC110 -- the step sets no event
                await anyio.sleep(0.01)
        await worker.put()
        await worker.until_steps(3)  # a second visit would have run before

    assert (early, worker.began[ended]) == (1, 2)
