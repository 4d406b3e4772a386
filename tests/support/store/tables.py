"""The tables and indexes of a store, independent of how their SQL is written."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

_WHERE = re.compile(r"\bWHERE\b(.*)", re.DOTALL | re.IGNORECASE)
_CHECK = re.compile(r"\bCHECK\b\s*\(([^)]*)\)", re.IGNORECASE)


def tables(home: Path) -> dict[str, Any]:
    """Return each table and index of a store by name, in a comparable form."""
    with closing(sqlite3.connect(home / "store.db")) as connection:
        found = connection.execute("SELECT name, sql FROM sqlite_master").fetchall()
        return {name: _facts(connection, name, _plain(sql or "")) for name, sql in found}


def columns(home: Path) -> dict[str, list[str]]:
    """Return the columns of each of our tables."""
    with closing(sqlite3.connect(home / "store.db")) as connection:
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        ).fetchall()
        return {
            name: [row[1] for row in connection.execute(f"PRAGMA table_info('{name}')")]
            for (name,) in names
        }


def _facts(connection: sqlite3.Connection, name: str, sql: str) -> tuple[Any, ...]:
    where = _WHERE.search(sql)
    return (
        sorted(_column(row) for row in connection.execute(f"PRAGMA table_xinfo('{name}')")),
        sorted(row[1:] for row in connection.execute(f"PRAGMA index_list('{name}')")),
        sorted(row[2:] for row in connection.execute(f"PRAGMA foreign_key_list('{name}')")),
        [(row[0], row[2:]) for row in connection.execute(f"PRAGMA index_xinfo('{name}')")],
        [row[3:] for row in connection.execute("PRAGMA table_list") if row[1] == name],
        where[1] if where and sql.upper().startswith("CREATE INDEX") else None,
        sorted(_CHECK.findall(sql)),
        "AUTOINCREMENT" in sql,
    )


def _column(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a column without its position; older versions wrote the default 0 as '0'."""
    _, name, kind, required, default, key, hidden = row
    number = re.fullmatch(r"'(\d+)'", default or "")
    return name, kind, required, number[1] if number else str(default), key, hidden


def _plain(sql: str) -> str:
    without = re.sub(r"--[^\n]*", "", sql).replace('"', "")
    return " ".join(without.replace("UNIQUE INDEX", "INDEX").split())
