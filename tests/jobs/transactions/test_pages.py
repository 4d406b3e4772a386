"""Pages of jobs: every filter returns the matching jobs once each, in one order."""

import sqlite3
from collections.abc import Iterator
from itertools import product
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stability_mcp.jobs.models import RUNNING, JobCriteria, JobFilter, JobRow
from stability_mcp.jobs.transactions import lookup
from stability_mcp.periods import Period
from support.jobs.jobs import OWNER, put, register
from support.store.rows import execute, in_memory

OPERATIONS = ("generate_core", "upscale_fast")
TIMES = (10.0, 20.0, 30.0)
"""Few, so that many jobs were created at the same time, at a border of a period, or out of order:
the clock of a machine may be set back."""

STATES: tuple[JobFilter | None, ...] = (None, "done", "failed", "running")
CRITERIA = [
    JobCriteria(state=state, operation=operation, period=period)
    for state, operation, period in product(
        STATES,
        (None, "generate_core"),
        (Period(), Period(since=20.0), Period(until=30.0), Period(since=10.0, until=20.0)),
    )
]


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    """Yield a store with twelve jobs."""
    with in_memory() as connection:
        register(connection)
        for _ in range(12):
            put(connection)
        yield connection


jobs = st.lists(
    st.tuples(
        st.sampled_from(("done", "failed", "submitted")),
        st.sampled_from(OPERATIONS),
        st.sampled_from(TIMES),
    ),
    min_size=12,
    max_size=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=jobs, size=st.integers(1, 5))
def test_pages_have_every_matching_job_once(
    connection: sqlite3.Connection, rows: list[tuple[str, str, float]], size: int
) -> None:
    """*Chosen*: newest first, whatever the filter, the page size and the clock."""
    seqs = [seq for (seq,) in execute(connection, "SELECT seq FROM jobs ORDER BY seq")]
    for seq, (state, operation, at) in zip(seqs, rows, strict=True):
        execute(
            connection,
            "UPDATE jobs SET state = :state, operation = :operation, created_at = :at"
            " WHERE seq = :seq",
            state=state,
            operation=operation,
            at=at,
            seq=seq,
        )

    for criteria in CRITERIA:
        listed = _walk(connection, criteria, size)
        expected = {seq for seq, row in zip(seqs, rows, strict=True) if _matches(criteria, *row)}
        assert sorted(job.seq for job in listed) == sorted(expected), criteria
        by_seq = [job.seq for job in listed]
        by_time = [(job.created_at, job.seq) for job in listed]
        assert by_seq == sorted(by_seq, reverse=True) or by_time == sorted(by_time, reverse=True)


def _walk(connection: sqlite3.Connection, criteria: JobCriteria, size: int) -> list[JobRow]:
    found: list[JobRow] = []
    before = None
    while page := lookup.job_page(connection, OWNER, limit=size, before=before, criteria=criteria):
        found += page
        before = page[-1].seq
    return found


def _matches(criteria: JobCriteria, state: str, operation: str, at: float) -> bool:
    states = RUNNING if criteria.state == "running" else (criteria.state,)
    return (
        (criteria.state is None or state in states)
        and criteria.operation in {None, operation}
        and criteria.period.since <= at < criteria.period.until
    )


def test_a_page_after_a_deleted_job_continues_with_older_ones(
    connection: sqlite3.Connection,
) -> None:
    """*Chosen*: retention may delete the job at the end of a page before the next is read."""
    execute(connection, "UPDATE jobs SET state = 'done', created_at = seq")
    criteria = JobCriteria(period=Period(since=0.5))
    first = lookup.job_page(connection, OWNER, limit=3, before=None, criteria=criteria)
    gone = first[-1]
    execute(connection, "UPDATE jobs SET owner = 'other' WHERE id = :id", id=gone.id)

    second = lookup.job_page(connection, OWNER, limit=3, before=gone.seq, criteria=criteria)

    execute(connection, "UPDATE jobs SET owner = :owner", owner=OWNER)
    assert [job.seq for job in second] == [gone.seq - 1, gone.seq - 2, gone.seq - 3]


def test_every_state_can_be_listed(connection: sqlite3.Connection) -> None:
    """*Chosen*: `running` stands for several."""
    for state in get_args(JobFilter):
        lookup.job_page(connection, OWNER, limit=3, before=None, criteria=JobCriteria(state=state))
