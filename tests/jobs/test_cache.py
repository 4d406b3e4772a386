"""The cache: a finished job answers calls that must have the same result, and what that saves."""

from functools import partial
from pathlib import Path

import anyio
import pytest

from stability_mcp.api.operation import Operation
from stability_mcp.jobs.models import Call
from stability_mcp.jobs.transactions import reuse
from stability_mcp.jobs.transactions.call_keys import call_key, input_hashes, result_key
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection
from stability_mcp.store.tenancy import EMULATOR
from support.jobs.jobs import (
    PAID,
    PRICE,
    AccountJobs,
    Wire,
    call_request,
    core,
    put,
    running_jobs,
    succeeds,
)
from support.store.direct import write_now
from support.store.rows import MAX_STEPS, execute, ledger, money, plans, rows, steps

pytestmark = pytest.mark.anyio

MANY = 100_000


async def collected(jobs: AccountJobs, operation: Operation, count: int = 1) -> Call:
    """Make a call and deliver its results."""
    call = await jobs.submit(operation, tool="generate_core", count=count)
    await jobs.wait(call.job_ids, 30)
    await jobs.deliver([call.id])
    return call


async def test_a_cached_result_is_not_charged(tmp_path: Path) -> None:
    """*Chosen*: with an explicit seed; it needs no budget, and is counted as a hit."""
    async with running_jobs(tmp_path, Wire([succeeds()]), budget=PRICE) as jobs:
        first = await collected(jobs, core(seed=5))
        again = await collected(jobs, core(seed=5))
        found = await jobs.cached()
        kept = await jobs.call(again.id)

    assert again.job_ids == first.job_ids == list(again.cached)
    assert again.joined is None
    assert (found.entries, found.hits, found.saved) == (1, 1, PRICE)
    assert money(tmp_path) == (0, PRICE)
    assert ledger(tmp_path) == ["charged"]
    assert kept is not None
    assert ([job.id for job in kept.jobs], kept.cached) == (first.job_ids, again.cached)


async def test_only_variants_that_are_not_cached_are_generated(tmp_path: Path) -> None:
    """*Chosen*: seeds count up from one variant to the next, so some may be cached."""
    wire = Wire([succeeds()])
    async with running_jobs(tmp_path, wire) as jobs:
        one = await collected(jobs, core(seed=6))
        three = await jobs.submit(core(seed=5), tool="generate_core", count=3)
        await jobs.wait(three.job_ids, 30)
        await jobs.mark_abandoned([three.id])
        again = await jobs.submit(core(seed=5), tool="generate_core", count=3)

    assert list(three.cached) == one.job_ids == three.job_ids[1:2]
    assert [each.model_dump()["seed"] for each in wire.posts[:1]] == [6]
    assert sorted(each.model_dump()["seed"] for each in wire.posts[1:]) == [5, 7]
    assert (again.joined, again.job_ids) == (three.id, three.job_ids)
    assert again.cached == three.cached


async def test_calls_without_a_seed_are_never_cached(tmp_path: Path) -> None:
    """*Documented*: no seed, or 0, asks the API for a random one."""
    async with running_jobs(tmp_path, Wire([succeeds()])) as jobs:
        for operation in (core(), core(), core(seed=0)):
            assert (await collected(jobs, operation)).cached == ()

    assert money(tmp_path) == (0, 3 * PRICE)


async def test_filtered_or_deleted_results_are_not_cached(tmp_path: Path) -> None:
    """*Chosen*: only results that can be delivered are."""
    wire = Wire([succeeds(finish_reason="CONTENT_FILTERED"), succeeds()])
    async with running_jobs(tmp_path, wire) as jobs:
        await collected(jobs, core(seed=5))
        second = await collected(jobs, core(seed=5))
        await jobs.context.database.write(
            lambda c: execute(c, "UPDATE media SET deleted_at = 1"), name="test.write"
        )
        third = await collected(jobs, core(seed=5))

    assert (second.cached, third.cached) == ((), ())
    assert len(wire.posts) == 3


