"""Killed inside every write that `test_kill_borders` does not kill: a promise for each.

A real SIGKILL, which a forked process sends to itself when the work of the transaction is done and
nothing is committed.
"""

import signal
import sys
from pathlib import Path

import pytest

from stability_mcp.maintenance.repair import StoreCheck
from support.jobs import killed_job_writes, killed_studio_writes
from support.jobs.forks import Forks
from support.jobs.jobs import Wire, at_work, yes
from support.jobs.killed import SPENT
from support.jobs.killed_job_writes import CUT, ENDS
from support.jobs.killed_writes import Row, opened, there
from support.store.rows import ledger, money, rows, spool

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL"),
]

ASKED = {
    **{
        name: ("support.jobs.killed_job_writes:ROWS", row)
        for name, row in killed_job_writes.ROWS.items()
    },
    **{
        name: ("support.jobs.killed_studio_writes:ROWS", row)
        for name, row in killed_studio_writes.ROWS.items()
    },
}


@pytest.mark.parametrize("place", ENDS)
async def test_a_job_whose_end_was_cut_is_not_sent_twice(
    place: str, forks: Forks, tmp_path: Path
) -> None:
    """*Chosen*: what is not committed is unknown and assumed, and what is committed holds."""
    home = tmp_path / "home"
    await _kill(forks, "support.jobs.killed_job_writes:CUT", home, place)
    wire = Wire([yes()], looks=[there])
    async with at_work(home, wire) as jobs:
        [job] = [job for (job,) in rows(home, "SELECT id FROM jobs")]
        [view] = await jobs.wait([job], 20)

    assert (view.state, view.charged, len(wire.posts)) == ENDS[place]
    assert money(home)[0] == 0
    paid = [each for each in ledger(home) if each in SPENT]
    assert len(paid) == (view.charged != "no")
    assert spool(home) == []
    assert list((home / "locks").iterdir()) == []
    assert await _wrong(home) == []


@pytest.mark.parametrize("name", ASKED)
async def test_what_was_asked_for_is_done_whole_or_not_at_all(
    name: str, forks: Forks, tmp_path: Path
) -> None:
    """*Chosen*: after a kill nothing of the write is seen, and it can be done again."""
    table, row = ASKED[name]
    home = tmp_path / "home"
    if row.arrange is not None:
        await row.arrange(home)
    await _kill(forks, table, home, f"inside {name}")

    assert await _read(home, row) == row.old
    assert not row.sound or await _wrong(home) == []
    async with opened(home) as database:
        await row.act(database)
    assert await _read(home, row) == row.new
    assert await _wrong(home) == []


def test_every_cut_has_an_act() -> None:
    """*Chosen*: the two tables of jobs under way name the same writes."""
    assert {place.split()[1] for place in ENDS} == CUT.keys()


async def _kill(forks: Forks, table: str, home: Path, place: str) -> None:
    name = place.split()[1]
    code = await forks.run("support.jobs.killed_writes:end", table, name, str(home), place)
    assert code == -signal.SIGKILL, f"it ended with {code}"


async def _read(home: Path, row: Row) -> object:
    async with opened(home) as database:
        return await row.read(database)


async def _wrong(home: Path) -> list[str]:
    """Examine the store: counters, and the bytes of every row."""
    async with opened(home) as database:
        return [
            each.text async for each in StoreCheck(database, repair=False).findings() if each.bad
        ]
