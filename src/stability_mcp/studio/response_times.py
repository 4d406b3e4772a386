"""Measures the response times of two endpoints, for `doctor`; the requests are free."""

from dataclasses import dataclass
from statistics import median

import anyio

from stability_mcp.api.kinds import Query
from stability_mcp.api.operations.account.balance import Balance
from stability_mcp.api.operations.account.engines import Engines
from stability_mcp.errors import RateLimitedError, StudioError
from stability_mcp.studio.runtime import StudioParts

ENDPOINTS: tuple[Query, ...] = (Balance(), Engines())
"""Both only read, but other services of the API answer them: the account's and the first version's
engines."""
REQUESTS = 3
"""Requests to each endpoint, one after the other; the median leaves out an outlier."""
MAX_SECONDS = 30
"""Time limit for the requests to one endpoint, in seconds: each may wait 10 s for its slot."""


@dataclass(frozen=True, kw_only=True)
class ResponseTime:
    """The response time of one endpoint."""

    endpoint: str
    """Method and path: `GET /v1/user/balance`."""
    seconds: float | None
    """Median from the first byte sent to the whole response; None: a request failed."""
    error: str | None = None
    """Why there is none."""
    rate_limited: bool = False
    """Whether that is the rate limit, which says nothing about the endpoint."""
    requests: int = REQUESTS


async def measure(parts: StudioParts) -> list[ResponseTime]:
    """Implement `Studio.response_times`."""
    return [await _measured(parts, each) for each in ENDPOINTS]


async def _measured(parts: StudioParts, query: Query) -> ResponseTime:
    endpoint = f"{query.spec.method} {query.spec.path}"
    try:
        with anyio.fail_after(MAX_SECONDS):
            seconds = [await parts.jobs.time_query(query) for _ in range(REQUESTS)]
    except TimeoutError:
        error = f"no {REQUESTS} responses within {MAX_SECONDS} s"
        return ResponseTime(endpoint=endpoint, seconds=None, error=error)
    except StudioError as error:
        limited = isinstance(error, RateLimitedError)
        return ResponseTime(endpoint=endpoint, seconds=None, error=str(error), rate_limited=limited)
    return ResponseTime(endpoint=endpoint, seconds=round(median(seconds), 6))
