"""Transactions, the files of the store, and which programs may write it."""

import sqlite3
import stat
import sys
import threading
from functools import partial
from pathlib import Path

import anyio
import pytest

from stability_mcp.errors import StorageError
from stability_mcp.store import format as store_format
from stability_mcp.store.database import Database, Moment
from stability_mcp.store.format import OLDEST_WRITER
from stability_mcp.store.format import SCHEMA as OUR_SCHEMA
from stability_mcp.store.queries import Connection
from support.store.processes import count_up, in_processes, open_and_close
from support.store.rows import SCHEMA, change, damage, execute, rows

pytestmark = pytest.mark.anyio


def _put(connection: Connection, key: str, value: str) -> None:
    execute(connection, "INSERT INTO meta (key, value) VALUES (:key, :value)", key=key, value=value)


def _get(connection: Connection, key: str) -> str | None:
    found = execute(connection, "SELECT value FROM meta WHERE key = :key", key=key)
    return found[0][0] if found else None


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
async def test_other_users_cannot_read_the_store(tmp_path: Path) -> None:
    """*Chosen*: folders 0700, files 0600, also those that SQLite creates next to the database."""
    home = tmp_path / "home"
    database = Database(home)
    await database.write(lambda c: _put(c, "a", "b"), name="test.write")

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [home, *home.iterdir()]}

    folders = {"home", "blobs", "spool", "locks", "quarantine"}
    assert {name for name, mode in modes.items() if mode == 0o700} == folders
    assert {name for name, mode in modes.items() if mode == 0o600} == modes.keys() - folders
    assert {"store.db", "store.db-wal", "write.lock"} <= modes.keys()
    await database.close()


async def test_a_failed_transaction_is_rolled_back(tmp_path: Path) -> None:
    """*Chosen*: any exception rolls back everything the transaction wrote."""
    database = Database(tmp_path)

    def broken(connection: Connection) -> None:
        _put(connection, "first", "1")
        _put(connection, "first", "2")

    with pytest.raises(sqlite3.IntegrityError):
        await database.write(broken, name="test.write")

    assert await database.read(lambda c: _get(c, "first")) is None
    await database.close()


async def test_a_write_is_finished_even_if_its_caller_is_cancelled(tmp_path: Path) -> None:
    """*Chosen*: transactions are shielded, so their outcome is always known."""
    database = Database(tmp_path)

    with anyio.CancelScope() as scope:
        scope.cancel()
        await database.write(lambda c: _put(c, "kept", "yes"), name="test.write")

    assert scope.cancelled_caught is False
    assert await database.read(lambda c: _get(c, "kept")) == "yes"
    await database.close()


async def test_an_observer_sees_a_write_before_inside_and_after_it(tmp_path: Path) -> None:
    """*Chosen*: kill tests end a process at a moment of a named transaction."""
    seen = list[tuple[str, str, str | None]]()

    def observe(moment: Moment, name: str) -> None:
        found = rows(tmp_path, "SELECT value FROM meta WHERE key = 'a'")
        seen.append((moment, name, found[0][0] if found else None))

    database = Database(tmp_path, observe)
    await database.write(lambda c: _put(c, "a", "b"), name="test.write")
    await database.read(lambda c: _get(c, "a"))
    await database.close()

    assert seen == [
        ("before", "test.write", None),
        ("inside", "test.write", None),
        ("after", "test.write", "b"),
    ]


async def test_an_exception_of_the_observer_inside_a_write_rolls_it_back(tmp_path: Path) -> None:
    """*Chosen*: inside means that the work is done but not yet committed."""
    seen = list[str]()

    def observe(moment: Moment, name: str) -> None:
        seen.append(f"{moment} {name}")
        if moment == "inside":
            raise OSError("no power")

    database = Database(tmp_path, observe)
    with pytest.raises(OSError, match="no power"):
        await database.write(lambda c: _put(c, "a", "b"), name="test.write")

    assert await database.read(lambda c: _get(c, "a")) is None
    assert seen == ["before test.write", "inside test.write"]
    await database.close()


async def test_an_observer_sees_no_after_for_a_failed_write(tmp_path: Path) -> None:
    """*Chosen*: only a committed transaction has one."""
    seen = list[str]()
    database = Database(tmp_path, lambda moment, name: seen.append(f"{moment} {name}"))
    await database.write(lambda c: _put(c, "a", "b"), name="test.first")

    with pytest.raises(sqlite3.IntegrityError):
        await database.write(lambda c: _put(c, "a", "c"), name="test.second")

    assert seen[-1] == "before test.second"
    await database.close()


async def test_a_reader_cannot_write(tmp_path: Path) -> None:
    """*Chosen*: every write goes through the write lock."""
    database = Database(tmp_path)

    with pytest.raises(StorageError, match="readonly"):
        await database.read(lambda c: _put(c, "a", "b"))

    await database.close()


