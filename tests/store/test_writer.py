"""Group commit: which writes share a commit, which don't, and which of them an error fails."""

import asyncio
import re
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from stability_mcp.errors import StorageError
from stability_mcp.store.database import Database, Moment
from stability_mcp.store.queries import Connection
from support.store.group_kills import kill_often
from support.store.grouped import Waiting, logged, orphan, together
from support.store.rows import damage, execute, rows

pytestmark = pytest.mark.anyio

KILLS = 3
"""Kills in the suite; run `group_kills` by hand for more."""

KILLED_TRANSACTIONS = 900
"""Writes that the killed processes finish together."""

INSERT = "INSERT INTO meta (key, value) VALUES (:key, 'test')"


Work = Callable[[Connection, str], object]


class FailedError(Exception):
    """Raised by a write of a test."""


def _insert(connection: Connection, key: str) -> str:
    execute(connection, INSERT, key=key)
    return key


def _insert_and_raise(connection: Connection, key: str) -> None:
    execute(connection, INSERT, key=key)
    raise FailedError(key)


def _insert_orphan(connection: Connection, key: str) -> None:
    execute(connection, INSERT, key=key)
    orphan(connection)


def _roll_back_all(connection: Connection, key: str) -> None:
    """Make SQLite roll back the whole transaction."""
    execute(connection, INSERT, key=key)
    execute(connection, "INSERT OR ROLLBACK INTO meta VALUES ('schema', 'twice')")


def _fill(connection: Connection, key: str) -> None:
    """Fail with a full disk, and leave space for other writes."""
    execute(connection, INSERT, key=key)
    [(before,)] = execute(connection, "PRAGMA max_page_count")
    execute(connection, "PRAGMA max_page_count=1")
    try:
        execute(connection, INSERT, key=key + "x" * 100_000)
    finally:
        execute(connection, f"PRAGMA max_page_count={before}")


def _kept(home: Path) -> list[str]:
    """Return the keys that the writes of a test committed, in order."""
    found = rows(home, "SELECT key FROM meta WHERE value = 'test' ORDER BY rowid")
    return [key for (key,) in found]


async def test_waiting_writes_share_a_commit_and_each_returns_its_own_result(
    tmp_path: Path,
) -> None:
    """*Chosen*: an fsync costs more than the statements of a transaction."""
    keys = [f"key-{number}" for number in range(100)]
    async with logged(tmp_path) as (database, log), together(database) as waiting:
        for key in keys:
            waiting.write(partial(_insert, key=key))

    assert [outcome.result for outcome in waiting.outcomes] == keys
    assert _kept(tmp_path) == keys
    assert len(log.groups()) <= 3
    assert sum(map(len, log.groups())) == 101


async def test_a_write_that_raises_rolls_back_only_its_own_rows(tmp_path: Path) -> None:
    """*Chosen*: each has a savepoint; the others don't run again."""
    ran: list[str] = []

    def recorded(connection: Connection, key: str) -> str:
        ran.append(key)
        return _insert(connection, key)

    async with logged(tmp_path) as (database, log), together(database) as waiting:
        waiting.write(partial(recorded, key="a"))
        failed = waiting.write(partial(_insert_and_raise, key="b"))
        taken = waiting.write(partial(_insert, key="a"))
        waiting.write(partial(recorded, key="c"))

    assert [outcome.result for outcome in waiting.outcomes] == ["a", None, None, "c"]
    assert isinstance(failed.error, FailedError)
    assert isinstance(taken.error, sqlite3.IntegrityError)
    assert _kept(tmp_path) == ran == ["a", "c"]
    assert len(log.groups()) == 2


@pytest.mark.parametrize(
    ("failing", "error"),
    [
        (_insert_orphan, sqlite3.IntegrityError),
        (_roll_back_all, sqlite3.IntegrityError),
        (_fill, StorageError),
    ],
    ids=["commit fails", "statement rolls back everything", "disk full"],
)
@pytest.mark.parametrize(
    "first", [_insert, _insert_and_raise], ids=["succeeds twice", "fails first"]
)
async def test_if_a_group_cannot_be_committed_each_write_runs_separately(
    tmp_path: Path, failing: Work, error: type[Exception], first: Work
) -> None:
    """*Documented* (SQLite): COMMIT checks deferred foreign keys, and can fail."""
    turns = iter((first, _insert))
    async with logged(tmp_path) as (database, log), together(database) as waiting:
        waiting.write(partial(_insert, key="a"), name="test.a")
        changed = waiting.write(lambda c: next(turns)(c, "b"), name="test.b")
        failed = waiting.write(lambda c: failing(c, "c"), name="test.c")
        raised = waiting.write(partial(_insert_and_raise, key="d"), name="test.d")
        waiting.write(partial(_insert, key="e"), name="test.e", durable=True)

    assert [outcome.result for outcome in waiting.outcomes] == ["a", "b", None, None, "e"]
    assert changed.error is None
    assert isinstance(failed.error, error)
    assert isinstance(raised.error, FailedError)
    assert _kept(tmp_path) == ["a", "b", "e"]
    assert [group[-1] for group in log.groups()][-1] == "test.e"
    assert log.events.count("test.a") == 2


