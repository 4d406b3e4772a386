"""Rows of an account: upstream and balance, sums of the ledger, rate limit, client timeouts."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Label, Select, case, func, select, text

from stability_mcp.jobs.models import RateLimit
from stability_mcp.jobs.rate_limit import STALLED_SECONDS
from stability_mcp.store import schema
from stability_mcp.store.tenancy import Account, Upstream

_REGISTER_UPSTREAM = text(
    "INSERT INTO upstreams (id, base_url, emulated) VALUES (:id, :base_url, :emulated)"
    " ON CONFLICT DO NOTHING"
)
_PAUSED = text("SELECT paused_why FROM upstreams WHERE id = :id")
_PAUSE = text("UPDATE upstreams SET paused_why = :why WHERE id = :id")
_READ_BALANCE = text("SELECT balance, balance_at FROM upstreams WHERE id = :id")
_SAVE_BALANCE = text("UPDATE upstreams SET balance = :balance, balance_at = :now WHERE id = :id")

LedgerBy = Literal["day", "operation", "job", "request"]

_charges, _jobs = schema.charges.c, schema.jobs.c

_KEYS = {
    "day": (_charges.day,),
    "operation": (_jobs.operation,),
    "job": (_charges.job, _jobs.operation, _jobs.state),
    "request": (_charges.job, _charges.attempt, _jobs.operation, _charges.state, _charges.day),
}

CLIENT_TIMEOUT_PREFIX = "patience:"
"""Prefix of the keys in `meta`, before the name of the client; the value is JSON."""
MAX_CLIENT_CHARACTERS = 80

DAY_SECONDS = 86_400.0
BELIEVED_ONCE, BELIEVED_AGAIN = DAY_SECONDS, 30 * DAY_SECONDS
"""Seconds for which a time is believed that was seen once, and one that repeated itself."""
REMEMBERED_SECONDS = 60 * DAY_SECONDS
"""Seconds for which a time is kept: seen again by then, it repeats itself."""
SAME_HOST_SHARE = 0.15
"""Share by which two times differ at most that are the same host's: it is busy now and then."""
MAX_TIMES = 8
"""Times that are kept of a client."""

