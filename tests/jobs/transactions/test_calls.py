"""Calls are found by id, only by their owner, and cancelling a call does not change its jobs."""

from pathlib import Path

import pytest

from stability_mcp.jobs.transactions import finish
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection
from support.jobs.jobs import OWNER, put, register
from support.store.rows import execute

pytestmark = pytest.mark.anyio


def _end(connection: Connection, job: str) -> None:
    execute(
        connection, "UPDATE jobs SET state = 'done', finished_at = 1100 WHERE id = :job", job=job
    )


async def test_a_call_is_found_only_by_its_owner(tmp_path: Path) -> None:
    """*Chosen*: knowing an id gives no access."""
    database = Database(tmp_path)

    def check(connection: Connection) -> None:
        made = put(connection, count=2)
        found = finish.load_call(connection, made.id, owner=OWNER)

        assert found is not None
        assert (found.id, found.tool, found.created_at) == (made.id, "generate_core", 1_000)
        assert found.job_ids == made.job_ids
        assert (found.notes, found.cancelled_at) == ((), None)
        assert finish.load_call(connection, made.id, owner="another") is None
        assert finish.load_call(connection, "0" * 26, owner=OWNER) is None

    await database.write(check, name="test.write")
    await database.close()


async def test_the_notes_of_a_call_are_kept(tmp_path: Path) -> None:
    """*Chosen*: another process may write the answer."""
    database = Database(tmp_path)
    notes = ["image: “fox” = k7f3q2m9xa", 'sent at 1024x1024 of "1536x1536"']

    def check(connection: Connection) -> None:
        made = put(connection)
        finish.save_notes(connection, made.id, notes)
        found = finish.load_call(connection, made.id, owner=OWNER)

        assert found is not None
        assert list(found.notes) == notes

    await database.write(check, name="test.write")
    await database.close()


async def test_a_call_is_cancelled_once_and_not_after_it_finished(tmp_path: Path) -> None:
    """*Documented* (the extension): a final state stays; the jobs are not changed."""
    database = Database(tmp_path)

    def check(connection: Connection) -> None:
        register(connection)
        open_, ended = put(connection), put(connection, now=1_001)
        _end(connection, ended.job_ids[0])

        assert finish.cancel_call(connection, open_.id, 1_200)
        assert not finish.cancel_call(connection, open_.id, 1_300)
        assert not finish.cancel_call(connection, ended.id, 1_200)
        ends = execute(connection, "SELECT cancelled_at, abandoned_at FROM calls ORDER BY seq")
        states = execute(connection, "SELECT state FROM jobs ORDER BY seq")
        assert ends == [(1_200, 1_200), (None, None)]
        assert states == [("queued",), ("done",)]

    await database.write(check, name="test.write")
    await database.close()
