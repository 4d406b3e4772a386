"""Each end of a job or run gets a number and a delivery, in the transaction that ends it."""

import re
import sqlite3
from collections.abc import Callable, Iterator

import pytest

from stability_mcp.jobs.models import JobRow
from stability_mcp.jobs.transactions import cancel, finish
from stability_mcp.maintenance import restored_rows
from stability_mcp.notify import webhooks
from stability_mcp.notify.webhooks import EventType, WebhookWish
from stability_mcp.store.queries import Connection
from stability_mcp.workflows.plan import Plan
from stability_mcp.workflows.runs import run_fence, run_rows
from stability_mcp.workflows.runs.run_fence import NewState
from stability_mcp.workflows.runs.run_rows import NewRun, RunStatus
from support.jobs.jobs import ACCOUNT, ME, OWNER, put, row
from support.notify.webhooks import begun_job
from support.store import sql
from support.store.rows import execute, in_memory

NOW = 2_000.0

NUMBER = """end_number = coalesce(
    (SELECT ended.end_number + 1 FROM {table} AS ended WHERE ended.owner = {table}.owner
        AND ended.end_number >= CAST(CAST(:now AS DOUBLE PRECISION) * 1000 AS BIGINT)
        ORDER BY ended.end_number DESC LIMIT 1),
    CAST(CAST(:now AS DOUBLE PRECISION) * 1000 AS BIGINT))"""
"""Sets the next number of an owner."""

End = Callable[[Connection, JobRow, float], object]


def _cancel(connection: Connection, job: JobRow, now: float) -> object:
    return cancel.cancel_jobs(connection, owner=OWNER, jobs=[job.id], now=now)


def _restore(connection: Connection, job: JobRow, now: float) -> object:
    del job
    return restored_rows.end_unfinished(connection, made_at=now, now=now)


def _fail(connection: Connection, job: JobRow, now: float) -> object:
    return finish.fail_free(connection, job, error="no", now=now)


def _lose(connection: Connection, job: JobRow, now: float) -> object:
    return finish.mark_unknown(connection, job, error="lost", now=now)


def _store(connection: Connection, job: JobRow, now: float) -> object:
    return finish.store_results(connection, {}, job, [], now=now)  # type: ignore[arg-type]  # no result, no blob


ENDS: dict[str, End] = {
    "finish.fail": _fail,
    "finish.mark_unknown": _lose,
    "finish.mark_done": _store,
    "cancel.cancel": _cancel,
    "restored_rows.cancel": _restore,
}
"""What runs each statement that ends a job."""
SENT = {"finish.mark_unknown", "finish.mark_done"}
"""These end only jobs whose request was sent."""

RUN_ENDS = {"run_fence.stop"}


@pytest.fixture
def store() -> Iterator[sqlite3.Connection]:
    """Return the connection of an empty store."""
    with in_memory() as connection:
        yield connection


def _register(connection: Connection, *events: EventType) -> str:
    wish = WebhookWish(url="http://localhost/hook", events=events or webhooks.EVENT_TYPES)
    return webhooks.create(connection, ACCOUNT, wish, webhooks.new_secret(), now=1.0).id


def _plain(text: str) -> str:
    return "".join(text.split())


def _deliveries(connection: Connection) -> list[tuple[object, ...]]:
    return execute(connection, "SELECT webhook, type, subject, message FROM deliveries")


def _ending(table: str) -> dict[str, str]:
    """Return the statements that set when a job or run ended; others only compare that time."""
    found = {each.name: each.sql for _, _, each in sql.statements()}
    return {name: text for name, text in found.items() if _sets_end(text, table)}


def _sets_end(text: str, table: str) -> bool:
    while (shorter := re.sub(r"\([^()]*\)", "", text)) != text:  # conditions of subqueries
        text = shorter
    changes = " ".join(text.partition("WHERE")[0].split())
    sets_end = re.search(r"\bfinished_at = (?!NULL)", changes) is not None
    return sets_end and changes.split()[:2] == ["UPDATE", table]


def test_every_statement_that_ends_a_job_or_run_numbers_the_end() -> None:
    """*Chosen*: an event stream misses no end; a new statement needs a row above."""
    jobs, runs = _ending("jobs"), _ending("runs")

    assert jobs.keys() == ENDS.keys()
    assert runs.keys() == RUN_ENDS
    for table, statements in (("jobs", jobs), ("runs", runs)):
        number = _plain(NUMBER.format(table=table)).removeprefix("end_number=")
        assert [name for name, text in statements.items() if number not in _plain(text)] == []


