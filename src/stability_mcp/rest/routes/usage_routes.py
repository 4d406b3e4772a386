"""What an account used: the report of `usage_report`, as JSON.

Length: one route; /admin/export/usage-report has it as a file.
"""

from typing import Annotated

from pydantic import Field

from stability_mcp.rest.rest_call import RestCall
from stability_mcp.rest.route import route
from stability_mcp.server.tool import PeriodArguments
from stability_mcp.server.tools.usage import UsageFacts
from stability_mcp.studio import LedgerBy


class UsageQuery(PeriodArguments):
    """Which usage to report."""

    by: LedgerBy = "day"
    """What each line sums up."""
    days: Annotated[int, Field(ge=1, le=3_650)] = 30
    """Days back, without since; 1 = one day."""
    limit: Annotated[int, Field(ge=1, le=1_000)] = 50
    """Maximum lines."""


@route("GET", "/usage", tag="usage", hints={"group_by": "use by"})
async def get_usage(call: RestCall, arguments: UsageQuery) -> UsageFacts:
    """Report credits spent by day, operation, job or request, failures, times and rate limit."""
    given = arguments.model_dump(exclude_none=True)
    report = await call.tool("usage_report", {**given, "format": "data"})
    facts: UsageFacts = report.facts
    return facts
