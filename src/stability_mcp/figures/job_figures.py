"""Reads from the jobs what the ledger doesn't know: failures, unknown outcomes, durations."""

from dataclasses import dataclass

from stability_mcp.jobs.transactions.usage import MAX_JOB_SECONDS
from stability_mcp.periods import Period
from stability_mcp.store.queries import Connection, load
from stability_mcp.store.tenancy import Account

MAX_TIMED_JOBS = 20_000
"""Newest jobs whose times are sorted: more would take longer than the rest of the report, and a
median doesn't need them."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Jobs of one operation on one day that have no certain result."""

    day: str
    operation: str
    failed: int
    """Failed and not charged."""
    failed_charged: int
    """Failed and charged, or perhaps charged."""
    unknown: int
    at: float
    """Unix seconds of the newest one."""


@dataclass(frozen=True, slots=True)
class Median:
    """Median seconds of done jobs, from sending the request until the result is stored."""

    day: str | None
    """None: of the whole period."""
    operation: str
    seconds: float


_SQL = load(__file__)
_outcomes = _SQL.many("outcomes", Outcomes)
_medians = _SQL.many("medians", Median)
_medians_by_day = _SQL.many("medians_by_day", Median)


def outcomes(connection: Connection, account: Account, period: Period) -> list[Outcomes]:
    """Return the failures and unknown outcomes of a period, by day and operation."""
    return _outcomes(connection, **account.key, start=period.since, stop=period.until)


def medians(
    connection: Connection, account: Account, period: Period, *, by_day: bool
) -> list[Median]:
    """Return the median times of a period by operation, perhaps for each day.

    Like the typical times of running jobs, they leave out adopted generations, and results that
    waited for a running server. Cached results have no job.
    """
    query = _medians_by_day if by_day else _medians
    span = {"start": period.since, "stop": period.until}
    limits = {"max_seconds": MAX_JOB_SECONDS, "rows": MAX_TIMED_JOBS}
    return query(connection, **account.key, **span, **limits)
