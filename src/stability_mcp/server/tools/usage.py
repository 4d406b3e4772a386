"""Tools about usage: the ledger, the rate limit, the cache."""

import csv
import io
import time
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr

from stability_mcp.periods import END_OF_TIME, Period, bounds_of, day_of
from stability_mcp.server.answer_text import money_lines
from stability_mcp.server.call_context import CallContext
from stability_mcp.server.definition import READS
from stability_mcp.server.results import Report
from stability_mcp.server.tool import Data, PeriodArguments, tool
from stability_mcp.server.views import when
from stability_mcp.studio import (
    Figures,
    JobOrigin,
    LedgerBy,
    LedgerQuery,
    Studio,
    names_text,
    prompt_text,
    results_text,
)
from stability_mcp.text import CHARGES, credits_text, local_time

NO_CHART = "chart: none, because nothing was spent in this time"

COLUMNS = (
    *("day", "operation", "job", "attempt", "state", "at", "jobs", "requests"),
    *("free", "credits", "unknown", "under_way", "prompt", "results", "parents"),
    *("failed", "failed_charged", "unknown_jobs", "seconds"),
)
"""Columns of the CSV, in order; new ones are added at the end."""

FORMULA_MARKS = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings of cells that spreadsheets run as formulas (OWASP, CSV injection); prompts are text
that others may have written."""


class UsageReport(PeriodArguments):
    """Report credits spent by day, operation, job or request, failures, times and rate limit; free.

    Before a call: `cost_estimate`.
    """

    by: LedgerBy = "day"
    """What each line sums up."""
    days: Annotated[int, Field(ge=1, le=3_650)] = 30
    """Days back, without since; 1 = one day."""
    limit: Annotated[int, Field(ge=1, le=1_000)] = 50
    """Maximum lines."""
    format: Literal["text", "data", "csv", "chart"] = "text"
    """Readable lines, JSON, CSV, or lines and a bar chart."""


class UsageLine(Data):
    """One line; amounts in credits."""

    day: str | None = None
    operation: str | None = None
    job: str | None = None
    attempt: int | None = None
    state: str | None = None
    """State of the job; of a request: reserved, charged, not charged or may have been charged."""
    at: str | None = None
    """Time of the last request."""
    jobs: int
    requests: int
    free: int
    """Requests that were not charged."""
    credits: float
    """Charged."""
    unknown: float
    """May have been charged; counts as spent."""
    under_way: float
    """Reserved by requests in flight."""
    prompt: str | None = None
    """Of a job or request."""
    results: list[str] | None = None
    """URIs of the media that the job made."""
    parents: list[str] | None = None
    """URIs of its input files."""
    failed: int = 0
    """Jobs that failed and were not charged."""
    failed_charged: int = 0
    """Jobs that failed and were or may have been charged."""
    unknown_jobs: int = 0
    """Jobs whose outcome is unknown."""
    seconds: float | None = None
    """From sending the request until the result is stored; of an operation: the median."""
    _origin: JobOrigin | None = PrivateAttr(None)

    @classmethod
    def of(cls, figures: Figures, origin: JobOrigin | None = None) -> "UsageLine":
        """Convert a line of the report to credits; `origin` describes its job."""
        used = figures.ledger
        line = cls(
            day=used.day,
            operation=used.operation,
            job=used.job,
            attempt=used.attempt,
            state=used.state if used.attempt is None else CHARGES[used.state or "sent"],
            at=when(used.at) if used.at else None,
            jobs=used.jobs,
            requests=used.requests,
            free=used.free,
            credits=used.charged / 1000,
            unknown=used.assumed / 1000,
            under_way=used.in_flight / 1000,
            prompt=origin.prompt if origin else None,
            results=[each.uri for each in origin.results] if origin else None,
            parents=[each.uri for each in origin.sources] if origin else None,
            failed=figures.failed,
            failed_charged=figures.failed_charged,
            unknown_jobs=figures.unknown,
            seconds=_job_seconds(origin) if origin else figures.seconds,
        )
        line._origin = origin
        return line

    def in_words(self) -> str:
        """Return the line as text for people."""
        attempt = f"attempt {self.attempt}" if self.attempt is not None else None
        moment = self.at if self.attempt is not None else None
        day = None if moment and moment.startswith(self.day or "") else self.day
        name = "  ".join(filter(None, (moment, day, self.operation, self.job, attempt)))
        text = self._sums() if self.attempt is None else self._charge()
        return "  ".join(filter(None, (f"{name}: {text}" if name else text, *self._details())))

    def _charge(self) -> str:
        """Return price and state of a request."""
        price = self.credits + self.unknown + self.under_way
        return f"{f'{price:g} credits ' if price else ''}{self.state}"

    def _sums(self) -> str:
        counts = [
            f"{credits_text(round(self.credits * 1000))} charged",
            f"{self.unknown:g} may have been charged (counted as spent)" if self.unknown else "",
            f"{self.under_way:g} reserved" if self.under_way else "",
            _counted(self.jobs, "job") if self.job is None else self.state,
            _counted(self.requests, "request") + f" ({self.free} not charged)" * bool(self.free),
            f"{_counted(self.failed, 'job')} failed (not charged)" if self.failed else "",
            f"{_counted(self.failed_charged, 'job')} failed (charged)"
            if self.failed_charged
            else "",
            f"{_counted(self.unknown_jobs, 'job')} with unknown outcome"
            if self.unknown_jobs
            else "",
            self._time(),
        ]
        return ", ".join(filter(None, counts))

    def _time(self) -> str:
        if self.seconds is None:
            return ""
        return f"{'median' if self.job is None else 'took'} {self.seconds:g} s"

    def _details(self) -> Iterator[str | None]:
        """Return time, prompt, inputs and results of a job or request."""
        origin = self._origin
        if origin is not None:
            yield local_time(origin.job.created_at) if self.attempt is None else None
            yield prompt_text(origin.prompt)
            yield names_text("from", origin.sources)
            yield from results_text(origin)


class UsageFacts(Data):
    """Usage of this account in credits; 1 credit is 0.01 USD."""

    by: str
    since: str
    """First day or time of the report."""
    until: str | None = None
    """Last day or time of the report; absent: now."""
    emulated: bool
    """True without an API key: nothing was charged."""
    total: UsageLine
    lines: list[UsageLine]
    """Newest first."""
    spent_today: float
    """Includes what may have been charged."""
    reserved: float
    budget: float | None = None
    """Daily budget."""
    cache_hits: int
    """Calls answered by an earlier result."""
    credits_saved: float
    """Price of the calls that the cache answered."""
    places_taken: int
    """Rate-limit slots in use, over all processes."""
    places: int
    """Slots in all."""
    per_seconds: float
    """Length of the rate limit's window."""
    blocked_until: str | None = None
    """When the API accepts requests again, after it blocked this key."""
    nothing_is_sent: str | None = None
    """Why requests are paused: the key was rejected or is out of credits."""
    notes: list[str] | None = None
    """The spending limit, and a low balance."""
    format: str

    def as_text(self) -> str | None:
        """Return the answer's text in the requested format; None for JSON."""
        if self.format == "csv":
            return self._csv()
        return None if self.format == "data" else self._text()

    def _text(self) -> str:
        spent = f"{self.total.credits + self.total.unknown:g}"
        spent += " emulated credits (no real charge)" if self.emulated else " credits"
        used = f"{self.places_taken} of {self.places} requests used"
        hits = _counted(self.cache_hits, "hit")
        span = f"since {self.since}" if self.until is None else f"{self.since} to {self.until}"
        lines = [
            f"usage_report: {spent} {span}; {self._day()}",
            *(each.in_words() for each in self.lines),
            f"total {span}: {self.total.in_words()}",
            f"cache: {hits}, {self.credits_saved:g} credits saved",
            f"rate limit: {used} in the last {self.per_seconds:g} s",
        ]
        if self.blocked_until:
            lines.append(f"locked out: the API accepts no requests before {self.blocked_until}")
        if self.nothing_is_sent:
            lines.append(f"paused, no requests are sent: {self.nothing_is_sent}")
        lines += self.notes or []
        return "\n".join(lines)

    def _day(self) -> str:
        """Return `16 of 1500 credits spent today, 1484 left`, with what is reserved."""
        parts = [f"{self.spent_today:g} credits spent today"]
        if self.budget is not None:
            left = max(self.budget - self.spent_today - self.reserved, 0)
            spent = f"{self.spent_today:g} of {self.budget:g} credits spent today"
            parts = [spent, f"{left:g} left"]
        if self.reserved:
            parts.append(f"{self.reserved:g} reserved")
        return ", ".join(parts)

    def _csv(self) -> str:
        written = io.StringIO()
        writer = csv.DictWriter(written, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {name: _csv_cell(value) for name, value in each.model_dump().items()}
            for each in self.lines
        )
        return written.getvalue().rstrip("\n")


