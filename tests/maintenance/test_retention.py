"""STABILITY_KEEP_DAYS: old finished jobs leave the store, and everything still needed stays."""

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from stability_mcp.errors import NotFoundError
from stability_mcp.jobs.progress import STRIPPED
from stability_mcp.maintenance.retention import DAY_SECONDS, Keep, Retention, Swept
from stability_mcp.store.database import Database
from stability_mcp.studio import CallOptions, Studio, open_studio, reruns
from support.imaging.sample_files import png
from support.server.in_memory import settings_in
from support.store.rows import change, ledger, money, rows

pytestmark = pytest.mark.anyio

KEEP = 30


@asynccontextmanager
async def _studio(folder: Path) -> AsyncIterator[Studio]:
    with anyio.fail_after(60):
        async with open_studio(settings_in(folder)) as studio:
            yield studio


def _home(folder: Path) -> Path:
    return folder / "home" / "emulator"


@asynccontextmanager
async def _store(folder: Path) -> AsyncIterator[Database]:
    """Open the store a second time, next to the studio."""
    database = await anyio.to_thread.run_sync(Database, _home(folder))
    try:
        yield database
    finally:
        await database.close()


def _blobs(folder: Path) -> list[Path]:
    return [path for path in (_home(folder) / "blobs").rglob("*") if path.is_file()]


async def _make(studio: Studio, **values: Any) -> str:  # noqa: ANN401 -- fields of a call
    given = {"prompt": "a lighthouse"} | values.pop("arguments", {})
    name = values.pop("name", "generate_core")
    outcome = await studio.call(name, given, wait=30, **values)
    return outcome.media[0].id


def _age(folder: Path, days: float = KEEP + 1) -> None:
    """Make everything in the store `days` days older."""
    for table, column in (
        ("jobs", "created_at"),
        ("jobs", "finished_at"),
        ("calls", "created_at"),
        ("media", "created_at"),
    ):
        older = f"UPDATE {table} SET {column} = {column} - ?"  # noqa: S608 -- the names above
        change(_home(folder), older, days * DAY_SECONDS)
    then = time.time() - days * DAY_SECONDS
    for path in _home(folder).rglob("*"):
        if path.is_file() and path.parent.name not in {"locks", "emulator"}:
            os.utime(path, (then, then))


async def _sweep(folder: Path, days: float | None = KEEP) -> Swept:
    async with _store(folder) as database:
        return await Retention(database, Keep(days=days)).sweep()


async def test_an_old_result_is_deleted_and_its_charge_and_copy_stay(tmp_path: Path) -> None:
    """*Chosen*: the ledger is kept forever, and the user's own files are never touched."""
    async with _studio(tmp_path) as studio:
        media = await _make(studio)
        copy = (await studio.get_media(media)).copy_path
        before = money(_home(tmp_path)), ledger(_home(tmp_path))
        _age(tmp_path)
        [blob] = _blobs(tmp_path)
        size = blob.stat().st_size

        swept = await _sweep(tmp_path)

        assert swept == Swept(jobs=1, calls=1, files=1, bytes=size)
        with pytest.raises(NotFoundError):
            await studio.get_media(media)
        [job] = (await studio.list_jobs()).items
        used, _ = await studio.usage(since="2000-01-01", by="operation", limit=9)
        with pytest.raises(NotFoundError, match=r"its arguments were removed by retention\."):
            await reruns.rerun(studio, job.id, {}, CallOptions(wait=1))
    assert (job.state, job.error, job.arguments, job.media) == ("done", STRIPPED, {}, ())
    assert [(each.operation, each.charged) for each in used] == [("generate_core", 3_000)]
    assert (money(_home(tmp_path)), ledger(_home(tmp_path))) == before
    assert copy is not None
    assert copy.is_file()
    assert _blobs(tmp_path) == []
    kept = rows(_home(tmp_path), "SELECT group_concat(arguments || coalesce(label, '')) FROM jobs")
    assert "lighthouse" not in str(kept)


