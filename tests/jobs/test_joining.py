"""Joining: an identical call joins only jobs whose caller no longer waits."""

import os
from pathlib import Path
from typing import Any

import anyio
import pytest

from stability_mcp.api.operation import Operation
from stability_mcp.errors import ConfirmationError, RefusedError, UnknownOutcomeError
from stability_mcp.jobs.models import Call
from stability_mcp.store.database import Database
from stability_mcp.store.format import lock_path
from stability_mcp.store.locks import HeldLock
from stability_mcp.store.tenancy import Upstream
from support.jobs.jobs import (
    PRICE,
    AccountJobs,
    Wire,
    core,
    fails,
    hangs,
    put,
    register,
    running_jobs,
    succeeds,
)
from support.store.direct import write_now
from support.store.rows import execute, money, rows

pytestmark = pytest.mark.anyio

OTHER = Upstream(id="other-upstream", base_url="https://other.test")
GHOST = "a-dead-process"


async def make_call(jobs: AccountJobs, operation: Operation | None = None, **values: Any) -> Call:  # noqa: ANN401 -- arguments of submit
    """Make a call."""
    return await jobs.submit(operation or core(), tool="generate_core", **values)


async def finish_and_abandon(jobs: AccountJobs, operation: Operation | None = None) -> Call:
    """Make a call, wait until its jobs have finished, and abandon it."""
    call = await make_call(jobs, operation)
    await jobs.wait(call.job_ids, 30)
    await jobs.mark_abandoned([call.id])
    return call


async def test_four_identical_concurrent_calls_are_four_jobs(tmp_path: Path) -> None:
    """*Chosen*: while another call still waits, an identical call is a new variant."""
    sent, release = anyio.Event(), anyio.Event()
    async with running_jobs(tmp_path, Wire([hangs(sent, release)])) as jobs:
        calls = [await make_call(jobs) for _ in range(4)]
        release.set()

    assert len({job for call in calls for job in call.job_ids}) == 4
    assert [call.joined for call in calls] == [None] * 4


async def test_repeating_an_abandoned_call_joins_its_job(tmp_path: Path) -> None:
    """*Chosen*: a client that timed out and retries is not charged again."""
    sent, release = anyio.Event(), anyio.Event()
    wire = Wire([hangs(sent, release)])
    async with running_jobs(tmp_path, wire) as jobs:
        calls = []
        for _ in range(5):
            calls.append(await make_call(jobs))
            await jobs.mark_abandoned([calls[-1].id])
        last = await make_call(jobs)
        release.set()
        await jobs.wait(last.job_ids, 30)

    assert {tuple(call.job_ids) for call in calls} == {tuple(last.job_ids)}
    assert last.joined == calls[0].id
    assert len(wire.posts) == 1
    assert money(tmp_path) == (0, PRICE)


async def test_repeats_of_several_abandoned_calls_each_join_a_different_one(tmp_path: Path) -> None:
    """*Chosen*: four calls cut off and repeated are four results, and not charged again."""
    wire = Wire([succeeds()])
    async with running_jobs(tmp_path, wire) as jobs:
        first = [await make_call(jobs) for _ in range(4)]
        await jobs.mark_abandoned([call.id for call in first])
        again = [await make_call(jobs) for _ in range(5)]
        await jobs.wait([job for call in again for job in call.job_ids], 30)

    assert [call.joined for call in again] == [*(call.id for call in first), None]
    assert len(wire.posts) == 5


async def test_a_repeat_joins_only_a_call_with_the_same_number_of_variants(tmp_path: Path) -> None:
    """*Chosen*: a repeated count=4 joins its 4 jobs; count=2 is another call."""
    async with running_jobs(tmp_path, Wire([succeeds()])) as jobs:
        first = await make_call(jobs, count=4)
        await jobs.mark_abandoned([first.id])
        other = await make_call(jobs, count=2)
        again = await make_call(jobs, count=4)

    assert again.job_ids == first.job_ids
    assert other.joined is None


async def test_a_call_whose_result_was_delivered_is_not_joined(tmp_path: Path) -> None:
    """*Chosen*: delivering a call that joined also delivers the first call."""
    async with running_jobs(tmp_path, Wire([succeeds()])) as jobs:
        first = await finish_and_abandon(jobs)
        assert await jobs.uncollected_line() is not None
        second = await make_call(jobs)
        assert await jobs.uncollected_line() is None  # a call waits for it again
        await jobs.deliver([second.id])
        third = await make_call(jobs)
        assert await jobs.uncollected_line() is None

    assert second.joined == first.id
    assert third.joined is None
    assert third.job_ids != first.job_ids


@pytest.mark.parametrize(
    "behaviour",
    [
        fails(RefusedError("No.", status=400, name="bad_request")),
        succeeds(finish_reason="CONTENT_FILTERED"),
    ],
    ids=["failed", "filtered"],
)
async def test_a_failed_or_filtered_job_is_not_joined(
    behaviour: Any,  # noqa: ANN401 -- a Behaviour
    tmp_path: Path,
) -> None:
    """*Chosen*: repeating the call must be able to succeed."""
    async with running_jobs(tmp_path, Wire([behaviour, succeeds()])) as jobs:
        first = await finish_and_abandon(jobs)
        second = await make_call(jobs)

    assert second.joined is None
    assert second.job_ids != first.job_ids


