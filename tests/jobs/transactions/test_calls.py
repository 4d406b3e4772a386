"""Calls are found again by id, by their owner alone, and given up without harm to their jobs."""

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


async def test_a_call_is_found_by_its_owner_alone(tmp_path: Path) -> None:
    """*Chosen*: whoever has an id may not have it rightly."""
    database = Database(tmp_path)

    def look(connection: Connection) -> None:
        made = put(connection, count=2)
        found = finish.load_call(connection, made.id, owner=OWNER)

        assert found is not None
        assert (found.id, found.tool, found.created_at) == (made.id, "generate_core", 1_000)
        assert found.job_ids == made.job_ids
        assert (found.notes, found.cancelled_at) == ((), None)
        assert finish.load_call(connection, made.id, owner="somebody") is None
        assert finish.load_call(connection, "0" * 26, owner=OWNER) is None

    await database.write(look, name="test.write")
    await database.close()


async def test_what_was_said_of_the_inputs_is_kept(tmp_path: Path) -> None:
    """*Chosen*: the answer may be made by another process."""
    database = Database(tmp_path)
    said = ["image: “fox” = k7f3q2m9xa", 'sent at 1024x1024 of "1536x1536"']

    def look(connection: Connection) -> None:
        made = put(connection)
        finish.save_notes(connection, made.id, said)
        found = finish.load_call(connection, made.id, owner=OWNER)

        assert found is not None
        assert list(found.notes) == said

    await database.write(look, name="test.write")
    await database.close()


async def test_a_call_is_given_up_once_and_not_after_its_end(tmp_path: Path) -> None:
    """*Documented* (the extension): an end is final; its jobs know nothing of it."""
    database = Database(tmp_path)

    def look(connection: Connection) -> None:
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

    await database.write(look, name="test.write")
    await database.close()
