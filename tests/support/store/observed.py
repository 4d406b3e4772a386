"""Stores whose writes fail on demand, and stores whose reads a test can wait for."""

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
    """An observer that fails named writes like a full disk.

    Args:
        names: Writes that always fail.
        times: Writes that fail this many times, and then succeed.
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
    """Counts the reads of a store, so that a test can wait for a background task."""

    def __init__(self) -> None:
        self.count = 0
        self._checks = 0
        self._news = anyio.Event()
        self._opened = anyio.Event()
        self._opened.set()

    def open(self, home: Path) -> Database:
        """Open a store whose reads are counted."""
        return _CountedDatabase(home, self)

    def hold(self) -> None:
        """Block reads until `release`."""
        self._opened = anyio.Event()

    def release(self) -> None:
        """Let the blocked reads return."""
        self._opened.set()

    async def more(self, count: int) -> None:
        """Wait for `count` more reads."""
        target = self.count + count
        with anyio.fail_after(30):
            while self.count < target:
                await self._news.wait()

    async def more_checks(self, count: int) -> None:
        """Wait until recovery, which reads only after a change, has checked `count` more times."""
        target = self._checks + count
        with anyio.fail_after(30):
            while self._checks < target:
                await self._news.wait()

    def check(self) -> None:
        """Count a check whether the store has changed."""
        self._checks += 1
        self._notify()

    def _notify(self) -> None:
        self._news.set()
        self._news = anyio.Event()

    async def add(self) -> None:
        """Count a read."""
        self.count += 1
        self._notify()
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
        self._reads.check()
        return super().version()
