"""Data of an account: upstream and balance, ledger, rate limit, typical times, client timeouts."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from statistics import median
from types import MappingProxyType
from typing import Literal

from stability_mcp.jobs import rate_limit
from stability_mcp.jobs.models import RateLimit
from stability_mcp.periods import Period
from stability_mcp.store.queries import Connection, Query, load
from stability_mcp.store.tenancy import Account, Upstream

LedgerBy = Literal["day", "operation", "day_operation", "job", "request"]

RECENT_JOBS = 30
"""Newest jobs of an operation that its typical time comes from. Chosen: enough that a few slow ones
don't move the median, and few enough that it follows a change of the API within a day's work."""
MIN_RECENT_JOBS = 3
"""Fewest of them: the median of three survives one odd time."""
MAX_ROWS = 10 * RECENT_JOBS
"""Newest rows that are searched for them, among failed jobs and those of other upstreams."""
MAX_JOB_SECONDS = 1_800.0
"""Longest time that counts. A job that took longer waited for a running server, not for the API."""

CLIENT_TIMEOUT_PREFIX = "client_timeouts:"
"""Prefix of the keys in `meta`, before the name of the client; the value is JSON."""
MAX_CLIENT_CHARACTERS = 80

DAY_SECONDS = 86_400.0
TRUST_ONCE_SECONDS, TRUST_REPEATED_SECONDS = DAY_SECONDS, 30 * DAY_SECONDS
"""Seconds for which a client timeout is trusted: seen once, and seen repeatedly."""
KEPT_SECONDS = 60 * DAY_SECONDS
"""Seconds for which a timeout is kept; if it is seen again within them, it counts as repeated."""
SAME_HOST_SHARE = 0.15
"""Maximum relative difference between two measurements of one timeout: a busy host is late."""
MAX_TIMES = 8
"""Maximum timeouts kept per client."""


@dataclass(frozen=True, slots=True)
class Balance:
    """The balance of an account."""

    credits: int
    """Millicredits; approximate, because it lags behind spending."""
    at: float
    """When it was queried, in unix seconds."""

    def is_fresh(self, now: float, seconds: float) -> bool:
        """Return whether it was queried within the last `seconds`, and not in the future."""
        return now - seconds < self.at <= now


@dataclass(frozen=True, kw_only=True)
class LedgerQuery:
    """Which part of the ledger is summed up, and how."""

    since: str
    """The first day: `2026-11-22`."""
    by: LedgerBy
    """What each line sums up."""
    limit: int
    """Maximum lines."""
    period: Period = field(default_factory=Period)
    """When the requests were sent."""

    @property
    def span(self) -> Mapping[str, object]:
        """Return the parameters of the statements."""
        return {"since": self.since, "start": self.period.since, "stop": self.period.until}


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One line of ledger totals in millicredits. Columns that don't apply are None."""

    day: str | None
    operation: str | None
    job: str | None
    state: str | None
    """State of the job; for a request: sent, charged, assumed or free."""
    attempt: int | None
    at: float | None
    """Unix seconds of the newest request."""
    jobs: int
    requests: int
    free: int
    """Requests that were not charged: refused, or never completely sent."""
    charged: int
    assumed: int
    """Price of requests whose outcome is unknown; they count as spent."""
    in_flight: int
    """Price of requests in flight."""


@dataclass(frozen=True, kw_only=True)
class RateStatus:
    """State of the rate limit, over all processes of this upstream."""

    taken: int
    limit: int
    window: float
    """Seconds."""
    blocked_until: float
    """When the API accepts requests again, in unix seconds; 0: it does now."""
    paused_why: str | None
    """Why nothing is sent: the key was rejected or has no credits."""


@dataclass(frozen=True, slots=True)
class _Sending:
    blocked_until: float
    paused_why: str | None


_SQL = load(__file__)
_register_upstream = _SQL.count("register_upstream")
_sending = _SQL.one("sending", _Sending)
_pause = _SQL.count("pause")
_balance = _SQL.one("balance", Balance)
_save_balance = _SQL.count("save_balance")
_LEDGER_BY: Mapping[LedgerBy, Query[list[LedgerLine]]] = MappingProxyType(
    {
        "day": _SQL.many("ledger_by_day", LedgerLine),
        "operation": _SQL.many("ledger_by_operation", LedgerLine),
        "day_operation": _SQL.many("ledger_by_day_operation", LedgerLine),
        "job": _SQL.many("ledger_by_job", LedgerLine),
        "request": _SQL.many("ledger_by_request", LedgerLine),
    }
)
_ledger_total = _SQL.one("ledger_total", LedgerLine)
_recent_seconds = _SQL.values("recent_seconds", float)
_client_timeouts = _SQL.value("client_timeouts", str)
_save_client_timeouts = _SQL.count("save_client_timeouts")


def register_upstream(connection: Connection, upstream: Upstream) -> None:
    """Write the row of an upstream, unless it exists."""
    _register_upstream(
        connection,
        id=upstream.id,
        base_url=upstream.base_url,
        emulated=int(upstream.emulated),
    )