@pytest.mark.parametrize("delivered", [False, True])
async def test_an_identical_call_is_refused_while_the_outcome_is_unknown(
    delivered: bool,  # noqa: FBT001 -- a parameter
    tmp_path: Path,
) -> None:
    """*Chosen*: the first one may have been charged; only `retry_of` states a second charge."""
    silent = fails(UnknownOutcomeError("Silence."))
    async with running_jobs(tmp_path, Wire([silent, succeeds(), succeeds(), succeeds()])) as jobs:
        first = await finish_and_abandon(jobs)
        if delivered:
            await jobs.deliver([first.id])
        with pytest.raises(ConfirmationError) as refusal:
            await make_call(jobs)
        await make_call(jobs, core(prompt="another"))
        await make_call(jobs, retry_of=first.job_ids[0])
        again = await make_call(jobs)  # the user has decided about the first one

    assert f"may have been charged 3 credits (job {first.job_ids[0]})" in str(refusal.value)
    assert "call job_rerun with this job and accept_double_charge true" in str(refusal.value)
    assert "call again" not in str(refusal.value)
    assert again.job_ids != first.job_ids


async def test_an_unknown_outcome_blocks_identical_calls_for_a_day(tmp_path: Path) -> None:
    """*Chosen*: as long as calls are joined."""
    now = 1_000_000.0
    silent = fails(UnknownOutcomeError("Silence."))
    async with running_jobs(tmp_path, Wire([silent, succeeds()]), clock=lambda: now) as jobs:
        await finish_and_abandon(jobs)
        now += 86_401
        await make_call(jobs)


async def test_a_call_with_another_key_joins_nothing(tmp_path: Path) -> None:
    """*Chosen*: joining is per upstream."""
    async with running_jobs(tmp_path, Wire([succeeds()])) as jobs:
        await finish_and_abandon(jobs, core(seed=5))
    async with running_jobs(tmp_path, Wire([succeeds()]), upstream=OTHER) as jobs:
        other = await make_call(jobs, core(seed=5))

    assert (other.joined, other.cached) == (None, ())


async def test_a_call_is_not_joined_after_a_day(tmp_path: Path) -> None:
    """*Chosen*: a caller who repeats a call after 24 h expects a new result."""
    now = 1_000_000.0
    async with running_jobs(tmp_path, Wire([succeeds()]), clock=lambda: now) as jobs:
        await finish_and_abandon(jobs)
        now += 86_399
        within = await make_call(jobs)
        await jobs.mark_abandoned([within.id])
        now += 2
        after = await make_call(jobs)

    assert within.joined is not None
    assert after.joined is None


async def test_a_rerun_joins_nothing(tmp_path: Path) -> None:
    """*Chosen*: a rerun names the job it repeats and always generates a new result."""
    async with running_jobs(tmp_path, Wire([succeeds()])) as jobs:
        first = await finish_and_abandon(jobs, core(seed=5))
        second = await make_call(jobs, core(seed=5), retry_of=first.job_ids[0])

    assert (second.joined, second.cached) == (None, ())


def _left_behind(folder: Path, now: float = 1e9) -> Call:
    """Insert a call of another, registered process."""
    database = Database(folder)
    call = write_now(database, lambda c: put(c, process=GHOST, now=now), name="test.write")
    write_now(database, lambda c: register(c, GHOST), name="test.write")
    anyio.run(database.close)
    return call


async def test_a_call_of_a_dead_process_is_joined(tmp_path: Path) -> None:
    """*Chosen*: its lock is free, even if recovery has not removed its row yet."""
    async with running_jobs(tmp_path, Wire([succeeds()]), clock=lambda: 1e9 + 1) as jobs:
        await anyio.to_thread.run_sync(_left_behind, tmp_path)
        os.close(os.open(lock_path(tmp_path, GHOST), os.O_CREAT | os.O_RDWR, 0o600))
        call = await make_call(jobs)

    assert call.joined is not None


async def test_a_call_of_a_live_process_is_not_joined(tmp_path: Path) -> None:
    """*Chosen*: another server of the same store holds its lock."""
    async with running_jobs(tmp_path, Wire([succeeds()]), clock=lambda: 1e9 + 1) as jobs:
        lock = HeldLock(lock_path(tmp_path, GHOST))
        await anyio.to_thread.run_sync(_left_behind, tmp_path)
        call = await make_call(jobs)
        lock.release()

    assert call.joined is None


async def test_a_paused_job_resumes_when_its_call_is_repeated(tmp_path: Path) -> None:
    """*Chosen*: the repeat shows that the result is still wanted."""
    wire = Wire([succeeds()])
    left = await anyio.to_thread.run_sync(_left_behind, tmp_path, 1.0)
    async with running_jobs(tmp_path, wire, clock=lambda: 2_000.0) as jobs:
        [before] = await jobs.views(left.job_ids)
        call = await make_call(jobs)
        [after] = await jobs.wait(call.job_ids, 30)

    assert before.state == "paused"
    assert call.job_ids == left.job_ids
    assert after.state == "done"
    assert money(tmp_path) == (0, PRICE)


async def test_a_workflow_step_is_never_joined(tmp_path: Path) -> None:
    """*Chosen*: steps are identified by run, step and item."""
    async with running_jobs(tmp_path, Wire([succeeds()])) as jobs:
        first = await finish_and_abandon(jobs)
        await jobs.context.database.write(
            lambda c: execute(c, "UPDATE jobs SET run = 'r', step = 's'"), name="test.write"
        )
        second = await make_call(jobs)

    assert second.job_ids != first.job_ids
    assert rows(tmp_path, "SELECT count(*) FROM calls WHERE joined IS NOT NULL") == [(0,)]
