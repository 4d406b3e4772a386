"""`doctor --repair`: finds what a crash left in the store, and repairs it safely."""

import errno
import hashlib
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from stability_mcp.errors import NotFoundError
from stability_mcp.maintenance import blob_check
from stability_mcp.maintenance.repair import Finding, StoreCheck
from stability_mcp.media.items import MediaItem
from stability_mcp.media.records import blob_path
from stability_mcp.store.database import Database
from stability_mcp.studio import open_studio
from support.server.in_memory import paced, settings_in
from support.store.rows import change, money, rows

pytestmark = pytest.mark.anyio

HOURS_AGO = time.time() - 2 * 3_600


async def _made(folder: Path, **chosen: object) -> MediaItem:
    """Generate a picture, and close the store."""
    with anyio.fail_after(60):
        async with open_studio(settings_in(folder, chosen)) as studio:
            made = await studio.call("generate_core", {"prompt": "a lighthouse"}, wait=30)
            return await studio.get_media(made.media[0].id)


@asynccontextmanager
async def _database(folder: Path) -> AsyncIterator[Database]:
    database = await anyio.to_thread.run_sync(Database, _home(folder))
    try:
        yield database
    finally:
        await database.close()


def _home(folder: Path) -> Path:
    return folder / "home" / "emulator"


async def _found(folder: Path, *, repair: bool = False) -> list[Finding]:
    async with _database(folder) as database:
        return [each async for each in StoreCheck(database, repair=repair).findings()]


def _quarantine(folder: Path) -> list[str]:
    return sorted(path.name for path in (_home(folder) / "quarantine").iterdir())


async def test_a_healthy_store_has_no_findings(tmp_path: Path) -> None:
    """*Chosen*: no false alarms."""
    await _made(tmp_path)

    assert await _found(tmp_path) == []
    assert await _found(tmp_path, repair=True) == []


@pytest.mark.parametrize("damage", ["missing", "cut", "changed"])
async def test_lost_bytes_are_restored_from_an_identical_copy(tmp_path: Path, damage: str) -> None:
    """*Chosen*: a readable copy without provenance has the same bytes; the hash decides."""
    item = await _made(tmp_path, metadata="off")
    whole = item.path.read_bytes()
    if damage == "missing":
        item.path.unlink()
    else:
        item.path.write_bytes(whole[:-7] if damage == "cut" else whole[:-1] + b"x")

    [seen] = await _found(tmp_path)
    assert (seen.bad, seen.done) == (True, "")
    assert "lighthouse" in seen.text
    assert not item.path.exists() or item.path.read_bytes() != whole  # a check changes nothing

    [repaired] = await _found(tmp_path, repair=True)
    assert repaired.done == f"restored from the readable copy {item.copy_path}"
    assert item.path.read_bytes() == whole
    assert await _found(tmp_path) == []
    kept = [] if damage == "missing" else [f"{item.sha256}.damaged"]
    assert _quarantine(tmp_path) == kept


async def test_a_copy_with_embedded_provenance_is_named_and_can_be_imported(tmp_path: Path) -> None:
    """Documented (README): repair deletes the result and names the copy, which can be imported."""
    item = await _made(tmp_path)
    item.path.unlink()

    [seen] = await _found(tmp_path)
    assert f"media_import with {item.copy_path} adds it" in seen.text
    [repaired] = await _found(tmp_path, repair=True)
    assert "the media item was deleted" in repaired.done
    assert f"media_import with {item.copy_path} adds it" in repaired.done

    async with open_studio(settings_in(tmp_path)) as studio:
        again, _ = await studio.import_media(str(item.copy_path), "again")
    assert again.id != item.id
    assert (again.origin, again.width, again.height) == ("imported", item.width, item.height)
    assert await _found(tmp_path) == []


async def test_a_copy_of_lost_bytes_can_be_imported_before_any_repair(tmp_path: Path) -> None:
    """*Chosen*: the user need not know that the store lost it."""
    item = await _made(tmp_path)
    item.path.unlink()

    async with open_studio(settings_in(tmp_path)) as studio:
        again, _ = await studio.import_media(str(item.copy_path), "again")

    assert again.id != item.id
    assert again.path.exists()