async def test_without_keep_days_nothing_is_deleted(tmp_path: Path) -> None:
    """Documented (README): by default everything is kept."""
    async with _studio(tmp_path) as studio:
        media = await _make(studio)
        _age(tmp_path, days=10_000)

        assert await _sweep(tmp_path, None) == Swept()
        assert (await studio.get_media(media)).path.is_file()


async def test_a_newer_result_stays_complete(tmp_path: Path) -> None:
    """*Chosen*: the age counts from the day it finished."""
    async with _studio(tmp_path) as studio:
        media = await _make(studio)
        _age(tmp_path, days=KEEP - 1)

        assert await _sweep(tmp_path) == Swept()
        assert (await studio.get_media(media)).path.is_file()


async def test_the_sources_of_a_kept_result_stay(tmp_path: Path) -> None:
    """*Chosen*: media that are in use are kept, and the lineage stays complete."""
    async with _studio(tmp_path) as studio:
        first = await _make(studio)
        _age(tmp_path)
        second = await _make(
            studio, name="edit_remove_background", arguments={"prompt": None, "image": first}
        )

        assert (await _sweep(tmp_path)).jobs == 0
        parents = rows(_home(tmp_path), "SELECT parent, child FROM media_parents")
        assert parents == [(first, second)]

        _age(tmp_path)
        assert (await _sweep(tmp_path)).jobs == 2  # once the second is old too, both go
    assert rows(_home(tmp_path), "SELECT count(*) FROM media") == [(0,)]
    assert rows(_home(tmp_path), "SELECT count(*) FROM media_parents") == [(0,)]
    assert _blobs(tmp_path) == []


async def test_a_result_that_the_user_renamed_stays_with_its_job(tmp_path: Path) -> None:
    """*Chosen*: the user has picked it."""
    async with _studio(tmp_path) as studio:
        media = await _make(studio)
        other = await _make(studio)  # lighthouse-2: a number isn't a new name
        await studio.label_media(media, "hero")
        _age(tmp_path)

        assert (await _sweep(tmp_path)).jobs == 1
        assert (await studio.get_media("hero")).path.is_file()
        with pytest.raises(NotFoundError):
            await studio.get_media(other)


async def test_an_import_is_deleted_when_no_job_needs_it(tmp_path: Path) -> None:
    """*Chosen*: job_inputs keeps what a job sends; the user's original file stays."""
    mine = tmp_path / "mine.png"
    mine.write_bytes(png((640, 480)))
    async with _studio(tmp_path) as studio:
        item, _ = await studio.import_media(str(mine), None)
        await _make(studio, name="upscale_fast", arguments={"prompt": None, "image": item.id})
        change(_home(tmp_path), "UPDATE jobs SET state = 'queued', finished_at = NULL")
        _age(tmp_path)

        assert (await _sweep(tmp_path)).media == 0

        change(_home(tmp_path), "UPDATE jobs SET state = 'done', finished_at = 1")
        swept = await _sweep(tmp_path)
    assert (swept.jobs, swept.media) == (1, 1)
    assert mine.is_file()
    assert rows(_home(tmp_path), "SELECT count(*) FROM job_inputs") == [(0,)]


async def test_the_inputs_of_a_paused_job_and_their_sources_stay(tmp_path: Path) -> None:
    """*Chosen*: a paused job may be sent months later, unchanged."""
    mine = tmp_path / "mine.png"
    mine.write_bytes(png((1600, 1200)))
    async with _studio(tmp_path) as studio:
        item, _ = await studio.import_media(str(mine), None)
        await _make(studio, name="upscale_fast", arguments={"prompt": None, "image": item.id})
        for statement in (
            "UPDATE jobs SET state = 'paused', finished_at = NULL",
            "DELETE FROM media_parents WHERE child IN (SELECT id FROM media WHERE job IS NOT NULL)",
            "DELETE FROM media WHERE job IS NOT NULL",
        ):
            change(_home(tmp_path), statement)  # as if it had never been sent
        _age(tmp_path)

        swept = await _sweep(tmp_path)

    assert (swept.jobs, swept.media) == (0, 0)
    kept = rows(_home(tmp_path), "SELECT origin FROM media ORDER BY seq")
    assert kept == [("imported",), ("fitted",)]


