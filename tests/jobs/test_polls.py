"""How often generations are polled, whatever their number and the number of processes."""

from pathlib import Path

import anyio
import pytest

from stability_mcp.jobs.engine import Later
from stability_mcp.jobs.models import JobSettings, Timing
from stability_mcp.jobs.steps.poll import poll
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection
from support.jobs.jobs import (
    ME,
    Wire,
    deferred,
    idle_account_jobs,
    put,
    register,
    row,
    running_jobs,
    starts_generation,
)
from support.server.in_memory import until
from support.store.rows import change, rows

pytestmark = pytest.mark.anyio


def _put(connection: Connection, process: str) -> str:
    [job] = put(connection, deferred(), process=process).job_ids
    return job


@pytest.mark.parametrize(("others", "seconds"), [(0, 10.0), (74, 10.0), (149, 20.0), (599, 80.0)])
async def test_the_polls_of_all_processes_share_half_of_the_rate_limit(
    tmp_path: Path, others: int, seconds: float
) -> None:
    """*Chosen*: every 10 s, or less often if that would be more than 75 polls in 10 s."""
    database = await anyio.to_thread.run_sync(Database, tmp_path)
    wire = Wire([starts_generation()], poll_plan=[lambda _: None])
    jobs = idle_account_jobs(database, wire, rate=(150, 10.0), max_retries=0, timing=Timing())

    def generate(connection: Connection) -> str:
        for process in (ME, "other"):
            register(connection, process)
        job = _put(connection, ME)
        for _ in range(others):
            _put(connection, "other")
        return job

    job = await database.write(generate, name="test.write")
    change(tmp_path, "UPDATE jobs SET state = 'submitted', generation = 'g'")
    mine = await database.read(lambda c: row(c, job))

    step = await poll(jobs.context, mine)  # polls again in 10 s at the earliest
    await database.close()

    assert isinstance(step, Later)
    assert step.seconds == pytest.approx(seconds)


def test_the_default_times_of_a_generation_are_the_documented_ones() -> None:
    """*Documented*: polled every 10 s, kept for 24 hours; *chosen*: missing after 10 minutes."""
    timing = Timing()

    assert JobSettings().timing is None  # the defaults, except with the emulator
    assert timing.poll_seconds == 10
    assert timing.missing_after_seconds == 600
    assert timing.expires_after_seconds == 86_400
    assert timing.expires_at(1_000) == 87_400


async def test_the_first_poll_comes_10_seconds_after_the_start(tmp_path: Path) -> None:
    """*Documented*: polled at most every 10 s; an immediate poll would find nothing."""
    wire = Wire([starts_generation()], poll_plan=[lambda _: None])

    async with running_jobs(tmp_path, wire, timing=None) as jobs:
        await jobs.submit(deferred(), tool="test")
        await until(lambda: rows(tmp_path, "SELECT state FROM jobs") == [("submitted",)])
        [(pause,)] = rows(tmp_path, "SELECT wake_at - answered_at FROM jobs")

    assert pause == pytest.approx(10)
