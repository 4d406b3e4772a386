"""How often generations are looked at, however many there are and whoever looks at them."""

from pathlib import Path

import anyio
import pytest
from sqlalchemy import Connection, text

from stability_mcp.jobs.engine import Later
from stability_mcp.jobs.models import JobRow, Timing
from stability_mcp.jobs.steps.poll import poll
from stability_mcp.store.database import Database
from support.jobs.jobs import ME, Wire, deferred, idle_desk, put, register, row, starts

pytestmark = pytest.mark.anyio


def _under_way(connection: Connection, process: str) -> JobRow:
    [job] = put(connection, deferred(), process=process).job_ids
    change = "UPDATE jobs SET state = 'submitted', generation = 'g' WHERE id = :job"
    connection.execute(text(change), {"job": job})
    return row(connection, job)


@pytest.mark.parametrize(("others", "seconds"), [(0, 10.0), (74, 10.0), (149, 20.0), (599, 80.0)])
async def test_the_generations_of_all_processes_share_half_of_the_places(
    tmp_path: Path, others: int, seconds: float
) -> None:
    """*Chosen*: every 10 s; where that were more than 75 looks in 10 s, less often."""
    database = await anyio.to_thread.run_sync(Database, tmp_path)
    wire = Wire([starts()], looks=[lambda _: None])
    jobs = idle_desk(database, wire, rate=(150, 10.0), max_retries=0, timing=Timing())

    def generate(connection: Connection) -> JobRow:
        for process in (ME, "other"):
            register(connection, process)
        mine = _under_way(connection, ME)
        for _ in range(others):
            _under_way(connection, "other")
        return mine

    mine = await database.write(generate, name="test.write")

    step = await poll(jobs.context, mine)  # it would be polled again in 10 s at the earliest
    await database.close()

    assert isinstance(step, Later)
    assert step.seconds == pytest.approx(seconds)
