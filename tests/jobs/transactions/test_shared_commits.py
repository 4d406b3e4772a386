"""Results of several jobs in one commit: if it fails, each is stored separately."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from stability_mcp.client.models import Generation
from stability_mcp.jobs.models import JobRow, RateLimit
from stability_mcp.jobs.transactions import finish, send
from stability_mcp.jobs.transactions.finish import FinishedJob, JobResult
from stability_mcp.media.records import Blobs, file_info, place_blob
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection
from support.jobs.jobs import PRICE, picture, put, row
from support.store.grouped import logged, orphan, together
from support.store.rows import ledger, money, rows

pytestmark = pytest.mark.anyio

NOW = 1_000.0
JOBS = 3


async def _sent(database: Database) -> list[JobRow]:
    def write(connection: Connection) -> list[JobRow]:
        made = [row(connection, put(connection, now=NOW).job_ids[0]) for _ in range(JOBS)]
        begin = partial(send.begin, connection, limit=RateLimit(), now=NOW)
        return [begin(job=job).job for job in made]

    return await database.write(write, name="test.send")


def _result(home: Path, job: JobRow, number: int, *, placed: bool) -> JobResult:
    file = home / "spool" / f"{job.spool_name()}.body"
    file.write_bytes(picture(number))
    info = file_info(file)
    generation = Generation(
        path=file,
        media_type="image/png",
        bytes=info.bytes,
        sha256=info.sha256,
        seed="7",
        finish_reason="SUCCESS",
    )
    result = JobResult(generation=generation, info=info, file=file)
    return replace(result, placed=place_blob(Blobs(home=home), file, info)) if placed else result


@pytest.mark.parametrize("placed", [True, False], ids=["placed", "moved in the transaction"])
async def test_three_results_whose_commit_fails_are_stored_one_by_one(
    tmp_path: Path, *, placed: bool
) -> None:
    """*Chosen*: the files have moved by then and the rows are rolled back; each runs again."""
    async with logged(tmp_path) as (database, log):
        jobs = await _sent(database)
        blobs = Blobs(home=tmp_path)
        log.events.clear()
        async with together(database) as waiting:
            stored = [
                waiting.write(
                    partial(
                        finish.store_results,
                        blobs=blobs,
                        job=job,
                        results=[_result(tmp_path, job, number, placed=placed)],
                        now=NOW,
                    ),
                    name=f"test.store_{number}",
                    durable=True,
                )
                for number, job in enumerate(jobs)
            ]
            failing = waiting.write(orphan)

    assert failing.error is not None
    finished = [each.result for each in stored if isinstance(each.result, FinishedJob)]
    assert [each.spent for each in finished] == [PRICE] * JOBS
    assert [item.path.read_bytes() for each in finished for item in each.media] == [
        picture(number) for number in range(JOBS)
    ]
    assert rows(tmp_path, "SELECT state, charged FROM jobs") == [("done", "yes")] * JOBS
    assert (money(tmp_path), ledger(tmp_path)) == ((0, JOBS * PRICE), ["charged"] * JOBS)
    ran = [event for event in log.events if event.startswith("test.store_")]
    assert sorted(ran) == sorted([f"test.store_{number}" for number in range(JOBS)] * 2)
