"""`stability-mcp backup`: one complete file, while servers use the store."""

import errno
import io
import json
import os
import re
import signal
import stat
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import anyio
import pytest

from stability_mcp.errors import ArgumentsError, StorageError
from stability_mcp.maintenance import backup
from stability_mcp.maintenance.backup_format import BackupWriter, read_members
from stability_mcp.maintenance.retention import DAY_SECONDS, Keep, Retention, Swept
from stability_mcp.media import deletion
from stability_mcp.media.library import MediaLibrary
from stability_mcp.store.database import Database
from stability_mcp.store.format import BACKUP_LOCK
from stability_mcp.store.locks import HeldLock
from stability_mcp.studio import open_studio
from support.jobs.forks import Forks
from support.jobs.jobs import ACCOUNT, Wire, core, picture, running_jobs, succeeds
from support.jobs.upstream import counting_upstream
from support.maintenance.backups import back_up, findings, restore
from support.server.host import connected
from support.server.in_memory import settings_in
from support.store.rows import rows

pytestmark = pytest.mark.anyio

LEDGER = "SELECT id, job, attempt, credits, state FROM charges ORDER BY id"
SPENT = (
    "SELECT (SELECT coalesce(sum(credits), 0) FROM charges WHERE state IN ('charged', 'assumed')),"
    " (SELECT coalesce(sum(spent), 0) FROM spending)"
)
UNFINISHED = (
    "SELECT (SELECT coalesce(sum(price), 0) FROM jobs WHERE charged = 'reserved' AND finished_at"
    " IS NULL), (SELECT coalesce(sum(reserved), 0) FROM spending)"
)


async def two_results(home: Path) -> None:
    """Make two results, "first" and "second"."""
    async with running_jobs(home, Wire([succeeds(picture(2)), succeeds(picture(3))])) as jobs:
        for prompt in ("first", "second"):
            made = await jobs.submit(core(prompt), tool="test", labels=[prompt])
            await jobs.wait(made.job_ids, 10)


def names(folder: Path) -> list[str]:
    """Return the names in a folder."""
    return sorted(path.name for path in folder.iterdir())


def database_of(file: Path, folder: Path) -> Path:
    """Take the database out of a backup, with another program's reader; returns its folder."""
    with tarfile.open(file) as archive:
        archive.extractall(folder, filter="data")
    return folder


async def test_another_program_reads_what_is_in_a_backup(tmp_path: Path) -> None:
    """Documented (docs/files-and-folders.md): a tar file with a manifest, for its owner only."""
    home, file = tmp_path / "home", tmp_path / "b.tar"
    await two_results(home)
    (home / "http-token").write_text("a secret")

    manifest = await back_up(home, file)

    folder = database_of(file, tmp_path / "unpacked")
    blobs = [path for path in (folder / "blobs").rglob("*") if path.is_file()]
    stored = json.loads((folder / "manifest.json").read_text())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (stored["media"], stored["jobs"], stored["charged"]) == (2, 2, 6_000)
    assert (stored["kind"], stored["schema"]) == ("api", manifest.schema)
    assert sum(path.stat().st_size for path in blobs) == stored["blob_bytes"]
    assert rows(folder, LEDGER) == rows(home, LEDGER)
    assert names(folder) == ["blobs", "manifest.json", "store.db"]
    assert b"a secret" not in file.read_bytes()
    assert names(tmp_path) == ["b.tar", "home", "unpacked"]


async def test_a_backup_replaces_a_file_only_with_force(tmp_path: Path) -> None:
    """*Chosen*: an older backup may be the only good one."""
    home, file = tmp_path / "home", tmp_path / "b.tar"
    await two_results(home)
    file.write_bytes(b"precious")

    with pytest.raises(ArgumentsError, match=r"already exists.*--force"):
        await back_up(home, file)
    assert file.read_bytes() == b"precious"
    await back_up(home, file, force=True)
    assert tarfile.is_tarfile(file)
    for wrong in (tmp_path, tmp_path / "missing" / "b.tar"):
        with pytest.raises(ArgumentsError, match=r"is a folder|There is no folder"):
            await back_up(home, wrong, force=True)


