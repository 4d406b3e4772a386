"""Stores of older versions: migrated completely or not at all, with every row kept."""

import signal
import sqlite3
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, get_args

import pytest

from stability_mcp.errors import StorageError
from stability_mcp.jobs.models import State
from stability_mcp.jobs.process_lock import ProcessLock
from stability_mcp.store.database import Database, check_writable
from stability_mcp.store.format import OLDEST_WRITER, SCHEMA, lock_path
from stability_mcp.store.migrations import migrate, statements, steps
from support.store import frozen
from support.store.migrating import contents, kill_at_every_statement, update
from support.store.processes import in_processes, open_and_close
from support.store.rows import rows
from support.store.tables import columns, tables

pytestmark = pytest.mark.anyio

FROZEN = [*frozen.STORES, frozen.EMULATOR_3]
BREAKING = 4
"""The first migration step that older versions cannot work with."""

STRIPPED = "Its details and results left the store after STABILITY_KEEP_DAYS; its charge is kept."

RENAMED = {
    ("calls", "handed_at"): "delivered_at",
    ("calls", "said"): "notes",
    ("confirmations", "call_key"): "question_key",
    ("jobs", "epoch"): "lease_version",
    ("jobs", "lane"): "priority",
    ("jobs", "told_at"): "notified_at",
    ("spending", "held"): "reserved",
}
"""The name of a column in schema 4, by its older name."""

CHANGED: Mapping[tuple[str, str], Callable[[Any], Any]] = {
    ("jobs", "charged"): lambda charged: "reserved" if charged == "held" else charged,
    ("jobs", "error"): lambda error: None if error == STRIPPED else error,
    ("jobs", "told_at"): lambda at: None if at is None or at < 0 else at,
    ("meta", "key"): lambda key: key.replace("told_since:", "notify_since:").replace(
        "patience:", "client_timeouts:"
    ),
}
"""The value in schema 4, by the older column."""


def _schema_1(home: Path) -> Path:
    return frozen.thaw(frozen.SCHEMA_1, home)


def _connect(home: Path) -> sqlite3.Connection:
    return sqlite3.connect(home / "store.db", isolation_level=None)


def _meta(home: Path) -> dict[str, str]:
    return dict(rows(home, "SELECT key, value FROM meta"))


def _rows(home: Path, table: str, names: Sequence[str]) -> list[dict[str, Any]]:
    listed = ", ".join(f'"{name}"' for name in names)
    found = rows(home, f"SELECT {listed} FROM {table}")  # noqa: S608 -- our own table names
    return [dict(zip(names, row, strict=True)) for row in found]


