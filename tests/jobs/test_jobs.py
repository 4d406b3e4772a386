"""The `Jobs` interface: calls outlive their callers, are waited for, read and delivered."""

import time
from pathlib import Path

import anyio
import pytest
from pydantic import BaseModel

from stability_mcp.api.kinds import Query
from stability_mcp.client.models import Answer
from stability_mcp.client.trace import Trace
from stability_mcp.errors import BudgetError, NotFoundError, UnknownOutcomeError
from stability_mcp.jobs.models import JobCriteria
from support.jobs.jobs import (
    AT_ONCE,
    PAID,
    PRICE,
    Wire,
    core,
    fails,
    hangs,
    running_jobs,
    submit,
    succeeds,
)
from support.store.observed import FailingWrites
from support.store.rows import rows

pytestmark = pytest.mark.anyio


async def test_a_job_continues_when_its_waiting_caller_is_cancelled(tmp_path: Path) -> None:
    """*Chosen*: a client that cancels loses nothing."""
    sent, release = anyio.Event(), anyio.Event()
    wire = Wire([hangs(sent, release)])

    async with running_jobs(tmp_path, wire) as jobs:
        job = await submit(jobs)
        async with anyio.create_task_group() as group:
            group.start_soon(jobs.wait, job, 60)
            await sent.wait()
            group.cancel_scope.cancel()
        release.set()
        [view] = await jobs.wait(job, 30)

    assert view.state == "done"
    assert len(wire.posts) == 1


async def test_a_wait_that_times_out_returns_the_unfinished_job(tmp_path: Path) -> None:
    """*Chosen*: the caller then answers with a job id."""
    sent, release = anyio.Event(), anyio.Event()

    async with running_jobs(tmp_path, Wire([hangs(sent, release)])) as jobs:
        job = await submit(jobs)
        await sent.wait()
        started = time.monotonic()
        with anyio.fail_after(30):
            [view] = await jobs.wait(job, 0.2)
        waited = time.monotonic() - started
        release.set()

    assert view.state == "submitting"
    assert view.progress == "generating: 0 of about 8 s"
    assert waited >= 0.2


async def test_a_wait_returns_as_soon_as_all_jobs_have_finished(tmp_path: Path) -> None:
    """*Chosen*: in the requested order."""
    async with running_jobs(tmp_path, Wire([succeeds()])) as jobs:
        job_ids = await submit(jobs, count=4)
        with anyio.fail_after(30):
            views = await jobs.wait(list(reversed(job_ids)), 60)

    assert [view.id for view in views] == list(reversed(job_ids))
    assert {view.state for view in views} == {"done"}


async def test_progress_has_a_message_and_never_decreases(tmp_path: Path) -> None:
    """*Documented* (MCP): progress must increase."""
    reported: list[tuple[str, float]] = []
    sent, first, last = anyio.Event(), anyio.Event(), anyio.Event()

    async def record(message: str, fraction: float) -> None:
        reported.append((message, fraction))
        first.set()
        if message.startswith("2 of 3"):
            last.set()

    async with running_jobs(
        tmp_path, Wire([hangs(sent, first), succeeds(), hangs(sent, last)])
    ) as jobs:
        await jobs.wait(await submit(jobs, count=3), 30, record)

    assert last.is_set()
    assert [share for _, share in reported] == sorted(share for _, share in reported)
    assert all(0 <= share <= 1 for _, share in reported)
    assert all("of 3 done; " in message for message, _ in reported)


async def test_the_error_for_an_unknown_job_id_names_it(tmp_path: Path) -> None:
    """*Chosen*: and the tool that lists existing jobs."""
    async with running_jobs(tmp_path, Wire([succeeds()])) as jobs:
        with pytest.raises(NotFoundError, match=r'no job "nothing".*job_list'):
            await jobs.wait(["nothing"], 1)


