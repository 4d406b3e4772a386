"""Detects changes to a store's database and caches reads until the next change.

The database counts commits in memory shared by all processes, so a check takes microseconds. A
list query takes a thread and a transaction.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from stability_mcp.store.database import Database

T = TypeVar("T")

MAX_AGE_SECONDS = 60.0
"""Seconds after which a read is repeated even without a change: a generation may have expired."""


class ChangeWatch:
    """Reports whether a database has changed since the last check; use it on the event loop.

    Args:
        database: The store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: int | None = None

    def changed(self) -> bool:
        """Return whether to read again; call it before that read."""
        version = self._database.version()
        changed = version is None or version != self._seen
        self._seen = version
        return changed

    def forget(self) -> None:
        """Make the next `changed` return True, for use after a failed read."""
        self._seen = None


class CachedRead(Generic[T]):
    """Caches the result of a read until the database changes.

    Args:
        database: The store.
        read: The read. A result that also depends on the time may be `MAX_AGE_SECONDS` old.
    """

    def __init__(self, database: Database, read: Callable[[], Awaitable[T]]) -> None:
        self._changes = ChangeWatch(database)
        self._read = read
        self._kept: tuple[T] | None = None
        self._newest = object()
        self._read_at = 0.0

    async def get(self) -> T:
        """Return the result of the read, current as of this call."""
        now = time.monotonic()
        if self._changes.changed() or now - self._read_at > MAX_AGE_SECONDS:
            self._kept = None
        if self._kept is not None:
            return self._kept[0]
        self._newest, self._read_at = (mine := object()), now
        found = await self._read()
        if mine is self._newest:  # a later read may have finished first
            self._kept = (found,)
        return found
