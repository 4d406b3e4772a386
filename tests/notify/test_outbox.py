"""The outbox: retries with backoff, and one process at a time."""

from pathlib import Path

import pytest

from stability_mcp.notify import outbox
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection
from stability_mcp.store.tenancy import EMULATOR, LOCAL_OWNER, Account
from support.notify.receivers import ended

pytestmark = pytest.mark.anyio


async def test_a_failed_webhook_is_retried_with_backoff_and_then_given_up(tmp_path: Path) -> None:
    """*Chosen*: the backoff doubles with the age of the result; after a day it is given up."""
    database, now, pauses = Database(tmp_path), 1_000_000.0, list[float]()
    [job] = await ended(database, now)

    def attempt(connection: Connection) -> float | None:
        def due() -> list[outbox.DueNotification]:
            account = Account(owner=LOCAL_OWNER, upstream=EMULATOR.id)
            return outbox.due(connection, account, since=1.0, now=now, limit=4)

        for each in due():
            end = outbox.claim(connection, each, now=now)
            assert end is not None
            assert end.job == job
            assert due() == []
            assert outbox.claim(connection, each, now=now) is None
            return outbox.mark_failed(connection, end, now=now)
        return None

    while (pause := await database.write(attempt, name="test.write")) is not None:
        pauses.append(pause)
        now += pause - 1
        assert await database.write(attempt, name="test.write") is None
        now += 1
    await database.close()

    assert pauses[:4] == [10, 10, 20, 40]
    assert pauses[-1] == outbox.MAX_RETRY_SECONDS
    assert 20 < len(pauses) < 50
