"""Names the running programs that use a store."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from stability_mcp.store.format import DATABASE, LOCK_SUFFIX
from stability_mcp.store.locks import is_locked
from stability_mcp.store.queries import Connection, load


@dataclass(frozen=True, slots=True)
class RunningProcess:
    """A process that uses the store."""

    id: str
    program: str
    pid: int
    started_at: float
    """Unix seconds."""


_SQL = load(__file__)
_processes = _SQL.many("processes", RunningProcess)

UNNAMED = "a program that just started"
"""A process that holds its lock but has no row yet."""


def living_processes(home: Path) -> set[str]:
    """Return the ids of the processes that hold their lock; blocks."""
    locks = (home / "locks").glob(f"*{LOCK_SUFFIX}")
    return {path.name.removesuffix(LOCK_SUFFIX) for path in locks if is_locked(path)}


def running_processes(connection: Connection, living: set[str]) -> list[RunningProcess]:
    """Return the processes among these that have a row, in the order in which they started."""
    found = [each for each in _processes(connection) if each.id in living]
    return sorted(found, key=lambda each: (each.started_at, each.id))


def running_programs(connection: Connection, living: set[str]) -> str:
    """Return the programs of some processes, such as `stability-mcp (process 4711)`."""
    known = {each.id: f"{each.program} (process {each.pid})" for each in _processes(connection)}
    return ", ".join(sorted(known.get(each, UNNAMED) for each in living))


def programs_of(home: Path) -> str:
    """Return the programs that use a store, or "" if there are none; blocks.

    A database that can't be read names no programs.
    """
    living = living_processes(home)
    if not living:
        return ""
    try:
        with closing(sqlite3.connect(home / DATABASE, isolation_level=None)) as connection:
            connection.execute("PRAGMA query_only=ON")
            return running_programs(connection, living)
    except sqlite3.Error:
        return UNNAMED
