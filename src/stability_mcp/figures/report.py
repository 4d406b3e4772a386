"""The usage report: lines of the ledger, with failures, unknown outcomes and median times."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from stability_mcp.figures.job_figures import Outcomes, medians, outcomes
from stability_mcp.jobs.transactions import usage
from stability_mcp.jobs.transactions.usage import LedgerBy, LedgerLine, LedgerQuery
from stability_mcp.periods import Period, bounds_of
from stability_mcp.store.queries import Connection
from stability_mcp.store.tenancy import Account

MAX_LINES = 200_000
"""Lines that are read before outcomes are added to them: more than any store has of days and
operations together."""

Key = tuple[str | None, str | None]
"""Day and operation; None where a line sums up all."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One line of the report."""

    ledger: LedgerLine
    failed: int = 0
    """Jobs that failed and were not charged."""
    failed_charged: int = 0
    """Jobs that failed and were charged, or perhaps charged."""
    unknown: int = 0
    """Jobs whose outcome is unknown."""
    seconds: float | None = None
    """Median time of the done jobs; None: there are none, or they have several operations."""

    def plus(self, found: Outcomes) -> "Figures":
        """Return the line with some more outcomes."""
        return replace(
            self,
            failed=self.failed + found.failed,
            failed_charged=self.failed_charged + found.failed_charged,
            unknown=self.unknown + found.unknown,
        )


@dataclass(frozen=True, kw_only=True)
class Report:
    """Lines, newest first, and their total."""

    lines: tuple[Figures, ...]
    total: Figures
    """Also of lines beyond the limit."""


def read_report(connection: Connection, account: Account, query: LedgerQuery) -> Report:
    """Read the report.

    Lines by job or request have no outcomes, as they show the state of each job.
    """
    period = _period(query)
    found = outcomes(connection, account, period)
    total = _total(usage.ledger_total(connection, account, query), found)
    if query.by in {"job", "request"}:
        ledger = usage.ledger_lines(connection, account, query)
        return Report(lines=tuple(Figures(ledger=each) for each in ledger), total=total)
    ledger = usage.ledger_lines(connection, account, replace(query, limit=MAX_LINES))
    lines = {(each.day, each.operation): Figures(ledger=each) for each in ledger}
    for each in found:
        key = _key(each.day, each.operation, query.by)
        line = lines.get(key) or Figures(ledger=_unpaid(key, each.at))
        lines[key] = line.plus(each)
    if query.by != "day":
        times = medians(connection, account, period, by_day=query.by == "day_operation")
        for time in times:
            key = (time.day, time.operation)
            if key in lines:
                lines[key] = replace(lines[key], seconds=round(time.seconds, 1))
    newest = sorted(lines.values(), key=_order, reverse=True)
    return Report(lines=tuple(newest[: query.limit]), total=total)


def _period(query: LedgerQuery) -> Period:
    """Return the period of a query, which may also be limited by its first day."""
    first, _ = bounds_of(date.fromisoformat(query.since))
    return Period(since=max(first, query.period.since), until=query.period.until)


def _key(day: str, operation: str, by: LedgerBy) -> Key:
    return (day if by != "operation" else None, operation if by != "day" else None)


def _order(line: Figures) -> tuple[str, float]:
    return (line.ledger.day or "", line.ledger.at or 0.0)


def _total(ledger: LedgerLine, found: Iterable[Outcomes]) -> Figures:
    total = Figures(ledger=ledger)
    for each in found:
        total = total.plus(each)
    return total


def _unpaid(key: Key, at: float) -> LedgerLine:
    """Return an empty line: its jobs failed before a request was sent."""
    day, operation = key
    return LedgerLine(
        day=day,
        operation=operation,
        job=None,
        state=None,
        attempt=None,
        at=at,
        jobs=0,
        requests=0,
        free=0,
        charged=0,
        assumed=0,
        in_flight=0,
    )
