"""The balance is queried in the background: at intervals, and never while idle."""

import time
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import anyio
import pytest
from pydantic import BaseModel

from stability_mcp.api.kinds import Query
from stability_mcp.api.operations.account.balance import Balance, CreditBalance
from stability_mcp.client.trace import Trace
from stability_mcp.errors import NotSentError
from stability_mcp.jobs import account
from stability_mcp.store.tenancy import EMULATOR
from support.jobs.jobs import (
    AT_ONCE,
    AccountJobs,
    Behaviour,
    Wire,
    core,
    run_one,
    running_jobs,
    succeeds,
)
from support.store.observed import FailingWrites, Reads
from support.store.rows import rows

pytestmark = pytest.mark.anyio

REMEMBERED = "SELECT balance FROM upstreams"

SOON = replace(AT_ONCE, balance_settle_seconds=0.01, recovery_seconds=0.05)
READS = 10
"""Recovery passes to wait for; in that time the balance would have been queried many times."""


class Silent(Wire):
    """Accepts jobs and fails balance queries."""

    async def query(self, operation: Query, trace: Trace) -> CreditBalance:
        """Fail."""
        del operation, trace
        self.queries += 1
        raise NotSentError("The API could not be reached.")


class Slow(Wire):
    """Answers balance queries once `released` is set."""

    released = anyio.Event()

    async def query(self, operation: Query, trace: Trace) -> CreditBalance:
        """Wait."""
        self.queries += 1
        await self.released.wait()
        del operation, trace
        return CreditBalance(credits=self.balance)


class Timed(Wire):
    """Records the time of each balance query."""

    def __init__(self, plan: list[Behaviour]) -> None:
        super().__init__(plan)
        self.times: list[float] = []

    async def query(self, operation: Query, trace: Trace) -> BaseModel:
        """Record the time."""
        self.times.append(time.monotonic())
        return await super().query(operation, trace)


async def until(jobs: AccountJobs, queries: int) -> None:
    """Wait for a number of balance queries, and until an answer is stored."""
    wire = jobs.context.client
    assert isinstance(wire, Wire)
    with anyio.fail_after(30):
        while wire.queries < queries or await jobs.read.balance() is None:  # noqa: ASYNC110 -- as below
            await anyio.sleep(0.01)


async def test_the_balance_is_not_queried_before_the_first_call(tmp_path: Path) -> None:
    """*Chosen*: most conversations never generate a picture."""
    wire = Wire([succeeds()])
    reads = Reads()
    async with running_jobs(tmp_path, wire, kind=reads.open, timing=SOON):
        await reads.more_checks(READS)

    assert wire.queries == 0


async def test_the_first_call_triggers_a_balance_query_and_does_not_wait_for_it(
    tmp_path: Path,
) -> None:
    """*Chosen*: the first result may come before the balance is known."""
    wire = Slow([succeeds()], balance=12.5)
    async with running_jobs(tmp_path, wire) as jobs:
        view = await run_one(jobs)
        before = (await jobs.spending()).balance
        wire.released.set()
        await until(jobs, 1)
        after = (await jobs.spending()).balance

    assert view.state == "done"
    assert (before, after) == (None, 12_500)


async def test_the_balance_is_queried_once_per_interval_whatever_the_number_of_results(
    tmp_path: Path,
) -> None:
    """*Chosen*: after the interval one query covers the last result, and then queries stop."""
    timing, reads = replace(SOON, balance_seconds=0.2), Reads()
    wire = Timed([succeeds()])
    async with running_jobs(tmp_path, wire, kind=reads.open, timing=timing) as jobs:
        for _ in range(5):
            await run_one(jobs)
        last = time.monotonic()
        with anyio.fail_after(30):
            while not wire.times or wire.times[-1] < last:  # noqa: ASYNC110 -- the wire sets no event
                await anyio.sleep(0.01)
        await reads.more_checks(2 * READS)

    assert all(b - a >= timing.balance_seconds for a, b in pairwise(wire.times))
    assert sum(at > last for at in wire.times) <= 2  # one may have been due already


