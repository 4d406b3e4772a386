"""Writes that wait together behind a running one, so that they share the next commit."""

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import TaskGroup

from stability_mcp.store.database import Database, Moment
from stability_mcp.store.queries import Connection
from support.store.rows import execute

SECONDS = 60
"""Timeout for events that come at once."""


def orphan(connection: Connection) -> None:
    """Insert a row that the commit refuses: a charge without a job."""
    execute(connection, "PRAGMA defer_foreign_keys=ON")
    execute(
        connection, "INSERT INTO charges VALUES (1000, 'o', 'u', 'no job', 1, 'd', 0, 'sent', 0)"
    )


@dataclass(eq=False)
class Outcome:
    """The outcome of a write."""

    result: object = None
    error: BaseException | None = None


@dataclass
class Log:
    """The events of the writer in order: the name of each write, and COMMIT."""

    events: list[str] = field(default_factory=list)

    def observe(self, moment: Moment, name: str) -> None:
        """Record a write when it is inside its transaction."""
        if moment == "inside":
            self.events.append(name)

    def trace(self, connection: Connection) -> None:
        """Record the commits of a connection from now on."""
        connection.set_trace_callback(self._statement)

    def groups(self) -> list[list[str]]:
        """Return the names of the writes in each commit."""
        found: list[list[str]] = [[]]
        for event in self.events:
            if event == "COMMIT":
                found.append([])
            else:
                found[-1].append(event)
        return found[:-1]

    def _statement(self, sql: str) -> None:
        if sql == "COMMIT":
            self.events.append(sql)


@dataclass
class Waiting:
    """The writes that wait behind the first one."""

    database: Database
    group: TaskGroup
    outcomes: list[Outcome] = field(default_factory=list)
    """The outcomes in the order of submission."""
    ended: list[Outcome] = field(default_factory=list)
    """The outcomes in the order of completion."""

    def write(
        self, work: Callable[[Connection], Any], *, name: str = "test.write", **how: bool
    ) -> Outcome:
        """Submit a write."""
        outcome = Outcome()
        self.outcomes.append(outcome)
        self.group.start_soon(partial(self._write, outcome, work, name=name, **how))
        return outcome

    async def _write(
        self, outcome: Outcome, work: Callable[[Connection], Any], *, name: str, **how: bool
    ) -> None:
        try:
            outcome.result = await self.database.write(work, name=name, **how)
        except BaseException as error:  # noqa: BLE001 -- the test checks it
            outcome.error = error
        self.ended.append(outcome)


@asynccontextmanager
async def together(
    database: Database, first: Callable[[Connection], object] | None = None
) -> AsyncIterator[Waiting]:
    """Let the writes submitted in the block wait together; all have ended when it exits.

    Args:
        database: The store.
        first: The work of the write they wait for.
    """
    began, release = threading.Event(), threading.Event()

    def hold(connection: Connection) -> None:
        if first is not None:
            first(connection)
        began.set()
        assert release.wait(SECONDS)

    with anyio.fail_after(SECONDS):
        async with anyio.create_task_group() as group:
            try:
                group.start_soon(partial(database.write, hold, name="test.first"))
                assert await anyio.to_thread.run_sync(began.wait, SECONDS)
                yield Waiting(database, group)
                await anyio.wait_all_tasks_blocked()
            finally:
                release.set()


@asynccontextmanager
async def logged(home: Path) -> AsyncIterator[tuple[Database, Log]]:
    """Open a store whose commits are recorded, and close it when the block ends."""
    log = Log()
    database = await anyio.to_thread.run_sync(Database, home, log.observe)
    try:
        await database.write(log.trace, name="test.trace")
        log.events.clear()
        yield database, log
    finally:
        await database.close()
