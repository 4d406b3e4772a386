"""Direct access to the rows and files of a store, bypassing the program."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from stability_mcp.store import database
from stability_mcp.store.queries import Connection

T = TypeVar("T")

SCHEMA = Path(database.__file__).with_name("schema.sql")
"""The tables of a store."""

COUNTED_BY = 100
"""Virtual machine steps of SQLite per tick."""

MAX_STEPS = 20_000
"""SQLite does more in ten milliseconds; a scan of 100,000 rows takes several hundred thousand."""


def steps(work: Callable[[Connection], T], connection: Connection) -> tuple[T, int]:
    """Run some work; return its result and the number of SQLite steps, equal on any machine."""
    ticks = 0

    def tick() -> None:
        nonlocal ticks
        ticks += 1

    connection.set_progress_handler(tick, COUNTED_BY)
    try:
        found = work(connection)
        return found, ticks * COUNTED_BY
    finally:
        connection.set_progress_handler(None, COUNTED_BY)


def plans(
    work: Callable[[Connection], T], connection: Connection
) -> tuple[T, dict[str, list[str]]]:
    """Run some work; return its result and SQLite's query plan for each of its statements."""
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    try:
        found = work(connection)
    finally:
        connection.set_trace_callback(None)
    explained = {sql: connection.execute(f"EXPLAIN QUERY PLAN {sql}") for sql in statements}
    return found, {sql: [str(row[3]) for row in plan] for sql, plan in explained.items()}


def execute(connection: Connection, statement: str, /, **values: object) -> list[tuple[Any, ...]]:
    """Execute a statement inside a transaction, and return its rows."""
    return connection.execute(statement, values).fetchall()


@contextmanager
def in_memory() -> Iterator[sqlite3.Connection]:
    """Yield a database in memory with the tables of a store and no rows."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        connection.executescript(SCHEMA.read_text(encoding="utf-8"))
        yield connection
    finally:
        connection.close()


def rows(home: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Query the database of a store directly."""
    connection = sqlite3.connect(home / "store.db")
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()


def change(home: Path, statement: str, *values: object) -> int:
    """Change rows of a store directly, and return how many changed."""
    connection = sqlite3.connect(home / "store.db", timeout=30)
    try:
        with connection:
            return connection.execute(statement, values).rowcount
    finally:
        connection.close()


def damage(home: Path, table: str) -> None:
    """Overwrite the first page of a table in a store that isn't open."""
    [(root,)] = rows(home, "SELECT rootpage FROM sqlite_master WHERE name = ?", table)
    [(size,)] = rows(home, "PRAGMA page_size")
    with (home / "store.db").open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)


def money(home: Path) -> tuple[int, int]:
    """Return the reserved and spent credits over all days, in millicredits."""
    [found] = rows(home, "SELECT coalesce(sum(reserved), 0), coalesce(sum(spent), 0) FROM spending")
    return found[0], found[1]


def ledger(home: Path) -> list[str]:
    """Return the states of all charges, in order."""
    return [state for (state,) in rows(home, "SELECT state FROM charges ORDER BY id")]


def spool(home: Path) -> list[str]:
    """Return the names of the files in the spool."""
    return sorted(path.name for path in (home / "spool").iterdir())
