"""Joining: an identical call takes over what nobody waits for any more, and nothing else."""

import os
from pathlib import Path
from typing import Any

import anyio
import pytest

from stability_mcp.api.operation import Operation
from stability_mcp.errors import RefusedError, UnknownOutcomeError
from stability_mcp.jobs.models import Call
from stability_mcp.store.database import Database
from stability_mcp.store.format import lock_path
from stability_mcp.store.locks import HeldLock
from stability_mcp.store.tenancy import Upstream
from support.jobs.jobs import PRICE, Desk, Wire, at_work, core, fails, hangs, put, register, yes
from support.store.direct import write_now
from support.store.rows import execute, money, rows

pytestmark = pytest.mark.anyio

OTHER = Upstream(id="other-upstream", base_url="https://other.test")
GHOST = "a-process-that-was"


async def ask(jobs: Desk, operation: Operation | None = None, **values: Any) -> Call:  # noqa: ANN401 -- arguments of submit
    """Make a call."""
    return await jobs.submit(operation or core(), tool="generate_core", **values)


async def asked_and_ended(jobs: Desk, operation: Operation | None = None) -> Call:
    """Make a call, wait until its jobs ended, and give it up."""
    call = await ask(jobs, operation)
    await jobs.wait(call.job_ids, 30)
    await jobs.mark_abandoned([call.id])
    return call


async def test_four_equal_calls_at_once_are_four_jobs(tmp_path: Path) -> None:
    """*Chosen*: while another call still waits, an identical one is a new variant."""
    sent, release = anyio.Event(), anyio.Event()
    async with at_work(tmp_path, Wire([hangs(sent, release)])) as jobs:
        calls = [await ask(jobs) for _ in range(4)]
        release.set()

    assert len({job for call in calls for job in call.job_ids}) == 4
    assert [call.joined for call in calls] == [None] * 4


async def test_five_repeats_that_are_given_up_are_one_job(tmp_path: Path) -> None:
    """*Chosen*: a host that gave up and asks again does not pay again."""
    sent, release = anyio.Event(), anyio.Event()
    wire = Wire([hangs(sent, release)])
    async with at_work(tmp_path, wire) as jobs:
        calls = []
        for _ in range(5):
            calls.append(await ask(jobs))
            await jobs.mark_abandoned([calls[-1].id])
        last = await ask(jobs)
        release.set()
        await jobs.wait(last.job_ids, 30)

    assert {tuple(call.job_ids) for call in calls} == {tuple(last.job_ids)}
    assert last.joined == calls[0].id
    assert len(wire.posts) == 1
    assert money(tmp_path) == (0, PRICE)


async def test_each_repeat_of_several_takes_over_another(tmp_path: Path) -> None:
    """*Chosen*: four that were cut off and asked again are four, and not paid again."""
    wire = Wire([yes()])
    async with at_work(tmp_path, wire) as jobs:
        first = [await ask(jobs) for _ in range(4)]
        await jobs.mark_abandoned([call.id for call in first])
        again = [await ask(jobs) for _ in range(5)]
        await jobs.wait([job for call in again for job in call.job_ids], 30)

    assert [call.joined for call in again] == [*(call.id for call in first), None]
    assert len(wire.posts) == 5


async def test_a_repeat_of_several_variants_finds_its_own(tmp_path: Path) -> None:
    """*Chosen*: count=4 asked again joins its 4; count=2 is another call."""
    async with at_work(tmp_path, Wire([yes()])) as jobs:
        first = await ask(jobs, count=4)
        await jobs.mark_abandoned([first.id])
        other = await ask(jobs, count=2)
        again = await ask(jobs, count=4)

    assert again.job_ids == first.job_ids
    assert other.joined is None


async def test_what_was_handed_over_is_made_anew(tmp_path: Path) -> None:
    """*Chosen*: handing over what a joined call waited for hands over the first one, too."""
    async with at_work(tmp_path, Wire([yes()])) as jobs:
        first = await asked_and_ended(jobs)
        assert await jobs.uncollected_line() is not None
        second = await ask(jobs)
        assert await jobs.uncollected_line() is None  # somebody waits for it again
        await jobs.deliver([second.id])
        third = await ask(jobs)
        assert await jobs.uncollected_line() is None

    assert second.joined == first.id
    assert third.joined is None
    assert third.job_ids != first.job_ids


