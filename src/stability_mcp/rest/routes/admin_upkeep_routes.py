"""What keeps the store in order, and the log of requests to the API."""

from dataclasses import asdict
from typing import Annotated

from pydantic import Field

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.tool_arguments import Arguments
from stability_mcp.periods import parse_period
from stability_mcp.rest.error_answers import status_of_end
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.rest.route import route
from stability_mcp.server.tool import Data
from stability_mcp.server.views import when
from stability_mcp.studio import JobFilter, operation_named
from stability_mcp.studio.upkeep import LoggedRequest, Slot
from stability_mcp.text import CHARGES

MAX_LOGGED = 1_000
"""Requests on a page of the log."""
MAX_DAYS = 36_500
"""As for STABILITY_KEEP_DAYS."""


class LogQuery(Arguments):
    """Which requests to list."""

    limit: Annotated[int, Field(ge=1, le=MAX_LOGGED)] = 50
    """Maximum requests of the page."""
    operation_filter: str | None = None
    """Only requests of this operation, or of this family: `generate_core`, `generate`."""
    state: JobFilter | None = None
    """Only requests of jobs in this state; `running` is any state from sending to storing."""
    since: str | None = None
    """Only requests from this time on, in ISO 8601; or today, 2h or 3d (ago)."""
    cursor: Annotated[str, Field(min_length=1)] | None = None
    """The previous page's next_cursor."""


class LoggedRequestFacts(Data):
    """A paid request to the API."""

    time: str
    operation: str
    job: str
    attempt: int
    state: str
    """State of the job."""
    charged: str
    """charged, not charged, reserved or may have been charged."""
    credits: float
    """Price of the request."""
    ms: int | None = None
    """Until the answer began; absent: none came yet, or a later attempt followed."""
    error: str | None = None
    """Short name of the error that the job ended with; GET /jobs/{job} has its text."""

    @classmethod
    def of(cls, found: LoggedRequest) -> "LoggedRequestFacts":
        """Return a request as JSON."""
        seconds = found.seconds
        return cls(
            time=when(found.at),
            operation=found.operation,
            job=found.job,
            attempt=found.attempt,
            state=found.state,
            charged=CHARGES[found.charge],
            credits=found.credits / 1000,
            ms=None if seconds is None else round(seconds * 1000),
            error=_error(found),
        )


def _error(found: LoggedRequest) -> str | None:
    """Return the name of the error of a request; None: it has none, or a later one followed."""
    if not found.is_last or found.state not in {"failed", "unknown"}:
        return None
    charged = {"charged": "yes", "assumed": "assumed"}.get(found.charge, "no")
    return status_of_end(found.state, charged, found.error_type)[1]


class SlotFacts(Data):
    """A request that counts towards the API's rate limit: also polls and free queries."""

    granted: str
    sent: str | None = None
    """When it was completely sent; absent: not yet."""

    @classmethod
    def of(cls, slot: Slot) -> "SlotFacts":
        """Return a slot as JSON."""
        return cls(
            granted=when(slot.granted_at),
            sent=None if slot.sent_at is None else when(slot.sent_at),
        )


class RequestLog(Data):
    """Requests to the API, newest first; without prompts, addresses and keys."""

    requests: list[LoggedRequestFacts]
    next_cursor: str | None = None
    rate_slots: list[SlotFacts] | None = None
    """The requests of the last seconds, whatever they are for; on the first page only."""


@route(
    "GET",
    "/admin/debug/request-logs",
    tag="admin",
    aliases=("/admin/request-logs",),
    statuses=(404,),
    hints={"operation": "use operation_filter", "before": "use cursor"},
)
async def admin_request_logs(call: RestCall, arguments: LogQuery) -> RequestLog:
    """List the requests to the API, newest first."""
    page = await call.studio.upkeep.requests(
        limit=arguments.limit,
        operations=_operations(arguments.operation_filter),
        state=arguments.state,
        since=parse_period(arguments.since, None).since,
        cursor=arguments.cursor,
    )
    is_first = arguments.cursor is None
    return RequestLog(
        requests=[LoggedRequestFacts.of(each) for each in page.requests],
        next_cursor=page.next_cursor,
        rate_slots=[SlotFacts.of(each) for each in page.slots] if is_first else None,
    )


def _operations(wanted: str | None) -> list[str]:
    """Return the operations that a filter means: one by its name, or all of a family.

    Raises:
        NotFoundError: there is neither an operation nor a family of that name.
    """
    if wanted is None:
        return list(OPERATIONS)
    family = wanted.strip().casefold()
    found = [name for name, row in OPERATIONS.items() if row.toolset() == family]
    return found or [operation_named(wanted).name()]


class CleanupWish(Arguments):
    """What to remove."""

    older_days: Annotated[float, Field(gt=0, le=MAX_DAYS)] | None = None
    """Remove ended jobs and media that are older; without it only leftovers of crashes and expired
    uploads, never media."""
    dry_run: bool = False
    """Only count what would be removed."""


class CleanedUp(Data):
    """What was removed, or with dry_run would be."""

    dry_run: bool
    jobs: int
    media: int
    """Imported items; results are removed with their jobs."""
    deleted: int
    """Items that were deleted some time ago."""
    calls: int
    runs: int
    deliveries: int
    """Old messages to webhooks."""
    files: int
    """Stored files that nothing uses."""
    quarantined: int
    spool: int
    """Leftovers of interrupted imports."""
    uploads: int
    """Expired uploads."""
    keys: int
    """Old idempotency keys."""
    bytes: int
    """Size of all files."""


@route("POST", "/admin/maintenance/cleanup", tag="admin", access="token")
async def admin_cleanup(call: RestCall, arguments: CleanupWish) -> CleanedUp:
    """Remove leftovers of crashes, and with older_days also ended jobs and their media."""
    swept = await call.studio.upkeep.sweep(arguments.older_days, dry_run=arguments.dry_run)
    counts = {name: count for name, count in asdict(swept).items() if name != "excess"}
    return CleanedUp(dry_run=arguments.dry_run, **counts)


class Optimized(Data):
    """What was done."""

    done: bool
    note: str


@route("POST", "/admin/maintenance/optimize", tag="admin", access="token")
async def admin_optimize(call: RestCall, arguments: None) -> Optimized:  # noqa: ARG001 -- every route takes both
    """Say that the store needs no optimization."""
    return Optimized(
        done=False,
        note="Nothing is needed: every query has its index and doesn't depend on statistics, and "
        "the store reuses the space of removed rows.",
    )
