"""Injected disk errors at any step: data is kept, progress says why, the write is retried."""

import errno
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio
import pytest
from pydantic import SecretStr

from stability_mcp.client.client import Client
from stability_mcp.client.models import Answer
from stability_mcp.client.trace import Trace
from stability_mcp.errors import InvalidRequestError, StorageError, UnavailableError
from stability_mcp.store.database import Database, Moment, Observer
from support.jobs.jobs import (
    PRICE,
    AccountJobs,
    Behaviour,
    Wire,
    answer,
    core,
    deferred,
    fails,
    picture,
    refused,
    starts_generation,
    succeeds,
)
from support.jobs.upstream import counting_upstream, sound
from support.store.disk import SECONDS, running_jobs_on_small_disk, until_progress
from support.store.rows import ledger, money, rows, spool

pytestmark = pytest.mark.anyio

FULL = OSError(errno.ENOSPC, "No space left on device")
READ_ONLY = OSError(errno.EROFS, "Read-only file system")


@dataclass
class Switch:
    """An observer that fails every write while an error is set."""

    error: OSError | None = None

    def __call__(self, moment: Moment, name: str) -> None:
        """Fail before the write begins."""
        del name
        if moment == "before" and self.error is not None:
            raise StorageError("It cannot be written.") from self.error


@pytest.fixture
def switch() -> Switch:
    """Return a switch for the store."""
    return Switch()


def _store(observer: Observer) -> Callable[[Path], Database]:
    return partial(Database, observer=observer)


def _refusing(switch: Switch, behaviour: Behaviour, error: OSError = READ_ONLY) -> Behaviour:
    """Fail every write once the request has been sent."""

    async def behave(trace: Trace, body: Path) -> Answer:
        class Refusing:
            before_send, answered = trace.before_send, trace.answered

            async def sent(self) -> None:
                await trace.sent()
                switch.error = error

        return await behaviour(Refusing(), body)

    return behave


async def _submit(jobs: AccountJobs, *, later: bool = False) -> str:
    return (await jobs.submit(deferred() if later else core(), tool="test")).job_ids[0]


async def _until_done(jobs: AccountJobs, job: str) -> None:
    [view] = await jobs.wait([job], SECONDS)
    assert (view.state, view.charged) == ("done", "yes"), (view.progress, view.error)


def _succeed(body: Path) -> Answer:
    body.write_bytes(sound())
    return answer(media_type="audio/wav")


async def test_a_read_only_database_delays_a_result_and_loses_nothing(
    tmp_path: Path,
) -> None:
    """*Chosen*: SQLite itself refuses T3; the row stays `submitting`, the response is kept."""
    writer: list[sqlite3.Connection] = []

    def set_read_only(value: int) -> None:
        writer[0].execute(f"PRAGMA query_only={value}")  # root ignores file permissions

    async with counting_upstream(pace=0) as upstream:
        upstream.hold = "waiting"
        client = Client(base_url=upstream.url, api_key=SecretStr("sk-test"))
        async with client, running_jobs_on_small_disk(tmp_path, client) as jobs:
            await jobs.context.database.write(writer.append, name="test.write")
            job = await _submit(jobs)
            with anyio.fail_after(SECONDS):
                await upstream.held.wait()
            set_read_only(1)
            upstream.release.set()
            view = await until_progress(
                jobs, job, "stored as soon as the data folder is writable", "readonly"
            )
            assert view.state == "submitting"
            set_read_only(0)
            await _until_done(jobs, job)

    assert dict(upstream.posts) == {"a lighthouse": 1}
    assert rows(tmp_path, "SELECT seed FROM media") == [("7",)]
    assert (money(tmp_path), spool(tmp_path)) == ((0, PRICE), [])


async def test_a_generation_is_fetched_once_its_id_can_be_recorded(
    tmp_path: Path, switch: Switch
) -> None:
    """*Chosen*: T3d; the id is kept until it is recorded, and nothing is sent again."""
    wire = Wire([_refusing(switch, starts_generation())], poll_plan=[_succeed])

    async with running_jobs_on_small_disk(tmp_path, wire, kind=_store(switch)) as jobs:
        job = await _submit(jobs, later=True)
        view = await until_progress(jobs, job, "stored as soon as")
        assert (view.state, wire.polls) == ("submitting", 0)
        switch.error = None
        await _until_done(jobs, job)

    assert (len(wire.posts), spool(tmp_path)) == (1, [])