@pytest.mark.parametrize(
    "behaviour",
    [
        fails(RefusedError("No.", status=400, name="bad_request")),
        fails(UnknownOutcomeError("Silence.")),
        yes(finish_reason="CONTENT_FILTERED"),
    ],
    ids=["failed", "unknown", "filtered"],
)
async def test_what_ended_badly_is_not_taken_over(behaviour: Any, tmp_path: Path) -> None:  # noqa: ANN401 -- a behaviour of the wire
    """*Chosen*: asking again is the way on from it."""
    async with at_work(tmp_path, Wire([behaviour, yes()])) as jobs:
        first = await asked_and_ended(jobs)
        second = await ask(jobs)

    assert second.joined is None
    assert second.job_ids != first.job_ids


async def test_another_key_joins_nothing(tmp_path: Path) -> None:
    """*Chosen*: joining is per upstream."""
    async with at_work(tmp_path, Wire([yes()])) as jobs:
        await asked_and_ended(jobs, core(seed=5))
    async with at_work(tmp_path, Wire([yes()]), upstream=OTHER) as jobs:
        other = await ask(jobs, core(seed=5))

    assert (other.joined, other.cached) == (None, ())


async def test_after_a_day_it_is_made_anew(tmp_path: Path) -> None:
    """*Chosen*: whoever asks for the same after 24 h wants a new one."""
    now = 1_000_000.0
    async with at_work(tmp_path, Wire([yes()]), clock=lambda: now) as jobs:
        await asked_and_ended(jobs)
        now += 86_399
        within = await ask(jobs)
        await jobs.mark_abandoned([within.id])
        now += 2
        after = await ask(jobs)

    assert within.joined is not None
    assert after.joined is None


async def test_what_is_asked_for_anew_joins_nothing(tmp_path: Path) -> None:
    """*Chosen*: a rerun names the job that it repeats; no other result will do."""
    async with at_work(tmp_path, Wire([yes()])) as jobs:
        first = await asked_and_ended(jobs, core(seed=5))
        second = await ask(jobs, core(seed=5), retry_of=first.job_ids[0])

    assert (second.joined, second.cached) == (None, ())


def _left_behind(folder: Path, now: float = 1e9) -> Call:
    """Leave a call of another process that has a row."""
    database = Database(folder)
    call = write_now(database, lambda c: put(c, process=GHOST, now=now), name="test.write")
    write_now(database, lambda c: register(c, GHOST), name="test.write")
    anyio.run(database.close)
    return call


async def test_a_dead_asker_waits_no_more(tmp_path: Path) -> None:
    """*Chosen*: its lock is free, though nobody has buried it yet."""
    async with at_work(tmp_path, Wire([yes()]), clock=lambda: 1e9 + 1) as jobs:
        await anyio.to_thread.run_sync(_left_behind, tmp_path)
        os.close(os.open(lock_path(tmp_path, GHOST), os.O_CREAT | os.O_RDWR, 0o600))
        call = await ask(jobs)

    assert call.joined is not None


async def test_a_living_asker_goes_on_waiting(tmp_path: Path) -> None:
    """*Chosen*: another server of the same store holds its lock."""
    async with at_work(tmp_path, Wire([yes()]), clock=lambda: 1e9 + 1) as jobs:
        lock = HeldLock(lock_path(tmp_path, GHOST))
        await anyio.to_thread.run_sync(_left_behind, tmp_path)
        call = await ask(jobs)
        lock.release()

    assert call.joined is None


async def test_what_was_paused_goes_on_when_it_is_asked_for_again(tmp_path: Path) -> None:
    """*Chosen*: asking again says that it is still wanted."""
    wire = Wire([yes()])
    left = await anyio.to_thread.run_sync(_left_behind, tmp_path, 1.0)
    async with at_work(tmp_path, wire, clock=lambda: 2_000.0) as jobs:
        [before] = await jobs.views(left.job_ids)
        call = await ask(jobs)
        [after] = await jobs.wait(call.job_ids, 30)

    assert before.state == "paused"
    assert call.job_ids == left.job_ids
    assert after.state == "done"
    assert money(tmp_path) == (0, PRICE)


async def test_a_workflow_step_is_never_taken_over(tmp_path: Path) -> None:
    """*Chosen*: steps are one by run, step and item."""
    async with at_work(tmp_path, Wire([yes()])) as jobs:
        first = await asked_and_ended(jobs)
        await jobs.context.database.write(
            lambda c: execute(c, "UPDATE jobs SET run = 'r', step = 's'"), name="test.write"
        )
        second = await ask(jobs)

    assert second.job_ids != first.job_ids
    assert rows(tmp_path, "SELECT count(*) FROM calls WHERE joined IS NOT NULL") == [(0,)]
