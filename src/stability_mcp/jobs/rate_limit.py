"""The rate limit, by occupancy: so many slots, each kept until its request has surely arrived.

A slot is taken in the transaction of the intent and kept until `MARGIN_SECONDS` longer than the
API's window after the request is known to be out. So when the last of the requests that arrive in
any window is granted, every other one of them still holds its slot: no window at the API has more
than the limit, however long a process, a network or a machine is stopped in between. A bucket that
hands out slots for later cannot promise that. Nothing is handed out for later here: who finds no
slot is told how long to wait, and tries again.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from stability_mcp.client.api_errors import LOCKOUT_SECONDS
from stability_mcp.jobs.models import NoSlotError, RateLimit

STALLED_SECONDS = 60.0
"""Seconds after which the slot of a request that was never said to be out is free again."""

MAX_LOCKOUT_SECONDS = 2 * LOCKOUT_SECONDS
"""Seconds; a later end of a lock-out is a clock that was set, not the API's wish."""

MIN_WAIT_SECONDS = 0.005
"""Seconds: a slot that is free by now was not yet when it was looked for."""

CONNECT_AHEAD_SECONDS = 0.3
"""Seconds before a slot comes free in which a request for it connects: a handshake with TLS."""

MAX_RETRY_SECONDS = 1.0
"""Seconds after which slots are looked for again, however long it was said to take: some that
were about to be taken may not have been."""

SPARE_ONE_IN = 10
"""One slot of so many is left to polls, while there is anything to poll for; of as many again,
batches leave one to requests that somebody waits for, while there are any."""

MAX_GENERATIONS_COUNTED = 10_000
"""Generations that are counted: each of so many is looked at every 20 min."""

RATE_LIMIT = "behind the rate limit"
LOCKED_OUT = "the API asked for a pause of all requests"

_BLOCKED = text("SELECT blocked_until FROM upstreams WHERE id = :upstream")
_FREE_SLOTS = text(
    "DELETE FROM requests WHERE upstream = :upstream"
    " AND (sent_at < :kept_since OR sent_at IS NULL AND granted_at < :stopped_since)"
)
# A clock that was set back: what was sent in the future was sent just now.
_CLAMP_TIMES = text(
    "UPDATE requests SET granted_at = :now,"
    " sent_at = CASE WHEN sent_at IS NULL THEN NULL ELSE :now END"
    " WHERE upstream = :upstream AND (sent_at > :now + 1 OR granted_at > :now + 1)"
)
_COUNT_KEPT = text(
    "SELECT count(*), min(CASE WHEN sent_at IS NULL THEN granted_at END)"
    " FROM requests WHERE upstream = :upstream"
    " AND (sent_at >= :kept_since OR sent_at IS NULL AND granted_at >= :stopped_since)"
)
_NEXT_FREE = text(
    "SELECT sent_at FROM requests WHERE upstream = :upstream AND sent_at >= :kept_since"
    " ORDER BY sent_at LIMIT 1 OFFSET :ahead"
)
_COUNT_GENERATIONS = text(
    "SELECT count(*) FROM (SELECT 1 FROM jobs WHERE upstream = :upstream AND state = 'submitted'"
    " AND finished_at IS NULL LIMIT :most)"
)
_COUNT_INTERACTIVE = text(
    "SELECT count(*) FROM (SELECT 1 FROM jobs WHERE upstream = :upstream AND state = 'queued'"
    " AND lane = 0 AND wake_at <= :now AND process IS NOT NULL AND finished_at IS NULL LIMIT :most)"
)
_TAKE_SLOT = text(
    "INSERT INTO requests (upstream, process, granted_at) VALUES (:upstream, :process, :now)"
    " RETURNING id"
)
_MARK_SENT = text("UPDATE requests SET sent_at = :now WHERE id = :slot AND sent_at IS NULL")
_BLOCK = text(
    "UPDATE upstreams SET blocked_until = :until WHERE id = :upstream AND blocked_until < :until"
)


@dataclass(frozen=True, kw_only=True)
class SlotRequest:
    """What a request needs to know of a slot it asks for."""

    upstream: str
    process: str
    priority: int | None = None
    """Priority of the job that is sent; None: a poll or a query, which come before all jobs."""
    ahead: int = 0
    """Requests of this process that wait for the next slots already. Where there is no slot, the
    caller is told when the one after theirs comes free."""