_READ_CLIENT_TIMEOUTS = text("SELECT value FROM meta WHERE key = :key")
_SAVE_CLIENT_TIMEOUTS = text(
    "INSERT INTO meta (key, value) VALUES (:key, :value)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)


@dataclass(frozen=True, kw_only=True)
class Balance:
    """What was left on the account."""

    credits: int
    """Millicredits; about, for it lags behind what is spent."""
    at: float
    """When it was asked for, in unix seconds."""

    def is_fresh(self, now: float, seconds: float) -> bool:
        """Return whether it was asked for in the last so many seconds, by a clock that is right."""
        return now - seconds < self.at <= now


def register_upstream(connection: Connection, upstream: Upstream) -> None:
    """Write its row, unless there is one."""
    connection.execute(
        _REGISTER_UPSTREAM,
        {
            "id": upstream.id,
            "base_url": upstream.base_url,
            "emulated": int(upstream.emulated),
        },
    )


def paused_why(connection: Connection, upstream: str) -> str | None:
    """Return why nothing may be sent, as the refusal said it; None: it may."""
    found = connection.execute(_PAUSED, {"id": upstream}).scalar_one()
    return None if found is None else str(found)


def pause_upstream(connection: Connection, upstream: str, why: str) -> None:
    """Send nothing until a balance query answers above 0: the key was refused or has no credits."""
    connection.execute(_PAUSE, {"id": upstream, "why": why})


def last_balance(connection: Connection, upstream: str) -> Balance | None:
    """Return the balance that was noted last; None: nobody asked yet."""
    found = connection.execute(_READ_BALANCE, {"id": upstream}).first()
    if found is None or found.balance is None:
        return None
    return Balance(credits=found.balance, at=found.balance_at)


def save_balance(connection: Connection, upstream: str, *, balance: int, now: float) -> None:
    """Note about how many millicredits are left, and send again where there are any."""
    connection.execute(_SAVE_BALANCE, {"id": upstream, "balance": balance, "now": now})
    if balance > 0:
        connection.execute(_PAUSE, {"id": upstream, "why": None})


@dataclass(frozen=True, kw_only=True)
class LedgerLine:
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


def ledger_lines(
    connection: Connection, account: Account, *, since: str, by: LedgerBy, limit: int
) -> list[LedgerLine]:
    """Return sums of the ledger since a day, the newest first."""
    keys = _KEYS[by]
    query: Select[tuple[object, ...]] = (
        select(*keys, *_SUMS)
        .join(schema.jobs, _jobs.id == _charges.job)
        .where(*_since(account, since))
        .group_by(*keys)
        .order_by(func.max(_charges.id).desc())
        .limit(limit)
    )
    return [LedgerLine(**row._asdict()) for row in connection.execute(query)]


def ledger_total(connection: Connection, account: Account, *, since: str) -> LedgerLine:
    """Return the sum of everything since a day."""
    query = select(*(func.coalesce(each, 0).label(each.name) for each in _SUMS)).where(
        *_since(account, since)
    )
    return LedgerLine(**connection.execute(query).one()._asdict())


def _since(account: Account, day: str) -> tuple[ColumnElement[bool], ...]:
    mine = (_charges.owner == account.owner, _charges.upstream == account.upstream)
    return (*mine, _charges.day >= day)


def rate_status(
    connection: Connection, rate: RateLimit, *, upstream: str, now: float
) -> RateStatus:
    """Return how many slots are taken, and whether the API takes requests at all."""
    slots, upstreams = schema.requests.c, schema.upstreams.c
    kept = (slots.sent_at >= now - rate.kept) | (
        slots.sent_at.is_(None) & (slots.granted_at >= now - max(STALLED_SECONDS, rate.kept))
    )
    taken = connection.execute(
        select(func.count()).select_from(schema.requests).where(slots.upstream == upstream, kept)
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


@dataclass(frozen=True, kw_only=True)
class GiveUp:
    """A time after which a client gave up."""

    seconds: float
    """The shortest of those that are alike."""
    at: float
    """When it was seen last, in unix seconds."""
    times: int
    """How often it was seen."""

    def is_like(self, seconds: float) -> bool:
        """Return whether another time may be the same host's."""
        return abs(seconds - self.seconds) <= SAME_HOST_SHARE * max(seconds, self.seconds)

    def is_believed(self, now: float) -> bool:
        """Return whether calls must be answered before it."""
        return now - self.at < (BELIEVED_ONCE if self.times == 1 else BELIEVED_AGAIN)


def give_up_seconds(connection: Connection, client: str, *, now: float) -> float | None:
    """Return the shortest time after which a client gives up, in seconds; None: it does not."""
    believed = [
        each.seconds for each in _read_give_ups(connection, client) if each.is_believed(now)
    ]
    return min(believed, default=None)


def record_give_up(connection: Connection, client: str, seconds: float, *, now: float) -> None:
    """Note that a client gave up on a call after so many seconds."""
    kept = [
        each for each in _read_give_ups(connection, client) if now - each.at < REMEMBERED_SECONDS
    ]
    alike = [each for each in kept if each.is_like(seconds)]
    others = [each for each in kept if each not in alike]
    seen = GiveUp(
        seconds=round(min([seconds, *(each.seconds for each in alike)]), 3),
        at=now,
        times=1 + sum(each.times for each in alike),
    )
    newest = sorted([*others, seen], key=lambda each: each.at)[-MAX_TIMES:]
    value = json.dumps([asdict(each) for each in newest])
    connection.execute(_SAVE_CLIENT_TIMEOUTS, {"key": _client_timeout_key(client), "value": value})


def _read_give_ups(connection: Connection, client: str) -> list[GiveUp]:
    found = connection.execute(_READ_CLIENT_TIMEOUTS, {"key": _client_timeout_key(client)}).scalar()
    if found is None:
        return []
    rows = json.loads(found)
    return [GiveUp(**row) for row in rows] if isinstance(rows, list) else []


def _client_timeout_key(client: str) -> str:
    name = client.encode("utf-8", "replace").decode()
    return CLIENT_TIMEOUT_PREFIX + name[:MAX_CLIENT_CHARACTERS]
