"""Queries stay fast with many jobs, because each uses an index."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import anyio
import pytest

from stability_mcp.jobs.models import JobCriteria, JobFilter, JobRow, Timing
from stability_mcp.jobs.progress import Viewpoint, to_record
from stability_mcp.jobs.transactions import lookup, recover, submit, usage
from stability_mcp.jobs.transactions.submit import ForeignGeneration
from stability_mcp.periods import Period
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection
from stability_mcp.store.tenancy import Account
from support.jobs.jobs import ACCOUNT, ME, OWNER, PAID, deferred, put, register
from support.store.direct import write_now
from support.store.rows import MAX_STEPS, change, steps

MANY = 100_000
ANOTHER = Account(owner=OWNER, upstream="another-key")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Database:
    """Return a store with 100,000 finished and delivered jobs, and a few others."""
    database = Database(tmp_path_factory.mktemp("many"))
    write_now(database, register, name="test.write")
    write_now(database, lambda c: [put(c) for _ in range(5)], name="test.write")
    for each in (CALLS, JOBS):
        change(database.home, each, MANY)
    write_now(database, _adopt, name="test.write")
    write_now(database, lambda c: [put(c) for _ in range(5)], name="test.write")
    return database


CALLS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
    " INSERT INTO calls (id, owner, upstream, process, tool, call_key, created_at, delivered_at)"
    " SELECT 'call-' || i, owner, upstream, process, tool, call_key, i, 1"
    " FROM n, (SELECT * FROM calls LIMIT 1)"
)
JOBS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
    " INSERT INTO jobs (id, owner, upstream, call, operation, arguments, deferred, state, day,"
    " price, price_list, created_at, finished_at)"
    " SELECT 'job-' || i, owner, upstream, 'call-' || i, operation, arguments, 0, 'done', day,"
    " price, price_list, i, 1 FROM n, (SELECT * FROM jobs LIMIT 1)"
)


def _adopt(connection: Connection) -> str:
    """Adopt a generation, which writes nothing if it is known."""
    found = ForeignGeneration(account=ACCOUNT, kind=type(deferred()), generation="g")
    job, _ = submit.adopt_generation(connection, found, process=ME, now=1_000, since=0)
    return job


ALWAYS = Period()
ALMOST_ALL = Period(since=2.0, until=1e12)


def _page(
    connection: Connection,
    before: int | None,
    *,
    state: JobFilter | None = None,
    operation: str | None = None,
    period: Period = ALWAYS,
) -> list[JobRow]:
    wanted = JobCriteria(state=state, operation=operation, period=period)
    return lookup.job_page(connection, OWNER, limit=20, before=before, criteria=wanted)


QUERIES: dict[str, Callable[[Connection], object]] = {
    "newest": lambda c: _page(c, None),
    "older": lambda c: _page(c, 500),
    "done": lambda c: _page(c, None, state="done"),
    "queued": lambda c: _page(c, None, state="queued"),
    "failed": lambda c: _page(c, None, state="failed"),
    "failed in a period": lambda c: _page(c, None, state="failed", period=ALMOST_ALL),
    "failed of an operation": lambda c: _page(c, None, state="failed", operation="generate_core"),
    "an operation": lambda c: _page(c, None, operation="generate_core"),
    "an operation without jobs": lambda c: _page(c, None, operation="upscale_fast"),
    "a done operation": lambda c: _page(c, None, operation="generate_core", state="done"),
    "a long period": lambda c: _page(c, None, period=ALMOST_ALL),
    "a long period, done": lambda c: _page(c, None, period=ALMOST_ALL, state="done"),
    "a long period, older": lambda c: _page(c, 90_000, period=ALMOST_ALL),
    "a short period": lambda c: _page(c, None, period=Period(since=500.0, until=510.0)),
    "an empty period": lambda c: _page(c, None, period=Period(since=-2.0, until=-1.0)),
    "some": lambda c: lookup.jobs_by_id(c, [f"job-{i}" for i in range(50, 60)]),
    "states": lambda c: lookup.job_states(c, [f"job-{i}" for i in range(50, 60)]),
    "unfinished": lambda c: lookup.unfinished_jobs(c, ACCOUNT),
    "pulse": lambda c: lookup.activity(c, OWNER),
    "uncollected": lambda c: lookup.uncollected_jobs(c, OWNER, since=0),
    "missing": lambda c: recover.find_missing(c, upstream=PAID.id, since=2),
    "adopted": _adopt,
    "orphans": lambda c: recover.has_unowned(c, PAID.id),
    "typical": lambda c: usage.typical_seconds(c, ACCOUNT, "generate_core"),
    "typical of another key": lambda c: usage.typical_seconds(c, ANOTHER, "generate_core"),
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_takes_no_longer_with_many_jobs(many: Database, name: str) -> None:
    """*Chosen*: 10 ms with 100,000 jobs, measured in SQLite steps."""
    _, taken = anyio.run(many.read, partial(steps, QUERIES[name]))

    assert taken < MAX_STEPS


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_uses_an_index(many: Database, name: str) -> None:
    """*Documented* (SQLite): SCAN without an index reads the whole table."""
    plans: list[str] = []

    def explain(connection: Connection) -> None:
        statements: list[str] = []
        sqlite = connection
        sqlite.set_trace_callback(statements.append)
        QUERIES[name](connection)
        sqlite.set_trace_callback(None)
        for each in statements:
            plans.extend(str(row[3]) for row in sqlite.execute(f"EXPLAIN QUERY PLAN {each}"))

    anyio.run(many.read, explain)

    whole = [plan for plan in plans if plan.startswith("SCAN") and "INDEX" not in plan]
    assert plans
    assert [plan for plan in whole if any(t in plan for t in ("jobs", "calls", "media"))] == []


def test_a_job_with_an_operation_of_a_newer_version_can_be_read(tmp_path: Path) -> None:
    """*Chosen*: an unknown operation is shown and doesn't crash."""
    database = Database(tmp_path)
    made = write_now(database, put, name="test.write")
    change(
        tmp_path,
        "UPDATE jobs SET operation = 'generate_next', state = 'submitted', sent_at = 1",
    )
    found = write_now(database, lambda c: lookup.jobs_by_id(c, made.job_ids), name="test.write")

    seen = Viewpoint(upstream=PAID.id, now=5, blocked_until=0, timing=Timing())
    view = to_record(found[made.job_ids[0]], seen, note=None)

    assert (view.operation, view.progress) == ("generate_next", "generating: 4 s so far")
    anyio.run(database.close)
