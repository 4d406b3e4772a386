"""Rows of an account: upstream and balance, sums of the ledger, rate limit, client timeouts."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Literal

from stability_mcp.jobs import rate_limit
from stability_mcp.jobs.models import RateLimit
from stability_mcp.store.queries import Connection, Query, load
from stability_mcp.store.tenancy import Account, Upstream

LedgerBy = Literal["day", "operation", "job", "request"]

CLIENT_TIMEOUT_PREFIX = "client_timeouts:"
"""Prefix of the keys in `meta`, before the name of the client; the value is JSON."""
MAX_CLIENT_CHARACTERS = 80

DAY_SECONDS = 86_400.0
TRUST_ONCE_SECONDS, TRUST_REPEATED_SECONDS = DAY_SECONDS, 30 * DAY_SECONDS
"""Seconds for which a time is believed that was seen once, and one that repeated itself."""
KEPT_SECONDS = 60 * DAY_SECONDS
"""Seconds for which a time is kept: seen again by then, it repeats itself."""
SAME_HOST_SHARE = 0.15
"""Share by which two times differ at most that are the same host's: it is busy now and then."""
MAX_TIMES = 8
"""Times that are kept of a client."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What was left on the account."""

    credits: int
    """Millicredits; about, for it lags behind what is spent."""
    at: float
    """When it was asked for, in unix seconds."""

    def is_fresh(self, now: float, seconds: float) -> bool:
        """Return whether it was asked for in the last so many seconds, by a clock that is right."""
        return now - seconds < self.at <= now


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One line of the ledger's sums; money in millicredits. What does not apply is None."""

    day: str | None
    operation: str | None
    job: str | None
    state: str | None
    """Of the job; of a request: sent, charged, assumed or free."""
    attempt: int | None
    at: float | None
    """Unix seconds of the newest request."""
    jobs: int
    requests: int
    free: int
    """Requests that cost nothing: refused, or never out whole."""
    charged: int
    assumed: int
    """Of requests of which nobody knows; they count as spent."""
    in_flight: int
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
        "job": _SQL.many("ledger_by_job", LedgerLine),
        "request": _SQL.many("ledger_by_request", LedgerLine),
    }
)
_ledger_total = _SQL.one("ledger_total", LedgerLine)
_client_timeouts = _SQL.value("client_timeouts", str)
_save_client_timeouts = _SQL.count("save_client_timeouts")


def register_upstream(connection: Connection, upstream: Upstream) -> None:
    """Write its row, unless there is one."""
    _register_upstream(
        connection,
        id=upstream.id,
        base_url=upstream.base_url,
        emulated=int(upstream.emulated),
    )


def paused_why(connection: Connection, upstream: str) -> str | None:
    """Return why nothing may be sent, as the refusal said it; None: it may."""
    return _sending_of(connection, upstream).paused_why


def pause_upstream(connection: Connection, upstream: str, why: str) -> None:
    """Send nothing until a balance query answers above 0: the key was refused or has no credits."""
    _pause(connection, upstream=upstream, why=why)


def last_balance(connection: Connection, upstream: str) -> Balance | None:
    """Return the balance that was noted last; None: it was never asked for."""
    return _balance(connection, upstream=upstream)


def save_balance(connection: Connection, upstream: str, *, balance: int, now: float) -> None:
    """Note about how many millicredits are left, and send again where there are any."""
    _save_balance(connection, upstream=upstream, balance=balance, now=now)
    if balance > 0:
        _pause(connection, upstream=upstream, why=None)


def ledger_lines(
    connection: Connection, account: Account, *, since: str, by: LedgerBy, limit: int
) -> list[LedgerLine]:
    """Return sums of the ledger since a day, the newest first."""
    return _LEDGER_BY[by](connection, **account.key, since=since, most=limit)


def ledger_total(connection: Connection, account: Account, *, since: str) -> LedgerLine:
    """Return the sum of everything since a day."""
    total = _ledger_total(connection, **account.key, since=since)
    assert total is not None  # noqa: S101 -- a sum without GROUP BY is one row
    return total


def rate_status(
    connection: Connection, rate: RateLimit, *, upstream: str, now: float
) -> RateStatus:
    """Return how many slots are taken, and whether the API takes requests at all."""
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
class GiveUp:
    """A time after which a client gave up."""

    seconds: float
    """The shortest of those that are alike."""
    at: float
    """When it was seen last, in unix seconds."""
    times: int
    """How often it was seen."""

    def is_similar(self, seconds: float) -> bool:
        """Return whether another time may be the same host's."""
        return abs(seconds - self.seconds) <= SAME_HOST_SHARE * max(seconds, self.seconds)

    def is_trusted(self, now: float) -> bool:
        """Return whether calls must be answered before it."""
        return now - self.at < (TRUST_ONCE_SECONDS if self.times == 1 else TRUST_REPEATED_SECONDS)


def give_up_seconds(connection: Connection, client: str, *, now: float) -> float | None:
    """Return the shortest time after which a client gives up, in seconds; None: it does not."""
    trusted = [each.seconds for each in _read_give_ups(connection, client) if each.is_trusted(now)]
    return min(trusted, default=None)


def record_give_up(connection: Connection, client: str, seconds: float, *, now: float) -> None:
    """Note that a client gave up on a call after so many seconds."""
    kept = [each for each in _read_give_ups(connection, client) if now - each.at < KEPT_SECONDS]
    alike = [each for each in kept if each.is_similar(seconds)]
    others = [each for each in kept if each not in alike]
    seen = GiveUp(
        seconds=round(min([seconds, *(each.seconds for each in alike)]), 3),
        at=now,
        times=1 + sum(each.times for each in alike),
    )
    newest = sorted([*others, seen], key=lambda each: each.at)[-MAX_TIMES:]
    value = json.dumps([asdict(each) for each in newest])
    _save_client_timeouts(connection, key=_client_timeout_key(client), value=value)


def _read_give_ups(connection: Connection, client: str) -> list[GiveUp]:
    found = _client_timeouts(connection, key=_client_timeout_key(client))
    if found is None:
        return []
    rows = json.loads(found)
    return [GiveUp(**row) for row in rows] if isinstance(rows, list) else []


def _client_timeout_key(client: str) -> str:
    name = client.encode("utf-8", "replace").decode()
    return CLIENT_TIMEOUT_PREFIX + name[:MAX_CLIENT_CHARACTERS]
