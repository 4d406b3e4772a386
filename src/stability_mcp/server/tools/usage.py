"""Tools about what was used: the ledger, the rate limit, the cache."""

import csv
import io
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from stability_mcp.server.call_context import CallContext
from stability_mcp.server.definition import READS
from stability_mcp.server.tool import Arguments, Data, tool
from stability_mcp.server.views import when
from stability_mcp.studio import LedgerBy, LedgerLine, Studio

COLUMNS = (
    *("day", "operation", "job", "attempt", "state", "at", "jobs", "requests"),
    *("free", "credits", "unknown", "under_way"),
)
"""Of the CSV, in order."""


class UsageReport(Arguments):
    """Report what was spent, by day, operation, job or request, and how the rate limit stands."""

    by: LedgerBy = "day"
    """What one line is."""
    days: Annotated[int, Field(ge=1, le=3_650)] = 30
    """How far back; 1: today."""
    limit: Annotated[int, Field(ge=1, le=1_000)] = 50
    """Most lines."""
    format: Literal["text", "data", "csv"] = "text"
    """What the answer's text is: lines to read, JSON, or CSV."""


class UsageLine(Data):
    """One line; money in credits."""

    day: str | None = None
    operation: str | None = None
    job: str | None = None
    attempt: int | None = None
    state: str | None = None
    """Of the job; of a request: sent, charged, assumed or free."""
    at: str | None = None
    """When the last request went out."""
    jobs: int
    requests: int
    free: int
    """Requests that cost nothing."""
    credits: float
    """Charged."""
    unknown: float
    """May have been charged, and counts as spent."""
    under_way: float
    """May be charged yet."""

    @classmethod
    def of(cls, used: LedgerLine) -> "UsageLine":
        """Return it in credits."""
        return cls(
            day=used.day,
            operation=used.operation,
            job=used.job,
            attempt=used.attempt,
            state=used.state,
            at=when(used.at) if used.at else None,
            jobs=used.jobs,
            requests=used.requests,
            free=used.free,
            credits=used.charged / 1000,
            unknown=used.assumed / 1000,
            under_way=used.in_flight / 1000,
        )

    def in_words(self) -> str:
        """Return it as a person reads it."""
        attempt = f"attempt {self.attempt}" if self.attempt is not None else None
        moment = self.at if self.attempt is not None else None
        name = "  ".join(filter(None, (moment, self.day, self.operation, self.job, attempt)))
        counts = [
            f"{self.credits:g} credits",
            f"{self.unknown:g} unknown, counted as spent" if self.unknown else "",
            f"{self.under_way:g} under way" if self.under_way else "",
            f"{self.jobs} job{'s' * (self.jobs != 1)}" if self.job is None else self.state,
            f"{self.requests} request{'s' * (self.requests != 1)}" if attempt is None else "",
            f"{self.free} of them free" if self.free and attempt is None else "",
        ]
        text = ", ".join(filter(None, counts))
        return f"{name}: {text}" if name else text


class UsageFacts(Data):
    """What was used with this account; money in credits, 1 credit is 0.01 USD."""

    by: str
    since: str
    """The first day."""
    emulated: bool
    """Nothing was really paid: there is no API key."""
    total: UsageLine
    lines: list[UsageLine]
    """The newest first."""
    spent_today: float
    """What is unknown included."""
    reserved: float
    budget: float | None = None
    cache_hits: int
    """Calls that an earlier result answered."""
    credits_saved: float
    """What those would have cost."""
    places_taken: int
    """Of the rate limit, over all processes."""
    places: int
    per_seconds: float
    blocked_until: str | None = None
    """The API takes no request before."""
    nothing_is_sent: str | None = None
    """Why: the key was refused or has no credits."""
    format: str

    def as_text(self) -> str | None:
        """Return the text of the answer."""
        if self.format == "csv":
            return self._csv()
        return self._text() if self.format == "text" else None

    def _text(self) -> str:
        budget = f" of {self.budget:g}" if self.budget is not None else ""
        charged = "on the emulator, nothing really paid" if self.emulated else "charged"
        spent = f"{self.total.credits + self.total.unknown:g} credits {charged}"
        day = f"today {self.spent_today:g}{budget}, {self.reserved:g} reserved"
        taken = f"{self.places_taken} of {self.places} slots in use in {self.per_seconds:g} s"
        lines = [
            f"usage_report: {spent} since {self.since} ({day})",
            *(each.in_words() for each in self.lines),
            f"total since {self.since}: {self.total.in_words()}",
            f"cache: {self.cache_hits} hits, {self.credits_saved:g} credits saved",
            f"rate limit: {taken}",
        ]
        if self.blocked_until:
            lines.append(f"the API takes no request before {self.blocked_until}")
        if self.nothing_is_sent:
            lines.append(f"nothing is sent: {self.nothing_is_sent}")
        return "\n".join(lines)

    def _csv(self) -> str:
        written = io.StringIO()
        writer = csv.DictWriter(written, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(each.model_dump() for each in self.lines)
        return written.getvalue().rstrip("\n")


@tool(
    title="Usage report",
    effects=READS,
    hints={"since": "use days", "group_by": "use by", "output": "use format"},
)
async def usage_report(studio: Studio, arguments: UsageReport, context: CallContext) -> UsageFacts:  # noqa: ARG001 -- every tool takes the three
    """Add up the ledger."""
    first = datetime.now().astimezone().date() - timedelta(days=arguments.days - 1)
    since = first.isoformat()
    lines, total = await studio.usage(since=since, by=arguments.by, limit=arguments.limit)
    spent, rate = await studio.spending(), await studio.rate_status()
    cached = await studio.cached()
    return UsageFacts(
        by=arguments.by,
        since=since,
        emulated=studio.settings.emulated,
        total=UsageLine.of(total),
        lines=[UsageLine.of(each) for each in lines],
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
        format=arguments.format,
    )
