"""What was used: sums of the ledger by day, operation, job or request, and rate places taken."""

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Label, Select, case, func, select

from stability_mcp.jobs.rate import STOPPED_AFTER, Rate
from stability_mcp.store import schema

By = Literal["day", "operation", "job", "request"]


@dataclass(frozen=True, kw_only=True)
class Used:
    """One line of the ledger's sums; money in millicredits. What does not apply is None."""

    day: str | None = None
    operation: str | None = None
    job: str | None = None
    state: str | None = None
    """Of the job; of a request: sent, charged, assumed or free."""
    attempt: int | None = None
    at: float | None = None
    """Unix seconds of the newest request."""
    jobs: int
    requests: int
    free: int
    """Requests that cost nothing: refused, or never out whole."""
    charged: int
    assumed: int
    """Of requests of which nobody knows; they count as spent."""
    under_way: int
    """Of requests that are out."""


@dataclass(frozen=True, kw_only=True)
class RateStatus:
    """How the rate limit stands, over all processes of this upstream."""

    taken: int
    limit: int
    window: float
    """Seconds."""
    blocked_until: float
    """Unix seconds until which the API takes no request; 0: it does."""
    paused_why: str | None
    """Why nothing is sent: the key was refused or has no credits."""


_charges, _jobs = schema.charges.c, schema.jobs.c


def _sum(state: str) -> ColumnElement[int]:
    return case((_charges.state == state, _charges.credits), else_=0)


_SUMS: tuple[Label[Any], ...] = (
    func.max(_charges.at).label("at"),
    func.count(_charges.job.distinct()).label("jobs"),
    func.count().label("requests"),
    func.sum(case((_charges.state == "free", 1), else_=0)).label("free"),
    func.sum(_sum("charged")).label("charged"),
    func.sum(_sum("assumed")).label("assumed"),
    func.sum(_sum("sent")).label("under_way"),
)
_KEYS = {
    "day": (_charges.day,),
    "operation": (_jobs.operation,),
    "job": (_charges.job, _jobs.operation, _jobs.state),
    "request": (_charges.job, _charges.attempt, _jobs.operation, _charges.state, _charges.day),
}


def used(  # noqa: PLR0913 -- whose, since when, how grouped, how many
    connection: Connection, *, owner: str, upstream: str, since: str, by: By, limit: int
) -> list[Used]:
    """Return sums of the ledger since a day, the newest first."""
    keys = _KEYS[by]
    query: Select[tuple[object, ...]] = (
        select(*keys, *_SUMS)
        .join(schema.jobs, _jobs.id == _charges.job)
        .where(_charges.owner == owner, _charges.upstream == upstream, _charges.day >= since)
        .group_by(*keys)
        .order_by(func.max(_charges.id).desc())
        .limit(limit)
    )
    return [Used(**row._asdict()) for row in connection.execute(query)]


def total(connection: Connection, *, owner: str, upstream: str, since: str) -> Used:
    """Return the sum of everything since a day."""
    query = select(*(func.coalesce(each, 0).label(each.name) for each in _SUMS)).where(
        _charges.owner == owner, _charges.upstream == upstream, _charges.day >= since
    )
    return Used(**connection.execute(query).one()._asdict())


def rate_status(connection: Connection, rate: Rate, *, upstream: str, now: float) -> RateStatus:
    """Return how many places are taken, and whether the API takes requests at all."""
    places, upstreams = schema.requests.c, schema.upstreams.c
    kept = (places.sent_at >= now - rate.kept) | (
        places.sent_at.is_(None) & (places.granted_at >= now - max(STOPPED_AFTER, rate.kept))
    )
    taken = connection.execute(
        select(func.count()).select_from(schema.requests).where(places.upstream == upstream, kept)
    ).scalar_one()
    blocked, why = connection.execute(
        select(upstreams.blocked_until, upstreams.paused_why).where(upstreams.id == upstream)
    ).one()
    return RateStatus(
        taken=taken,
        limit=rate.limit,
        window=rate.window,
        blocked_until=blocked if blocked > now else 0,
        paused_why=why,
    )
