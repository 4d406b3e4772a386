"""Opens only the store: to check, sweep, back up and restore it; imported by commands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from anyio import to_thread

from stability_mcp.maintenance.backup import Backup, BackupTarget
from stability_mcp.maintenance.backup_format import Kind, Manifest, Progress
from stability_mcp.maintenance.rehearsal import Plan, rehearse
from stability_mcp.maintenance.repair import Finding, StoreCheck
from stability_mcp.maintenance.restore import Restore, Restored
from stability_mcp.maintenance.restored_rows import EndedJobs
from stability_mcp.maintenance.retention import Keep, Retention
from stability_mcp.maintenance.store_size import StoreSize, store_size
from stability_mcp.settings import EMULATED_FOLDER, Settings
from stability_mcp.store.database import Database
from stability_mcp.store.format import DATABASE
from stability_mcp.store.threads import in_file_thread
from stability_mcp.studio.open import keep_of

__all__ = [
    "BackupTarget",
    "EndedJobs",
    "Finding",
    "Keep",
    "Manifest",
    "Plan",
    "Restored",
    "StoreCheck",
    "StoreSize",
    "StoreTools",
    "back_up",
    "open_for_check",
    "restore",
    "store_in",
]


@dataclass(frozen=True, kw_only=True)
class StoreTools:
    """Checks and measures a store, and removes old rows and files from it."""

    check: StoreCheck
    retention: Retention
    keep: Keep
    """What `retention` keeps."""
    _database: Database = field(repr=False)

    async def plan(self) -> Plan:
        """Return what a sweep would remove now.

        Raises:
            StorageError: the store cannot be read or copied.
        """
        return await rehearse(self._database, self.keep)

    async def size(self) -> StoreSize:
        """Measure the store."""
        return await in_file_thread(lambda: store_size(self._database.home))


@asynccontextmanager
async def open_for_check(
    settings: Settings, *, repair: bool = False, keep: Keep | None = None
) -> AsyncIterator[StoreTools]:
    """Open only the store, to check it while servers are running.

    Args:
        settings: Location of the store, and what retention keeps.
        repair: Whether to repair damage.
        keep: What retention keeps instead.

    Raises:
        StorageError: the data folder cannot be used.
    """
    keep = keep or keep_of(settings)
    database = await to_thread.run_sync(Database, settings.home_dir)
    try:
        yield StoreTools(
            check=StoreCheck(database, repair=repair),
            retention=Retention(database, keep),
            keep=keep,
            _database=database,
        )
    finally:
        await database.close()


async def back_up(settings: Settings, target: BackupTarget, progress: Progress) -> Manifest:
    """Write a backup of the store in use, while servers use it.

    Args:
        settings: Which store.
        target: The file to write.
        progress: Called with the bytes that are done and the total, in another thread.

    Raises:
        ArgumentsError: the file exists, or its folder doesn't.
        StorageError: the store can't be read, or the file can't be written.
    """
    database = await to_thread.run_sync(Database, settings.home_dir)
    try:
        backup = Backup(database=database, target=target, kind=_kind(settings), progress=progress)
        return await backup.write()
    finally:
        await database.close()


async def restore(settings: Settings, file: Path, progress: Progress) -> Restored:
    """Replace the store in use by a backup, while no program uses it.

    Args:
        settings: Which store.
        file: The backup.
        progress: Called with the bytes that are unpacked and the total, in another thread.

    Raises:
        FileUnusableError: the file isn't a backup that this program can restore.
        StorageError: a program uses the store, or the disk is full.
    """
    return await Restore(
        home=settings.home_dir, file=file, kind=_kind(settings), progress=progress
    ).run()


def store_in(settings: Settings, *, emulated: bool) -> Path | None:
    """Return the folder of one of the two stores of a data folder; None: there is none yet."""
    home = settings.base_dir / EMULATED_FOLDER if emulated else settings.base_dir
    return home if (home / DATABASE).exists() else None


def _kind(settings: Settings) -> Kind:
    return "emulator" if settings.emulated else "api"
