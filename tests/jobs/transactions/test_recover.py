"""Jobs without an owner: released by a process that ended, or left by an unregistered one."""

import time
from pathlib import Path

import anyio
import pytest

from stability_mcp.jobs.models import LeaseLostError, RateLimit
from stability_mcp.jobs.transactions import recover
from stability_mcp.jobs.transactions.send import begin
from stability_mcp.store.database import Database
from support.jobs.jobs import PAID, PRICE, Wire, put, row, running_jobs, succeeds
from support.store.rows import change, ledger, money

pytestmark = pytest.mark.anyio

LEFT = pytest.mark.parametrize(
    "left", [None, "forgotten"], ids=["released", "unregistered process"]
)
"""A full disk prevented recording its outcome; or its process, believed dead, was killed later."""


@LEFT
async def test_a_sent_request_without_an_owner_is_unknown(left: str | None, tmp_path: Path) -> None:
    """*Chosen*: it must not wait forever."""
    database = await anyio.to_thread.run_sync(Database, tmp_path)
    now = time.time()
    made = await database.write(lambda c: put(c, now=now), name="test.write")
    [job] = made.job_ids
    await database.write(
        lambda c: begin(c, row(c, job), limit=RateLimit(), now=now), name="test.write"
    )
    change(tmp_path, "UPDATE jobs SET process = ?", left)
    assert await database.read(lambda c: recover.has_unowned(c, PAID.id))
    assert not await database.read(lambda c: recover.has_unowned(c, f"not {PAID.id}"))
    await database.close()
    wire = Wire([succeeds()])

    async with running_jobs(tmp_path, wire) as jobs:
        [view] = await jobs.wait([job], 30)

    assert (view.state, view.charged, wire.posts) == ("unknown", "assumed", [])
    assert (money(tmp_path), ledger(tmp_path)) == ((0, PRICE), ["assumed"])


@LEFT
async def test_a_queued_job_without_an_owner_is_sent(left: str | None, tmp_path: Path) -> None:
    """*Chosen*: sends are fenced by the lease version, so its earlier owner cannot send it."""
    database = await anyio.to_thread.run_sync(Database, tmp_path)
    now = time.time()
    made = await database.write(lambda c: put(c, now=now), name="test.write")
    [job] = made.job_ids
    before = await database.read(lambda c: row(c, job))
    change(tmp_path, "UPDATE jobs SET process = ?", left)
    wire = Wire([succeeds()])

    async with running_jobs(tmp_path, wire) as jobs:
        [view] = await jobs.wait([job], 30)

    assert (view.state, len(wire.posts)) == ("done", 1)
    with pytest.raises(LeaseLostError):
        await database.write(
            lambda c: begin(c, before, limit=RateLimit(), now=now), name="test.write"
        )
    await database.close()
