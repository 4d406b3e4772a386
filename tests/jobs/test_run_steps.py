"""Jobs of a run: one for each place, never more than the user agreed to, and never collected."""

from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from stability_mcp.api.operation import Operation
from stability_mcp.errors import (
    OutOfCreditsError,
    RefusedError,
    RunBudgetError,
    UnauthorizedError,
    UnavailableError,
    UnknownOutcomeError,
)
from stability_mcp.jobs.models import Call
from stability_mcp.jobs.queue import BATCH
from stability_mcp.jobs.transactions.call_keys import StepPlace
from stability_mcp.store.database import Database
from support.jobs.jobs import (
    PRICE,
    AccountJobs,
    Wire,
    core,
    fails,
    hangs,
    put,
    refused,
    running_jobs,
    succeeds,
)
from support.store.direct import write_now
from support.store.rows import execute, ledger, money, rows

pytestmark = pytest.mark.anyio

UNKNOWN = UnknownOutcomeError("No response arrived.")


def _place(item: int = 0, *, step: str = "draft", budget: int | None = None) -> StepPlace:
    return StepPlace(run="run1", step=step, item=item, budget=budget)


async def make(
    jobs: AccountJobs,
    place: StepPlace | None = None,
    operation: Operation | None = None,
    **values: Any,  # noqa: ANN401 -- fields of CallRequest
) -> Call:
    """Submit the job of a place."""
    return await jobs.submit(
        operation or core(), tool="workflow_run", place=place or _place(), **values
    )


async def make_and_wait(jobs: AccountJobs, place: StepPlace | None = None, **values: Any) -> str:  # noqa: ANN401 -- as above
    """Submit the job of a place, wait for it and return its id."""
    call = await make(jobs, place, **values)
    [job] = await jobs.wait(call.job_ids, 30)
    assert job.finished, job.progress
    return job.id


async def test_concurrent_submits_for_one_place_are_one_job(tmp_path: Path) -> None:
    """*Chosen*: two processes may drive a run for a moment; a step is paid for once."""
    made = list[Call]()
    wire = Wire([succeeds()])
    async with running_jobs(tmp_path, wire) as one, running_jobs(tmp_path, wire) as two:

        async def submit(jobs: AccountJobs) -> None:
            made.append(await make(jobs))

        async with anyio.create_task_group() as group:
            for jobs in [one, two] * 10:
                group.start_soon(submit, jobs)
        [job] = {job for call in made for job in call.job_ids}
        await one.wait([job], 30)

    assert len(made) == 20
    assert len(wire.posts) == 1
    assert rows(tmp_path, "SELECT run, step, item, retry_of, priority FROM jobs") == [
        ("run1", "draft", 0, None, BATCH)
    ]
    assert money(tmp_path) == (0, PRICE)


async def test_a_run_costs_at_most_its_budget_under_concurrent_submits(tmp_path: Path) -> None:
    """*Chosen*: the transaction that writes a job checks the sum over the jobs of the run."""
    refusals = list[RunBudgetError]()
    async with running_jobs(tmp_path, Wire([succeeds()])) as jobs:

        async def submit(item: int) -> None:
            try:
                await make(jobs, _place(item, budget=5 * PRICE + PRICE - 1))
            except RunBudgetError as error:
                refusals.append(error)

        async with anyio.create_task_group() as group:
            for item in range(20):
                group.start_soon(submit, item)
        made = [job.id for job in (await jobs.page(limit=50)).items]
        await jobs.wait(made, 30)

    assert (len(made), len(refusals)) == (5, 15)
    assert {(error.run, error.left) for error in refusals} == {("run1", PRICE - 1)}
    assert money(tmp_path) == (0, 5 * PRICE)
    assert rows(tmp_path, "SELECT count(*) FROM calls") == [(5,)]


async def test_the_error_says_what_the_run_may_cost(tmp_path: Path) -> None:
    """*Chosen*: run, budget, what is committed, the price, and the way on."""
    async with running_jobs(tmp_path, Wire([succeeds()])) as jobs:
        await make(jobs, _place(budget=5_000))
        with pytest.raises(RunBudgetError) as raised:
            await make(jobs, _place(1, budget=5_000))

    assert str(raised.value) == (
        "draft costs 3 credits, but run run1 may cost 5 credits in total, of which 3 credits are "
        "spent or reserved. Nothing was charged. Ask the user before it may cost more. If they "
        'agree, call workflow_run with run "run1", resume true and a higher budget.'
    )


