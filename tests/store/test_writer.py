"""Group commit: what shares a commit, what does not, and whom an error concerns."""

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
"""Kills in the suite; `group_kills` does more by hand."""

KILLED_TRANSACTIONS = 900
"""Writes that those finish together."""

INSERT = "INSERT INTO meta (key, value) VALUES (:key, 'test')"


Work = Callable[[Connection, str], object]


class FoiledError(Exception):
    """What a write of a test raises."""


def _insert(connection: Connection, key: str) -> str:
    execute(connection, INSERT, key=key)
    return key


def _insert_and_raise(connection: Connection, key: str) -> None:
    execute(connection, INSERT, key=key)
    raise FoiledError(key)


def _insert_orphan(connection: Connection, key: str) -> None:
    execute(connection, INSERT, key=key)
    orphan(connection)


def _roll_back_all(connection: Connection, key: str) -> None:
    """Do what makes SQLite take back the whole transaction."""
    execute(connection, INSERT, key=key)
    execute(connection, "INSERT OR ROLLBACK INTO meta VALUES ('schema', 'twice')")


def _fill(connection: Connection, key: str) -> None:
    """Find the disk full, and leave room for others."""
    execute(connection, INSERT, key=key)
    [(most,)] = execute(connection, "PRAGMA max_page_count")
    execute(connection, "PRAGMA max_page_count=1")
    try:
        execute(connection, INSERT, key=key + "x" * 100_000)
    finally:
        execute(connection, f"PRAGMA max_page_count={most}")


def _kept(home: Path) -> list[str]:
    """Return the keys that the writes of a test left, in order."""
    found = rows(home, "SELECT key FROM meta WHERE value = 'test' ORDER BY rowid")
    return [key for (key,) in found]


async def test_what_waits_shares_a_commit_and_each_gets_its_own_result(tmp_path: Path) -> None:
    """*Chosen*: an fsync costs more than the statements of a transaction."""
    keys = [f"key-{number}" for number in range(100)]
    async with logged(tmp_path) as (database, log), together(database) as waiting:
        for key in keys:
            waiting.write(partial(_insert, key=key))

    assert [outcome.result for outcome in waiting.outcomes] == keys
    assert _kept(tmp_path) == keys
    assert len(log.groups()) <= 3
    assert sum(map(len, log.groups())) == 101


async def test_one_that_raises_takes_back_its_own_rows_alone(tmp_path: Path) -> None:
    """*Chosen*: a savepoint for each; nobody else runs again."""
    ran: list[str] = []

    def noted(connection: Connection, key: str) -> str:
        ran.append(key)
        return _insert(connection, key)

    async with logged(tmp_path) as (database, log), together(database) as waiting:
        waiting.write(partial(noted, key="a"))
        foiled = waiting.write(partial(_insert_and_raise, key="b"))
        taken = waiting.write(partial(_insert, key="a"))
        waiting.write(partial(noted, key="c"))

    assert [outcome.result for outcome in waiting.outcomes] == ["a", None, None, "c"]
    assert isinstance(foiled.error, FoiledError)
    assert isinstance(taken.error, sqlite3.IntegrityError)
    assert _kept(tmp_path) == ran == ["a", "c"]
    assert len(log.groups()) == 2


@pytest.mark.parametrize(
    ("guilty", "error"),
    [
        (_insert_orphan, sqlite3.IntegrityError),
        (_roll_back_all, sqlite3.IntegrityError),
        (_fill, StorageError),
    ],
    ids=["its commit fails", "its statement takes back all", "it finds the disk full"],
)
@pytest.mark.parametrize(
    "first", [_insert, _insert_and_raise], ids=["succeeds twice", "fails at first"]
)
async def test_where_a_group_cannot_be_committed_each_runs_alone(
    tmp_path: Path, guilty: Work, error: type[Exception], first: Work
) -> None:
    """*Documented* (SQLite): a deferred foreign key is checked by COMMIT, which then fails."""
    turns = iter((first, _insert))
    async with logged(tmp_path) as (database, log), together(database) as waiting:
        waiting.write(partial(_insert, key="a"), name="test.a")
        changed = waiting.write(lambda c: next(turns)(c, "b"), name="test.b")
        failed = waiting.write(lambda c: guilty(c, "c"), name="test.c")
        raised = waiting.write(partial(_insert_and_raise, key="d"), name="test.d")
        waiting.write(partial(_insert, key="e"), name="test.e", durable=True)

    assert [outcome.result for outcome in waiting.outcomes] == ["a", "b", None, None, "e"]
    assert changed.error is None
    assert isinstance(failed.error, error)
    assert isinstance(raised.error, FoiledError)
    assert _kept(tmp_path) == ["a", "b", "e"]
    assert [group[-1] for group in log.groups()][-1] == "test.e"
    assert log.events.count("test.a") == 2


async def test_a_commit_is_as_durable_as_one_of_its_writes_asks(tmp_path: Path) -> None:
    """*Documented* (SQLite): 1 is NORMAL, 2 is FULL."""
    normal, full = [(1,)], [(2,)]

    def ask(connection: Connection) -> object:
        return execute(connection, "PRAGMA synchronous")

    async with logged(tmp_path) as (database, _):
        async with together(database) as mixed:
            for number in range(4):
                mixed.write(ask, durable=number == 2)
        async with together(database) as cheap:
            for _ in range(2):
                cheap.write(ask)
        alone = await database.write(ask, name="test.write", durable=True)

    assert [outcome.result for outcome in mixed.outcomes] == [full] * 4
    assert [outcome.result for outcome in cheap.outcomes] == [normal] * 2
    assert alone == full