def _as_of_schema_4(table: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of an older store as in schema 4, without columns it did not have."""
    values = {name: CHANGED.get((table, name), _same)(value) for name, value in row.items()}
    return {RENAMED.get((table, name), name): value for name, value in values.items()}


def _same(value: object) -> object:
    return value


def _in_order(found: Iterable[dict[str, Any]]) -> list[str]:
    return sorted(repr(row) for row in found if row.get("key") not in {"schema", "oldest_writer"})


def test_there_is_a_store_of_every_older_schema() -> None:
    """*Chosen*: a new migration step comes with a frozen store of the version before it."""
    names = [f"schema_{number}.sql" for number in range(1, SCHEMA)]

    assert [store.name for store in frozen.STORES] == names
    assert sorted(steps(sys.maxsize)) == list(range(2, SCHEMA + 1))


@pytest.mark.parametrize("store", FROZEN, ids=lambda store: store.stem)
async def test_a_migrated_store_has_the_schema_of_a_new_one(store: Path, tmp_path: Path) -> None:
    """*Chosen*: the same columns, types, defaults and indexes."""
    old = frozen.thaw(store, tmp_path / "old")
    await Database(old).close()
    await Database(tmp_path / "new").close()

    assert tables(old) == tables(tmp_path / "new")
    assert _meta(old)["schema"] == str(SCHEMA)


@pytest.mark.parametrize("store", FROZEN, ids=lambda store: store.stem)
def test_every_row_of_an_older_store_is_kept(store: Path, tmp_path: Path) -> None:
    """*Chosen*: paid results survive an update; only names and representations change."""
    home = frozen.thaw(store, tmp_path)
    before = {
        table: [_as_of_schema_4(table, row) for row in _rows(home, table, names)]
        for table, names in columns(home).items()
    }

    update(home)

    assert before["jobs"]
    for table, expected in before.items():
        names = list(expected[0]) if expected else columns(home)[table]
        assert _in_order(_rows(home, table, names)) == _in_order(expected)
    assert rows(home, "PRAGMA foreign_key_check") == []
    assert rows(home, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("store", [frozen.SCHEMA_3, frozen.EMULATOR_3], ids=lambda at: at.stem)
def test_columns_with_two_meanings_are_split_in_two(store: Path, tmp_path: Path) -> None:
    """*Chosen*: no sign, error text or price carries a second meaning."""
    home = frozen.thaw(store, tmp_path)
    old = {row["id"]: row for row in _rows(home, "jobs", columns(home)["jobs"])}

    update(home)

    names = ["id", "origin", "stripped_at", "notified_at", "notify_after"]
    for row in _rows(home, "jobs", names):
        was = old[row["id"]]
        at = was["told_at"]
        assert row == {
            "id": was["id"],
            "origin": "call" if was["price"] else "adopted",
            "stripped_at": was["finished_at"] if was["error"] == STRIPPED else None,
            "notified_at": at if at is not None and at >= 0 else None,
            "notify_after": -at if at is not None and at < 0 else None,
        }


def test_the_frozen_store_has_every_kind_of_row(tmp_path: Path) -> None:
    """*Chosen*: the migration tests cover only rows that the frozen store has."""
    home = frozen.thaw(frozen.SCHEMA_3, tmp_path)
    update(home)

    def count(table: str, what: str) -> int:
        [(found,)] = rows(home, f"SELECT count(*) FROM {table} WHERE {what}")  # noqa: S608 -- our own conditions
        return int(found)

    states = {state for (state,) in rows(home, "SELECT state FROM jobs")}
    assert states == set(get_args(State))
    assert {state for (state,) in rows(home, "SELECT state FROM charges")} == {
        "sent",
        "charged",
        "assumed",
        "free",
    }
    assert count("jobs", "state = 'unknown' AND generation IS NOT NULL") == 1
    assert count("jobs", "notified_at > finished_at") == 1
    assert count("jobs", "notified_at < finished_at") == 1
    assert count("jobs", "notify_after IS NOT NULL") == 3
    assert count("jobs", "stripped_at IS NOT NULL") == 3
    assert count("jobs", "origin = 'adopted'") == 4
    assert count("jobs", "origin = 'adopted' AND stripped_at IS NOT NULL") == 1
    assert count("jobs", "priority = 1") == 3
    assert count("jobs", "charged = 'reserved'") == 11
    assert count("spending", "reserved > 0") == 2
    assert count("calls", "joined IS NOT NULL") == 1
    assert count("calls", "abandoned_at IS NOT NULL") == 3
    assert count("calls", "delivered_at IS NOT NULL") == 3
    assert count("calls", "notes IS NOT NULL") == 1
    assert count("calls", "cached IS NOT NULL") == 1
    assert count("media", "deleted_at IS NOT NULL") == 1
    assert count("media", "label = 'lighthouse-2'") == 1
    assert count("meta", "key LIKE 'client_timeouts:%'") == 2
    assert count("meta", "key LIKE 'ceiling:%'") == 1


def test_a_failed_migration_leaves_the_old_store(tmp_path: Path) -> None:
    """*Chosen*: one transaction. A killed process rolls back like a closed connection."""
    home = _schema_1(tmp_path)
    before = contents(home)
    broken = {2: [*steps()[2][:2], "SELECT nothing FROM nowhere"]}

    with closing(_connect(home)) as connection, pytest.raises(sqlite3.OperationalError):
        migrate(connection, home, broken)

    assert contents(home) == before
    update(home)
    assert _meta(home)["schema"] == str(SCHEMA)


@pytest.mark.processes
@pytest.mark.skipif(sys.platform == "win32", reason="forks")
@pytest.mark.parametrize("store", [frozen.SCHEMA_1, frozen.SCHEMA_3], ids=lambda at: at.stem)
def test_a_kill_at_any_statement_leaves_the_old_store(store: Path, tmp_path: Path) -> None:
    """*Chosen*: no process ever finds a new column with an old version number."""
    home = frozen.thaw(store, tmp_path)
    before = contents(home)

    *killed, done = kill_at_every_statement(home)

    version = int(store.stem.rpartition("_")[2])
    todo = [each for number, step in steps().items() if number > version for each in step]
    assert len(killed) >= len(todo) + 4  # BEGIN, the version before and after, COMMIT
    assert {code for code, _ in killed} == {int(signal.SIGKILL)}
    assert {content for _, content in killed} == {before}
    assert done[0] == 0
    assert _meta(home)["schema"] == str(SCHEMA)
    assert rows(home, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.processes
def test_concurrent_processes_migrate_a_store_once(tmp_path: Path) -> None:
    """*Chosen*: the second reads the version again under the lock, and finds it done."""
    home = _schema_1(tmp_path)

    in_processes(open_and_close, [(str(home),)] * 3)

    assert _meta(home)["schema"] == str(SCHEMA)
    assert rows(home, "SELECT count(*) FROM jobs") == [(1,)]


def test_a_store_that_is_already_migrated_is_not_changed(tmp_path: Path) -> None:
    """*Chosen*: the version read inside the transaction decides."""
    home = _schema_1(tmp_path)
    update(home)
    before = contents(home)

    update(home)

    assert contents(home) == before


def test_a_compatible_migration_step_only_adds_columns(tmp_path: Path) -> None:
    """*Chosen*: an older version keeps writing, so its statements must still run."""
    home = _schema_1(tmp_path)
    with closing(_connect(home)) as connection:
        migrate(connection, home, steps(BREAKING - 1), oldest_writer=1)
        lines = frozen.SCHEMA_1.read_text().splitlines()
        for line in lines:
            if line.startswith(("INSERT INTO jobs", "INSERT INTO charges")):
                connection.execute(line.replace("jkjkjkjkj1", "another001"))

    assert rows(home, "SELECT count(*) FROM jobs") == [(2,)]
    assert _meta(home)["oldest_writer"] == "1"


def test_a_live_older_process_is_named_and_nothing_is_migrated(tmp_path: Path) -> None:
    """*Chosen*: an incompatible step must not run while it may be in a paid job."""
    home = frozen.thaw(frozen.SCHEMA_3, tmp_path)
    lock = ProcessLock(home)
    with closing(_connect(home)) as connection:
        connection.execute(
            "INSERT INTO processes VALUES (?, 'emulator', 4321, 'claude', 3, NULL, 0)", (lock.id,)
        )
    before = contents(home)

    with pytest.raises(StorageError, match=r"cannot be updated .*: claude \(process 4321\)\."):
        update(home)

    assert contents(home) == before
    lock.release()
    update(home)
    assert _meta(home)["schema"] == str(SCHEMA)


def test_a_lock_file_of_a_dead_process_does_not_stop_a_migration(tmp_path: Path) -> None:
    """*Chosen*: only a held lock means a live process."""
    home = frozen.thaw(frozen.SCHEMA_3, tmp_path)
    lock_path(home, "killedprocess0000000000000").touch()

    update(home)

    assert _meta(home)["schema"] == str(SCHEMA)


def test_a_process_that_has_just_started_stops_a_migration(tmp_path: Path) -> None:
    """*Chosen*: a process takes its lock before it inserts its row."""
    home = frozen.thaw(frozen.SCHEMA_3, tmp_path)
    lock = ProcessLock(home)

    with pytest.raises(StorageError, match="a program that just started"):
        update(home)

    lock.release()


def test_an_older_version_that_may_not_write_names_both_schemas(tmp_path: Path) -> None:
    """*Chosen*: the error names the schema of the store and the one this version writes."""
    home = frozen.thaw(frozen.SCHEMA_3, tmp_path)
    update(home)

    for schema in range(1, OLDEST_WRITER):
        with pytest.raises(StorageError, match=rf"schema {SCHEMA}; this program writes {schema}"):
            check_writable(home, _meta(home), schema)
    for schema in range(OLDEST_WRITER, SCHEMA + 1):
        check_writable(home, _meta(home), schema)


def test_an_sql_file_is_split_into_statements() -> None:
    """*Chosen*: comments stay with the statement below them; an incomplete one is an error."""
    text = "-- a; b\nSELECT ';';\n\n-- two\nSELECT\n2; -- c\n"

    assert statements(text) == ["-- a; b\nSELECT ';';", "-- two\nSELECT\n2; -- c"]
    with pytest.raises(ValueError, match="incomplete statement"):
        statements("SELECT 1")
