"""The rate limit, by occupancy: so many slots, each kept until its request has surely arrived.

A slot is taken in the transaction of the intent and kept until `MARGIN_SECONDS` longer than the
API's window after the request is known to be out. So when the last of the requests that arrive in
any window is granted, every other one of them still holds its slot: no window at the API has more
than the limit, however long a process, a network or a machine is stopped in between. A bucket that
hands out slots for later cannot promise that. Nothing is handed out for later here: who finds no
slot is told how long to wait, and tries again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from stability_mcp.client.api_errors import LOCKOUT_SECONDS
from stability_mcp.jobs.models import NoSlotError, RateLimit
from stability_mcp.store.queries import Connection, load

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


@dataclass(frozen=True, slots=True)
class _Occupancy:
    rows: int
    kept: int
    stopped: float | None


_SQL = load(__file__)
_blocked_until = _SQL.value("blocked_until", float)
_occupancy = _SQL.one("occupancy", _Occupancy)
_free_slots = _SQL.count("free_slots")
_clamp_times = _SQL.count("clamp_times")
_next_free = _SQL.value("next_free", float)
_count_generations = _SQL.value("count_generations", int)
_count_interactive = _SQL.value("count_interactive", int)
_take_slot = _SQL.value("take_slot", int)
_mark_sent = _SQL.count("mark_sent")
_block = _SQL.count("block")


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


def take_slot(
    connection: Connection,
    rate: RateLimit,
    wanted: SlotRequest,
    *,
    now: float,
    blocked_until: float | None = None,
) -> int:
    """Take a slot for a request that is about to go out, and return its number.

    Old rows are deleted, and times after a clock was set back are corrected, only where there are
    so many rows that it matters.

    Args:
        connection: The writer's.
        rate: The limit.
        wanted: For whom and for what.
        now: Unix seconds, read inside this transaction: what is later is taken for a clock that
            was set, and not for a request that went out while this one waited for the writer.
        blocked_until: End of a lock-out in unix seconds, where the caller has read it.

    Raises:
        NoSlotError: all are taken, or the API has locked this key out.
    """
    look = _Look(rate=rate, wanted=wanted, now=now)
    occupancy = look.occupancy(connection)
    if occupancy.rows >= rate.limit - 2 * _tenth(rate):
        _free_slots(connection, **look.window)
        _clamp_times(connection, upstream=wanted.upstream, now=now)
        occupancy = look.occupancy(connection)
    _raise_if_full(connection, look, occupancy, blocked_until=blocked_until)
    slot = _take_slot(connection, upstream=wanted.upstream, process=wanted.process, now=now)
    if slot is None:  # pragma: no cover -- an INSERT that succeeds returns its row
        raise LookupError("the slot has no number")
    return slot


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
        look = _Look(rate=rate, wanted=wanted, now=now)
        _raise_if_full(connection, look, look.occupancy(connection), taken=connecting)
    except NoSlotError as error:
        if error.why == RATE_LIMIT and error.seconds <= CONNECT_AHEAD_SECONDS:
            return
        raise NoSlotError(
            max(error.seconds - CONNECT_AHEAD_SECONDS, MIN_WAIT_SECONDS), error.why
        ) from None


def blocked_until(connection: Connection, upstream: str) -> float:
    """Return the unix seconds until which the API takes no request; 0: it does."""
    return _blocked_until(connection, upstream=upstream) or 0.0


def taken(connection: Connection, rate: RateLimit, upstream: str, now: float) -> int:
    """Return how many slots are taken, by all processes together."""
    return _count_slots(connection, _window(rate, upstream, now)).kept


def generations_running(connection: Connection, upstream: str) -> int:
    """Return how many generations are looked at now and then, by all processes together."""
    return _count_generations(connection, upstream=upstream, max_jobs=MAX_GENERATIONS_COUNTED) or 0


def mark_sent(connection: Connection, slot: int, sent_at: float) -> None:
    """Note when the request of a slot was out whole; may be late, never early."""
    _mark_sent(connection, slot=slot, sent_at=sent_at)


def block_upstream(connection: Connection, *, upstream: str, until: float) -> None:
    """Stop every process of an upstream until then, in unix seconds: the API answered 429."""
    _block(connection, upstream=upstream, until=until)


@dataclass(frozen=True, kw_only=True)
class _Look:
    """A look at the slots: under which limit, for what, when."""

    rate: RateLimit
    wanted: SlotRequest
    now: float

    @property
    def window(self) -> dict[str, object]:
        """Return the times since which slots are kept, and the upstream."""
        return _window(self.rate, self.wanted.upstream, self.now)

    def occupancy(self, connection: Connection) -> _Occupancy:
        """Count the slots."""
        return _count_slots(connection, self.window)


def _window(rate: RateLimit, upstream: str, now: float) -> dict[str, object]:
    return {
        "upstream": upstream,
        "kept_since": now - rate.slot_seconds,
        "stopped_since": now - _stalled_seconds(rate),
    }


def _count_slots(connection: Connection, window: Mapping[str, object]) -> _Occupancy:
    return _occupancy(connection, **window) or _Occupancy(0, 0, None)


def _raise_if_full(
    connection: Connection,
    look: _Look,
    occupancy: _Occupancy,
    *,
    taken: int = 0,
    blocked_until: float | None = None,
) -> None:
    rate, wanted, now = look.rate, look.wanted, look.now
    if blocked_until is None:
        blocked_until = _blocked_until(connection, upstream=wanted.upstream) or 0
    if now < blocked_until <= now + MAX_LOCKOUT_SECONDS:
        raise NoSlotError(blocked_until - now, LOCKED_OUT)
    excess = occupancy.kept + taken - rate.limit
    if wanted.priority is not None and excess + 2 * _tenth(rate) >= 0:
        excess += _spare_slots(connection, look, wanted.priority)
    if excess < 0:
        return
    sent_at = _next_free(
        connection,
        upstream=wanted.upstream,
        kept_since=now - rate.slot_seconds,
        ahead=excess + wanted.ahead,
    )
    if sent_at is not None:
        seconds = sent_at + rate.slot_seconds - now
    else:  # requests that are not out keep their slots for as long again, or until they are dead
        stopped = occupancy.stopped
        dead = rate.slot_seconds if stopped is None else stopped + _stalled_seconds(rate) - now
        seconds = min(rate.slot_seconds, dead)
    raise NoSlotError(max(MIN_WAIT_SECONDS, seconds), RATE_LIMIT)


def _stalled_seconds(rate: RateLimit) -> float:
    return max(STALLED_SECONDS, rate.slot_seconds)


def _tenth(rate: RateLimit) -> int:
    return max(rate.limit // SPARE_ONE_IN, 1)


def _spare_slots(connection: Connection, look: _Look, priority: int) -> int:
    """Return how many slots a request of a priority leaves to what is more urgent."""
    upstream, most = look.wanted.upstream, _tenth(look.rate)
    spared = _count_generations(connection, upstream=upstream, max_jobs=most) or 0
    if priority > 0:
        spared += (
            _count_interactive(connection, upstream=upstream, now=look.now, max_jobs=most) or 0
        )
    return min(spared, look.rate.limit - 1)  # whoever is alone gets on