async def test_two_processes_query_the_balance_once(tmp_path: Path) -> None:
    """*Chosen*: both read the stored balance."""
    wires, reads = [Wire([succeeds()]), Wire([succeeds()])], Reads()
    async with (
        running_jobs(tmp_path, wires[0]) as one,
        running_jobs(tmp_path, wires[1], kind=reads.open, timing=SOON) as other,
    ):
        await run_one(one)
        await until(one, 1)
        await run_one(other)
        await reads.more_checks(READS)
        known = (await other.spending()).balance

    assert [wire.queries for wire in wires] == [1, 0]
    assert known is not None


async def test_a_failed_balance_query_does_not_affect_a_job(tmp_path: Path) -> None:
    """*Chosen*: answers then leave the balance out."""
    wire = Silent([succeeds()])
    async with running_jobs(tmp_path, wire) as jobs:
        view = await run_one(jobs)
        with anyio.fail_after(30):
            while not wire.queries:  # noqa: ASYNC110 -- the wire sets no event
                await anyio.sleep(0.01)
        spent = await jobs.spending()

    assert (view.state, spent.balance) == ("done", None)


async def test_a_slot_that_cannot_be_released_does_not_lose_the_balance(tmp_path: Path) -> None:
    """*Chosen*: on a full disk the slot expires a minute later, and the balance is returned."""
    full = FailingWrites("send.sent")
    wire = Slow([], balance=7)
    wire.released = anyio.Event()
    wire.released.set()
    async with running_jobs(tmp_path, wire, kind=full.open) as jobs:
        assert await jobs.query(Balance()) == CreditBalance(credits=7)
    assert full.failed == ["send.sent"]


async def test_the_balance_of_the_emulator_is_not_queried(tmp_path: Path) -> None:
    """*Chosen*: emulated credits are worth nothing."""
    wire, reads = Wire([succeeds()]), Reads()
    async with running_jobs(
        tmp_path, wire, upstream=EMULATOR, kind=reads.open, timing=SOON
    ) as jobs:
        await run_one(jobs)
        await reads.more_checks(READS)

    assert wire.queries == 0


async def test_an_old_balance_is_not_shown(tmp_path: Path) -> None:
    """*Chosen*: after ten minutes it is outdated; a time in the future is not trusted either."""
    now = 1e9
    async with running_jobs(tmp_path, Wire([succeeds()], balance=7), clock=lambda: now) as jobs:
        await jobs.jobs.remember_balance(7)
        shown = [(await jobs.spending()).balance]
        for passed in (account.MAX_BALANCE_AGE_SECONDS - 1, account.MAX_BALANCE_AGE_SECONDS, -1.0):
            now = 1e9 + passed
            shown.append((await jobs.spending()).balance)

    assert shown == [7_000, 7_000, None, None]
    assert rows(tmp_path, REMEMBERED) == [(7_000,)]


async def test_a_balance_query_takes_no_slot_that_a_call_needs(tmp_path: Path) -> None:
    """*Chosen*: it is sent only while more than half of the rate limit is free."""
    wire = Wire([succeeds()])
    async with running_jobs(tmp_path, wire, rate=(2, 10)) as jobs:
        call = await jobs.submit(core(), tool="test", count=2)
        views = await jobs.wait(call.job_ids, 30)

    assert [view.state for view in views] == ["done", "done"]
    assert wire.queries == 0


async def test_the_balance_is_not_queried_while_a_batch_waits_for_slots(tmp_path: Path) -> None:
    """*Chosen*: of 600 calls at 150 per 10 s, it would delay the last one by ten seconds."""
    wire = Wire([succeeds()])
    async with running_jobs(tmp_path, wire, rate=(60, 10)) as jobs:
        async with anyio.create_task_group() as group:
            for number in range(11):
                group.start_soon(partial(jobs.submit, core(f"{number}"), tool="test", count=8))
        with anyio.fail_after(30):
            while len(wire.posts) < 60:  # noqa: ASYNC110 -- the wire sets no event
                await anyio.sleep(0.01)

    assert wire.queries == 0