@pytest.mark.parametrize("name", ["b.tar", "backup.tmp/b.tar", "blobs/b.tar", "store.db"])
async def test_no_backup_is_written_into_the_data_folder(name: str, tmp_path: Path) -> None:
    """*Chosen*: it would be lost with the store, and `--force` could replace the store itself."""
    home = tmp_path / "home"
    await two_results(home)
    (home / name).parent.mkdir(exist_ok=True)
    (tmp_path / "link").symlink_to(home)
    before = names(home)
    for folder in (home, tmp_path / "link"):
        with pytest.raises(ArgumentsError, match=r"is inside the data folder"):
            await back_up(home, folder / name, force=True)
    assert set(names(home)) <= {*before, "backup.lock"}


@pytest.mark.skipif(sys.platform == "win32", reason="pipes in folders")
async def test_only_a_plain_file_is_replaced(tmp_path: Path) -> None:
    """*Chosen*: as root, `backup /dev/null --force` would replace the device."""
    home, pipe = tmp_path / "home", tmp_path / "pipe"
    await two_results(home)
    os.mkfifo(pipe)
    with pytest.raises(ArgumentsError, match=r"is a device or a pipe"):
        await back_up(home, pipe, force=True)
    (tmp_path / "dangling").symlink_to(tmp_path / "missing")
    with pytest.raises(ArgumentsError, match=r"already exists"):
        await back_up(home, tmp_path / "dangling")
    with pytest.raises(StorageError, match=r"could not be written: File name too long"):
        await back_up(home, tmp_path / ("b" * 300))


async def test_a_folder_that_cannot_be_synced_gets_its_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Chosen*: network drives are usual for backups, and many can't sync a folder."""
    home, file = tmp_path / "home", tmp_path / "b.tar"
    await two_results(home)

    def fail(_: Path) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(backup, "sync_folder", fail)
    await back_up(home, file)
    assert tarfile.is_tarfile(file)


@pytest.mark.parametrize("damage", ["missing", "changed", "longer"])
async def test_a_damaged_store_gives_no_backup_and_names_the_file(
    damage: str, tmp_path: Path
) -> None:
    """*Chosen*: a backup is complete or isn't there; `doctor --repair` comes first."""
    home, file = tmp_path / "home", tmp_path / "b.tar"
    await two_results(home)
    blob = next(path for path in (home / "blobs").rglob("*") if path.is_file())
    data = blob.read_bytes()
    blob.unlink()
    if damage != "missing":
        blob.write_bytes(data[:-1] + b"!" + b"!" * (damage == "longer"))

    with pytest.raises(StorageError, match=rf"{blob.name}.*doctor --repair"):
        await back_up(home, file)
    assert names(tmp_path) == ["home"]


async def test_files_of_deleted_items_may_be_lost(tmp_path: Path) -> None:
    """*Chosen*: what can be restored is in the backup; what is lost doesn't prevent one."""
    home = tmp_path / "home"
    await two_results(home)
    database = await anyio.to_thread.run_sync(Database, home)
    library = MediaLibrary(database, ACCOUNT)
    first = await library.get("first")
    await deletion.delete(library, [first], now=time.time())
    await database.close()

    assert (await back_up(home, tmp_path / "with.tar")).blobs == 2
    first.path.unlink()
    assert (await back_up(home, tmp_path / "without.tar")).blobs == 1
    await restore(tmp_path / "new", tmp_path / "without.tar")
    assert await findings(tmp_path / "new") == []


async def test_only_one_backup_of_a_store_runs_at_a_time(tmp_path: Path) -> None:
    """*Chosen*: both would remove the folder of the other."""
    home = tmp_path / "home"
    await two_results(home)
    lock = HeldLock(home / BACKUP_LOCK)
    with pytest.raises(StorageError, match=r"Another backup of the store in .* is running"):
        await back_up(home, tmp_path / "b.tar")
    lock.release()
    await back_up(home, tmp_path / "b.tar")


async def test_a_sweep_removes_no_file_while_a_backup_copies_them(tmp_path: Path) -> None:
    """*Chosen*: the rows go, the bytes wait for the next sweep."""
    home = tmp_path / "home"
    await two_results(home)
    then = time.time() - 40 * DAY_SECONDS
    for path in (home / "blobs").rglob("*"):
        os.utime(path, (then, then))
    database = await anyio.to_thread.run_sync(Database, home)
    retention = Retention(
        database, Keep(days=30), clock=lambda: time.time() + 40 * DAY_SECONDS, pause=0
    )
    lock = HeldLock(home / BACKUP_LOCK)

    assert await retention.sweep() == Swept(jobs=2, calls=2)
    lock.release()
    swept = await retention.sweep()
    await database.close()

    assert (swept.files, swept.bytes > 0) == (2, True)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize("percent", ["1", "100"])