async def test_only_what_was_or_may_be_charged_counts_towards_the_budget(tmp_path: Path) -> None:
    """*Chosen*: a refused request is free; an unknown outcome counts; other runs don't."""
    plan = [fails(refused(UnavailableError, 503)), fails(UNKNOWN), succeeds()]
    async with running_jobs(tmp_path, Wire(plan), max_retries=0) as jobs:
        failed = await make_and_wait(jobs, _place(0, budget=PRICE))
        unknown = await make_and_wait(jobs, _place(1, budget=PRICE))
        await make_and_wait(jobs, StepPlace(run="run2", step="draft", item=0, budget=PRICE))
        with pytest.raises(RunBudgetError):
            await make(jobs, _place(2, budget=PRICE))
        states = [job.state for job in await jobs.views([failed, unknown])]

    assert states == ["failed", "unknown"]


async def test_a_place_keeps_its_job_across_processes(tmp_path: Path) -> None:
    """*Chosen*: a run that continues after a crash finds the jobs that it had submitted."""
    wire = Wire([succeeds()])
    async with running_jobs(tmp_path, wire) as jobs:
        first = await make_and_wait(jobs)
    async with running_jobs(tmp_path, wire) as jobs:
        again = await make_and_wait(jobs)
        other = await make_and_wait(jobs, _place(1))
        elsewhere = await make_and_wait(jobs, _place(step="cut"))

    assert again == first
    assert len({first, other, elsewhere}) == 3
    assert len(wire.posts) == 3


async def test_a_step_neither_joins_other_calls_nor_is_joined(tmp_path: Path) -> None:
    """*Chosen*: the abandoned call belongs to the chat."""
    wire = Wire([succeeds()])
    async with running_jobs(tmp_path, wire) as jobs:
        chat = await jobs.submit(core(), tool="generate_core")
        await jobs.wait(chat.job_ids, 30)
        await jobs.mark_abandoned([chat.id])
        step = await make_and_wait(jobs)
        repeated = await jobs.submit(core(), tool="generate_core")

    assert step not in chat.job_ids
    assert repeated.job_ids == chat.job_ids


async def test_a_step_with_a_certain_result_may_use_the_cache(tmp_path: Path) -> None:
    """*Chosen*: an explicit seed gives the same picture, so nothing is charged or written."""
    wire = Wire([succeeds()])
    async with running_jobs(tmp_path, wire) as jobs:
        before = await jobs.submit(core(seed=5), tool="generate_core")
        await jobs.wait(before.job_ids, 30)
        step = await make(jobs, _place(budget=0), core(seed=5))

    assert step.job_ids == before.job_ids
    assert len(wire.posts) == 1


async def test_an_unknown_outcome_is_returned_and_stops_no_other_variant(tmp_path: Path) -> None:
    """*Chosen*: the run asks the user about it; its equal variants were agreed to."""
    wire = Wire([fails(UNKNOWN), succeeds()])
    async with running_jobs(tmp_path, wire) as jobs:
        first = await make_and_wait(jobs)
        assert await make_and_wait(jobs) == first
        variant = await make_and_wait(jobs, _place(1))
        states = [job.state for job in await jobs.views([first, variant])]

    assert states == ["unknown", "done"]
    assert len(wire.posts) == 2


async def test_a_second_payment_is_made_once_and_counts_towards_the_budget(
    tmp_path: Path,
) -> None:
    """*Chosen*: after the user's yes; a crash between the yes and the answer pays no third time."""
    wire = Wire([fails(UNKNOWN), succeeds()])
    async with running_jobs(tmp_path, wire) as jobs:
        lost = await make_and_wait(jobs, _place(budget=PRICE))
        with pytest.raises(RunBudgetError):
            await make(jobs, _place(budget=PRICE), retry_of=lost)
        paid = await make_and_wait(jobs, _place(budget=2 * PRICE), retry_of=lost)
    async with running_jobs(tmp_path, wire) as jobs:
        assert await make_and_wait(jobs, _place(budget=2 * PRICE), retry_of=lost) == paid
        assert await make_and_wait(jobs, _place(budget=2 * PRICE)) == paid
        with pytest.raises(RunBudgetError):
            await make(jobs, _place(1, budget=2 * PRICE))

    assert len(wire.posts) == 2
    assert rows(tmp_path, "SELECT run, step, item, retry_of FROM jobs ORDER BY seq") == [
        ("run1", "draft", 0, None),
        ("run1", "draft", 0, lost),
    ]
    assert money(tmp_path) == (0, 2 * PRICE)


