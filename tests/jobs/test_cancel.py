"""Controlling existing jobs: cancel, resume, take over; and the sums of the ledger."""

import time
from pathlib import Path

import anyio
import pytest

from stability_mcp.client.models import Answer
from stability_mcp.client.trace import Trace
from stability_mcp.errors import BudgetError, UnavailableError
from stability_mcp.jobs.transactions import recover
from stability_mcp.jobs.transactions.usage import LedgerQuery
from stability_mcp.store.database import Database
from support.jobs.jobs import PAID, PRICE, Wire, core, hangs, put, running_jobs, succeeds
from support.store.rows import execute, ledger, money, rows

pytestmark = pytest.mark.anyio

OLD = recover.MAX_QUEUE_SECONDS + 10


async def _queued_long_ago(home: Path, count: int) -> list[str]:
    database = await anyio.to_thread.run_sync(Database, home)
    made = [
        await database.write(
            lambda c: put(c, core(f"fox {n}"), now=time.time() - OLD),  # noqa: B023 -- awaited at once
            name="test.write",
        )
        for n in range(count)
    ]
    await database.write(lambda c: execute(c, "UPDATE jobs SET process = NULL"), name="test.write")
    await database.close()
    return [job for each in made for job in each.job_ids]


async def test_cancelled_jobs_that_were_not_sent_are_not_charged(tmp_path: Path) -> None:
    """*Chosen*: their reservations are released in the same transaction."""
    sent, release = anyio.Event(), anyio.Event()
    async with running_jobs(tmp_path, Wire([hangs(sent, release)]), concurrency=1) as jobs:
        submitted = await jobs.submit(core(), tool="test", count=3)
        await sent.wait()
        done = await jobs.cancel(submitted.job_ids)
        held = money(tmp_path)[0]
        release.set()
        views = await jobs.wait(submitted.job_ids, 30)

    assert sorted(each.outcome for each in done) == ["cancelled", "cancelled", "sent"]
    assert held == PRICE
    assert sorted(view.state for view in views) == ["cancelled", "cancelled", "done"]
    assert sorted(view.charged for view in views) == ["no", "no", "yes"]
    assert (money(tmp_path), ledger(tmp_path)) == ((0, PRICE), ["charged"])


async def test_a_cancelled_request_that_fails_is_not_retried(tmp_path: Path) -> None:
    """*Chosen*: the request is known to be free, so the job ends as if it had never been sent."""
    sent, release = anyio.Event(), anyio.Event()

    async def refused(trace: Trace, body: Path) -> Answer:
        del body
        await trace.before_send()
        await trace.sent()
        sent.set()
        await release.wait()
        raise UnavailableError("The API is failing.", status=503, name="unavailable")

    wire = Wire([refused])
    async with running_jobs(tmp_path, wire) as jobs:
        submitted = await jobs.submit(core(), tool="test")
        await sent.wait()
        [asked] = await jobs.cancel(submitted.job_ids)
        release.set()
        [view] = await jobs.wait(submitted.job_ids, 30)

    assert (asked.outcome, view.state, view.charged) == ("sent", "cancelled", "no")
    assert (len(wire.posts), money(tmp_path), ledger(tmp_path)) == (1, (0, 0), ["free"])


async def test_a_job_that_another_call_waits_for_is_not_cancelled(tmp_path: Path) -> None:
    """*Chosen*: cancelling is per call; one caller must not cancel another caller's picture."""
    sent, release = anyio.Event(), anyio.Event()
    async with running_jobs(tmp_path, Wire([hangs(sent, release)]), concurrency=1) as jobs:
        await jobs.submit(core("another"), tool="test")
        await sent.wait()
        first = await jobs.submit(core(), tool="test")
        await jobs.mark_abandoned([first.id])
        second = await jobs.submit(core(), tool="test")
        [detached] = await jobs.cancel(first.job_ids, caller=first.id)
        [cancelled] = await jobs.cancel(second.job_ids, caller=second.id)
        release.set()

    assert second.job_ids == first.job_ids
    assert (detached.outcome, cancelled.outcome) == ("detached", "cancelled")


async def test_paused_jobs_resume_all_or_none(tmp_path: Path) -> None:
    """*Chosen*: today's budget decides, also for credits reserved long ago."""
    ids = await _queued_long_ago(tmp_path, 3)
    wire = Wire([succeeds(), succeeds(), succeeds()])
    async with running_jobs(tmp_path, wire, budget=2 * PRICE) as jobs:
        with pytest.raises(BudgetError, match="2 of 3 still fit now"):
            await jobs.resume(ids)
        still = await jobs.paused()
        held = money(tmp_path)[0]
        await jobs.cancel(ids[2:])
        await jobs.resume(ids)
        views = await jobs.wait(ids, 30)

    assert (still.jobs, still.price, held) == (ids, 3 * PRICE, 3 * PRICE)
    assert [view.state for view in views] == ["done", "done", "cancelled"]
    assert (len(wire.posts), money(tmp_path)) == (2, (0, 2 * PRICE))


async def test_no_job_is_paused_while_another_process_is_alive(tmp_path: Path) -> None:
    """*Chosen*: a job that a live process could have sent is sent, however old it is."""
    wire = Wire([succeeds()])
    async with running_jobs(tmp_path, Wire([])):
        [job] = await _queued_long_ago(tmp_path, 1)
        async with running_jobs(tmp_path, wire) as jobs:
            [view] = await jobs.views([job])

    assert view.state != "paused"


async def test_the_ledger_is_summed_by_day_operation_job_or_request(tmp_path: Path) -> None:
    """*Chosen*: for one upstream."""
    async with running_jobs(tmp_path, Wire([succeeds(), succeeds()])) as jobs:
        await jobs.jobs.remember_balance(100)  # a query for it would take a slot
        submitted = await jobs.submit(core(), tool="test", count=2)
        await jobs.wait(submitted.job_ids, 30)
        sums = {
            by: await jobs.read.ledger(
                jobs.account, LedgerQuery(since="2020-01-01", by=by, limit=10)
            )
            for by in ("day", "operation", "job", "request")
        }
        rate = await jobs.read.rate_status()
        never = LedgerQuery(since="2999-01-01", by="day", limit=10)
        none, _ = await jobs.read.ledger(jobs.account, never)

    assert {by: len(lines) for by, (lines, _) in sums.items()} == {
        "day": 1,
        "operation": 1,
        "job": 2,
        "request": 2,
    }
    assert all(total.charged == 2 * PRICE and total.jobs == 2 for _, total in sums.values())
    assert (rate.taken, rate.limit, rate.blocked_until, none) == (2, 150, 0, [])
    assert rows(tmp_path, "SELECT id FROM upstreams") == [(PAID.id,)]