@pytest.mark.parametrize("statement", ENDS)
def test_an_end_of_a_job_has_a_number_and_a_delivery(
    statement: str, store: sqlite3.Connection
) -> None:
    """*Chosen*: whatever ends it; other webhooks get nothing."""
    wanted = _register(store, "job.ended")
    _register(store, "run.ended")
    job = (
        begun_job(store, now=1_000.0).id
        if statement in SENT
        else put(store, now=1_000.0).job_ids[0]
    )

    ENDS[statement](store, row(store, job), NOW)

    [(number, finished_at)] = execute(store, "SELECT end_number, finished_at FROM jobs")
    assert (number, finished_at) == (NOW * 1000, NOW)
    assert _deliveries(store) == [(wanted, "job.ended", job, f"job_{job}_{number}")]


def test_numbers_grow_when_the_clock_stands_or_goes_back(store: sqlite3.Connection) -> None:
    """*Chosen*: also after the row with the largest number was deleted."""
    jobs = [put(store, now=1_000.0).job_ids[0] for _ in range(5)]
    for job, now in zip(jobs, (NOW, NOW, NOW - 500, NOW + 500, NOW), strict=True):
        _fail(store, row(store, job), now)

    numbers = [number for (number,) in execute(store, "SELECT end_number FROM jobs ORDER BY seq")]
    base = int(NOW * 1000)
    assert numbers == [base, base + 1, base + 2, base + 500_000, base + 500_001]


def test_a_late_result_ends_an_unknown_job_again(store: sqlite3.Connection) -> None:
    """*Chosen*: it is another message."""
    _register(store)
    job = begun_job(store, now=1_000.0).id

    _lose(store, row(store, job), NOW)
    _store(store, row(store, job), NOW + 1)

    assert [each[3] for each in _deliveries(store)] == [
        f"job_{job}_{int(NOW * 1000)}",
        f"job_{job}_{int(NOW * 1000) + 1000}",
    ]


def test_other_accounts_and_disabled_webhooks_get_no_delivery(store: sqlite3.Connection) -> None:
    """*Chosen*: a webhook only hears of its own account."""
    _register(store)
    execute(store, "UPDATE webhooks SET owner = 'other'")
    _register(store)
    execute(store, "UPDATE webhooks SET upstream = 'other' WHERE owner = :owner", owner=OWNER)
    disabled = _register(store)
    execute(store, "UPDATE webhooks SET disabled_at = 1 WHERE id = :id", id=disabled)
    [job] = put(store, now=1_000.0).job_ids

    _fail(store, row(store, job), NOW)

    assert _deliveries(store) == []


@pytest.mark.parametrize(
    ("state", "type_"),
    [
        ("review", "run.review"),
        ("done", "run.ended"),
        ("failed", "run.ended"),
        ("cancelled", "run.ended"),
        ("paused", None),
    ],
)
def test_a_run_that_ends_or_waits_for_a_pick_is_reported(
    state: RunStatus, type_: str | None, store: sqlite3.Connection
) -> None:
    """*Chosen*: a pause is shown by the next answer instead."""
    webhook = _register(store)
    plan = Plan.model_validate(
        {"steps": [{"id": "a", "tool": "generate_core", "arguments": {"prompt": "a"}}]}
    )
    new = NewRun(account=ACCOUNT, process=ME, plan=plan, inputs={}, max_credits=0)
    run = run_rows.insert_run(store, new, 1_000.0)
    found = run_rows.find_run(store, ACCOUNT, run)

    assert run_fence.stop(store, found, NewState(state=state), NOW)

    [(number,)] = execute(store, "SELECT end_number FROM runs")
    assert number == (None if type_ is None else NOW * 1000)
    expected = [] if type_ is None else [(webhook, type_, run, f"run_{run}_{number}")]
    assert _deliveries(store) == expected


def test_the_next_number_is_found_by_the_index() -> None:
    """*Chosen*: an end takes no longer in a store with many jobs."""
    with in_memory() as connection:
        plan = execute(
            connection,
            f"EXPLAIN QUERY PLAN UPDATE jobs SET {NUMBER.format(table='jobs')} WHERE id = 'a'",  # noqa: S608 -- the text above
            now=1.0,
        )

    assert "jobs_end_number" in " ".join(str(each[3]) for each in plan)
    assert "TEMP B-TREE" not in " ".join(str(each[3]) for each in plan)
