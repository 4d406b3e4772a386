"""The balance is asked for beside the calls: now and then, and never while nothing happens."""

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
from support.jobs.jobs import AT_ONCE, Behaviour, Desk, Wire, at_work, core, run_one, yes
from support.store.observed import FailingWrites, Reads
from support.store.rows import rows

pytestmark = pytest.mark.anyio

REMEMBERED = "SELECT balance FROM upstreams"

SOON = replace(AT_ONCE, balance_settle_seconds=0.01, recovery_seconds=0.05)
READS = 10
"""So often recovery looks, which reads the store, in the time in which the balance would have been
asked for many times."""


class Silent(Wire):
    """Takes jobs and does not tell the balance."""

    async def query(self, operation: Query, trace: Trace) -> CreditBalance:
        """Fail."""
        del operation, trace
        self.queries += 1
        raise NotSentError("The API could not be reached.")


class Slow(Wire):
    """Tells the balance when it is let."""

    let = anyio.Event()

    async def query(self, operation: Query, trace: Trace) -> CreditBalance:
        """Wait."""
        self.queries += 1
        await self.let.wait()
        del operation, trace
        return CreditBalance(credits=self.balance)


class Timed(Wire):
    """Notes when it was asked for the balance."""

    def __init__(self, plan: list[Behaviour]) -> None:
        super().__init__(plan)
        self.times: list[float] = []

    async def query(self, operation: Query, trace: Trace) -> BaseModel:
        """Note the time."""
        self.times.append(time.monotonic())
        return await super().query(operation, trace)


async def until(jobs: Desk, queries: int) -> None:
    """Wait until the account was asked so often and the answer is noted."""
    wire = jobs.context.client
    assert isinstance(wire, Wire)
    with anyio.fail_after(30):
        while wire.queries < queries or await jobs.read.balance() is None:  # noqa: ASYNC110 -- as below
            await anyio.sleep(0.01)


async def test_nothing_is_asked_before_the_first_call(tmp_path: Path) -> None:
    """*Chosen*: most conversations never make a picture."""
    wire = Wire([yes()])
    reads = Reads()
    async with at_work(tmp_path, wire, kind=reads.open, timing=SOON):
        await reads.more_looks(READS)

    assert wire.queries == 0


async def test_the_first_call_has_it_asked_and_is_not_held_up(tmp_path: Path) -> None:
    """*Chosen*: the answer may be the first that does not know it."""
    wire = Slow([yes()], balance=12.5)
    async with at_work(tmp_path, wire) as jobs:
        view = await run_one(jobs)
        before = (await jobs.spending()).balance
        wire.let.set()
        await until(jobs, 1)
        after = (await jobs.spending()).balance

    assert view.state == "done"
    assert (before, after) == (None, 12_500)


async def test_it_is_asked_once_a_minute_however_many_results_there_are(tmp_path: Path) -> None:
    """*Chosen*: after the pause the last result is counted, and then nothing more is asked."""
    timing, reads = replace(SOON, balance_seconds=0.2), Reads()
    wire = Timed([yes()])
    async with at_work(tmp_path, wire, kind=reads.open, timing=timing) as jobs:
        for _ in range(5):
            await run_one(jobs)
        last = time.monotonic()
        with anyio.fail_after(30):
            while not wire.times or wire.times[-1] < last:  # noqa: ASYNC110 -- the wire sets no event
                await anyio.sleep(0.01)
        await reads.more_looks(2 * READS)

    assert all(b - a >= timing.balance_seconds for a, b in pairwise(wire.times))
    assert sum(at > last for at in wire.times) <= 2  # one may have been due already


async def test_two_processes_ask_once(tmp_path: Path) -> None:
    """*Chosen*: what one asked, the other knows."""
    wires, reads = [Wire([yes()]), Wire([yes()])], Reads()
    async with (
        at_work(tmp_path, wires[0]) as one,
        at_work(tmp_path, wires[1], kind=reads.open, timing=SOON) as other,
    ):
        await run_one(one)
        await until(one, 1)
        await run_one(other)
        await reads.more_looks(READS)
        told = (await other.spending()).balance

    assert [wire.queries for wire in wires] == [1, 0]
    assert told is not None


async def test_a_question_without_an_answer_is_nobodys_trouble(tmp_path: Path) -> None:
    """*Chosen*: answers then say nothing of it."""
    wire = Silent([yes()])
    async with at_work(tmp_path, wire) as jobs:
        view = await run_one(jobs)
        with anyio.fail_after(30):
            while not wire.queries:  # noqa: ASYNC110 -- the wire sets no event
                await anyio.sleep(0.01)
        spent = await jobs.spending()

    assert (view.state, spent.balance) == ("done", None)


async def test_a_place_that_cannot_be_given_back_costs_no_answer(tmp_path: Path) -> None:
    """*Chosen*: on a full disk the place is free a minute later, and the balance is known."""
    full = FailingWrites("send.sent")
    wire = Slow([], balance=7)
    wire.let = anyio.Event()
    wire.let.set()
    async with at_work(tmp_path, wire, kind=full.open) as jobs:
        assert await jobs.query(Balance()) == CreditBalance(credits=7)
    assert full.failed == ["send.sent"]


async def test_on_the_emulator_nothing_is_asked(tmp_path: Path) -> None:
    """*Chosen*: its credits are ample, and nobody's."""
    wire, reads = Wire([yes()]), Reads()
    async with at_work(tmp_path, wire, upstream=EMULATOR, kind=reads.open, timing=SOON) as jobs:
        await run_one(jobs)
        await reads.more_looks(READS)

    assert wire.queries == 0


async def test_what_was_told_long_ago_is_not_told_again(tmp_path: Path) -> None:
    """*Chosen*: after ten minutes it says too little, and so does a time in the future."""
    now = 1e9
    async with at_work(tmp_path, Wire([yes()], balance=7), clock=lambda: now) as jobs:
        await jobs.jobs.remember_balance(7)
        told = [(await jobs.spending()).balance]
        for passed in (account.MAX_BALANCE_AGE_SECONDS - 1, account.MAX_BALANCE_AGE_SECONDS, -1.0):
            now = 1e9 + passed
            told.append((await jobs.spending()).balance)

    assert told == [7_000, 7_000, None, None]
    assert rows(tmp_path, REMEMBERED) == [(7_000,)]


async def test_it_takes_no_place_that_a_call_is_waiting_for(tmp_path: Path) -> None:
    """*Chosen*: it is asked only while more than half of the rate limit is free."""
    wire = Wire([yes()])
    async with at_work(tmp_path, wire, rate=(2, 10)) as jobs:
        call = await jobs.submit(core(), tool="test", count=2)
        views = await jobs.wait(call.job_ids, 30)

    assert [view.state for view in views] == ["done", "done"]
    assert wire.queries == 0


async def test_it_is_not_asked_while_a_batch_waits_for_places(tmp_path: Path) -> None:
    """*Chosen*: of 600 calls at 150 in 10 s, the last would go ten seconds later for it."""
    wire = Wire([yes()])
    async with at_work(tmp_path, wire, rate=(60, 10)) as jobs:
        async with anyio.create_task_group() as group:
            for number in range(11):
                group.start_soon(partial(jobs.submit, core(f"{number}"), tool="test", count=8))
        with anyio.fail_after(30):
            while len(wire.posts) < 60:  # noqa: ASYNC110 -- the wire sets no event
                await anyio.sleep(0.01)

    assert wire.queries == 0