def _csv_cell(value: object) -> object:
    """Return a value that a spreadsheet doesn't run as a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_MARKS) else value


def _job_seconds(origin: JobOrigin) -> float | None:
    job = origin.job
    if job.state != "done" or job.adopted or job.sent_at is None or job.finished_at is None:
        return None
    return round(job.finished_at - job.sent_at, 1)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


@tool(
    title="Usage report",
    effects=READS,
    hints={"group_by": "use by", "output": "use format", "chart": 'use format="chart"'},
)
async def usage_report(studio: Studio, arguments: UsageReport, context: CallContext) -> Report:  # noqa: ARG001 -- every tool takes the three
    """Sum up the ledger, perhaps with a chart."""
    period = arguments.period
    query = LedgerQuery(
        since=_first_day(arguments, period).isoformat(),
        by=arguments.by,
        limit=arguments.limit,
        period=period,
    )
    facts = await _facts(studio, arguments, query)
    if arguments.format != "chart":
        return Report(facts=facts)
    chart = await studio.figures.chart(query, last=_last_day(period))
    return Report(facts=facts, chart=chart, notes=() if chart else (NO_CHART,))


async def _facts(studio: Studio, arguments: UsageReport, query: LedgerQuery) -> UsageFacts:
    report, period = await studio.figures.report(query), query.period
    jobs = [each.ledger.job for each in report.lines]
    origins = await studio.origins_of_job_ids(filter(None, jobs))
    spent, rate = await studio.spending(), await studio.rate_status()
    cached = await studio.cached()
    return UsageFacts(
        by=arguments.by,
        since=_time_or_day(period.since) if period.since else query.since,
        until=_time_or_day(period.until, ends=True) if period.until < END_OF_TIME else None,
        emulated=studio.settings.emulated,
        total=UsageLine.of(report.total),
        lines=[UsageLine.of(each, origins.get(each.ledger.job or "")) for each in report.lines],
        spent_today=spent.today / 1000,
        reserved=spent.reserved / 1000,
        budget=None if spent.limit is None else spent.limit / 1000,
        cache_hits=cached.hits,
        credits_saved=cached.saved / 1000,
        places_taken=rate.taken,
        places=rate.limit,
        per_seconds=rate.window,
        blocked_until=when(rate.blocked_until) if rate.blocked_until else None,
        nothing_is_sent=rate.paused_why,
        notes=money_lines(spent, studio.settings) or None,
        format=arguments.format,
    )


def _first_day(arguments: UsageReport, period: Period) -> date:
    if period.since:
        return day_of(period.since)
    return _last_day(period) - timedelta(days=arguments.days - 1)


def _last_day(period: Period) -> date:
    return day_of(min(period.until - 1, time.time()))  # `until` itself is excluded


def _time_or_day(at: float, *, ends: bool = False) -> str:
    """Return `2026-11-22 14:02`, or only the day that starts then, or that ends then."""
    day = day_of(at - 1) if ends else day_of(at)
    starts, stops = bounds_of(day)
    return day.isoformat() if at == (stops if ends else starts) else local_time(at)