async def test_an_emulator_result_never_answers_a_paid_call(tmp_path: Path) -> None:
    """*Chosen*: also when both are in one store."""
    async with running_jobs(tmp_path, Wire([succeeds()]), upstream=EMULATOR) as jobs:
        await collected(jobs, core(seed=5))
    async with running_jobs(tmp_path, Wire([succeeds()]), upstream=PAID) as jobs:
        paid = await collected(jobs, core(seed=5))

    assert paid.cached == ()
    assert money(tmp_path) == (0, 2 * PRICE)


async def test_the_cache_can_be_switched_off_and_cleared(tmp_path: Path) -> None:
    """*Chosen*: results are kept, but no longer answer calls."""
    async with running_jobs(tmp_path, Wire([succeeds()]), cache=False) as jobs:
        await collected(jobs, core(seed=5))
        off = await collected(jobs, core(seed=5))
    async with running_jobs(tmp_path, Wire([succeeds()])) as jobs:
        on = await collected(jobs, core(seed=5))
        cleared = await jobs.clear_cache()
        after = await collected(jobs, core(seed=5))

    assert off.cached == ()
    assert on.cached == tuple(off.job_ids)
    assert cleared == 2
    assert after.cached == ()
    assert rows(tmp_path, "SELECT count(*) FROM media WHERE deleted_at IS NULL") == [(3,)]


CALLS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many)"
    " INSERT INTO calls (id, owner, upstream, process, tool, call_key, created_at, delivered_at)"
    " SELECT 'call-' || i, owner, upstream, process, tool, call_key, 1000, 1"
    " FROM n, (SELECT * FROM calls LIMIT 1)"
)
JOBS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many)"
    " INSERT INTO jobs (id, owner, upstream, call, operation, arguments, result_key, deferred,"
    " state, day, price, price_list, created_at, finished_at)"
    " SELECT 'job-' || i, owner, upstream, 'call-' || i, operation, arguments, 'key-' || i, 0,"
    " 'done', day, price, price_list, i, 1 FROM n, (SELECT * FROM jobs LIMIT 1)"
)
ABANDONED = "UPDATE calls SET abandoned_at = 1000 WHERE delivered_at IS NULL"


LOOK_UPS = {
    "AS waiting": "calls_joinable",  # open_calls
    "AS root": "calls_joinable",  # find_joinable
    "result_key": "jobs_cache",  # find_cached
}
"""Distinctive words of each look-up, and the index it uses."""


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Database:
    """Return a store in which the same call was delivered 100,000 times and abandoned once."""
    database = Database(tmp_path_factory.mktemp("many"))
    write_now(database, put, name="test.write")
    write_now(database, lambda c: execute(c, CALLS, many=MANY), name="test.write")
    write_now(database, lambda c: execute(c, JOBS, many=MANY), name="test.write")
    write_now(database, lambda c: execute(c, ABANDONED), name="test.write")
    return database


def look_up(connection: Connection) -> str | None:
    """Run the look-ups before a call is inserted, and return the call that it joins."""
    call = call_request(core(seed=5))
    hashes = input_hashes(connection, call.inputs)
    key = call_key(call_request(), hashes)
    root = reuse.find_joinable(connection, key, dead=["p"], alive=["me"], now=1_001)
    keys = [result_key(call, call.operation, hashes), "key-5000"]
    reuse.find_cached(connection, keys)
    return root


def test_look_ups_take_no_longer_with_many_jobs(many: Database) -> None:
    """*Chosen*: 10 ms with 100,000 jobs, measured in SQLite steps."""
    root, taken = anyio.run(many.read, partial(steps, look_up))

    assert root is not None
    assert taken < MAX_STEPS


def test_look_ups_use_an_index(many: Database) -> None:
    """*Documented* (SQLite): SCAN reads the whole table."""
    _, plan = anyio.run(many.read, partial(plans, look_up))

    used = {name: [step for sql in plan if name in sql for step in plan[sql]] for name in LOOK_UPS}
    for name, index in LOOK_UPS.items():
        assert any(index in step for step in used[name]), (name, used)
    assert [step for each in plan.values() for step in each if step.startswith("SCAN")] == []