async def test_the_budget_refuses_before_anything_is_sent(tmp_path: Path) -> None:
    """*Chosen*: all jobs of a call or none."""
    wire = Wire([succeeds()])

    async with running_jobs(tmp_path, wire, budget=2 * PRICE) as jobs:
        await jobs.wait(await submit(jobs), 30)
        with pytest.raises(BudgetError, match="1 of 3 still fit now"):
            await submit(jobs, count=3)
        spent = await jobs.spending()

    assert (spent.today, spent.reserved, spent.limit, spent.left) == (PRICE, 0, 2 * PRICE, PRICE)
    assert spent.session == PRICE
    assert len(wire.posts) == 1


async def test_the_concurrency_limits_requests_in_flight(tmp_path: Path) -> None:
    """*Chosen*: `STABILITY_CONCURRENCY`."""
    full, inner = anyio.Event(), succeeds()

    async def behave(trace: Trace, body: Path) -> Answer:
        if wire.in_flight == 3:
            await anyio.wait_all_tasks_blocked()  # a fourth would be sent now
            full.set()
        await full.wait()
        return await inner(trace, body)

    wire = Wire([behave])
    async with running_jobs(tmp_path, wire, concurrency=3) as jobs:
        await jobs.wait(await submit(jobs, count=8) + await submit(jobs, count=8), 30)

    assert wire.max_in_flight == 3
    assert len(wire.posts) == 16


async def test_calls_wait_for_the_rate_limit_and_then_continue(tmp_path: Path) -> None:
    """*Chosen*: a request without a slot is retried when one is free."""
    inner = succeeds()
    sent: list[float] = []

    async def behave(trace: Trace, body: Path) -> Answer:
        made = await inner(trace, body)
        sent.append(time.monotonic())
        return made

    async with running_jobs(tmp_path, Wire([behave]), rate=(2, 0.5)) as jobs:
        job_ids = await submit(jobs, count=5)
        with anyio.fail_after(30):
            waiting = set[str]()
            while "queued (the rate limit is used up)" not in waiting:
                waiting = {view.progress for view in await jobs.views(job_ids)}
        views = await jobs.wait(job_ids, 30)

    assert {view.state for view in views} == {"done"}
    assert len(sent) == 5
    assert all(later - earlier >= 0.5 for earlier, later in zip(sent, sent[2:], strict=False))


async def test_explicit_seeds_are_spread_over_the_variants(tmp_path: Path) -> None:
    """*Chosen*: otherwise identical pictures would be charged."""
    wire = Wire([succeeds()])

    async with running_jobs(tmp_path, wire) as jobs:
        submitted = await jobs.submit(core(seed=10), tool="generate_core", count=3)
        await jobs.wait(submitted.job_ids, 30)

    assert sorted(each.model_dump()["seed"] for each in wire.posts) == [10, 11, 12]


async def test_uncollected_results_are_named_until_they_are_delivered(tmp_path: Path) -> None:
    """*Chosen*: one line while there are any."""
    async with running_jobs(tmp_path, Wire([succeeds()]), concurrency=1) as jobs:
        first = await jobs.submit(core(), tool="generate_core", count=2, labels=["logo", "logo"])
        await jobs.wait(first.job_ids, 30)
        assert await jobs.uncollected_line() is None  # the call still waits for the answer
        await jobs.mark_abandoned([first.id])

        assert await jobs.uncollected_line() == (
            "2 earlier results not yet collected: logo and logo v2 (call job_wait)"
        )
        assert await jobs.uncollected_line(excluding=first.job_ids) is None
        assert await jobs.unfinished_and_uncollected() == first.job_ids
        await jobs.deliver([first.id])

        assert await jobs.uncollected_line() is None
        assert await jobs.unfinished_and_uncollected() == []
        assert [view.collected for view in await jobs.views(first.job_ids)] == [True, True]