async def test_what_removes_files_never_shares_a_commit(tmp_path: Path) -> None:
    """*Chosen*: its commit must not run again because of the rows of others."""
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


@pytest.mark.parametrize("how", ["by its scope", "by its event loop"])
async def test_a_caller_that_is_cancelled_changes_nothing(tmp_path: Path, how: str) -> None:
    """*Chosen*: a border is never half known."""
    scope = anyio.CancelScope()
    async with logged(tmp_path) as (database, log):

        async def call() -> None:
            with scope:
                await database.write(partial(_insert, key="a"), name="test.write")

        async with together(database) as waiting:
            task = asyncio.ensure_future(call())
            await anyio.wait_all_tasks_blocked()
            if how == "by its scope":
                scope.cancel()
            else:
                task.cancel()
            waiting.write(partial(_insert, key="b"))
        await asyncio.wait([task])

    assert task.cancelled() == (how == "by its event loop")
    assert [len(group) for group in log.groups()] == [1, 2]
    assert _kept(tmp_path) == ["a", "b"]


@pytest.mark.parametrize("moment", ["before", "inside", "after"])
@pytest.mark.parametrize("shared", [True, False])
async def test_an_observer_that_ends_the_thread_fails_its_write_alone(
    tmp_path: Path, moment: Moment, *, shared: bool
) -> None:
    """*Chosen*: the thread serves everybody, so not even SystemExit ends it."""

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


async def test_ten_thousand_writes_at_once_are_done_in_order(tmp_path: Path) -> None:
    """*Chosen*: the queue has no end and passes nobody over."""
    keys = [f"key-{number}" for number in range(10_000)]
    async with logged(tmp_path) as (database, log), together(database) as waiting:
        for key in keys:
            waiting.write(partial(_insert, key=key))

    assert [outcome.result for outcome in waiting.outcomes] == keys
    assert waiting.ended == waiting.outcomes
    assert _kept(tmp_path) == keys
    assert len(log.groups()) < 200


async def test_what_another_program_locks_fails_those_who_wait_and_no_more(tmp_path: Path) -> None:
    """*Chosen*: `sqlite3` in a terminal takes no write lock of ours."""
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

    _see_that_all_failed(waiting, "locked")
    assert _kept(tmp_path) == ["d"]


@pytest.mark.skipif(sys.platform == "win32", reason="an open file keeps its name")
@pytest.mark.parametrize("replaced", [False, True])
async def test_nothing_is_written_to_a_file_that_was_removed(
    tmp_path: Path, *, replaced: bool
) -> None:
    """*Chosen*: what is committed there is lost with the process."""
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

    _see_that_all_failed(waiting, r"removed or replaced.*restart")
    assert _kept(tmp_path) == ["c"]


async def test_one_that_finds_damage_fails_alone(tmp_path: Path) -> None:
    """*Chosen*: `doctor` names what is damaged; the rest of the store goes on."""
    await Database(tmp_path).close()
    damage(tmp_path, "jobs")
    async with logged(tmp_path) as (database, _), together(database) as waiting:
        waiting.write(partial(_insert, key="a"))
        found = waiting.write(lambda c: execute(c, "SELECT * FROM jobs"))
        waiting.write(partial(_insert, key="b"))

    assert isinstance(found.error, StorageError)
    assert re.search(r"malformed.*doctor", str(found.error))
    assert _kept(tmp_path) == ["a", "b"]


async def test_a_database_that_may_only_be_read_says_so_until_it_may_be_written(
    tmp_path: Path,
) -> None:
    """*Chosen*: as on a full disk, a later write may succeed."""
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

    _see_that_all_failed(waiting, "readonly")
    assert _kept(tmp_path) == ["c"]


def _see_that_all_failed(waiting: Waiting, words: str) -> None:
    assert waiting.outcomes
    for outcome in waiting.outcomes:
        assert isinstance(outcome.error, StorageError)
        assert outcome.error.hint
        assert re.search(words, str(outcome.error))


@pytest.mark.processes
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_what_was_acknowledged_outlives_a_kill(tmp_path: Path) -> None:
    """*Chosen*: a write is acknowledged after its commit, never before."""
    seen = kill_often(tmp_path, KILLS, KILLED_TRANSACTIONS)

    assert seen.kills == KILLS
    assert seen.acknowledged + seen.failed >= KILLED_TRANSACTIONS


async def test_a_folder_that_cannot_be_looked_at_is_an_error_of_the_store(tmp_path: Path) -> None:
    """*Chosen*: what catches StorageError keeps a paid result, and the next write works."""
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


async def test_a_store_that_is_closed_refuses_and_never_hangs(tmp_path: Path) -> None:
    """*Chosen*: a call may still run when the server ends."""
    database = await anyio.to_thread.run_sync(Database, tmp_path)
    await database.write(partial(_insert, key="a"), name="test.write")
    await database.close()

    with anyio.fail_after(30):
        for use in (database.read, database.peek, partial(database.write, name="test.write")):
            with pytest.raises(StorageError, match="closed"):
                await use(lambda _: None)


async def test_what_is_written_while_the_store_closes_is_written_or_refused(tmp_path: Path) -> None:
    """*Chosen*: nobody waits for ever, and nothing is acknowledged and lost."""
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
