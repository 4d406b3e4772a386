"""What every engine does, whichever is behind the port."""

import time
from itertools import pairwise
from pathlib import Path

import anyio
import pytest

from stability_mcp.jobs.engine import EngineFactory, Later, Lease, Step
from stability_mcp.store.queries import Connection
from support.jobs.engine import ENGINES, SHORT, working

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("make", ENGINES)]


async def test_a_job_runs_once_however_often_one_looks(tmp_path: Path, make: EngineFactory) -> None:
    """*Chosen*: a step that ended its job is not begun again."""
    async with working(tmp_path, make) as worker:
        jobs = [await worker.put() for _ in range(3)]
        for _ in range(5):
            worker.engine.wake()
            worker.engine.rescan()
        await worker.until_steps(3)
        jobs.append(await worker.put())  # after a step that was begun again
        await worker.until_steps(4)

    assert sorted(worker.steps) == sorted(jobs)


async def test_what_is_rolled_back_never_runs(tmp_path: Path, make: EngineFactory) -> None:
    """*Chosen*: the job and its dispatch are one transaction."""
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
    """*Chosen*: it does not wait for the engine to look by itself, which is once a minute."""
    async with working(tmp_path, make) as worker:
        await worker.put()
        await worker.until_steps(1)
        await anyio.wait_all_tasks_blocked()  # now it has nothing to do
        await worker.put()
        await worker.until_steps(2)


async def test_a_job_that_goes_on_later_runs_then_and_not_before(
    tmp_path: Path, make: EngineFactory
) -> None:
    """*Chosen*: steps say when; the engine decides how it waits."""
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
    """*Chosen*: what is wrong with one job is not wrong with the next."""
    failed: list[str] = []

    async def behave(job: str, _lease: Lease) -> Step:
        if not failed:
            failed.append(job)
            raise RuntimeError("ours")
        return await worker.end(job)

    async with working(tmp_path, make, behave=behave) as worker:
        await worker.put()
        await worker.until_steps(1)
        other = await worker.put()
        await worker.until_steps(2)

    assert worker.steps[-1] == other


async def test_no_more_are_sent_at_once_than_allowed_and_polls_beside_them(
    tmp_path: Path, make: EngineFactory
) -> None:
    """*Chosen*: polls hold no place among the requests in flight."""
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


async def test_of_what_waits_lower_lanes_go_first(tmp_path: Path, make: EngineFactory) -> None:
    """*Chosen*: what somebody waits for before batches, whichever came first."""
    release = anyio.Event()

    async def behave(job: str, lease: Lease) -> Step:
        lease.begun()
        await release.wait()
        return await worker.end(job)

    async with working(tmp_path, make, concurrency=1, behave=behave) as worker:
        first = await worker.put()
        await worker.until_steps(1)
        batch = [await worker.put(priority=1, wake=False) for _ in range(3)]
        awaited = await worker.put()  # all four are seen at once
        release.set()
        await worker.until_steps(5)

    assert worker.steps == [first, awaited, *batch]


async def test_what_is_cancelled_before_its_turn_never_runs(
    tmp_path: Path, make: EngineFactory
) -> None:
    """*Chosen*: the row and the engine in one transaction."""
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


async def test_a_job_that_has_ended_is_revisited_once(tmp_path: Path, make: EngineFactory) -> None:
    """*Chosen*: nothing in its row asks for a step, and two of one job never run at a time."""
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
        await worker.until_steps(3)  # a second visit would have been due before

    assert (early, worker.began[ended]) == (1, 2)