async def test_a_list_is_paged_newest_first_and_by_state(tmp_path: Path) -> None:
    """*Chosen*: cursors use `seq`, never a time."""
    wire = Wire([succeeds(), succeeds(), fails(UnknownOutcomeError("Silence.")), succeeds()])

    async with running_jobs(tmp_path, wire, concurrency=1) as jobs:
        job_ids = await submit(jobs, count=5)
        await jobs.wait(job_ids, 30)
        first = await jobs.page(limit=3)
        second = await jobs.page(limit=3, cursor=first.next_cursor)
        unknown = await jobs.page(criteria=JobCriteria(state="unknown"))

    assert [view.id for view in first.items + second.items] == list(reversed(job_ids))
    assert second.next_cursor is None
    assert [view.id for view in unknown.items] == [job_ids[2]]


@pytest.mark.parametrize("cursor", ["", "newest", "-1", str(2**63), "9" * 5_000, "\u0661"])
async def test_a_cursor_of_another_list_is_refused(cursor: str, tmp_path: Path) -> None:
    """*Chosen*: an invalid cursor is a caller's error, not a database error."""
    async with running_jobs(tmp_path, Wire([])) as jobs:
        with pytest.raises(NotFoundError, match="isn't a job_list cursor"):
            await jobs.page(cursor=cursor)
        assert (await jobs.page(cursor=str(2**63 - 1))).items == ()


async def test_two_processes_on_one_store_wait_for_each_others_jobs(tmp_path: Path) -> None:
    """*Chosen*: two servers on one data folder are normal."""
    sent, release = anyio.Event(), anyio.Event()

    async with (
        running_jobs(tmp_path, Wire([hangs(sent, release)])) as one,
        running_jobs(tmp_path, Wire([succeeds()])) as other,
        anyio.create_task_group() as group,
    ):
        job = await submit(one)
        await sent.wait()
        group.start_soon(_release_when_all_wait, release)
        with anyio.fail_after(30):
            [view] = await other.wait(job, 60)

    assert view.state == "done"


async def _release_when_all_wait(release: anyio.Event) -> None:
    await anyio.wait_all_tasks_blocked()
    release.set()


async def test_a_query_takes_a_rate_limit_slot(tmp_path: Path) -> None:
    """*Documented*: every request of the key counts."""
    from stability_mcp.api.operations.account.balance import Balance

    async with running_jobs(tmp_path, Wire([succeeds()]), timing=AT_ONCE) as jobs:
        await jobs.query(Balance())

    assert rows(tmp_path, "SELECT upstream, sent_at IS NULL FROM requests") == [(PAID.id, 0)]


async def test_a_retried_query_takes_another_slot(tmp_path: Path) -> None:
    """*Documented*: every request of the key counts, also one without a response."""
    from stability_mcp.api.operations.account.balance import Balance

    class Stubborn(Wire):
        async def query(self, operation: Query, trace: Trace) -> BaseModel:
            await trace.before_send()  # cut off before it was sent: its slot is reused
            await super().query(operation, trace)
            return await super().query(operation, trace)

    async with running_jobs(tmp_path, Stubborn([succeeds()])) as jobs:
        await jobs.query(Balance())

    assert rows(tmp_path, "SELECT count(*), count(sent_at) FROM requests") == [(2, 2)]


async def test_a_result_is_delivered_even_if_that_cannot_be_recorded(tmp_path: Path) -> None:
    """*Chosen*: a full disk must not hold back stored results; they are announced again later."""
    full = FailingWrites("finish.deliver")
    async with running_jobs(tmp_path, Wire([succeeds()]), kind=full.open) as jobs:
        call = await jobs.submit(core(), tool="generate_core")
        await jobs.wait(call.job_ids, 30)
        spent, _ = await jobs.deliver([call.id], jobs=call.job_ids)
        await jobs.mark_abandoned([call.id])

        assert full.failed == ["finish.deliver"]
        assert spent.today == PRICE
        assert await jobs.uncollected_line() is not None