def paused_why(connection: Connection, upstream: str) -> str | None:
    """Return the API's error that paused sending; None: requests may be sent."""
    return _sending_of(connection, upstream).paused_why


def pause_upstream(connection: Connection, upstream: str, why: str) -> None:
    """Pause sending until the balance is positive: the key was rejected or has no credits."""
    _pause(connection, upstream=upstream, why=why)


def last_balance(connection: Connection, upstream: str) -> Balance | None:
    """Return the last saved balance; None: there is none."""
    return _balance(connection, upstream=upstream)


def save_balance(connection: Connection, upstream: str, *, balance: int, now: float) -> None:
    """Save the approximate balance in millicredits; a positive one resumes sending."""
    _save_balance(connection, upstream=upstream, balance=balance, now=now)
    if balance > 0:
        _pause(connection, upstream=upstream, why=None)


def ledger_lines(connection: Connection, account: Account, query: LedgerQuery) -> list[LedgerLine]:
    """Return ledger totals, newest first."""
    lines = _LEDGER_BY[query.by]
    return lines(connection, **account.key, **query.span, limit=query.limit)


def ledger_total(connection: Connection, account: Account, query: LedgerQuery) -> LedgerLine:
    """Return the total of all lines, also of those beyond the limit."""
    total = _ledger_total(connection, **account.key, **query.span)
    assert total is not None  # noqa: S101 -- an aggregate without GROUP BY returns one row
    return total


def typical_seconds(connection: Connection, account: Account, operation: str) -> float | None:
    """Return the median time of the newest jobs of an operation; None: there are too few.

    It is the time that a caller feels: from sending the request until the result is stored. Cached
    results have no job of their own; adopted generations and other upstreams don't count.
    """
    found = _recent_seconds(
        connection,
        **account.key,
        operation=operation,
        rows=MAX_ROWS,
        jobs=RECENT_JOBS,
        max_seconds=MAX_JOB_SECONDS,
    )
    return round(median(found), 1) if len(found) >= MIN_RECENT_JOBS else None


def rate_status(
    connection: Connection, rate: RateLimit, *, upstream: str, now: float
) -> RateStatus:
    """Return how many slots are taken, and whether requests are blocked or paused."""
    sending = _sending_of(connection, upstream)
    return RateStatus(
        taken=rate_limit.taken(connection, rate, upstream, now),
        limit=rate.limit,
        window=rate.window,
        blocked_until=sending.blocked_until if sending.blocked_until > now else 0,
        paused_why=sending.paused_why,
    )


def _sending_of(connection: Connection, upstream: str) -> _Sending:
    found = _sending(connection, upstream=upstream)
    if found is None:
        raise LookupError(f"The upstream {upstream} is not registered.")
    return found


@dataclass(frozen=True, kw_only=True)
class ClientTimeout:
    """A timeout of a client: a duration after which it gave up on a call."""

    seconds: float
    """The shortest of the similar measurements."""
    at: float
    """When it was last seen, in unix seconds."""
    times: int
    """How often it was seen."""

    def is_similar(self, seconds: float) -> bool:
        """Return whether another duration may be the same timeout."""
        return abs(seconds - self.seconds) <= SAME_HOST_SHARE * max(seconds, self.seconds)

    def is_trusted(self, now: float) -> bool:
        """Return whether it is recent enough to assume that it still applies."""
        return now - self.at < (TRUST_ONCE_SECONDS if self.times == 1 else TRUST_REPEATED_SECONDS)


def client_timeout_seconds(connection: Connection, client: str, *, now: float) -> float | None:
    """Return the shortest trusted timeout of a client, in seconds; None: none is known."""
    trusted = [each.seconds for each in _read_timeouts(connection, client) if each.is_trusted(now)]
    return min(trusted, default=None)


def record_client_timeout(
    connection: Connection, client: str, seconds: float, *, now: float
) -> None:
    """Record after how many seconds a client gave up on a call."""
    kept = [each for each in _read_timeouts(connection, client) if now - each.at < KEPT_SECONDS]
    alike = [each for each in kept if each.is_similar(seconds)]
    others = [each for each in kept if each not in alike]
    seen = ClientTimeout(
        seconds=round(min([seconds, *(each.seconds for each in alike)]), 3),
        at=now,
        times=1 + sum(each.times for each in alike),
    )
    newest = sorted([*others, seen], key=lambda each: each.at)[-MAX_TIMES:]
    value = json.dumps([asdict(each) for each in newest])
    _save_client_timeouts(connection, key=_client_timeout_key(client), value=value)


def _read_timeouts(connection: Connection, client: str) -> list[ClientTimeout]:
    found = _client_timeouts(connection, key=_client_timeout_key(client))
    if found is None:
        return []
    rows = json.loads(found)
    return [ClientTimeout(**row) for row in rows] if isinstance(rows, list) else []


def _client_timeout_key(client: str) -> str:
    name = client.encode("utf-8", "replace").decode()
    return CLIENT_TIMEOUT_PREFIX + name[:MAX_CLIENT_CHARACTERS]
