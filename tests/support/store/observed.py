"""Stores whose writes fail when a test wants it, and stores whose reads it waits for."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import anyio

from stability_mcp.errors import StorageError
from stability_mcp.store.database import Database, Moment
from stability_mcp.store.queries import Connection

T = TypeVar("T")


class FailingWrites:
    """An observer that fails named writes, as a full disk does.

    Args:
        names: Writes that always fail.
        times: Writes that fail so often, and then succeed.
    """

    def __init__(self, *names: str, times: Mapping[str, int] | None = None) -> None:
        self._left = {**dict.fromkeys(names, math.inf), **(times or {})}
        self.failed: list[str] = []
        """The writes that failed, in order."""

    def __call__(self, moment: Moment, name: str) -> None:
        """Fail before the write begins."""
        if moment == "before" and self._left.get(name, 0) > 0:
            self._left[name] -= 1
            self.failed.append(name)
            raise StorageError("The database cannot be written: database or disk is full.")

    def open(self, home: Path) -> Database:
        """Open a store whose writes fail."""
        return Database(home, self)


class Reads:
    """Counts the reads of a store, by which a test sees that a background task has looked."""

    def __init__(self) -> None:
        self.count = 0
        self._looks = 0
        self._news = anyio.Event()
        self._opened = anyio.Event()
        self._opened.set()

    def open(self, home: Path) -> Database:
        """Open a store whose reads are counted."""
        return _CountedDatabase(home, self)

    def hold(self) -> None:
        """Return what is read from now on only after `release`."""
        self._opened = anyio.Event()

    def release(self) -> None:
        """Return what was read meanwhile."""
        self._opened.set()

    async def more(self, count: int) -> None:
        """Wait for so many more reads."""
        wanted = self.count + count
        with anyio.fail_after(30):
            while self.count < wanted:
                await self._news.wait()

    async def more_looks(self, count: int) -> None:
        """Wait until recovery, which reads only after a change, has looked so many more times."""
        wanted = self._looks + count
        with anyio.fail_after(30):
            while self._looks < wanted:
                await self._news.wait()

    def look(self) -> None:
        """Count a look at whether the store has changed."""
        self._looks += 1
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = anyio.Event()

    async def add(self) -> None:
        """Count a read."""
        self.count += 1
        self._tell()
        await self._opened.wait()


class _CountedDatabase(Database):
    def __init__(self, home: Path, reads: Reads) -> None:
        super().__init__(home)
        self._reads = reads

    async def read(self, work: Callable[[Connection], T]) -> T:
        found = await super().read(work)
        await self._reads.add()
        return found

    def version(self) -> int | None:
        self._reads.look()
        return super().version()
