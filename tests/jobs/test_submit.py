"""Submitting: what costs nothing asks nothing, and nothing is paid that nobody agreed to."""

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
from support.jobs.jobs import ME, PAID, PRICE, Desk, Wire, at_work, core, put, register, yes
from support.store.direct import write_now
from support.store.rows import money, rows

pytestmark = pytest.mark.anyio

SEEDED = core(seed=5)


class Payer:
    """Agrees to every price, and remembers which it was asked about."""

    def __init__(self, jobs: Desk, *, until: int | None = None) -> None:
        self.asked: list[int] = []
        self.jobs = jobs
        self.until = until

    async def __call__(self, due: int) -> None:
        """Agree, unless it is too much."""
        self.asked.append(due)
        if self.until is not None and due > self.until:
            raise ConfirmationError("Too much.")


class Loses(Payer):
    """Takes so long to agree that what was to answer for the call is gone."""

    async def __call__(self, due: int) -> None:
        """Agree, after the cache was cleared."""
        await super().__call__(due)
        await self.jobs.clear_cache()


async def ask(jobs: Desk, operation: Operation, payer: Payer, count: int = 1) -> Call:
    """Make a call that somebody has to agree to."""
    return await jobs.submit(
        operation,
        tool="generate_core",
        count=count,
        agreement=Agreement(max_unconfirmed=0, ask=payer),
    )


async def made(jobs: Desk, operation: Operation) -> Call:
    """Make a call, and hand its result over."""
    call = await jobs.submit(operation, tool="generate_core")
    await jobs.wait(call.job_ids, 30)
    await jobs.deliver([call.id])
    return call


async def pause(jobs: Desk) -> None:
    """Let the API have refused the key."""
    await jobs.context.database.write(
        lambda c: usage.pause_upstream(c, PAID.id, "no credits"), name="test.write"
    )


async def test_whoever_pays_is_asked_about_what_the_call_reserves(tmp_path: Path) -> None:
    """*Chosen*: of several variants those that the cache does not answer for."""
    async with at_work(tmp_path, Wire([yes()])) as jobs:
        payer = Payer(jobs)
        await made(jobs, SEEDED)
        await ask(jobs, SEEDED, payer)
        await ask(jobs, SEEDED, payer, count=3)

    assert payer.asked == [2 * PRICE]


async def test_what_vanishes_while_they_agree_is_not_paid_unasked(tmp_path: Path) -> None:
    """*Chosen*: the question is about a price, so a higher one is a question of its own."""
    wire = Wire([yes()])
    async with at_work(tmp_path, wire) as jobs:
        await made(jobs, SEEDED)
        refuses = Loses(jobs, until=PRICE)
        with pytest.raises(ConfirmationError):
            await ask(jobs, SEEDED, refuses, count=2)
        written = rows(tmp_path, "SELECT count(*) FROM calls")
        agrees = Loses(jobs)
        call = await ask(jobs, SEEDED, agrees, count=2)
        await jobs.wait(call.job_ids, 30)

    assert refuses.asked == [PRICE, 2 * PRICE]
    assert written == [(1,)]
    assert agrees.asked == [2 * PRICE]  # the cache was empty by then
    assert len(wire.posts) == 3
    assert money(tmp_path) == (0, 3 * PRICE)


async def test_an_abandoned_call_that_somebody_else_takes_over_is_asked_about(
    tmp_path: Path,
) -> None:
    """*Chosen*: of two equal calls one takes it over, the other pays, and only for a yes."""
    async with at_work(tmp_path, Wire([yes()])) as jobs:
        first = await jobs.submit(core(), tool="generate_core")
        await jobs.mark_abandoned([first.id])
        one, other = Payer(jobs), Payer(jobs)
        async with anyio.create_task_group() as group:
            group.start_soon(ask, jobs, core(), one)
            group.start_soon(ask, jobs, core(), other)

    assert sorted([one.asked, other.asked]) == [[], [PRICE]]


async def test_what_a_dead_process_left_is_not_asked_about(tmp_path: Path) -> None:
    """*Chosen*: also before anybody has buried it: its lock is free."""
    async with at_work(tmp_path, Wire([yes()]), clock=lambda: 1e9 + 1) as jobs:
        await anyio.to_thread.run_sync(_left_by_the_dead, tmp_path)
        payer = Payer(jobs)
        call = await ask(jobs, core(), payer)

    assert call.joined is not None
    assert payer.asked == []


async def test_what_costs_nothing_needs_no_credits(tmp_path: Path) -> None:
    """*Chosen*: an answer from the cache, or of a call that was given up, sends nothing."""
    wire = Wire([yes()])
    async with at_work(tmp_path, wire) as jobs:
        await made(jobs, SEEDED)
        given_up = await jobs.submit(core(), tool="generate_core")
        await jobs.wait(given_up.job_ids, 30)
        await jobs.mark_abandoned([given_up.id])
        wire.balance = 0
        await pause(jobs)
        before = wire.queries
        cached = await jobs.submit(SEEDED, tool="generate_core")
        joined = await jobs.submit(core(), tool="generate_core")
        asked_by_then = wire.queries
        with pytest.raises(OutOfCreditsError):
            await jobs.submit(core("another"), tool="generate_core")

    assert cached.cached
    assert joined.joined == given_up.id
    assert asked_by_then == before
    assert rows(tmp_path, "SELECT count(*) FROM jobs") == [(2,)]


async def test_who_agreed_is_not_asked_again_because_the_balance_was(tmp_path: Path) -> None:
    """*Chosen*: the key may pay again, and the price is the same."""
    wire = Wire([yes()])
    async with at_work(tmp_path, wire) as jobs:
        await pause(jobs)
        payer = Payer(jobs)
        call = await ask(jobs, core(), payer)
        [view] = await jobs.wait(call.job_ids, 30)

    assert view.state == "done"
    assert set(payer.asked) == {PRICE}


def _left_by_the_dead(home: Path) -> None:
    database = Database(home)
    write_now(database, lambda c: put(c, now=1e9), name="test.write")
    write_now(database, register, name="test.write")
    os.close(os.open(lock_path(home, ME), os.O_CREAT | os.O_RDWR, 0o600))
    anyio.run(database.close)
