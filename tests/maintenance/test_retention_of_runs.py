"""Unfinished runs keep what they need; finished ones leave the store with their items."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from stability_mcp.errors import ArgumentsError
from stability_mcp.jobs.transactions.call_keys import StepPlace
from stability_mcp.maintenance.retention import DAY_SECONDS, Keep, Retention, Swept
from stability_mcp.media import deletion
from stability_mcp.media.library import MediaLibrary
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection
from stability_mcp.workflows.plan_notation import read_plan
from stability_mcp.workflows.runs import run_rows
from stability_mcp.workflows.runs.progression import ItemKey, ReadyItem
from stability_mcp.workflows.runs.run_fence import NewState
from stability_mcp.workflows.runs.run_rows import NewRun, RunStatus, Settled
from support.jobs.jobs import ACCOUNT, put, register
from support.store.rows import execute, rows
from support.workflows.run_states import set_state

pytestmark = pytest.mark.anyio

BEGUN = 1_000.0
LATER = BEGUN + 100 * DAY_SECONDS
DAYS = Keep(days=30)
READ = read_plan(
    {"steps": [{"id": "draft", "tool": "generate_core", "arguments": {"prompt": "x"}}]}
)
DRAFT = ItemKey("draft", 0)


@asynccontextmanager
async def _store(folder: Path) -> AsyncIterator[Database]:
    database = await anyio.to_thread.run_sync(Database, folder)
    try:
        yield database
    finally:
        await database.close()


def _add_media(connection: Connection, media: str, job: str | None = None) -> None:
    execute(
        connection,
        "INSERT INTO blobs (sha256, bytes, media_type, created_at) VALUES (:id, 9, 'image/png', 1)",
        id=media,
    )
    execute(
        connection,
        "INSERT INTO media (id, owner, blob, media_type, origin, job, created_at, label)"
        " VALUES (:id, 'local', :id, 'image/png', 'generated', :job, 1, :id)",
        id=media,
        job=job,
    )


def _start(connection: Connection, media: str, **more: object) -> str:
    """Start a run with one file, and with one result that a job made."""
    assert READ.plan is not None
    new = NewRun(
        account=ACCOUNT,
        process="p1",
        plan=READ.plan,
        inputs={},
        files={"owl.png": f"{media}-file"},
        max_credits=9,
    )
    run = run_rows.insert_run(connection, replace(new, **more), BEGUN)  # type: ignore[arg-type]  # its fields
    ready = ReadyItem(key=DRAFT, tool="generate_core", arguments={}, variant=0)
    run_rows.start_item(connection, run, ready, reuse_key="k", now=BEGUN)
    place = StepPlace(run=run, step="draft", item=0)
    [job] = put(connection, retry_of=None, place=place, labels=[media]).job_ids
    execute(
        connection,
        "UPDATE jobs SET state = 'done', charged = 'yes', finished_at = 2 WHERE id = :job",
        job=job,
    )
    _add_media(connection, media, job)
    _add_media(connection, f"{media}-file")
    run_rows.settle_item(connection, run, DRAFT, Settled(state="done", media=media), BEGUN)
    return run


def _end(connection: Connection, run: str, state: RunStatus) -> None:
    set_state(connection, run, NewState(state=state), BEGUN)


async def _sweep(database: Database, keep: Keep) -> Swept:
    return await Retention(database, keep, clock=lambda: LATER, pause=0).sweep()


def _kept(folder: Path) -> set[str]:
    return {media for (media,) in rows(folder, "SELECT id FROM media")}


@pytest.mark.parametrize("state", ["running", "review", "paused"])
@pytest.mark.parametrize("keep", [DAYS, Keep(bytes=0)], ids=["days", "bytes"])
async def test_a_run_that_has_not_ended_keeps_its_files_results_and_jobs(
    tmp_path: Path, keep: Keep, state: RunStatus
) -> None:
    """*Chosen*: the user may pick months later, and the run continues."""
    async with _store(tmp_path) as database:
        await database.write(register, name="test.write")
        run = await database.write(lambda c: _start(c, "owl"), name="test.write")
        await database.write(lambda c: _add_media(c, "other"), name="test.write")
        await database.write(lambda c: _end(c, run, state), name="test.write")

        await _sweep(database, keep)
        kept = _kept(tmp_path)
        jobs = rows(tmp_path, "SELECT run, stripped_at FROM jobs")
        await database.write(lambda c: _end(c, run, "done"), name="test.write")
        await _sweep(database, keep)

    assert kept == {"owl", "owl-file"}
    assert jobs == [(run, None)]
    assert _kept(tmp_path) == set()


async def test_an_old_finished_run_is_removed_with_its_items(tmp_path: Path) -> None:
    """*Chosen*: like jobs; a newer one stays."""
    async with _store(tmp_path) as database:
        await database.write(register, name="test.write")
        old = await database.write(lambda c: _start(c, "owl"), name="test.write")
        new = await database.write(lambda c: _start(c, "fox"), name="test.write")
        await database.write(lambda c: _end(c, old, "failed"), name="test.write")
        ended = NewState(state="cancelled")
        await database.write(
            lambda c: set_state(c, new, ended, LATER - DAY_SECONDS), name="test.write"
        )

        swept = await _sweep(database, DAYS)

    assert swept.runs == 1
    assert "1 workflow run" in swept.line()
    assert rows(tmp_path, "SELECT id FROM runs") == [(new,)]
    assert rows(tmp_path, "SELECT run FROM run_items") == [(new,)]


async def test_a_run_that_is_made_again_stays_with_its_results(tmp_path: Path) -> None:
    """*Chosen*: the unfinished run reuses them at no cost when it gets to their steps."""
    async with _store(tmp_path) as database:
        await database.write(register, name="test.write")
        old = await database.write(lambda c: _start(c, "owl"), name="test.write")
        await database.write(lambda c: _end(c, old, "done"), name="test.write")
        again = await database.write(lambda c: _start(c, "fox", redo_of=old), name="test.write")

        await _sweep(database, DAYS)
        kept = _kept(tmp_path)
        items = await database.read(lambda c: run_rows.items(c, old))
        await database.write(lambda c: _end(c, again, "done"), name="test.write")
        swept = await _sweep(database, DAYS)

    assert kept == {"owl", "fox", "fox-file"}
    assert [*items] == [DRAFT]
    assert swept.runs == 2
    assert _kept(tmp_path) == set()


@pytest.mark.parametrize("media", ["owl", "owl-file"])
async def test_media_of_an_unfinished_run_can_not_be_deleted(tmp_path: Path, media: str) -> None:
    """*Chosen*: as for an unfinished job; the error names the run and the way out."""
    async with _store(tmp_path) as database:
        library = MediaLibrary(database, ACCOUNT)
        await database.write(register, name="test.write")
        run = await database.write(lambda c: _start(c, "owl"), name="test.write")
        await database.write(lambda c: _end(c, run, "review"), name="test.write")
        [item] = await library.many([media])

        with pytest.raises(ArgumentsError) as raised:
            await deletion.delete(library, [item], now=LATER)
        await database.write(lambda c: _end(c, run, "cancelled"), name="test.write")
        await deletion.delete(library, [item], now=LATER)

    assert str(raised.value) == (
        f'"{media}" can\'t be deleted while run {run} uses it. Nothing was deleted. Nothing was '
        f'charged. Let the run end, or cancel it: workflow_run with run "{run}" and cancel true.'
    )


async def test_an_item_deleted_as_a_run_starts_keeps_its_bytes(tmp_path: Path) -> None:
    """*Chosen*: the run fails with an error that names it, and it can be restored until then."""
    async with _store(tmp_path) as database:
        await database.write(register, name="test.write")
        run = await database.write(lambda c: _start(c, "owl"), name="test.write")
        await database.write(
            lambda c: execute(c, "UPDATE media SET deleted_at = 3 WHERE id = 'owl-file'"),
            name="test.write",
        )

        first = await _sweep(database, DAYS)
        await database.write(lambda c: _end(c, run, "failed"), name="test.write")
        second = await _sweep(database, DAYS)

    assert (first.deleted, second.deleted) == (0, 1)
