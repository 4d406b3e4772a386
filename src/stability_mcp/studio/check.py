"""Opens only the store, to check and repair it; imported by `doctor`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from anyio import to_thread

from stability_mcp.maintenance.repair import Finding, StoreCheck
from stability_mcp.maintenance.retention import Retention
from stability_mcp.settings import Settings
from stability_mcp.store.database import Database

__all__ = ["Finding", "StoreCheck", "StoreTools", "open_for_check"]


@dataclass(frozen=True, kw_only=True)
class StoreTools:
    """Checks a store, and removes old rows and files from it."""

    check: StoreCheck
    retention: Retention


@asynccontextmanager
async def open_for_check(settings: Settings, *, repair: bool) -> AsyncIterator[StoreTools]:
    """Open only the store, to check it while servers are running.

    Args:
        settings: Location of the store and retention period.
        repair: Whether to repair damage.

    Raises:
        StorageError: the data folder cannot be used.
    """
    database = await to_thread.run_sync(Database, settings.home_dir)
    try:
        yield StoreTools(
            check=StoreCheck(database, repair=repair),
            retention=Retention(database, keep_days=settings.keep_days),
        )
    finally:
        await database.close()
