"""What a disk refuses at any step is kept, told and done later; injected, so it runs anywhere."""

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
    Behaviour,
    Desk,
    Wire,
    answer,
    core,
    deferred,
    fails,
    picture,
    refused,
    starts,
    yes,
)
from support.jobs.upstream import counting_upstream, sound
from support.store.disk import SECONDS, at_work_on_small_disk, until_said
from support.store.rows import ledger, money, rows, spool

pytestmark = pytest.mark.anyio

FULL = OSError(errno.ENOSPC, "No space left on device")
READ_ONLY = OSError(errno.EROFS, "Read-only file system")


@dataclass
class Switch:
    """An observer that refuses every write while there is an error."""

    error: OSError | None = None

    def __call__(self, moment: Moment, name: str) -> None:
        """Refuse before the write begins."""
        del name
        if moment == "before" and self.error is not None:
            raise StorageError("It cannot be written.") from self.error


@pytest.fixture
def switch() -> Switch:
    """Give a store's switch."""
    return Switch()


def _store(observer: Observer) -> Callable[[Path], Database]:
    return partial(Database, observer=observer)


def _refusing(switch: Switch, behaviour: Behaviour, error: OSError = READ_ONLY) -> Behaviour:
    """Let nothing be written from the end of the request on."""

    async def behave(trace: Trace, body: Path) -> Answer:
        class Refusing:
            before_send, answered = trace.before_send, trace.answered

            async def sent(self) -> None:
                await trace.sent()
                switch.error = error

        return await behaviour(Refusing(), body)

    return behave


async def _submit(jobs: Desk, *, later: bool = False) -> str:
    return (await jobs.submit(deferred() if later else core(), tool="test")).job_ids[0]


async def _until_done(jobs: Desk, job: str) -> None:
    [view] = await jobs.wait([job], SECONDS)
    assert (view.state, view.charged) == ("done", "yes"), (view.progress, view.error)


def _look(body: Path) -> Answer:
    body.write_bytes(sound())
    return answer(media_type="audio/wav")


async def test_a_database_that_is_read_only_holds_an_answer_up_and_loses_nothing(
    tmp_path: Path,
) -> None:
    """*Chosen*: SQLite's own refusal, at T3; the row says `submitting`, the answer is kept."""
    writer: list[sqlite3.Connection] = []

    def refuse(yes: int) -> None:
        writer[0].execute(f"PRAGMA query_only={yes}")  # nothing else stops SQLite for root

    async with counting_upstream(pace=0) as upstream:
        upstream.hold = "waiting"
        client = Client(base_url=upstream.url, api_key=SecretStr("sk-test"))
        async with client, at_work_on_small_disk(tmp_path, client) as jobs:
            await jobs.context.database.write(writer.append, name="test.write")
            job = await _submit(jobs)
            with anyio.fail_after(SECONDS):
                await upstream.held.wait()
            refuse(1)
            upstream.release.set()
            view = await until_said(
                jobs, job, "stored as soon as the data folder can be written", "readonly"
            )
            assert view.state == "submitting"
            refuse(0)
            await _until_done(jobs, job)

    assert dict(upstream.posts) == {"a lighthouse": 1}
    assert rows(tmp_path, "SELECT seed FROM media") == [("7",)]
    assert (money(tmp_path), spool(tmp_path)) == ((0, PRICE), [])


async def test_a_generation_that_cannot_be_journalled_is_fetched_when_it_is(
    tmp_path: Path, switch: Switch
) -> None:
    """*Chosen*: T3d; the id is kept until the journal has it, and nothing is sent again."""
    wire = Wire([_refusing(switch, starts())], looks=[_look])

    async with at_work_on_small_disk(tmp_path, wire, kind=_store(switch)) as jobs:
        job = await _submit(jobs, later=True)
        view = await until_said(jobs, job, "stored as soon as")
        assert (view.state, wire.polls) == ("submitting", 0)
        switch.error = None
        await _until_done(jobs, job)

    assert (len(wire.posts), spool(tmp_path)) == (1, [])


