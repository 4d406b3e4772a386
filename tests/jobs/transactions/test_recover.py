"""Jobs that no process drives: handed back by one that ended, or left by one nobody knows."""

import time
from pathlib import Path

import anyio
import pytest

from stability_mcp.jobs.models import LeaseLostError, RateLimit
from stability_mcp.jobs.transactions import recover
from stability_mcp.jobs.transactions.send import begin
from stability_mcp.store.database import Database
from support.jobs.jobs import PAID, PRICE, Wire, at_work, put, row, yes
from support.store.rows import change, ledger, money

pytestmark = pytest.mark.anyio

LEFT = pytest.mark.parametrize("left", [None, "forgotten"], ids=["handed back", "by nobody known"])
"""A full disk took no note of its end; or its process came back from the dead and was killed."""


@LEFT
async def test_what_was_out_is_unknown(left: str | None, tmp_path: Path) -> None:
    """*Chosen*: it must not wait for ever."""
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
    wire = Wire([yes()])

    async with at_work(tmp_path, wire) as jobs:
        [view] = await jobs.wait([job], 30)

    assert (view.state, view.charged, wire.posts) == ("unknown", "assumed", [])
    assert (money(tmp_path), ledger(tmp_path)) == ((0, PRICE), ["assumed"])


@LEFT
async def test_what_was_queued_is_sent(left: str | None, tmp_path: Path) -> None:
    """*Chosen*: sends are fenced by the lease version, so that whoever had it sends it no more."""
    database = await anyio.to_thread.run_sync(Database, tmp_path)
    now = time.time()
    made = await database.write(lambda c: put(c, now=now), name="test.write")
    [job] = made.job_ids
    before = await database.read(lambda c: row(c, job))
    change(tmp_path, "UPDATE jobs SET process = ?", left)
    wire = Wire([yes()])

    async with at_work(tmp_path, wire) as jobs:
        [view] = await jobs.wait([job], 30)

    assert (view.state, len(wire.posts)) == ("done", 1)
    with pytest.raises(LeaseLostError):
        await database.write(
            lambda c: begin(c, before, limit=RateLimit(), now=now), name="test.write"
        )
    await database.close()