async def test_the_log_names_a_generation_that_was_never_recorded(
    tmp_path: Path, switch: Switch, caplog: pytest.LogCaptureFixture
) -> None:
    """*Chosen*: with its id the result can be fetched for a day; the job itself is `unknown`."""
    wire = Wire([_refusing(switch, starts_generation())])
    async with running_jobs_on_small_disk(tmp_path, wire, kind=_store(switch)) as jobs:
        job = await _submit(jobs, later=True)
        await until_progress(jobs, job, "stored as soon as")
    assert f"its generation {'g' * 64} is not recorded; job_adopt can take it over" in caplog.text

    async with running_jobs_on_small_disk(tmp_path, wire) as jobs:
        [view] = await jobs.wait([job], SECONDS)
    assert (view.state, view.charged) == ("unknown", "assumed")
    assert (len(wire.posts), money(tmp_path)[0]) == (1, 0)


async def test_a_disk_that_cannot_store_a_fetched_result_never_ends_the_job(tmp_path: Path) -> None:
    """*Chosen*: the API keeps the result for a day, so fetching is retried without a limit."""
    tries = 0

    def fail_often(body: Path) -> Answer:
        nonlocal tries
        tries += 1
        if tries < 10:  # more often than any API error is retried
            raise StorageError("It could not be written to disk.") from FULL
        return _succeed(body)

    async with running_jobs_on_small_disk(
        tmp_path, Wire([starts_generation()], poll_plan=[fail_often]), max_retries=2
    ) as jobs:
        job = await _submit(jobs, later=True)
        await until_progress(jobs, job, "generating", "stored as soon as there is disk space")
        await _until_done(jobs, job)

    assert (tries, spool(tmp_path)) == (10, [])


@pytest.mark.parametrize(
    ("failure", "state", "charged"),
    [
        (fails(refused(InvalidRequestError)), "failed", "no"),
        (fails(refused(UnavailableError, 503)), "done", "yes"),
    ],
)
async def test_an_outcome_is_recorded_once_the_disk_can_be_written(
    tmp_path: Path, switch: Switch, failure: Behaviour, state: str, charged: str
) -> None:
    """*Chosen*: a known outcome is kept, so no charge and no retry is wrong."""
    wire = Wire([_refusing(switch, failure), succeeds()])

    async with running_jobs_on_small_disk(tmp_path, wire, kind=_store(switch)) as jobs:
        job = await _submit(jobs)
        await until_progress(jobs, job, "stored as soon as")
        switch.error = None
        [view] = await jobs.wait([job], SECONDS)

    assert (view.state, view.charged) == (state, charged)
    assert ledger(tmp_path)[0] == "free"
    assert spool(tmp_path) == []


async def test_a_full_disk_uses_up_the_reserve_without_a_delay(
    tmp_path: Path, switch: Switch
) -> None:
    """*Chosen*: deleted to record a response, and created again before the next request."""

    def until_reserve_is_deleted(moment: Moment, name: str) -> None:
        if (tmp_path / "reserve").exists():
            switch(moment, name)

    wire = Wire([_refusing(switch, succeeds(), FULL)])
    async with running_jobs_on_small_disk(
        tmp_path, wire, kind=_store(until_reserve_is_deleted)
    ) as jobs:
        await _until_done(jobs, await _submit(jobs))
        assert not (tmp_path / "reserve").exists()
        switch.error = None
        wire.plan = [succeeds(picture(5))]
        await _until_done(jobs, await _submit(jobs))
        assert (tmp_path / "reserve").exists()


async def test_a_read_only_folder_does_not_use_up_the_reserve(
    tmp_path: Path, switch: Switch
) -> None:
    """*Chosen*: freeing space would not help."""
    async with running_jobs_on_small_disk(
        tmp_path, Wire([_refusing(switch, succeeds())]), kind=_store(switch)
    ) as jobs:
        job = await _submit(jobs)
        await until_progress(jobs, job, "stored as soon as the data folder is writable")
        assert (tmp_path / "reserve").exists()
        switch.error = None
        await _until_done(jobs, job)


async def test_results_wait_while_a_file_blocks_the_blobs_folder(tmp_path: Path) -> None:
    """*Chosen*: T5; whatever error the system reports, the bytes stay in the spool."""
    async with running_jobs_on_small_disk(tmp_path, Wire([succeeds()])) as jobs:
        (tmp_path / "blobs").rmdir()
        (tmp_path / "blobs").write_text("in the way")
        job = await _submit(jobs)
        view = await until_progress(jobs, job, "stored as soon as the data folder is writable")
        assert (view.state, f"{job}.1.body" in spool(tmp_path)) == ("storing", True)
        (tmp_path / "blobs").unlink()
        (tmp_path / "blobs").mkdir()
        await _until_done(jobs, job)

    assert spool(tmp_path) == []