async def test_a_log_names_the_generation_that_the_journal_never_got(
    tmp_path: Path, switch: Switch, caplog: pytest.LogCaptureFixture
) -> None:
    """*Chosen*: by it the result can be had for a day; the job itself is `unknown`."""
    wire = Wire([_refusing(switch, starts())])
    async with at_work_on_small_disk(tmp_path, wire, kind=_store(switch)) as jobs:
        job = await _submit(jobs, later=True)
        await until_said(jobs, job, "stored as soon as")
    assert f"its generation {'g' * 64} is not recorded; job_adopt can take it over" in caplog.text

    async with at_work_on_small_disk(tmp_path, wire) as jobs:
        [view] = await jobs.wait([job], SECONDS)
    assert (view.state, view.charged) == ("unknown", "assumed")
    assert (len(wire.posts), money(tmp_path)[0]) == (1, 0)


async def test_a_disk_that_takes_no_fetched_result_never_ends_the_job(tmp_path: Path) -> None:
    """*Chosen*: the API keeps it for a day, so it is fetched as often as it takes."""
    tries = 0

    def look(body: Path) -> Answer:
        nonlocal tries
        tries += 1
        if tries < 10:  # more often than anything is repeated that the API refuses
            raise StorageError("It could not be written to disk.") from FULL
        return _look(body)

    async with at_work_on_small_disk(
        tmp_path, Wire([starts()], looks=[look]), max_retries=2
    ) as jobs:
        job = await _submit(jobs, later=True)
        await until_said(jobs, job, "generating", "stored as soon as there is room on the disk")
        await _until_done(jobs, job)

    assert (tries, spool(tmp_path)) == (10, [])


@pytest.mark.parametrize(
    ("failure", "state", "charged"),
    [
        (fails(refused(InvalidRequestError)), "failed", "no"),
        (fails(refused(UnavailableError, 503)), "done", "yes"),
    ],
)
async def test_an_outcome_that_cannot_be_journalled_is_when_it_can(
    tmp_path: Path, switch: Switch, failure: Behaviour, state: str, charged: str
) -> None:
    """*Chosen*: what the API said is never forgotten for a guess: neither charge nor repeat."""
    wire = Wire([_refusing(switch, failure), yes()])

    async with at_work_on_small_disk(tmp_path, wire, kind=_store(switch)) as jobs:
        job = await _submit(jobs)
        await until_said(jobs, job, "stored as soon as")
        switch.error = None
        [view] = await jobs.wait([job], SECONDS)

    assert (view.state, view.charged) == (state, charged)
    assert ledger(tmp_path)[0] == "free"
    assert spool(tmp_path) == []


async def test_a_full_disk_costs_the_reserve_and_no_time(tmp_path: Path, switch: Switch) -> None:
    """*Chosen*: given up when an answer is to be journalled, and made again before the next."""

    def until_given_up(moment: Moment, name: str) -> None:
        if (tmp_path / "reserve").exists():
            switch(moment, name)

    wire = Wire([_refusing(switch, yes(), FULL)])
    async with at_work_on_small_disk(tmp_path, wire, kind=_store(until_given_up)) as jobs:
        await _until_done(jobs, await _submit(jobs))
        assert not (tmp_path / "reserve").exists()
        switch.error = None
        wire.plan = [yes(picture(5))]
        await _until_done(jobs, await _submit(jobs))
        assert (tmp_path / "reserve").exists()


async def test_a_folder_that_cannot_be_written_does_not_cost_the_reserve(
    tmp_path: Path, switch: Switch
) -> None:
    """*Chosen*: room is not what is missing."""
    async with at_work_on_small_disk(
        tmp_path, Wire([_refusing(switch, yes())]), kind=_store(switch)
    ) as jobs:
        job = await _submit(jobs)
        await until_said(jobs, job, "stored as soon as the data folder can be written")
        assert (tmp_path / "reserve").exists()
        switch.error = None
        await _until_done(jobs, job)


async def test_results_wait_while_something_else_is_where_they_belong(tmp_path: Path) -> None:
    """*Chosen*: T5; whatever the system says, the bytes stay in the spool."""
    async with at_work_on_small_disk(tmp_path, Wire([yes()])) as jobs:
        (tmp_path / "blobs").rmdir()
        (tmp_path / "blobs").write_text("in the way")
        job = await _submit(jobs)
        view = await until_said(jobs, job, "stored as soon as the data folder can be written")
        assert (view.state, f"{job}.1.body" in spool(tmp_path)) == ("storing", True)
        (tmp_path / "blobs").unlink()
        (tmp_path / "blobs").mkdir()
        await _until_done(jobs, job)

    assert spool(tmp_path) == []
