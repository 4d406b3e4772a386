"""Opens only the store: to check, sweep, back up and restore it; imported by commands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from anyio import to_thread

from stability_mcp.maintenance.rehearsal import Plan, rehearse
from stability_mcp.maintenance.repair import Finding, StoreCheck
from stability_mcp.maintenance.retention import Keep, Retention
from stability_mcp.maintenance.store_size import StoreSize, store_size
from stability_mcp.settings import Settings
from stability_mcp.store.database import Database
from stability_mcp.store.threads import in_file_thread
from stability_mcp.studio.open import keep_of

__all__ = ["Finding", "Keep", "Plan", "StoreCheck", "StoreSize", "StoreTools", "open_for_check"]


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