def take_slot(connection: Connection, rate: RateLimit, wanted: SlotRequest, *, now: float) -> int:
    """Take a slot for a request that is about to go out, and return its number.

    Args:
        connection: The writer's.
        rate: The limit.
        wanted: For whom and for what.
        now: Unix seconds, read inside this transaction: what is later is taken for a clock that
            was set, and not for a request that went out while this one waited for the writer.

    Raises:
        NoSlotError: all are taken, or the API has locked this key out.
    """
    parameters = _parameters(rate, wanted, now)
    connection.execute(_FREE_SLOTS, parameters)
    connection.execute(_CLAMP_TIMES, parameters)
    _raise_if_full(connection, rate, wanted, now=now)
    return int(connection.execute(_TAKE_SLOT, parameters).scalar_one())


def check_slot(
    connection: Connection, rate: RateLimit, wanted: SlotRequest, *, now: float, connecting: int
) -> None:
    """Look whether it is worth connecting at all; takes nothing.

    It is where a slot comes free within `CONNECT_AHEAD_SECONDS`: the connection is open by then.

    Args:
        connection: One for reading is enough.
        rate: The limit.
        wanted: For whom and for what.
        now: Unix seconds.
        connecting: Requests of this process that are about to ask for a slot.

    Raises:
        NoSlotError: there will be none so soon.
    """
    try:
        _raise_if_full(connection, rate, wanted, now=now, taken=connecting)
    except NoSlotError as error:
        if error.why == RATE_LIMIT and error.seconds <= CONNECT_AHEAD_SECONDS:
            return
        raise NoSlotError(
            max(error.seconds - CONNECT_AHEAD_SECONDS, MIN_WAIT_SECONDS), error.why
        ) from None


def generations_running(connection: Connection, upstream: str) -> int:
    """Return how many generations are looked at now and then, by all processes together."""
    most = {"upstream": upstream, "most": MAX_GENERATIONS_COUNTED}
    return int(connection.execute(_COUNT_GENERATIONS, most).scalar_one())


def mark_sent(connection: Connection, slot: int, now: float) -> None:
    """Note that the request of a slot is out whole; may come late, never early."""
    connection.execute(_MARK_SENT, {"slot": slot, "now": now})


def block_upstream(connection: Connection, *, upstream: str, until: float) -> None:
    """Stop every process of an upstream until then, in unix seconds: the API answered 429."""
    connection.execute(_BLOCK, {"upstream": upstream, "until": until})


def _parameters(rate: RateLimit, wanted: SlotRequest, now: float) -> dict[str, object]:
    return {
        "upstream": wanted.upstream,
        "process": wanted.process,
        "now": now,
        "kept_since": now - rate.kept,
        "stopped_since": now - _stalled_seconds(rate),
    }


def _raise_if_full(
    connection: Connection, rate: RateLimit, wanted: SlotRequest, *, now: float, taken: int = 0
) -> None:
    parameters = _parameters(rate, wanted, now)
    blocked_until = float(connection.execute(_BLOCKED, parameters).scalar_one())
    if now < blocked_until <= now + MAX_LOCKOUT_SECONDS:
        raise NoSlotError(blocked_until - now, LOCKED_OUT)
    kept, stopped = connection.execute(_COUNT_KEPT, parameters).one()
    excess = kept + taken - rate.limit
    if wanted.priority is not None and excess + 2 * _tenth(rate) >= 0:
        excess += _spare_slots(connection, rate, parameters, wanted.priority)
    if excess < 0:
        return
    sent_at = connection.execute(_NEXT_FREE, parameters | {"ahead": excess + wanted.ahead}).scalar()
    if sent_at is not None:
        seconds = float(sent_at) + rate.kept - now
    else:  # requests that are not out keep their slots for as long again, or until they are dead
        dead = rate.kept if stopped is None else stopped + _stalled_seconds(rate) - now
        seconds = min(rate.kept, dead)
    raise NoSlotError(max(MIN_WAIT_SECONDS, seconds), RATE_LIMIT)


def _stalled_seconds(rate: RateLimit) -> float:
    return max(STALLED_SECONDS, rate.kept)


def _tenth(rate: RateLimit) -> int:
    return max(rate.limit // SPARE_ONE_IN, 1)


def _spare_slots(
    connection: Connection, rate: RateLimit, parameters: dict[str, object], priority: int
) -> int:
    """Return how many slots a request of a priority leaves to what is more urgent."""
    most = parameters | {"most": _tenth(rate)}
    spared = int(connection.execute(_COUNT_GENERATIONS, most).scalar_one())
    if priority > 0:
        spared += int(connection.execute(_COUNT_INTERACTIVE, most).scalar_one())
    return min(spared, rate.limit - 1)  # whoever is alone gets on
