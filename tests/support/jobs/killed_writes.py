"""Building blocks of kill tables, and the child process that is killed inside one write."""

import pkgutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

from stability_mcp.client.models import Answer
from stability_mcp.store.database import Database
from support.jobs.jobs import AccountJobs, Wire, account_jobs, answer, succeeds
from support.jobs.upstream import sound
from support.jobs.worker_process import end_at
from support.store.rows import execute

Act = Callable[[Database], Awaitable[None]]
"""What runs in a child until it is killed."""

Read = Callable[[Database], Awaitable[object]]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A write that a caller requests: it happens completely or not at all."""

    act: Act
    """What is killed, and done again by the next process."""
    read: Read
    old: object
    """What `read` returns after the kill."""
    new: object
    """What it returns after the act was done again."""
    arrange: Callable[[Path], Awaitable[None]] | None = None
    """Prepares the store; not killed."""
    sound: bool = True
    """Whether a store check finds nothing wrong after the kill."""


def end(table: str, name: str, home: str, place: str) -> None:
    """Run the act of a row and be killed at `place`.

    Args:
        table: The table, as `module:NAME`.
        name: The name of the write, which is the key of the row.
        home: Folder of the store.
        place: See `worker_process.end_at`.
    """
    row = pkgutil.resolve_name(table)[name]
    act: Act = row.act if isinstance(row, Row) else row

    async def run() -> None:
        await act(Database(Path(home), end_at(place, signal.SIGKILL)))

    anyio.run(run)


@asynccontextmanager
async def opened(home: Path) -> AsyncIterator[Database]:
    """Open a store until the block ends."""
    database = await anyio.to_thread.run_sync(Database, home)
    try:
        yield database
    finally:
        await database.close()


def sql(query: str) -> Callable[[Database], Awaitable[list[tuple[Any, ...]]]]:
    """Return a reader of the rows of a query."""

    async def read(database: Database) -> list[tuple[Any, ...]]:
        return await database.read(lambda c: execute(c, query))

    return read


async def only_id(database: Database, table: str) -> str:
    """Return the id of the only row of a table."""
    [(found,)] = await sql(f"SELECT id FROM {table}")(database)  # noqa: S608 -- names in this folder
    return str(found)


async def write(database: Database, *statements: str) -> None:
    """Run statements that the program itself has no command for."""
    await database.write(lambda c: [execute(c, each) for each in statements], name="test.write")


@asynccontextmanager
async def started(
    database: Database,
    wire: Wire | None = None,
    **limits: Any,  # noqa: ANN401 -- limits of `account_jobs`
) -> AsyncIterator[AccountJobs]:
    """Run jobs until the block ends; the balance is stored, so it is not queried."""
    async with account_jobs(database, wire or Wire([succeeds()]), **limits) as jobs:
        await jobs.jobs.remember_balance(100)
        yield jobs


def result_ready(body: Path) -> Answer:
    """Answer a poll with the result of the generation."""
    body.write_bytes(sound())
    return answer(media_type="audio/wav")
