"""Backups and restores for tests, also in processes that are killed."""

import hashlib
import os
import signal
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import anyio

from stability_mcp.maintenance.backup import Backup, BackupTarget
from stability_mcp.maintenance.backup_format import Kind, Manifest
from stability_mcp.maintenance.repair import Finding, StoreCheck
from stability_mcp.maintenance.restore import Restore, Restored
from stability_mcp.store.database import Database
from support.jobs.worker_process import end_at

SHARED_MEMORY = "store.db-shm"
"""SQLite's locks and read marks: they change with every reader."""

ENDS = {
    # where a restore is killed: whether the store is the old one or the new one then
    "inside maintenance.end_restored": "old",
    "before restore.keep": "old",
    "after restore.keep": "old",
    "before restore.blobs": "old",
    "after restore.blobs": "old",
    "before restore.replace": "old",
    "after restore.replace": "new",
}


def tree(folder: Path) -> Mapping[str, str]:
    """Return the hash of each file in a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != SHARED_MEMORY
    }


async def back_up(home: Path, file: Path, kind: Kind = "api", **more: bool) -> Manifest:
    """Back up a store; it may be open in this process too."""
    database = await anyio.to_thread.run_sync(Database, home)
    try:
        target = BackupTarget(file=file, data_folder=home, **more)
        return await Backup(
            database=database, target=target, kind=kind, progress=lambda *_: None
        ).write()
    finally:
        await database.close()


async def restore(home: Path, file: Path, kind: Kind = "api") -> Restored:
    """Restore a store."""
    return await Restore(home=home, file=file, kind=kind, progress=lambda *_: None).run()


async def findings(home: Path) -> list[Finding]:
    """Return what a check of the store finds."""
    database = await anyio.to_thread.run_sync(Database, home)
    try:
        return [each async for each in StoreCheck(database, repair=False).findings()]
    finally:
        await database.close()


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killed_backup(home: str, file: str, at: str) -> None:
    """Back up a store and be killed when `at` percent of the bytes are written."""

    def progress(done: int, total: int) -> None:
        if done * 100 >= total * int(at):
            _kill()

    async def run() -> None:
        database = Database(Path(home))
        target = BackupTarget(file=Path(file), data_folder=Path(home), force=True)
        await Backup(database=database, target=target, kind="api", progress=progress).write()

    anyio.run(run)


def killed_restore(home: str, file: str, place: str) -> None:
    """Restore a store and be killed at `place`: see `ENDS`, or `unpacking`."""
    kill = (lambda *_: _kill()) if place == "unpacking" else (lambda *_: None)
    observer = end_at(place, signal.SIGKILL)
    made = partial(Restore, home=Path(home), file=Path(file), kind="api", progress=kill)
    anyio.run(made(observer=observer).run)
