"""After how long a client gives up: believed for a while, and longer where it repeats itself."""

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
    """Give an empty store."""
    found = Database(tmp_path)
    yield found
    anyio.run(found.close)


def gave_up(database: Database, seconds: float, *, day: float = 0, client: str = HOST) -> None:
    """Note that a client gave up."""
    now = NOW + day * DAY_SECONDS
    write_now(
        database, lambda c: usage.record_give_up(c, client, seconds, now=now), name="test.write"
    )


def bears(database: Database, *, day: float = 0, client: str = HOST) -> float | None:
    """Return what a client bears."""
    now = NOW + day * DAY_SECONDS
    return write_now(
        database, lambda c: usage.give_up_seconds(c, client, now=now), name="test.write"
    )


def test_the_shortest_time_counts_and_each_client_has_its_own(database: Database) -> None:
    """*Chosen*: the wait ends before any of them."""
    gave_up(database, 30)
    gave_up(database, 60)

    assert bears(database) == 30
    assert bears(database, client="another") is None


def test_a_user_who_pressed_stop_once_is_forgotten_after_a_day(database: Database) -> None:
    """*Chosen*: else every call of this client came back early, for ever."""
    gave_up(database, 5)

    assert [bears(database, day=day) for day in (0, 0.99, 1.01)] == [5, 5, None]


def test_what_repeats_itself_is_believed_for_a_month(database: Database) -> None:
    """*Chosen*: that is a host; a day later it is tried out, and is seen to do it again."""
    gave_up(database, 30)
    gave_up(database, 31, day=2)

    assert [bears(database, day=day) for day in (2, 20, 31.9, 32.1)] == [30, 30, 30, None]


def test_different_times_do_not_confirm_each_other(database: Database) -> None:
    """*Chosen*: a user gives up after any time."""
    for day, seconds in enumerate((5, 9, 17)):
        gave_up(database, seconds, day=day / 10)

    assert bears(database, day=0.5) == 5
    assert bears(database, day=1.3) is None


def test_a_stop_does_not_hide_what_the_host_does(database: Database) -> None:
    """*Chosen*: after a day without one its own time counts again."""
    gave_up(database, 30)
    gave_up(database, 30)
    gave_up(database, 6, day=1)

    assert [bears(database, day=day) for day in (1, 2.1)] == [6, 30]


def test_a_clock_set_back_keeps_what_was_seen(database: Database) -> None:
    """*Chosen*: it is believed a little longer, which costs nothing."""
    gave_up(database, 30)

    assert bears(database, day=-1) == 30


def test_what_is_kept_is_bounded(database: Database) -> None:
    """*Chosen*: it is read with every call."""
    for number in range(30):
        gave_up(database, 1.5**number)

    [(kept,)] = rows(database.home, "SELECT value FROM meta WHERE key LIKE '%:' || ?", HOST)
    assert len(json.loads(kept)) == MAX_TIMES
