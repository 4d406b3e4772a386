"""What a store holds, read beside the program."""

import sqlite3
from pathlib import Path
from typing import Any


def rows(home: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Ask the database of a store, beside the program."""
    connection = sqlite3.connect(home / "store.db")
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()


def money(home: Path) -> tuple[int, int]:
    """Return what is held and spent over all days, in millicredits."""
    [found] = rows(home, "SELECT coalesce(sum(held), 0), coalesce(sum(spent), 0) FROM spending")
    return found[0], found[1]


def ledger(home: Path) -> list[str]:
    """Return the states of all charges in order."""
    return [state for (state,) in rows(home, "SELECT state FROM charges ORDER BY id")]


def spool(home: Path) -> list[str]:
    """Return what is left in the spool."""
    return sorted(path.name for path in (home / "spool").iterdir())
