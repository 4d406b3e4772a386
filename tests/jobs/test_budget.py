"""The daily budget: one guarded row shared by processes, and days that never go back."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest

from stability_mcp.errors import BudgetError
from stability_mcp.jobs import budget
from stability_mcp.jobs.budget import Spending
from stability_mcp.jobs.models import load_job
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection
from support.jobs.jobs import ACCOUNT, PRICE, put
from support.jobs.spender import spend_until_refused
from support.store.direct import write_now
from support.store.processes import SPAWN, in_processes
from support.store.rows import money

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
DAY = 86_400.0


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Return an empty store."""
    found = Database(tmp_path)
    yield found
    anyio.run(found.close)


def _reserve(
    database: Database, price: int, *, limit: int | None, now: float = NOON, count: int = 1
) -> str:
    def write(connection: Connection) -> str:
        day = budget.day_of(connection, ACCOUNT, now)
        budget.reserve(connection, ACCOUNT, [price] * count, limit=limit, day=day)
        return day

    return write_now(database, write, name="test.write")


def test_the_budget_can_be_used_up_and_not_exceeded(database: Database) -> None:
    """*Chosen*: `reserved + spent` is at most the limit, exact to a millicredit."""
    _reserve(database, 6_000, limit=10_000)
    _reserve(database, 4_000, limit=10_000)

    with pytest.raises(BudgetError):
        _reserve(database, 1, limit=10_000)

    assert money(database.home) == (10_000, 0)


def test_a_budget_refusal_says_what_is_left_and_how_many_jobs_still_fit(database: Database) -> None:
    """*Chosen*: spent, left, when it resets and how many jobs still fit."""
    _reserve(database, 4_000, limit=10_000)

    with pytest.raises(BudgetError) as refused:
        _reserve(database, 3_000, limit=10_000, count=4)

    assert str(refused.value) == (
        "This costs 12 credits, but today's budget of 10 credits has 6 credits left: 0 credits "
        "spent, 4 credits reserved. Nothing was charged. 2 of 4 still fit now. The budget resets "
        "at midnight. Only the person who runs the server can raise it: with STABILITY_BUDGET, or "
        "for today with `stability-mcp budget` in a terminal."
    )


def test_without_a_budget_every_call_is_allowed(database: Database) -> None:
    """*Chosen*: `STABILITY_BUDGET=none`."""
    _reserve(database, 10**9, limit=None)

    assert money(database.home) == (10**9, 0)


def test_each_day_has_its_own_budget(database: Database) -> None:
    """*Chosen*: the budget is per day."""
    first = _reserve(database, 10_000, limit=10_000)

    second = _reserve(database, 10_000, limit=10_000, now=NOON + DAY)

    assert second > first


def test_a_raised_budget_applies_only_to_that_day(database: Database) -> None:
    """*Chosen*: a person raises it for every process; the next day the usual one applies."""
    _reserve(database, 10_000, limit=10_000)
    write_now(
        database,
        lambda c: budget.raise_budget(c, ACCOUNT, limit=12_000, now=NOON),
        name="test.write",
    )

    _reserve(database, 2_000, limit=10_000)
    with pytest.raises(BudgetError, match="budget of 12 credits"):
        _reserve(database, 1, limit=10_000)
    with pytest.raises(BudgetError, match="budget of 10 credits"):
        _reserve(database, 10_001, limit=10_000, now=NOON + DAY)


def test_a_clock_set_back_does_not_refill_the_budget(database: Database) -> None:
    """*Chosen*: the day is the later of today and the latest day counted."""
    _reserve(database, 10_000, limit=10_000)

    with pytest.raises(BudgetError):
        _reserve(database, 1, limit=10_000, now=NOON - 3 * DAY)


def test_a_reservation_moves_to_the_day_the_request_is_sent(database: Database) -> None:
    """*Chosen*: credits count on the day of sending."""
    day = _reserve(database, PRICE, limit=None)

    def move(connection: Connection) -> None:
        today = budget.day_of(connection, ACCOUNT, NOON + DAY)
        assert today > day
        budget.move_reservation(connection, ACCOUNT, day=day, today=today, price=PRICE)

    write_now(database, move, name="test.write")

    counters = write_now(
        database, lambda c: budget.counters(c, ACCOUNT, NOON + DAY), name="test.write"
    )
    assert (counters.reserved, counters.spent) == (PRICE, 0)
    assert money(database.home) == (PRICE, 0)


def test_a_wrong_counter_does_not_lose_a_paid_result(database: Database) -> None:
    """*Chosen*: after a 2xx only the disk may fail a job."""
    call = write_now(database, lambda c: put(c, now=NOON), name="test.write")

    def charge(connection: Connection) -> None:
        [job] = [load_job(connection, each) for each in call.job_ids]
        assert job is not None
        budget.open_charge(connection, job, attempt=0, day=job.day, now=NOON)
        connection.execute("UPDATE spending SET reserved = 1")
        budget.mark_charged(connection, job)

    write_now(database, charge, name="test.write")

    assert money(database.home) == (0, PRICE)


def test_reserved_credits_are_not_available() -> None:
    """*Chosen*: reserved, spent and unknown all count."""
    assert Spending(today=2_000, reserved=3_000, limit=10_000, session=0).left == 5_000
    assert Spending(today=9_000, reserved=3_000, limit=10_000, session=0).left == 0
    assert Spending(today=9_000, reserved=3_000, limit=None, session=0).left is None


def test_three_processes_never_exceed_the_budget(tmp_path: Path) -> None:
    """*Chosen*: the check and the reservation are one statement."""
    together = SPAWN.Barrier(3)

    in_processes(spend_until_refused, [(str(tmp_path), 60, 4, 90_000, together)] * 3)

    assert money(tmp_path) == (90_000, 0)