async def test_a_damaged_database_raises_a_storage_error(tmp_path: Path) -> None:
    """*Chosen*: background tasks that read the store handle only this error."""
    await Database(tmp_path).close()
    damage(tmp_path, "jobs")
    database = Database(tmp_path)

    for use in (database.read, partial(database.write, name="test.write")):
        with pytest.raises(StorageError, match=r"malformed.*doctor"):
            await use(lambda c: execute(c, "SELECT * FROM jobs"))

    await database.close()


async def test_a_file_that_is_not_a_database_raises_a_storage_error(tmp_path: Path) -> None:
    """*Chosen*: as above, when connecting already fails."""
    database = Database(tmp_path)
    (tmp_path / "store.db").write_bytes(b"no database " * 1_000)

    for use in (partial(database.write, name="test.write"), database.read):
        with pytest.raises(StorageError, match=r"not a database.*doctor"):
            await use(lambda c: execute(c, "SELECT * FROM jobs"))

    await database.close()


async def test_a_reader_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    """*Documented* (SQLite, WAL): reads continue during a write transaction."""
    database = Database(tmp_path)
    writing, read = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        _put(connection, "a", "b")
        writing.set()
        assert read.wait(30)

    with anyio.fail_after(30):
        async with anyio.create_task_group() as group:
            group.start_soon(partial(database.write, slow, name="test.write"))
            assert await anyio.to_thread.run_sync(writing.wait, 30)
            assert await database.read(lambda c: _get(c, "a")) is None
            read.set()

    assert await database.read(lambda c: _get(c, "a")) == "b"
    await database.close()


@pytest.mark.processes
def test_processes_incrementing_the_same_row_lose_no_update(tmp_path: Path) -> None:
    """*Chosen*: read-then-write is isolated, between processes and threads."""
    in_processes(count_up, [(str(tmp_path), 40)] * 3)

    with sqlite3.connect(tmp_path / "store.db") as connection:
        found = connection.execute("SELECT value FROM meta WHERE key = 'number'").fetchone()
    connection.close()
    assert found == ("120",)


@pytest.mark.processes
def test_processes_creating_the_store_at_once_share_one(tmp_path: Path) -> None:
    """*Chosen*: the first creates it in one transaction, the others find it."""
    home = tmp_path / "home"
    in_processes(open_and_close, [(str(home),)] * 3)

    connection = sqlite3.connect(home / "store.db")
    assert connection.execute("SELECT count(*) FROM meta WHERE key = 'store_id'").fetchone() == (1,)
    connection.close()


async def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """*Chosen*: an older version may open it if its schema is at least `oldest_writer`."""
    await Database(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "store.db")
    newer = store_format.SCHEMA + 1
    with connection:
        connection.execute(
            "UPDATE meta SET value = ? WHERE key IN ('schema', 'oldest_writer')", (str(newer),)
        )
    connection.close()

    with pytest.raises(
        StorageError, match=rf"newer stability-mcp \(schema {newer}; .* writes \d+\)"
    ):
        Database(tmp_path)


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files of Linux")
async def test_a_store_that_is_refused_leaves_no_file_open(tmp_path: Path) -> None:
    """*Chosen*: a server over HTTP opens the store again with each call."""
    await Database(tmp_path).close()
    change(tmp_path, "UPDATE meta SET value = '99' WHERE key = 'oldest_writer'")
    before = _open_files()
    for _ in range(3):
        with pytest.raises(StorageError, match=r"newer stability-mcp"):
            Database(tmp_path)
    assert _open_files() == before


async def test_a_newer_store_that_only_gained_columns_is_opened(tmp_path: Path) -> None:
    """*Chosen*: an older version can write after additive changes."""
    await Database(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "store.db")
    with connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (str(OUR_SCHEMA + 1),))
    connection.close()

    database = Database(tmp_path)

    assert await database.read(lambda c: _get(c, "oldest_writer")) == str(OLDEST_WRITER)
    await database.close()


def test_a_folder_that_cannot_be_created_is_named_with_a_hint(tmp_path: Path) -> None:
    """*Chosen*: the error names the folder and the variable."""
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StorageError, match=r"file/home cannot be used.*STABILITY_HOME"):
        Database(tmp_path / "file" / "home")


async def test_a_fingerprint_differs_by_key_url_and_store(tmp_path: Path) -> None:
    """*Chosen*: a keyed hash; the same key in another store has another one."""
    one, other = Database(tmp_path / "one"), Database(tmp_path / "other")

    first = await one.fingerprint("https://a", "sk-1")

    assert first == await one.fingerprint("https://a", "sk-1")
    assert first != await one.fingerprint("https://a", "sk-2")
    assert first != await one.fingerprint("https://b", "sk-1")
    assert first != await other.fingerprint("https://a", "sk-1")
    assert len(first) == 16
    await one.close()
    await other.close()


async def test_every_table_is_strict(tmp_path: Path) -> None:
    """*Chosen*: text in a number column is an error at once."""
    await Database(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "store.db")

    tables = connection.execute(
        "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
        " AND name NOT LIKE 'sqlite_%'"
    ).fetchall()

    connection.close()
    assert len(tables) == SCHEMA.read_text().count("CREATE TABLE ")
    assert [name for name, strict in tables if not strict] == []
