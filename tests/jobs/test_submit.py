"""Submitting: free calls need no confirmation, and nothing is charged without one."""

import os
from pathlib import Path

import anyio
import pytest

from stability_mcp.api.operation import Operation
from stability_mcp.errors import ConfirmationError, OutOfCreditsError
from stability_mcp.jobs.models import Call
from stability_mcp.jobs.runner import Agreement
from stability_mcp.jobs.transactions import usage
from stability_mcp.store.database import Database
from stability_mcp.store.format import lock_path
from support.jobs.jobs import (
    ME,
    PAID,
    PRICE,
    AccountJobs,
    Wire,
    core,
    put,
    register,
    running_jobs,
    succeeds,
)
from support.store.direct import write_now
from support.store.rows import money, rows

pytestmark = pytest.mark.anyio

SEEDED = core(seed=5)


class Payer:
    """Agrees to every price, and records the prices it was asked about."""

    def __init__(self, jobs: AccountJobs, *, until: int | None = None) -> None:
        self.asked: list[int] = []
        self.jobs = jobs
        self.until = until

    async def __call__(self, due: int) -> None:
        """Agree, unless it is too much."""
        self.asked.append(due)
        if self.until is not None and due > self.until:
            raise ConfirmationError("Too much.")


class SlowPayer(Payer):
    """Takes so long to agree that the cached result is gone."""

    async def __call__(self, due: int) -> None:
        """Agree, after the cache was cleared."""
        await super().__call__(due)
        await self.jobs.clear_cache()


async def make_call(jobs: AccountJobs, operation: Operation, payer: Payer, count: int = 1) -> Call:
    """Make a call that needs confirmation."""
    return await jobs.submit(
        operation,
        tool="generate_core",
        count=count,
        agreement=Agreement(max_unconfirmed=0, ask=payer),
    )


async def make_and_deliver(jobs: AccountJobs, operation: Operation) -> Call:
    """Make a call and deliver its result."""
    call = await jobs.submit(operation, tool="generate_core")
    await jobs.wait(call.job_ids, 30)
    await jobs.deliver([call.id])
    return call


async def pause(jobs: AccountJobs) -> None:
    """Pause the upstream as if the API had refused the key."""
    await jobs.context.database.write(
        lambda c: usage.pause_upstream(c, PAID.id, "no credits"), name="test.write"
    )


async def test_confirmation_asks_for_the_credits_that_the_call_reserves(tmp_path: Path) -> None:
    """*Chosen*: cached variants don't count."""
    async with running_jobs(tmp_path, Wire([succeeds()])) as jobs:
        payer = Payer(jobs)
        await make_and_deliver(jobs, SEEDED)
        await make_call(jobs, SEEDED, payer)
        await make_call(jobs, SEEDED, payer, count=3)

    assert payer.asked == [2 * PRICE]


async def test_a_price_that_rises_during_confirmation_needs_another_approval(
    tmp_path: Path,
) -> None:
    """*Chosen*: the user agrees to a price, so a higher one needs another question."""
    wire = Wire([succeeds()])
    async with running_jobs(tmp_path, wire) as jobs:
        await make_and_deliver(jobs, SEEDED)
        refuses = SlowPayer(jobs, until=PRICE)
        with pytest.raises(ConfirmationError):
            await make_call(jobs, SEEDED, refuses, count=2)
        inserted = rows(tmp_path, "SELECT count(*) FROM calls")
        agrees = SlowPayer(jobs)
        call = await make_call(jobs, SEEDED, agrees, count=2)
        await jobs.wait(call.job_ids, 30)

    assert refuses.asked == [PRICE, 2 * PRICE]
    assert inserted == [(1,)]
    assert agrees.asked == [2 * PRICE]  # the cache was empty by then
    assert len(wire.posts) == 3
    assert money(tmp_path) == (0, 3 * PRICE)


async def test_confirmation_is_needed_when_another_call_joins_the_abandoned_one_first(
    tmp_path: Path,
) -> None:
    """*Chosen*: of two identical calls one joins; the other is charged, after confirmation."""
    async with running_jobs(tmp_path, Wire([succeeds()])) as jobs:
        first = await jobs.submit(core(), tool="generate_core")
        await jobs.mark_abandoned([first.id])
        one, other = Payer(jobs), Payer(jobs)
        async with anyio.create_task_group() as group:
            group.start_soon(make_call, jobs, core(), one)
            group.start_soon(make_call, jobs, core(), other)

    assert sorted([one.asked, other.asked]) == [[], [PRICE]]


async def test_joining_a_call_of_a_dead_process_needs_no_confirmation(tmp_path: Path) -> None:
    """*Chosen*: also before recovery has removed the process: its lock is free."""
    async with running_jobs(tmp_path, Wire([succeeds()]), clock=lambda: 1e9 + 1) as jobs:
        await anyio.to_thread.run_sync(_leave_by_dead_process, tmp_path)
        payer = Payer(jobs)
        call = await make_call(jobs, core(), payer)

    assert call.joined is not None
    assert payer.asked == []


async def test_a_free_call_works_without_credits(tmp_path: Path) -> None:
    """*Chosen*: a cached result, or joining an abandoned call, sends nothing."""
    wire = Wire([succeeds()])
    async with running_jobs(tmp_path, wire) as jobs:
        await make_and_deliver(jobs, SEEDED)
        abandoned = await jobs.submit(core(), tool="generate_core")
        await jobs.wait(abandoned.job_ids, 30)
        await jobs.mark_abandoned([abandoned.id])
        wire.balance = 0
        await pause(jobs)
        before = wire.queries
        cached = await jobs.submit(SEEDED, tool="generate_core")
        joined = await jobs.submit(core(), tool="generate_core")
        after = wire.queries
        with pytest.raises(OutOfCreditsError):
            await jobs.submit(core("another"), tool="generate_core")

    assert cached.cached
    assert joined.joined == abandoned.id
    assert after == before
    assert rows(tmp_path, "SELECT count(*) FROM jobs") == [(2,)]


async def test_confirmation_is_not_repeated_after_a_balance_query(tmp_path: Path) -> None:
    """*Chosen*: the key works again, and the price is the same."""
    wire = Wire([succeeds()])
    async with running_jobs(tmp_path, wire) as jobs:
        await pause(jobs)
        payer = Payer(jobs)
        call = await make_call(jobs, core(), payer)
        [view] = await jobs.wait(call.job_ids, 30)

    assert view.state == "done"
    assert set(payer.asked) == {PRICE}


def _leave_by_dead_process(home: Path) -> None:
    database = Database(home)
    write_now(database, lambda c: put(c, now=1e9), name="test.write")
    write_now(database, register, name="test.write")
    os.close(os.open(lock_path(home, ME), os.O_CREAT | os.O_RDWR, 0o600))
    anyio.run(database.close)