async def test_a_killed_backup_leaves_no_file_of_that_name(
    percent: str, forks: Forks, tmp_path: Path
) -> None:
    """*Chosen*: a file without `.part` is complete, and the next backup works."""
    home, file = tmp_path / "home", tmp_path / "b.tar"
    await two_results(home)

    work = "support.maintenance.backups:killed_backup"
    assert await forks.run(work, str(home), str(file), percent) == -signal.SIGKILL

    [left, _] = names(tmp_path)
    assert re.fullmatch(r"b\.tar\.[0-9a-f]+\.part", left)
    assert (await back_up(home, file)).blobs == 2
    assert not (home / "backup.tmp").exists()


async def test_a_backup_under_load_is_the_store_of_one_moment(tmp_path: Path) -> None:
    """*Documented* (docs/jobs-and-money.md): a real server makes paid calls meanwhile."""
    home = tmp_path / "home"
    settings: dict[str, Any] = {"STABILITY_API_KEY": "sk-backup", "STABILITY_BUDGET": "none"}
    async with counting_upstream(pace=0.2) as upstream:
        settings["STABILITY_BASE_URL"] = upstream.url
        async with (
            connected(tmp_path, "auto", **settings) as client,
            anyio.create_task_group() as g,
        ):

            async def call(number: int) -> None:
                for turn in range(5):
                    arguments = {"prompt": f"{number}-{turn}"}
                    await client.call_tool("generate_core", arguments)

            for number in range(6):
                g.start_soon(call, number)
            with anyio.fail_after(30):
                while sum(upstream.charges.values()) < 3:  # noqa: ASYNC110 -- the server is a process
                    await anyio.sleep(0.01)
            before = rows(home, LEDGER)
            manifest = await back_up(home, tmp_path / "b.tar")
            after = {row[0]: row for row in rows(home, LEDGER)}
        posts = upstream.posts.copy()
        folder = database_of(tmp_path / "b.tar", tmp_path / "unpacked")
        ledger = rows(folder, LEDGER)
        [(charged, spent)], [(prices, reserved)] = rows(folder, SPENT), rows(folder, UNFINISHED)

        assert len(before) <= len(ledger) <= len(after)
        for known, found in zip(before, ledger, strict=False):
            assert known[:4] == found[:4]
            assert known[4] in {found[4], "sent"}
        for found in ledger:
            assert found[:4] == after[found[0]][:4]
            assert found[4] in {after[found[0]][4], "sent"}
        assert charged == spent == manifest.charged
        assert prices == reserved

        new = tmp_path / "restored"
        restored = await restore(new, tmp_path / "b.tar")
        settled = rows(new, LEDGER)
        assert await findings(new) == []
        assert [each[:4] for each in settled] == [each[:4] for each in ledger]
        assert {each[4] for each in settled} <= {"charged", "assumed", "free"}
        [(charged, spent)] = rows(new, SPENT)
        assert charged == spent
        assert restored.earlier is None

        chosen = {"api_key": "sk-backup", "base_url": upstream.url, "home": new}
        async with open_studio(settings_in(tmp_path, chosen)) as studio:  # it recovers at once
            states = {job.state for job in (await studio.list_jobs(limit=100)).items}
        assert states <= {"done", "unknown", "cancelled"}
        assert upstream.posts == posts
        assert max(posts.values()) == 1


def test_a_file_of_more_than_eight_gigabytes_needs_no_extension(tmp_path: Path) -> None:
    """*Documented* (GNU tar): its headers have sizes above 8 GB in base 256."""
    size = 9 * 2**30
    header = io.BytesIO()
    with pytest.raises(ValueError, match="changed while it was read"):
        BackupWriter(header).add("manifest.json", size, iter([]))
    path = tmp_path / "sparse.tar"
    path.write_bytes(header.getvalue())
    os.truncate(path, size + 10_240)
    with path.open("rb") as file:
        assert next(read_members(file, path.stat().st_size)).size == size
