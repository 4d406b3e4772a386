"""Lines of the usage report: money from the ledger, failures and times from the jobs."""

from collections.abc import Iterator
from datetime import date

import pytest

from stability_mcp.figures.report import Report, read_report
from stability_mcp.jobs.transactions.usage import (
    MAX_JOB_SECONDS,
    RECENT_JOBS,
    LedgerBy,
    LedgerQuery,
    typical_seconds,
)
from stability_mcp.periods import Period, bounds_of
from stability_mcp.store.tenancy import Account
from support.jobs.jobs import ACCOUNT, OWNER
from support.jobs.ledger import CORE, DAYS, FAST, Ledger
from support.store.rows import in_memory, plans


class Reported(Ledger):
    """A store whose report is read."""

    def report(
        self, by: LedgerBy, limit: int = 10, period: Period | None = None, since: str = DAYS[0]
    ) -> Report:
        """Return the report of both days."""
        query = LedgerQuery(since=since, by=by, limit=limit, period=period or Period())
        return read_report(self.connection, ACCOUNT, query)


@pytest.fixture
def ledger() -> Iterator[Reported]:
    """Return an empty store."""
    with in_memory() as connection:
        yield Reported(connection)


def _counts(report: Report) -> dict[tuple[str | None, str | None], tuple[int, ...]]:
    return {
        (each.ledger.day, each.ledger.operation): (
            each.ledger.charged // 1000,
            each.failed,
            each.failed_charged,
            each.unknown,
        )
        for each in report.lines
    }


def test_failures_and_unknown_outcomes_are_counted_on_every_kind_of_line(ledger: Reported) -> None:
    """Chosen: a failure that was charged is another matter than one that was free."""
    ledger.job()
    ledger.job(state="failed", charge="free")
    ledger.job(state="failed")
    ledger.job(FAST, "unknown", "assumed")
    ledger.job(state="failed", charge="assumed", day=DAYS[0])

    by_day = _counts(ledger.report("day"))
    by_operation = _counts(ledger.report("operation"))
    both = _counts(ledger.report("day_operation"))

    assert by_day == {(DAYS[1], None): (6, 1, 1, 1), (DAYS[0], None): (0, 0, 1, 0)}
    assert by_operation == {(None, CORE): (6, 1, 2, 0), (None, FAST): (0, 0, 0, 1)}
    assert both == {
        (DAYS[1], CORE): (6, 1, 1, 0),
        (DAYS[1], FAST): (0, 0, 0, 1),
        (DAYS[0], CORE): (0, 0, 1, 0),
    }
    for by in ("day", "operation", "day_operation", "job", "request"):
        total = ledger.report(by).total
        assert (total.failed, total.failed_charged, total.unknown) == (1, 2, 1)


def test_a_job_that_failed_before_it_was_sent_has_a_line(ledger: Reported) -> None:
    """Chosen: a day without a connection isn't an empty day, although the ledger has no request."""
    ledger.job(day=DAYS[0])
    ledger.job(FAST, "failed", None)

    assert _counts(ledger.report("day")) == {
        (DAYS[1], None): (0, 1, 0, 0),
        (DAYS[0], None): (3, 0, 0, 0),
    }
    assert [each.ledger.operation for each in ledger.report("operation").lines] == [FAST, CORE]


def test_medians_are_those_of_an_operation_in_the_period(ledger: Reported) -> None:
    """Chosen: from sending until the result is stored."""
    for seconds in (5, 7, 30):
        ledger.job(took=seconds)
    for seconds in (2, 3):
        ledger.job(FAST, took=seconds)
    ledger.job(took=1, day=DAYS[0])
    ledger.job(FAST, "failed", "free", took=900)

    times = {each.ledger.operation: each.seconds for each in ledger.report("operation").lines}
    second_day = Period(since=bounds_of(date.fromisoformat(DAYS[1]))[0])
    later = {
        each.ledger.operation: each.seconds
        for each in ledger.report("operation", period=second_day).lines
    }
    both = {
        (each.ledger.day, each.ledger.operation): each.seconds
        for each in ledger.report("day_operation").lines
    }

    assert times == {CORE: 6, FAST: 2.5}
    assert later == {CORE: 7, FAST: 2.5}
    assert both == {(DAYS[1], CORE): 7, (DAYS[1], FAST): 2.5, (DAYS[0], CORE): 1}
    assert {each.seconds for each in ledger.report("day").lines} == {None}


def test_the_newest_lines_are_returned_and_the_total_has_all(ledger: Reported) -> None:
    """Chosen: the limit is applied after failures have joined their lines."""
    ledger.job(FAST, day=DAYS[0])
    ledger.job()
    ledger.job(FAST, "failed", None)

    [line] = ledger.report("operation", limit=1).lines
    assert (line.ledger.operation, line.ledger.charged, line.failed) == (CORE, 3_000, 0)
    assert ledger.report("operation", limit=1).total.ledger.charged == 6_000


def test_only_this_accounts_own_jobs_tell_its_typical_time(ledger: Reported) -> None:
    """Chosen: another key, an adopted generation and a job that waited for a server don't."""
    for _ in range(3):
        ledger.job(took=8)
        ledger.job(took=100, upstream="another-key")
        ledger.job(took=100, origin="adopted")
        ledger.job(took=MAX_JOB_SECONDS + 1)
        ledger.job(state="failed", took=100)

    another = Account(owner=OWNER, upstream="another-key")
    assert typical_seconds(ledger.connection, ACCOUNT, CORE) == 8
    assert typical_seconds(ledger.connection, another, CORE) == 100
    assert typical_seconds(ledger.connection, ACCOUNT, FAST) is None


def test_the_typical_time_follows_the_newest_jobs(ledger: Reported) -> None:
    """Chosen: 30 jobs, so a change of the API is seen within a day's work."""
    for _ in range(RECENT_JOBS):
        ledger.job(took=8)
    before = typical_seconds(ledger.connection, ACCOUNT, CORE)
    for _ in range(RECENT_JOBS):
        ledger.job(took=5)

    assert before == 8
    assert typical_seconds(ledger.connection, ACCOUNT, CORE) == 5


def test_a_few_odd_times_do_not_move_it(ledger: Reported) -> None:
    """Chosen: the median, not the mean."""
    for seconds in (8, 900, 8.4, 7.9, 600):
        ledger.job(took=seconds)

    assert typical_seconds(ledger.connection, ACCOUNT, CORE) == 8.4


def test_failures_and_times_are_found_by_an_index(ledger: Reported) -> None:
    """Chosen: failures are few, and a report of a month doesn't read the years before it."""
    query = LedgerQuery(since=DAYS[0], by="day_operation", limit=10)
    _, found = plans(lambda c: read_report(c, ACCOUNT, query), ledger.connection)

    used = " ".join(step for steps in found.values() for step in steps)
    assert "jobs_state" in used
    assert "jobs_ended" in used
    assert "SCAN jobs" not in used
    assert "SCAN charges" not in used