async def test_lost_bytes_are_restored_from_the_spool(tmp_path: Path) -> None:
    """*Chosen*: the body of the response may still be there."""
    item = await _made(tmp_path, output_dir=None)
    item.path.rename(_home(tmp_path) / "spool" / f"{item.job}.1.body")

    [repaired] = await _found(tmp_path, repair=True)

    assert repaired.done == f"restored from spool/{item.job}.1.body"
    assert hashlib.sha256(item.path.read_bytes()).hexdigest() == item.sha256


async def test_a_result_whose_bytes_are_lost_is_deleted_and_reported(tmp_path: Path) -> None:
    """*Chosen*: a paid result is never dropped silently; damaged bytes are kept."""
    item = await _made(tmp_path, output_dir=None)
    item.path.write_bytes(b"half")

    [seen] = await _found(tmp_path, repair=True)

    assert "the media item was deleted" in seen.done
    assert item.id in seen.text
    assert _quarantine(tmp_path) == [f"{item.sha256}.damaged"]
    async with open_studio(settings_in(tmp_path)) as studio:
        with pytest.raises(NotFoundError):
            await studio.get_media(item.id)
    assert money(_home(tmp_path))[1] == 3_000
    assert await _found(tmp_path) == []


async def test_repair_deletes_nothing_while_the_blobs_folder_is_empty(tmp_path: Path) -> None:
    """*Chosen*: a disk that isn't mounted must not delete all results."""
    item = await _made(tmp_path, output_dir=None)
    away = (blobs := _home(tmp_path) / "blobs").rename(tmp_path / "away")

    [seen] = await _found(tmp_path, repair=True)

    assert ("blobs/ is empty" in seen.text, seen.bad, seen.done) == (True, True, "")
    blobs.rmdir()
    away.rename(blobs)
    assert await _found(tmp_path, repair=True) == []
    assert item.path.exists()


async def test_repair_on_a_full_disk_deletes_nothing_that_can_be_restored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: bytes that cannot be written now are not lost."""
    item = await _made(tmp_path, metadata="off")
    item.path.unlink()

    with monkeypatch.context() as full:
        full.setattr(blob_check, "sync_file", _fails(errno.ENOSPC))
        [seen] = await _found(tmp_path, repair=True)
    assert (seen.bad, seen.done) == (True, "")
    assert "could not be repaired (No space left on device)" in seen.text
    assert list((_home(tmp_path) / "spool").iterdir()) == []

    [repaired] = await _found(tmp_path, repair=True)
    assert "restored from the readable copy" in repaired.done


async def test_a_file_that_cannot_be_read_is_not_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: a read error may be temporary."""
    item = await _made(tmp_path, output_dir=None)

    with monkeypatch.context() as failing:
        failing.setattr(hashlib, "file_digest", _fails(errno.EIO))
        [seen] = await _found(tmp_path, repair=True)

    assert (seen.bad, seen.done) == (True, "")
    assert item.path.exists()
    assert await _found(tmp_path, repair=True) == []


def _fails(code: int) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    return fail


async def test_an_old_file_without_a_row_is_quarantined(tmp_path: Path) -> None:
    """*Chosen*: it may be a paid result; for an hour a transaction may still add its row."""
    await _made(tmp_path)
    paths = []
    for data, age in ((b"old", HOURS_AGO), (b"new", time.time())):
        path = blob_path(_home(tmp_path), hashlib.sha256(data).hexdigest())
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (age, age))
        paths.append(path)

    [seen] = await _found(tmp_path)
    assert (seen.bad, seen.done) == (False, "")
    [repaired] = await _found(tmp_path, repair=True)

    assert repaired.done == "1 file moved to quarantine/"
    assert [path.exists() for path in paths] == [False, True]
    [name] = _quarantine(tmp_path)
    assert name == f"{paths[0].name}.unnamed"
    age = time.time() - (_home(tmp_path) / "quarantine" / name).stat().st_mtime
    assert age < 600  # or the next sweep would delete it


