"""The observed timeout of a client: kept for a day, and for a month once it is confirmed."""

import json
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from stability_mcp.jobs.transactions import usage
from stability_mcp.jobs.transactions.usage import DAY_SECONDS, MAX_TIMES
from stability_mcp.store.database import Database
from support.store.direct import write_now
from support.store.rows import rows

NOW = 1e9
HOST = "a-host"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Return an empty store."""
    found = Database(tmp_path)
    yield found
    anyio.run(found.close)


def gave_up(database: Database, seconds: float, *, day: float = 0, client: str = HOST) -> None:
    """Record that a client timed out."""
    now = NOW + day * DAY_SECONDS
    write_now(
        database,
        lambda c: usage.record_client_timeout(c, client, seconds, now=now),
        name="test.write",
    )


def timeout(database: Database, *, day: float = 0, client: str = HOST) -> float | None:
    """Return the assumed timeout of a client."""
    now = NOW + day * DAY_SECONDS
    return write_now(
        database, lambda c: usage.client_timeout_seconds(c, client, now=now), name="test.write"
    )


def test_the_shortest_timeout_counts_for_each_client(database: Database) -> None:
    """*Chosen*: the wait must end before any of them."""
    gave_up(database, 30)
    gave_up(database, 60)

    assert timeout(database) == 30
    assert timeout(database, client="another") is None


def test_a_timeout_seen_once_is_forgotten_after_a_day(database: Database) -> None:
    """*Chosen*: a user may have pressed stop; otherwise every later call would return early."""
    gave_up(database, 5)

    assert [timeout(database, day=day) for day in (0, 0.99, 1.01)] == [5, 5, None]


def test_a_confirmed_timeout_is_kept_for_a_month(database: Database) -> None:
    """*Chosen*: two similar times come from the client itself, not from a user."""
    gave_up(database, 30)
    gave_up(database, 31, day=2)

    assert [timeout(database, day=day) for day in (2, 20, 31.9, 32.1)] == [30, 30, 30, None]


def test_different_times_do_not_confirm_each_other(database: Database) -> None:
    """*Chosen*: a user may press stop at any time."""
    for day, seconds in enumerate((5, 9, 17)):
        gave_up(database, seconds, day=day / 10)

    assert timeout(database, day=0.5) == 5
    assert timeout(database, day=1.3) is None


def test_a_users_stop_does_not_hide_the_confirmed_timeout(database: Database) -> None:
    """*Chosen*: a day after the stop the client's own timeout counts again."""
    gave_up(database, 30)
    gave_up(database, 30)
    gave_up(database, 6, day=1)

    assert [timeout(database, day=day) for day in (1, 2.1)] == [6, 30]


def test_a_clock_set_back_keeps_the_timeout(database: Database) -> None:
    """*Chosen*: it is kept a little longer, which does no harm."""
    gave_up(database, 30)

    assert timeout(database, day=-1) == 30


def test_the_number_of_recorded_timeouts_is_limited(database: Database) -> None:
    """*Chosen*: they are read with every call."""
    for number in range(30):
        gave_up(database, 1.5**number)

    [(kept,)] = rows(database.home, "SELECT value FROM meta WHERE key LIKE '%:' || ?", HOST)
    assert len(json.loads(kept)) == MAX_TIMES
