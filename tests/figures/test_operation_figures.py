"""Jobs by operation and state, with the median and the 95th percentile of their times."""

from collections.abc import Iterator

import pytest

from stability_mcp.figures.operation_figures import OperationFigures, job_totals
from stability_mcp.jobs.transactions.usage import MAX_JOB_SECONDS
from stability_mcp.store.tenancy import Account
from support.jobs.jobs import ACCOUNT
from support.jobs.ledger import CORE, FAST, Ledger
from support.store.rows import execute, in_memory


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """Return an empty store."""
    with in_memory() as connection:
        yield Ledger(connection)


def _figures(ledger: Ledger) -> dict[str, OperationFigures]:
    return {each.operation: each for each in job_totals(ledger.connection, ACCOUNT).operations}


def test_jobs_are_counted_by_operation_and_state(ledger: Ledger) -> None:
    """Chosen: an operator sees which operation fails, and how much waits."""
    for state in ("done", "done", "failed", "unknown", "queued", "submitting", "storing"):
        ledger.job(state=state)
    ledger.job(FAST, "queued")

    totals = job_totals(ledger.connection, ACCOUNT)

    assert {each.operation: each.jobs for each in totals.operations} == {CORE: 7, FAST: 1}
    assert totals.states["queued"] == 2
    assert totals.running == 2
    assert _figures(ledger)[CORE].states["unknown"] == 1


@pytest.mark.parametrize(
    ("times", "median", "p95"),
    [
        ([4], 4, 4),
        ([4, 6], 5, 6),
        (range(1, 21), 10.5, 19),
        (range(1, 101), 50.5, 95),
    ],
)
def test_times_are_median_and_95th_percentile(
    times: list[int], median: float, p95: float, ledger: Ledger
) -> None:
    """Chosen: the percentile is a time that a job took; 95 % took no longer."""
    for seconds in times:
        ledger.job(took=seconds)

    found = _figures(ledger)[CORE]

    assert [found.median, found.p95] == pytest.approx([median, p95])


def test_only_jobs_that_the_api_answered_in_time_count(ledger: Ledger) -> None:
    """Chosen: a result that waited for a running server says nothing about the API."""
    ledger.job(took=8)
    ledger.job(took=MAX_JOB_SECONDS + 1)
    ledger.job(took=100, origin="adopted")
    ledger.job(FAST, "failed", took=100)

    figures = _figures(ledger)

    assert [figures[CORE].median, figures[CORE].p95] == pytest.approx([8, 8])
    assert (figures[FAST].median, figures[FAST].p95) == (None, None)


def test_other_accounts_are_not_counted(ledger: Ledger) -> None:
    """Chosen: every statement names its owner."""
    ledger.job()
    ledger.job(upstream="another")
    execute(ledger.connection, "UPDATE jobs SET owner = 'else' WHERE upstream = 'another'")

    assert job_totals(ledger.connection, ACCOUNT).states == {"done": 1}
    other = Account(owner="else", upstream=ACCOUNT.upstream)
    assert job_totals(ledger.connection, other).operations == ()
