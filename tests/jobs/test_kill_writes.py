"""Killed inside every write that `test_kill_borders` does not cover.

A real SIGKILL, which a forked process sends itself when the work of the transaction is done and
nothing is committed.
"""

import signal
import sys
from pathlib import Path

import pytest

from stability_mcp.maintenance.repair import StoreCheck
from support.jobs import (
    killed_job_writes,
    killed_limit_writes,
    killed_studio_writes,
    killed_upload_writes,
    killed_webhook_writes,
)
from support.jobs.forks import Forks
from support.jobs.jobs import Wire, running_jobs, succeeds
from support.jobs.killed import SPENT
from support.jobs.killed_job_writes import CUT, ENDS
from support.jobs.killed_writes import Row, opened, result_ready
from support.store.rows import ledger, money, rows, spool

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL"),
]

REQUESTED = {
    **{
        name: ("support.jobs.killed_job_writes:ROWS", row)
        for name, row in killed_job_writes.ROWS.items()
    },
    **{
        name: ("support.jobs.killed_studio_writes:ROWS", row)
        for name, row in killed_studio_writes.ROWS.items()
    },
    **{
        name: ("support.jobs.killed_limit_writes:ROWS", row)
        for name, row in killed_limit_writes.ROWS.items()
    },
    **{
        name: ("support.jobs.killed_webhook_writes:ROWS", row)
        for name, row in killed_webhook_writes.ROWS.items()
    },
    **{
        name: ("support.jobs.killed_upload_writes:ROWS", row)
        for name, row in killed_upload_writes.ROWS.items()
    },
}


@pytest.mark.parametrize("place", ENDS)
async def test_a_job_killed_while_its_outcome_is_written_is_not_sent_twice(
    place: str, forks: Forks, tmp_path: Path
) -> None:
    """*Chosen*: an uncommitted outcome is unknown and assumed charged, a committed one stands."""
    home = tmp_path / "home"
    await _kill(forks, "support.jobs.killed_job_writes:CUT", home, place)
    wire = Wire([succeeds()], poll_plan=[result_ready])
    async with running_jobs(home, wire) as jobs:
        [job] = [job for (job,) in rows(home, "SELECT id FROM jobs")]
        [view] = await jobs.wait([job], 20)

    assert (view.state, view.charged, len(wire.posts)) == ENDS[place]
    assert money(home)[0] == 0
    paid = [each for each in ledger(home) if each in SPENT]
    assert len(paid) == (view.charged != "no")
    assert spool(home) == []
    assert list((home / "locks").iterdir()) == []
    assert await _problems(home) == []


@pytest.mark.parametrize("name", REQUESTED)
async def test_a_requested_write_happens_completely_or_not_at_all(
    name: str, forks: Forks, tmp_path: Path
) -> None:
    """*Chosen*: after a kill no part of the write is visible, and it can be done again."""
    table, row = REQUESTED[name]
    home = tmp_path / "home"
    if row.arrange is not None:
        await row.arrange(home)
    await _kill(forks, table, home, f"inside {name}")

    assert await _read(home, row) == row.old
    assert not row.sound or await _problems(home) == []
    async with opened(home) as database:
        await row.act(database)
    assert await _read(home, row) == row.new
    assert await _problems(home) == []


def test_both_kill_tables_have_the_same_writes() -> None:
    """*Chosen*: the two tables for running jobs list the same writes."""
    assert {place.split()[1] for place in ENDS} == CUT.keys()


async def _kill(forks: Forks, table: str, home: Path, place: str) -> None:
    name = place.split()[1]
    code = await forks.run("support.jobs.killed_writes:end", table, name, str(home), place)
    assert code == -signal.SIGKILL, f"the child ended with {code}"


async def _read(home: Path, row: Row) -> object:
    async with opened(home) as database:
        return await row.read(database)


async def _problems(home: Path) -> list[str]:
    """Check the store: counters, and the bytes of every row."""
    async with opened(home) as database:
        return [
            each.text async for each in StoreCheck(database, repair=False).findings() if each.bad
        ]