async def test_a_second_payment_is_not_made_if_the_result_has_arrived(tmp_path: Path) -> None:
    """*Chosen*: a late response may come while the user is being asked."""
    sent, release = anyio.Event(), anyio.Event()
    wire = Wire([hangs(sent, release)])
    async with running_jobs(tmp_path, wire) as jobs:
        call = await make(jobs)
        await sent.wait()
        await jobs.context.database.write(
            lambda c: execute(c, "UPDATE jobs SET state = 'unknown', finished_at = 1"),
            name="test.write",
        )
        release.set()
        while (await jobs.views(call.job_ids))[0].state != "done":
            await jobs.jobs.runner.engine.changed(call.job_ids, 1)
        retry = await make(jobs, retry_of=call.job_ids[0])

    assert retry.job_ids == call.job_ids
    assert len(wire.posts) == 1


async def test_a_paused_step_is_returned_and_stays_paused(tmp_path: Path) -> None:
    """*Chosen*: a server that starts the next morning spends nothing; the run asks first."""

    def leave_behind() -> str:
        database = Database(tmp_path)
        left = write_now(
            database, partial(put, now=1.0, retry_of=None, place=_place()), name="test.write"
        )
        anyio.run(database.close)
        return left.job_ids[0]

    left = await anyio.to_thread.run_sync(leave_behind)
    async with running_jobs(tmp_path, Wire([succeeds()]), clock=lambda: 2_000.0) as jobs:
        call = await make(jobs)
        [before] = await jobs.views([left])
        paused = await jobs.paused()
        line = await jobs.uncollected_line()
        await jobs.resume([left])
        [after] = await jobs.wait([left], 30)

    assert call.job_ids == [left]
    assert (before.state, after.state) == ("paused", "done")
    assert (paused.jobs, line) == ([], None)  # the run has a line of its own


@pytest.mark.parametrize(
    "error", [refused(OutOfCreditsError, 402), refused(UnauthorizedError, 401)], ids=["402", "401"]
)
async def test_a_rejected_account_pauses_steps_instead_of_failing_them(
    tmp_path: Path, error: RefusedError
) -> None:
    """*Chosen*: the run asks once; those behind the rejected one are not sent at all."""
    sent, release = anyio.Event(), anyio.Event()
    wire = Wire([hangs(sent, release, error), succeeds()], balance=0)
    async with running_jobs(tmp_path, wire, concurrency=1) as jobs:
        first = await make(jobs, _place(0))
        await sent.wait()
        second = await make(jobs, _place(1))
        ids = [*first.job_ids, *second.job_ids]
        release.set()
        paused = await jobs.wait(ids, 30)
        posts, held = len(wire.posts), money(tmp_path)
        with pytest.raises(OutOfCreditsError):
            await jobs.resume(ids)
        assert [job.state for job in await jobs.views(ids)] == ["paused", "paused"]
        wire.balance = 100
        await jobs.resume(ids)
        done = await jobs.wait(ids, 30)

    assert [(job.state, job.charged) for job in paused] == [("paused", "reserved")] * 2
    assert "The API refused." in (paused[0].error or "")
    assert paused[0].progress == "paused with run run1: workflow_run with resume true continues it"
    assert (posts, held) == (1, (2 * PRICE, 0))
    assert [(job.state, job.error) for job in done] == [("done", None)] * 2
    assert ledger(tmp_path) == ["free", "charged", "charged"]
    assert money(tmp_path) == (0, 2 * PRICE)


async def test_results_of_a_run_are_not_listed_as_uncollected(tmp_path: Path) -> None:
    """*Chosen*: a run is collected as a whole; job_list still shows its jobs."""
    sent, release = anyio.Event(), anyio.Event()
    wire = Wire([succeeds(), hangs(sent, release)])
    async with running_jobs(tmp_path, wire) as jobs:
        done = await make_and_wait(jobs)
        waiting = await make(jobs, _place(1))
        await jobs.mark_abandoned([waiting.id])
        await sent.wait()
        unfinished = await jobs.unfinished_and_uncollected()
        release.set()
        await jobs.wait(waiting.job_ids, 30)
        page = await jobs.page()
        line = await jobs.uncollected_line()
    async with running_jobs(tmp_path, wire) as jobs:
        later = await jobs.unfinished_and_uncollected()

    assert unfinished == later == []
    assert line is None
    assert {(job.id, job.run, job.step) for job in page.items} == {
        (done, "run1", "draft"),
        (waiting.job_ids[0], "run1", "draft"),
    }
