"""T2 to T5 and T7, one transaction at a time: what each changes, and when it refuses."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from stability_mcp.api.operation import Operation
from stability_mcp.jobs import rate_limit
from stability_mcp.jobs.models import (
    JobRow,
    LeaseLostError,
    NoSlotError,
    RateLimit,
    UpstreamPausedError,
)
from stability_mcp.jobs.transactions import finish, send, usage
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection
from support.jobs.jobs import ME, PAID, PRICE, answer, creative, put, register, row
from support.store.direct import write_now
from support.store.rows import execute, ledger, money, rows

NOW = 1_000.0
DAY = 86_400.0


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Return an empty store."""
    found = Database(tmp_path)
    yield found
    anyio.run(found.close)


def _queued(database: Database, operation: Operation | None = None) -> JobRow:
    made = write_now(database, lambda c: put(c, operation, now=NOW), name="test.write")
    return _read(database, made.job_ids[0])


def _read(database: Database, job: str) -> JobRow:
    return write_now(database, lambda c: row(c, job), name="test.write")


def _begin(connection: Connection, job: JobRow, **values: float) -> JobRow:
    given = {"lease_version": job.lease_version, "now": NOW, **values}
    limit = RateLimit(limit=1, window=10)
    leased = replace(job, lease_version=int(given["lease_version"]))
    return send.begin(connection, leased, limit=limit, now=given["now"]).job


def _sent(database: Database, operation: Operation | None = None) -> JobRow:
    job = _queued(database, operation)
    return write_now(database, lambda c: _begin(c, job), name="test.write")


def _everything(database: Database) -> list[tuple[object, ...]]:
    tables = ("jobs", "requests", "spending", "upstreams")
    return [row for table in tables for row in rows(database.home, f"SELECT * FROM {table}")]  # noqa: S608 -- the names are above


def test_begin_updates_state_charge_and_slot_together(database: Database) -> None:
    """*Chosen*: T2 is one transaction."""
    job = _sent(database)

    assert _read(database, job.id) == job
    assert (job.state, job.attempt, job.sent_at) == ("submitting", 1, NOW)
    assert ledger(database.home) == ["sent"]
    assert money(database.home) == (PRICE, 0)
    assert rows(database.home, "SELECT process, sent_at FROM requests") == [(ME, None)]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ("UPDATE jobs SET process = 'another'", LeaseLostError),
        ("UPDATE jobs SET lease_version = lease_version + 1", LeaseLostError),
        ("UPDATE jobs SET cancel_at = 1", LeaseLostError),
        ("UPDATE jobs SET state = 'submitting'", LeaseLostError),
        ("UPDATE jobs SET attempt = 1", LeaseLostError),
        ("UPDATE upstreams SET paused_why = 'no credits'", UpstreamPausedError),
        ("UPDATE upstreams SET blocked_until = 1050", NoSlotError),
        ("INSERT INTO requests VALUES (1, 'paid-upstream', 'p', 999, 999)", NoSlotError),
    ],
)
def test_a_refused_begin_changes_nothing(
    database: Database, change: str, error: type[Exception]
) -> None:
    """*Chosen*: T2 itself checks process, lease version, cancellation, lockout and slot."""
    job = _queued(database)
    write_now(database, lambda c: execute(c, change), name="test.write")
    before = _everything(database)

    with pytest.raises(error):
        write_now(database, lambda c: _begin(c, job), name="test.write")

    assert ledger(database.home) == []
    assert _everything(database) == before


def test_credits_count_on_the_day_of_sending(database: Database) -> None:
    """*Chosen*: T2 moves the reservation to today."""
    job = _queued(database)

    sent = write_now(database, lambda c: _begin(c, job, now=NOW + 3 * DAY), name="test.write")

    assert sent.day > job.day
    assert rows(database.home, "SELECT day, reserved FROM spending ORDER BY day") == [
        (job.day, 0),
        (sent.day, PRICE),
    ]


def test_a_requeued_job_keeps_its_reservation(database: Database) -> None:
    """*Chosen*: T2x, charge free, queued with a wake-up time."""
    job = _sent(database)

    assert write_now(
        database, lambda c: finish.requeue(c, job, error=None, wake_at=1_060.0), name="test.write"
    )

    again = _read(database, job.id)
    assert (again.state, again.attempt, again.wake_at) == ("queued", 1, 1_060.0)
    assert ledger(database.home) == ["free"]
    assert money(database.home) == (PRICE, 0)


def test_a_final_refusal_releases_the_reservation(database: Database) -> None:
    """*Chosen*: T2x, failed, `reserved -= price`."""
    job = _sent(database)

    assert write_now(
        database, lambda c: finish.fail_free(c, job, error="no", now=NOW), name="test.write"
    )

    ended = _read(database, job.id)
    assert (ended.state, ended.charged, ended.error) == ("failed", "no", "no")
    assert ledger(database.home) == ["free"]
    assert money(database.home) == (0, 0)


