"""Stores of older programs: brought up to date whole or not at all, with every row kept."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from stability_mcp.errors import StorageError
from stability_mcp.store.database import Database
from stability_mcp.store.format import SCHEMA
from stability_mcp.store.migrations import STEPS, migrate
from support.store.processes import in_processes, migrate_and_die, open_and_close

pytestmark = pytest.mark.anyio

FROZEN = frozen.STORES

def _schema_1(home: Path) -> Path:
    return frozen.thaw(frozen.SCHEMA_1, home)


def _kept(home: Path, columns: Mapping[str, str]) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of these columns, by table."""
    return {
        table: sorted(_rows(home, f"SELECT {names} FROM {table}"), key=repr)  # noqa: S608 -- names of our own tables
        for table, names in columns.items()
    }


def _connect(home: Path) -> sqlite3.Connection:
    return sqlite3.connect(home / "store.db", isolation_level=None)


def _rows(home: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(_connect(home)) as connection:
        return connection.execute(query).fetchall()


def _tables(home: Path) -> dict[str, object]:
    """Return what the tables and indexes are, without how their SQL is written."""
    names = [name for (name,) in _rows(home, "SELECT name FROM sqlite_master ORDER BY name")]
    return {
        name: (
            sorted(row[1:] for row in _rows(home, f"PRAGMA table_xinfo('{name}')")),
            sorted(row[1:] for row in _rows(home, f"PRAGMA index_list('{name}')")),
            _rows(home, f"PRAGMA index_xinfo('{name}')"),
            [row[3:] for row in _rows(home, "PRAGMA table_list") if row[1] == name],
        )
        for name in names
    }


def test_there_is_a_store_of_every_older_schema() -> None:
    """*Chosen*: whoever adds a step freezes a store of the program before it."""
    names = [f"schema_{number}.sql" for number in range(1, SCHEMA)]

    assert [frozen.name for frozen in FROZEN] == names
    assert sorted(STEPS) == list(range(2, SCHEMA + 1))


@pytest.mark.parametrize("frozen", FROZEN, ids=lambda frozen: frozen.stem)
async def test_every_row_of_an_older_store_is_kept(frozen: Path, tmp_path: Path) -> None:
    """*Chosen*: what was paid for outlives an update."""
    home = _made(tmp_path, frozen)
    tables = [
        name for (name,) in _rows(home, "SELECT name FROM sqlite_master WHERE type = 'table'")
    ]
    columns = {
        table: ", ".join(f'"{row[1]}"' for row in _rows(home, f"PRAGMA table_info('{table}')"))
        for table in tables
        if table not in {"meta", "sqlite_sequence"}
    }
    before = _kept(home, columns)

    await Database(home).close()

    assert before["jobs"]
    assert _kept(home, columns) == before
    assert _rows(home, "SELECT value FROM meta WHERE key = 'schema'") == [(str(SCHEMA),)]
    assert _rows(home, "PRAGMA foreign_key_check") == []


async def test_a_store_of_schema_1_opens_and_keeps_every_row(tmp_path: Path) -> None:
    """*Chosen*: changes are additive; the file was made by the program that wrote schema 1."""
    home = _schema_1(tmp_path)

    await Database(home).close()

    assert _rows(home, "SELECT value FROM meta WHERE key = 'schema'") == [(str(SCHEMA),)]
    assert _rows(home, "SELECT id, state, price, told_at FROM jobs") == [
        ("jkjkjkjkj1", "done", 3000, None)
    ]
    assert _rows(home, "SELECT label FROM media") == [("a-lighthouse",)]
    assert _rows(home, "SELECT credits, state FROM charges") == [(3000, "charged")]
    assert _rows(home, "SELECT spent FROM spending") == [(3000,)]
    assert _rows(home, "SELECT count(*) FROM confirmations") == [(0,)]
    assert _rows(home, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("frozen", FROZEN, ids=lambda frozen: frozen.stem)
async def test_a_migrated_store_is_like_a_new_one(frozen: Path, tmp_path: Path) -> None:
    """*Chosen*: both ways lead to the same columns, types, defaults and indexes."""
    old = _made(tmp_path / "old", frozen)
    await Database(old).close()
    await Database(tmp_path / "new").close()

    assert _tables(old) == _tables(tmp_path / "new")


async def test_a_migration_that_ends_in_the_middle_leaves_the_old_store(tmp_path: Path) -> None:
    """*Chosen*: one transaction. A killed process rolls back as a closed connection does."""
    home = _schema_1(tmp_path)
    before = _tables(home)
    broken = {2: (*STEPS[2][:2], "SELECT nothing FROM nowhere")}

    with closing(_connect(home)) as connection, pytest.raises(sqlite3.OperationalError):
        migrate(connection, broken)

    assert _tables(home) == before
    await Database(home).close()
    assert _rows(home, "SELECT value FROM meta WHERE key = 'schema'") == [(str(SCHEMA),)]


@pytest.mark.processes
def test_a_process_killed_in_the_middle_of_a_migration_leaves_the_old_store(tmp_path: Path) -> None:
    """*Chosen*: no start ever finds a column without its version number."""
    home = _schema_1(tmp_path)
    before = _tables(home)

    with pytest.raises(AssertionError):
        in_processes(migrate_and_die, [(str(home),)])

    assert _tables(home) == before
    in_processes(open_and_close, [(str(home),)])
    assert _rows(home, "SELECT value FROM meta WHERE key = 'schema'") == [(str(SCHEMA),)]


@pytest.mark.processes
def test_two_processes_migrate_one_store_at_once(tmp_path: Path) -> None:
    """*Chosen*: the second finds it done, because it reads the number again under the lock."""
    home = _schema_1(tmp_path)

    in_processes(open_and_close, [(str(home),)] * 3)

    assert _rows(home, "SELECT value FROM meta WHERE key = 'schema'") == [(str(SCHEMA),)]
    assert _rows(home, "SELECT count(*) FROM jobs") == [(1,)]


def test_a_store_that_another_process_just_migrated_is_left_alone(tmp_path: Path) -> None:
    """*Chosen*: the number that counts is the one read inside the transaction."""
    home = _schema_1(tmp_path)
    with closing(_connect(home)) as first, closing(_connect(home)) as second:
        migrate(first)
        migrate(second)

    assert _rows(home, "SELECT count(*) FROM meta WHERE key = 'schema'") == [(1,)]


def test_every_step_only_adds(tmp_path: Path) -> None:
    """*Chosen*: a program that is one step older goes on writing, so its statements still run."""
    home = _schema_1(tmp_path)
    with closing(_connect(home)) as connection:
        migrate(connection)
        rows = [
            line
            for line in SCHEMA_1.read_text().splitlines()
            if line.startswith(("INSERT INTO jobs", "INSERT INTO charges"))
        ]
        for line in rows:
            connection.execute(line.replace("jkjkjkjkj1", "another001"))

    assert _rows(home, "SELECT count(*) FROM jobs") == [(2,)]
    assert _rows(home, "SELECT value FROM meta WHERE key = 'oldest_writer'") == [("1",)]


def test_an_older_program_that_may_not_write_names_both_versions(tmp_path: Path) -> None:
    """*Chosen*: one sentence says which schema the store has and which this program writes."""
    home = _schema_1(tmp_path)
    with closing(_connect(home)) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key IN ('schema', 'oldest_writer')")

    with pytest.raises(StorageError, match=rf"schema 99; this program writes {SCHEMA}"):
        Database(home)