async def test_the_row_of_a_job_that_was_never_sent_is_deleted(tmp_path: Path) -> None:
    """*Chosen*: the ledger has no entry for it, so nothing needs its row."""
    async with _studio(tmp_path) as studio:
        await _make(studio)
        change(  # as if it had been cancelled
            _home(tmp_path),
            "INSERT INTO jobs (id, owner, upstream, operation, arguments, deferred, state, day,"
            " price, price_list, created_at, finished_at) SELECT 'never', owner, upstream,"
            " operation, '{}', 0, 'cancelled', day, price, price_list, 1, 2 FROM jobs",
        )

        assert (await _sweep(tmp_path)).jobs == 1
    assert rows(_home(tmp_path), "SELECT count(*) FROM jobs WHERE id = 'never'") == [(0,)]


async def test_old_files_of_imports_and_of_the_quarantine_are_deleted(tmp_path: Path) -> None:
    """*Chosen*: an import takes minutes; damaged bytes can be inspected for KEEP_DAYS."""
    async with _studio(tmp_path):
        home = _home(tmp_path)
        old = time.time() - 2 * 3_600
        for name in ("import-0.part", "fit-1.part", "abcdefghjk.1.body"):
            (home / "spool" / name).write_bytes(b"x")
            os.utime(home / "spool" / name, (old, old))
        (home / "spool" / "import-2.part").write_bytes(b"x")
        for name, days in (("new", KEEP - 1), ("old", KEEP + 1)):
            (home / "quarantine" / name).write_bytes(b"x")
            os.utime(home / "quarantine" / name, (time.time() - days * DAY_SECONDS,) * 2)

        swept = await _sweep(tmp_path)
    assert (swept.spool, swept.quarantined) == (2, 1)
    assert sorted(path.name for path in (home / "spool").iterdir()) == [
        "abcdefghjk.1.body",
        "import-2.part",
    ]
    assert [path.name for path in (home / "quarantine").iterdir()] == ["new"]


async def test_two_concurrent_sweeps_delete_each_job_once(tmp_path: Path) -> None:
    """*Chosen*: each transaction checks again."""
    async with _studio(tmp_path) as studio:
        for number in range(6):
            await _make(studio, arguments={"prompt": f"lighthouse number {number}"})
        _age(tmp_path)
        found: list[Swept] = []

        async def sweep() -> None:
            found.append(await _sweep(tmp_path))

        async with anyio.create_task_group() as group:
            group.start_soon(sweep)
            group.start_soon(sweep)

    assert sum(each.jobs for each in found) == 6
    assert rows(_home(tmp_path), "SELECT count(*) FROM media") == [(0,)]
    assert _blobs(tmp_path) == []


async def test_sweeps_repeat_and_survive_a_missing_folder(
    tmp_path: Path,
) -> None:
    """*Chosen*: one disk error must not end the jobs that run in the same process."""
    async with _studio(tmp_path), _store(tmp_path) as database:
        spool = _home(tmp_path) / "spool"
        retention = Retention(database, Keep(days=KEEP))

        async def leave_something() -> None:
            left = spool / "import-0.part"
            left.write_bytes(b"x")
            os.utime(left, (1, 1))
            with anyio.fail_after(30):
                while left.exists():  # noqa: ASYNC110 -- a sweep sets no event
                    await anyio.sleep(0.01)

        async with anyio.create_task_group() as group:
            group.start_soon(lambda: retention.run(delay=0, every=0.02))
            await leave_something()
            quarantine = _home(tmp_path) / "quarantine"
            quarantine.rename(tmp_path / "away")
            await leave_something()
            await leave_something()
            (tmp_path / "away").rename(quarantine)
            await leave_something()
            group.cancel_scope.cancel()
