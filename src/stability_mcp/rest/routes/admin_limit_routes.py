"""The rate limits and the cache: how much is used, and clearing the cache."""

from stability_mcp.rest.client_limit import client_limit_of
from stability_mcp.rest.request_problems import RequestProblemError
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.rest.route import route
from stability_mcp.server.tool import Data
from stability_mcp.server.views import when
from stability_mcp.studio import RateStatus


class RateSlots(Data):
    """The API's rate limit, counted over all processes that use the store."""

    slots_used: int
    slots: int
    per_seconds: float
    blocked_until: str | None = None
    """When the API accepts requests again, after it refused one with 429."""
    paused: str | None = None
    """Why nothing is sent: the API rejected the key, or the account has no credits."""

    @classmethod
    def of(cls, rate: RateStatus) -> "RateSlots":
        """Return the state of the rate limit as JSON."""
        return cls(
            slots_used=rate.taken,
            slots=rate.limit,
            per_seconds=rate.window,
            blocked_until=when(rate.blocked_until) if rate.blocked_until else None,
            paused=rate.paused_why,
        )


class CacheStats(Data):
    """The cached results."""

    enabled: bool
    entries: int
    """Results that can answer an identical call."""
    hits: int
    """Calls that were answered by one."""
    credits_saved: float
    """What these calls would have cost."""


async def cache_stats(call: RestCall) -> CacheStats:
    """Return the figures of the cache as JSON."""
    found = await call.studio.cached()
    return CacheStats(
        enabled=call.settings.cache == "on",
        entries=found.entries,
        hits=found.hits,
        credits_saved=found.saved / 1000,
    )


class ClientLimitFacts(Data):
    """How many requests this client may still send to this server."""

    limit: int
    per_seconds: float
    left: int
    reset_seconds: float
    """Until the oldest counted request no longer counts."""


class RateLimits(Data):
    """The two limits: the API's, and the server's for its clients."""

    api: RateSlots
    client: ClientLimitFacts | None = None
    """Absent: requests of this client are not counted, as from this machine without a token."""


@route("GET", "/admin/rate-limit/status", tag="admin")
async def admin_rate_limit_status(call: RestCall, arguments: None) -> RateLimits:  # noqa: ARG001 -- every route takes both
    """Get the use of the API's rate limit, and what this client may still send."""
    limit = client_limit_of(call.request.scope)
    client = None
    if limit is not None:
        client = ClientLimitFacts(
            limit=limit.limit,
            per_seconds=limit.window,
            left=limit.left,
            reset_seconds=round(limit.reset, 1),
        )
    return RateLimits(api=RateSlots.of(await call.studio.rate_status()), client=client)


@route(
    "POST",
    "/admin/rate-limit/reset",
    tag="admin",
    access="token",
    answer="refusal",
    statuses=(409,),
)
async def admin_rate_limit_reset(call: RestCall, arguments: None) -> None:  # noqa: ARG001 -- every route takes both
    """Refuse to reset the rate limit, which is the API's."""
    raise RequestProblemError(
        409,
        "not_resettable",
        "The rate limit can't be reset here: the count mirrors the API's own, and the API locks a "
        "key out for 60 s if more is sent. Nothing was changed. Wait; GET "
        "/api/stability/admin/rate-limit/status shows when slots are free.",
    )


@route("GET", "/admin/cache/stats", tag="admin")
async def admin_cache_stats(call: RestCall, arguments: None) -> CacheStats:  # noqa: ARG001 -- every route takes both
    """Count cached results, the calls that they answered and the credits saved."""
    return await cache_stats(call)


class ClearedCache(Data):
    """What was dropped from the cache."""

    entries: int
    """Results that no longer answer calls; their media stay stored."""


@route("POST", "/admin/cache/clear", tag="admin", access="token")
async def admin_cache_clear(call: RestCall, arguments: None) -> ClearedCache:  # noqa: ARG001 -- every route takes both
    """Drop all results from the cache; their media stay stored."""
    return ClearedCache(entries=await call.studio.clear_cache())