def test_an_unknown_outcome_counts_as_charged_once(database: Database) -> None:
    """*Chosen*: T2u, unknown and assumed charged."""
    job = _sent(database)

    spent = write_now(
        database, lambda c: finish.mark_unknown(c, job, error="?", now=NOW), name="test.write"
    )
    again = write_now(
        database, lambda c: finish.mark_unknown(c, job, error="?", now=NOW), name="test.write"
    )

    assert (spent, again) == (PRICE, 0)
    assert _read(database, job.id).charged == "assumed"
    assert ledger(database.home) == ["assumed"]
    assert money(database.home) == (0, PRICE)


def test_an_unusable_response_is_failed_and_charged(database: Database) -> None:
    """*Chosen*: T2u for an unusable 2xx."""
    job = _sent(database)

    spent = write_now(
        database, lambda c: finish.fail_charged(c, job, error="cut", now=NOW), name="test.write"
    )

    ended = _read(database, job.id)
    assert (spent, ended.state, ended.charged) == (PRICE, "failed", "yes")
    assert ledger(database.home) == ["charged"]


@pytest.mark.parametrize("marked_unknown", [False, True])
def test_late_headers_are_saved_even_for_an_unknown_job(
    database: Database,
    *,
    marked_unknown: bool,
) -> None:
    """*Chosen*: results are fenced only by attempt, never by state or owner."""
    job = _sent(database)
    if marked_unknown:
        write_now(
            database, lambda c: finish.mark_unknown(c, job, error="?", now=NOW), name="test.write"
        )

    assert write_now(
        database, lambda c: send.save_headers(c, job, answer(), now=NOW), name="test.write"
    )

    storing = _read(database, job.id)
    assert (storing.state, storing.finished_at, storing.error) == ("storing", None, None)
    assert storing.answer == answer().to_json()


def test_a_late_generation_is_saved_even_for_an_unknown_job(database: Database) -> None:
    """*Chosen*: T3d, like T3."""
    job = _sent(database, creative("k7f3q2m9xa"))
    write_now(
        database, lambda c: finish.mark_unknown(c, job, error="?", now=NOW), name="test.write"
    )

    assert write_now(
        database,
        lambda c: send.save_generation(c, job, "g1", wake_at=1_010.0, now=NOW),
        name="test.write",
    )

    submitted = _read(database, job.id)
    assert (submitted.state, submitted.generation) == ("submitted", "g1")
    assert money(database.home)[0] == 0


def test_a_response_to_another_attempt_is_ignored(database: Database) -> None:
    """*Chosen*: attempts never mix."""
    first = _sent(database)
    write_now(
        database, lambda c: finish.requeue(c, first, error=None, wake_at=0), name="test.write"
    )
    write_now(database, lambda c: rate_limit.mark_sent(c, 1, NOW), name="test.write")
    queued = _read(database, first.id)
    write_now(database, lambda c: _begin(c, queued, now=NOW + 20), name="test.write")

    assert not write_now(
        database, lambda c: send.save_headers(c, first, answer(), now=NOW), name="test.write"
    )
    assert not write_now(
        database, lambda c: finish.fail_free(c, first, error="no", now=NOW), name="test.write"
    )
    assert ledger(database.home) == ["free", "sent"]


def test_a_balance_above_zero_ends_a_pause(database: Database) -> None:
    """*Chosen*: 401 and 402 pause the upstream until a balance query returns more than 0."""
    write_now(database, lambda c: usage.register_upstream(c, PAID), name="test.write")
    write_now(database, lambda c: usage.pause_upstream(c, PAID.id, "no credits"), name="test.write")

    write_now(
        database, lambda c: usage.save_balance(c, PAID.id, balance=0, now=NOW), name="test.write"
    )
    paused = write_now(database, lambda c: usage.paused_why(c, PAID.id), name="test.write")
    write_now(
        database, lambda c: usage.save_balance(c, PAID.id, balance=1, now=NOW), name="test.write"
    )

    assert paused == "no credits"
    assert write_now(database, lambda c: usage.paused_why(c, PAID.id), name="test.write") is None


def test_delivering_a_joined_call_delivers_the_first_call(database: Database) -> None:
    """*Chosen*: T7."""
    write_now(database, register, name="test.write")
    root, joined, other = (write_now(database, put, name="test.write").id for _ in range(3))
    write_now(
        database,
        lambda c: execute(
            c, "UPDATE calls SET joined = :root WHERE id = :id", root=root, id=joined
        ),
        name="test.write",
    )

    write_now(database, lambda c: finish.mark_delivered(c, [joined], NOW), name="test.write")
    write_now(database, lambda c: finish.mark_abandoned(c, joined, NOW), name="test.write")
    write_now(database, lambda c: finish.mark_abandoned(c, other, NOW), name="test.write")

    found = rows(database.home, "SELECT id, delivered_at, abandoned_at FROM calls")
    assert found == [(root, NOW, None), (joined, NOW, None), (other, None, NOW)]