async def test_counters_are_recomputed_from_jobs_and_ledger(tmp_path: Path) -> None:
    """*Chosen*: reserved is the sum for unfinished jobs, spent the sum of charges."""
    await _made(tmp_path)
    change(
        _home(tmp_path),
        "INSERT INTO jobs (id, owner, upstream, operation, arguments, deferred, state, day, price,"
        " price_list, charged, created_at) SELECT 'waits', owner, upstream, operation, '{}', 0,"
        " 'paused', day, 4000, price_list, 'reserved', 1 FROM jobs",
    )
    change(_home(tmp_path), "UPDATE spending SET reserved = 9, spent = 1")

    [seen] = await _found(tmp_path)
    assert seen.bad
    assert money(_home(tmp_path)) == (9, 1)
    [repaired] = await _found(tmp_path, repair=True)

    assert repaired.done
    assert money(_home(tmp_path)) == (4_000, 3_000)
    assert await _found(tmp_path) == []


async def test_missing_counters_of_a_day_are_created(tmp_path: Path) -> None:
    """*Chosen*: the ledger is authoritative."""
    await _made(tmp_path)
    change(_home(tmp_path), "DELETE FROM spending")

    assert len(await _found(tmp_path, repair=True)) == 1
    assert money(_home(tmp_path)) == (0, 3_000)


async def test_repair_deletes_leftover_imports_and_quarantines_responses(tmp_path: Path) -> None:
    """*Chosen*: what an import left is useless; a response without a job may have been charged."""
    item = await _made(tmp_path)
    spool = _home(tmp_path) / "spool"
    for name in ("import-1.part", "abcdefghjk.1.body", "abcdefghjk.1.3.part", f"{item.job}.1.body"):
        (spool / name).write_bytes(b"x")
        os.utime(spool / name, (HOURS_AGO, HOURS_AGO))
    (spool / "zbcdefghjk.1.body").write_bytes(b"x")  # new: its job may be about to be inserted

    found = await _found(tmp_path, repair=True)

    assert sorted((each.bad, each.done) for each in found) == [
        (False, "1 file removed"),
        (True, "moved to quarantine/"),
        (True, "moved to quarantine/"),
    ]
    assert _quarantine(tmp_path) == ["abcdefghjk.1.3.part", "abcdefghjk.1.body"]
    assert {path.name for path in spool.iterdir()} == {f"{item.job}.1.body", "zbcdefghjk.1.body"}


async def test_dead_processes_are_counted_and_live_ones_are_not(tmp_path: Path) -> None:
    """*Chosen*: opening a studio recovers their jobs; a check does not."""
    await _made(tmp_path)
    (_home(tmp_path) / "locks" / "dead.lock").touch()
    change(
        _home(tmp_path), "INSERT INTO processes VALUES ('gone', 'emulator', 1, 'test', 1, NULL, 0)"
    )

    async with open_studio(settings_in(tmp_path)):  # recovers the dead, and is alive
        assert await _found(tmp_path) == []
    (_home(tmp_path) / "locks" / "dead.lock").touch()
    [seen] = await _found(tmp_path)

    assert seen.text == "1 process stopped unexpectedly"
    assert not seen.bad


async def test_a_store_in_use_has_no_findings(tmp_path: Path) -> None:
    """*Chosen*: reserved, sent and storing jobs are normal."""
    async with paced(settings_in(tmp_path), latency=0.5) as studio:

        async def make(number: int) -> None:
            await studio.call("generate_core", {"prompt": f"lighthouse number {number}"}, wait=30)

        async with anyio.create_task_group() as group:
            for number in range(3):
                group.start_soon(make, number)
            with anyio.fail_after(30):
                while money(_home(tmp_path))[1] < 9_000:
                    assert await _found(tmp_path, repair=True) == []
                    await anyio.sleep(0.01)


async def test_a_damaged_database_is_reported_and_not_repaired(tmp_path: Path) -> None:
    """*Chosen*: a backup is better than any repair by the program."""
    await _made(tmp_path)
    path = _home(tmp_path) / "store.db"
    pages = rows(_home(tmp_path), "SELECT rootpage FROM sqlite_master WHERE name = 'media_blob'")
    [(size,)] = rows(_home(tmp_path), "PRAGMA page_size")
    data = bytearray(path.read_bytes())
    at = (pages[0][0] - 1) * size
    data[at : at + size] = os.urandom(size)
    path.write_bytes(bytes(data))

    [seen] = await _found(tmp_path, repair=True)

    assert (seen.bad, seen.done, "is damaged" in seen.text) == (True, "", True)
