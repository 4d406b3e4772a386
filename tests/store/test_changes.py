"""A read is repeated only after the database has changed."""

import sqlite3
from pathlib import Path
from uuid import uuid4

import anyio
import pytest

from stability_mcp.jobs.transactions.usage import register_upstream
from stability_mcp.store.changes import CachedRead, ChangeWatch
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection
from stability_mcp.store.tenancy import Upstream
from support.store.rows import rows

pytestmark = pytest.mark.anyio


async def _commit(home: Path) -> None:
    """Change a row like another process."""
    connection = sqlite3.connect(home / "store.db")
    connection.execute("UPDATE meta SET value = value || '1' WHERE key = 'store_id'")
    connection.commit()
    connection.close()


def _write(connection: Connection) -> None:
    register_upstream(connection, Upstream(id=uuid4().hex, base_url="https://api.test"))


async def test_an_idle_database_reports_no_change(tmp_path: Path) -> None:
    """*Chosen*: so that an idle server reads nothing."""
    database = await anyio.to_thread.run_sync(Database, tmp_path)
    watch = ChangeWatch(database)
    changes = [watch.changed() for _ in range(5)]
    await _commit(tmp_path)
    after = watch.changed()
    await database.close()

    assert changes == [True, False, False, False, False]
    assert after


async def test_each_commit_of_this_process_is_a_change(tmp_path: Path) -> None:
    """*Chosen*: also if two commits come at the same moment."""
    database = await anyio.to_thread.run_sync(Database, tmp_path)
    watch = ChangeWatch(database)
    changes = [watch.changed()]
    for _ in range(3):
        await database.write(_write, name="test.write")
        changes += [watch.changed(), watch.changed()]
    await database.close()

    assert changes == [True, *[True, False] * 3]


async def test_a_closed_database_counts_as_changed(tmp_path: Path) -> None:
    """*Chosen*: the following read raises the error."""
    database = await anyio.to_thread.run_sync(Database, tmp_path)
    watch = ChangeWatch(database)
    watch.changed()
    await database.close()

    assert watch.changed()


async def test_a_failed_read_is_retried(tmp_path: Path) -> None:
    """*Chosen*: the change has not been read yet."""
    database = await anyio.to_thread.run_sync(Database, tmp_path)
    watch = ChangeWatch(database)
    first = watch.changed()
    watch.forget()
    second = watch.changed()
    await database.close()

    assert (first, second) == (True, True)


async def test_rows_are_read_again_only_after_a_change(tmp_path: Path) -> None:
    """*Chosen*: the check costs microseconds, a read needs a thread and a transaction."""
    database = await anyio.to_thread.run_sync(Database, tmp_path)
    read: list[str] = []

    async def store_id() -> str:
        [(found,)] = rows(tmp_path, "SELECT value FROM meta WHERE key = 'store_id'")
        read.append(found)
        return str(found)

    kept = CachedRead(database, store_id)
    before = [await kept.get() for _ in range(3)]
    await _commit(tmp_path)
    after = await kept.get()
    await database.close()

    assert len(set(before)) == 1
    assert after == f"{before[0]}1"
    assert len(read) == 2


async def test_the_result_of_an_outdated_read_is_not_cached(tmp_path: Path) -> None:
    """*Chosen*: it may have begun before a change that a later read has seen."""
    database = await anyio.to_thread.run_sync(Database, tmp_path)
    begun, release = anyio.Event(), anyio.Event()
    count = 0

    async def counted() -> int:
        nonlocal count
        count += 1
        mine = count
        if mine == 1:
            begun.set()
            await release.wait()
        return mine

    kept = CachedRead(database, counted)
    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            group.start_soon(kept.get)
            await begun.wait()
            newer = await kept.get()
            release.set()
    last = await kept.get()
    await database.close()

    assert (newer, last) == (2, 2)