async def test_a_commit_is_durable_if_one_of_its_writes_is(tmp_path: Path) -> None:
    """*Documented* (SQLite): 1 is NORMAL, 2 is FULL."""
    normal, full = [(1,)], [(2,)]

    def synchronous(connection: Connection) -> object:
        return execute(connection, "PRAGMA synchronous")

    async with logged(tmp_path) as (database, _):
        async with together(database) as mixed:
            for number in range(4):
                mixed.write(synchronous, durable=number == 2)
        async with together(database) as cheap:
            for _ in range(2):
                cheap.write(synchronous)
        single = await database.write(synchronous, name="test.write", durable=True)

    assert [outcome.result for outcome in mixed.outcomes] == [full] * 4
    assert [outcome.result for outcome in cheap.outcomes] == [normal] * 2
    assert single == full


async def test_a_write_that_deletes_files_never_shares_a_commit(tmp_path: Path) -> None:
    """*Chosen*: it must not run again because another write failed the commit."""
    async with logged(tmp_path) as (database, log), together(database) as waiting:
        for name in ("test.a", "test.b", "own", "own", "test.c", "test.d", "own"):
            waiting.write(lambda _: None, name=name, own_commit=name == "own")

    assert log.groups() == [
        ["test.first"],
        ["test.a", "test.b"],
        ["own"],
        ["own"],
        ["test.c", "test.d"],
        ["own"],
    ]


@pytest.mark.parametrize("how", ["scope", "event loop"])
async def test_a_write_is_finished_when_its_caller_is_cancelled_in_a_group(
    tmp_path: Path, how: str
) -> None:
    """*Chosen*: the outcome of a transaction is always known."""
    scope = anyio.CancelScope()
    async with logged(tmp_path) as (database, log):

        async def call() -> None:
            with scope:
                await database.write(partial(_insert, key="a"), name="test.write")

        async with together(database) as waiting:
            task = asyncio.ensure_future(call())
            await anyio.wait_all_tasks_blocked()
            if how == "scope":
                scope.cancel()
            else:
                task.cancel()
            waiting.write(partial(_insert, key="b"))
        await asyncio.wait([task])

    assert task.cancelled() == (how == "event loop")
    assert [len(group) for group in log.groups()] == [1, 2]
    assert _kept(tmp_path) == ["a", "b"]


@pytest.mark.parametrize("moment", ["before", "inside", "after"])
@pytest.mark.parametrize("shared", [True, False])
async def test_an_observer_that_raises_system_exit_fails_only_its_write(
    tmp_path: Path, moment: Moment, *, shared: bool
) -> None:
    """*Chosen*: all writes share the thread, so not even SystemExit ends it."""

    def leave(when: Moment, name: str) -> None:
        if (when, name) == (moment, "test.left"):
            raise SystemExit(moment)

    database = await anyio.to_thread.run_sync(Database, tmp_path, leave)
    async with together(database) as waiting:
        left = waiting.write(partial(_insert, key="left"), name="test.left")
        if shared:
            waiting.write(partial(_insert, key="other"))
    await database.write(partial(_insert, key="later"), name="test.write")
    await database.close()

    assert isinstance(left.error, SystemExit)
    assert [outcome.result for outcome in waiting.outcomes[1:]] == ["other"] * shared
    assert _kept(tmp_path) == ["left"] * (moment == "after") + ["other"] * shared + ["later"]


async def test_ten_thousand_concurrent_writes_run_in_order(tmp_path: Path) -> None:
    """*Chosen*: the queue is unlimited and skips no write."""
    keys = [f"key-{number}" for number in range(10_000)]
    async with logged(tmp_path) as (database, log), together(database) as waiting:
        for key in keys:
            waiting.write(partial(_insert, key=key))

    assert [outcome.result for outcome in waiting.outcomes] == keys
    assert waiting.ended == waiting.outcomes
    assert _kept(tmp_path) == keys
    assert len(log.groups()) < 200


async def test_a_lock_of_another_program_fails_only_the_waiting_writes(tmp_path: Path) -> None:
    """*Chosen*: `sqlite3` in a terminal does not use our write lock."""
    await Database(tmp_path).close()
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:

        def lock(moment: Moment, name: str) -> None:
            if (moment, name) == ("after", "test.first"):
                other.execute("BEGIN EXCLUSIVE")

        database = await anyio.to_thread.run_sync(Database, tmp_path, lock)
        async with together(database, lambda c: execute(c, "PRAGMA busy_timeout=20")) as waiting:
            for key in ("a", "b", "c"):
                waiting.write(partial(_insert, key=key))
        other.execute("ROLLBACK")
        await database.write(partial(_insert, key="d"), name="test.write")
        await database.close()

    _assert_all_failed(waiting, "locked")
    assert _kept(tmp_path) == ["d"]


