"""Tells whether the database of a store has changed, and repeats a read only then.

The database counts commits in memory that all processes share, so asking takes microseconds. A
query of lists takes a thread and a transaction.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from stability_mcp.store.database import Database

T = TypeVar("T")

MAX_KEPT_SECONDS = 60.0
"""Seconds after which a read is repeated without a change: a generation may have expired."""


class ChangeWatch:
    """Tells whether a database has changed since the last look; call it on the event loop.

    Args:
        database: The store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: int | None = None

    def changed(self) -> bool:
        """Return whether to read again; call it before the read that it decides about."""
        version = self._database.version()
        changed = version is None or version != self._seen
        self._seen = version
        return changed

    def forget(self) -> None:
        """Make the next `changed` return True, after a read that failed."""
        self._seen = None


class KeptRead(Generic[T]):
    """Repeats a read only after the database has changed.

    Args:
        database: The store.
        read: Reads what is wanted. What depends on the time as well may be `MAX_KEPT_SECONDS` old.
    """

    def __init__(self, database: Database, read: Callable[[], Awaitable[T]]) -> None:
        self._changes = ChangeWatch(database)
        self._read = read
        self._kept: tuple[T] | None = None
        self._newest = object()
        self._read_at = 0.0

    async def get(self) -> T:
        """Return what the rows say, as of now or later."""
        now = time.monotonic()
        if self._changes.changed() or now - self._read_at > MAX_KEPT_SECONDS:
            self._kept = None
        if self._kept is not None:
            return self._kept[0]
        self._newest, self._read_at = (mine := object()), now
        found = await self._read()
        if mine is self._newest:  # a read that began later may have ended sooner
            self._kept = (found,)
        return found
