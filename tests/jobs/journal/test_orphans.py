"""Jobs that a process handed back as it ended, and could not say what became of."""

import time
from pathlib import Path

import anyio
import pytest
from sqlalchemy import text

from stability_mcp.jobs.journal import adoption
from stability_mcp.jobs.journal.intent import begin
from stability_mcp.jobs.rate import Rate
from stability_mcp.store.database import Database
from support_jobs import PAID, PRICE, Wire, at_work, ledger, money, put, row, yes

pytestmark = pytest.mark.anyio


async def test_what_was_out_when_its_process_ended_in_order_is_unknown(tmp_path: Path) -> None:
    """*Chosen*: on a full disk its end could not be written; it must not wait for ever."""
    database = await anyio.to_thread.run_sync(Database, tmp_path)
    now = time.time()
    made = await database.write(lambda c: put(c, now=now))
    [job] = made.job_ids
    await database.write(lambda c: begin(c, row(c, job), limit=Rate(), epoch=1, now=now))
    await database.write(lambda c: c.execute(text("UPDATE jobs SET process = NULL")))
    assert await database.read(lambda c: adoption.orphaned(c, PAID.id))
    assert not await database.read(lambda c: adoption.orphaned(c, f"not {PAID.id}"))
    await database.close()
    wire = Wire([yes()])

    async with at_work(tmp_path, wire) as jobs:
        [view] = await jobs.wait([job], 10)

    assert (view.state, view.charged, wire.posts) == ("unknown", "assumed", [])
    assert (money(tmp_path), ledger(tmp_path)) == ((0, PRICE), ["assumed"])