@pytest.mark.skipif(sys.platform == "win32", reason="an open file keeps its name")
@pytest.mark.parametrize("replaced", [False, True])
async def test_nothing_is_written_to_a_database_file_that_was_removed(
    tmp_path: Path, *, replaced: bool
) -> None:
    """*Chosen*: commits to it would be lost with the process."""
    async with logged(tmp_path) as (database, log):
        async with together(database) as waiting:
            for key in ("a", "b"):
                waiting.write(partial(_insert, key=key))
            path = (tmp_path / "store.db").rename(tmp_path / "moved.db")
            if replaced:
                (tmp_path / "store.db").write_bytes(path.read_bytes())
        assert len(log.groups()) == 1
        path.rename(tmp_path / "store.db")
        await database.write(partial(_insert, key="c"), name="test.write")

    _assert_all_failed(waiting, r"removed or replaced.*restart")
    assert _kept(tmp_path) == ["c"]


async def test_only_the_write_that_finds_damage_fails(tmp_path: Path) -> None:
    """*Chosen*: `doctor` names the damage; the rest of the store keeps working."""
    await Database(tmp_path).close()
    damage(tmp_path, "jobs")
    async with logged(tmp_path) as (database, _), together(database) as waiting:
        waiting.write(partial(_insert, key="a"))
        found = waiting.write(lambda c: execute(c, "SELECT * FROM jobs"))
        waiting.write(partial(_insert, key="b"))

    assert isinstance(found.error, StorageError)
    assert re.search(r"malformed.*doctor", str(found.error))
    assert _kept(tmp_path) == ["a", "b"]


async def test_a_read_only_database_raises_until_it_can_be_written(
    tmp_path: Path,
) -> None:
    """*Chosen*: as with a full disk, a later write may succeed."""
    drivers: list[sqlite3.Connection] = []

    def forbid(connection: Connection) -> None:
        drivers.append(connection)
        drivers[0].execute("PRAGMA query_only=ON")

    async with logged(tmp_path) as (database, _):
        async with together(database, forbid) as waiting:
            for key in ("a", "b"):
                waiting.write(partial(_insert, key=key))
        drivers[0].execute("PRAGMA query_only=OFF")
        await database.write(partial(_insert, key="c"), name="test.write")

    _assert_all_failed(waiting, "readonly")
    assert _kept(tmp_path) == ["c"]


def _assert_all_failed(waiting: Waiting, words: str) -> None:
    assert waiting.outcomes
    for outcome in waiting.outcomes:
        assert isinstance(outcome.error, StorageError)
        assert outcome.error.hint
        assert re.search(words, str(outcome.error))


@pytest.mark.processes
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_an_acknowledged_write_survives_a_kill(tmp_path: Path) -> None:
    """*Chosen*: a write is acknowledged after its commit, never before."""
    seen = kill_often(tmp_path, KILLS, KILLED_TRANSACTIONS)

    assert seen.kills == KILLS
    assert seen.acknowledged + seen.failed >= KILLED_TRANSACTIONS


async def test_a_folder_that_cannot_be_read_raises_a_storage_error(tmp_path: Path) -> None:
    """*Chosen*: handlers of StorageError keep a paid result, and the next write works."""
    home = tmp_path / "home"
    database = await anyio.to_thread.run_sync(Database, home)
    await database.write(partial(_insert, key="a"), name="test.write")
    home.rename(tmp_path / "away")
    home.write_text("a file where the folder was")

    with pytest.raises(StorageError, match="cannot be written: Not a directory"):
        await database.write(partial(_insert, key="b"), name="test.write")
    home.unlink()
    (tmp_path / "away").rename(home)
    await database.write(partial(_insert, key="c"), name="test.write")
    await database.close()

    assert _kept(home) == ["a", "c"]


async def test_a_closed_store_refuses_and_never_hangs(tmp_path: Path) -> None:
    """*Chosen*: a call may still run when the server ends."""
    database = await anyio.to_thread.run_sync(Database, tmp_path)
    await database.write(partial(_insert, key="a"), name="test.write")
    await database.close()

    with anyio.fail_after(30):
        for use in (database.read, database.peek, partial(database.write, name="test.write")):
            with pytest.raises(StorageError, match="closed"):
                await use(lambda _: None)


async def test_writes_during_closing_are_committed_or_refused(tmp_path: Path) -> None:
    """*Chosen*: no write waits forever, and none is acknowledged and lost."""
    database = await anyio.to_thread.run_sync(Database, tmp_path)
    written: list[str] = []
    refused: list[str] = []

    async def write(key: str) -> None:
        try:
            await database.write(partial(_insert, key=key), name="test.write")
        except StorageError:
            refused.append(key)
        else:
            written.append(key)

    keys = [f"key-{number}" for number in range(200)]
    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            for number, key in enumerate(keys):
                group.start_soon(write, key)
                if number == 100:
                    await anyio.lowlevel.checkpoint()
                    group.start_soon(database.close)

    assert sorted(written + refused) == sorted(keys)
    assert sorted(_kept(tmp_path)) == sorted(written)
