"""Enforces the rate limit by occupancy: fixed slots, each kept while its request still counts.

A slot is taken by the transaction of the intent. It is released only when the API's window plus
`MARGIN_SECONDS` has passed since the request is known to have been sent. So when the last of the
requests that arrive in any window gets its slot, all others still hold theirs: no window at the API
exceeds the limit, however long a process, a network or a machine is suspended in between. A token
bucket that grants slots ahead of time can't guarantee that. Here no slot is granted ahead: a
request that finds none learns how long to wait, and tries again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from stability_mcp.client.api_errors import LOCKOUT_SECONDS
from stability_mcp.jobs.models import NoSlotError, RateLimit
from stability_mcp.store.queries import Connection, load

STALLED_SECONDS = 60.0
"""Seconds after which a slot is released if its request was never recorded as sent."""

MAX_LOCKOUT_SECONDS = 2 * LOCKOUT_SECONDS
"""Seconds; a lockout that ends later comes from a changed clock, not from the API."""

MIN_WAIT_SECONDS = 0.005
"""Seconds to wait when a slot has come free since the check."""

CONNECT_AHEAD_SECONDS = 0.3
"""How early a request may connect before its slot comes free, in seconds: a TLS handshake."""

MAX_RETRY_SECONDS = 1.0
"""Longest wait before slots are checked again, in seconds, whatever the estimate: requests that
were about to take slots may not have done so."""

SPARE_ONE_IN = 10
"""Reserve 1 in 10 slots for polls while any generation is pending. Batches leave another 1 in 10
to interactive requests, while there are any."""

MAX_GENERATIONS_COUNTED = 10_000
"""Upper bound for counting generations: with this many, each is polled every 20 min."""

RATE_LIMIT = "the rate limit is used up"
LOCKED_OUT = "the API has locked this key out"


@dataclass(frozen=True, slots=True)
class _Occupancy:
    rows: int
    kept: int
    oldest_unsent: float | None


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
    """A request for a slot."""

    upstream: str
    process: str
    priority: int | None = None
    """Priority of the job to send; None: a poll or a query, which come before all jobs."""
    ahead: int = 0
    """How many requests of this process already wait for the next slots. If there is no slot, the
    error says when the one after theirs comes free."""


def take_slot(
    connection: Connection,
    rate: RateLimit,
    wanted: SlotRequest,
    *,
    now: float,
    blocked_until: float | None = None,
) -> int:
    """Take a slot for a request that is about to go out, and return its number.

    Only when the table is nearly full does this delete old rows, and correct times that lie in the
    future because the clock was set back.

    Args:
        connection: The writer's.
        rate: The limit.
        wanted: The request for a slot.
        now: Unix seconds, read inside this transaction: a later time in the table counts as a
            changed clock, not as a request sent while this one waited for the writer.
        blocked_until: End of the lockout in unix seconds, if the caller has read it.

    Raises:
        NoSlotError: all slots are taken, or the API has locked this key out.
    """
    check = _SlotCheck(rate=rate, wanted=wanted, now=now)
    occupancy = check.occupancy(connection)
    if occupancy.rows >= rate.limit - 2 * _tenth(rate):
        _free_slots(connection, **check.window)
        _clamp_times(connection, upstream=wanted.upstream, now=now)
        occupancy = check.occupancy(connection)
    _raise_if_full(connection, check, occupancy, blocked_until=blocked_until)
    slot = _take_slot(connection, upstream=wanted.upstream, process=wanted.process, now=now)
    if slot is None:  # pragma: no cover -- a successful INSERT returns its row
        raise LookupError("the slot has no number")
    return slot


def check_slot(
    connection: Connection, rate: RateLimit, wanted: SlotRequest, *, now: float, connecting: int
) -> None:
    """Check whether connecting is worthwhile, without taking a slot.

    It is if a slot comes free within `CONNECT_AHEAD_SECONDS`: the connection is open by then.

    Args:
        connection: A reader's is enough.
        rate: The limit.
        wanted: The request for a slot.
        now: Unix seconds.
        connecting: How many requests of this process are about to take a slot.

    Raises:
        NoSlotError: no slot will be free soon enough.
    """
    try:
        check = _SlotCheck(rate=rate, wanted=wanted, now=now)
        _raise_if_full(connection, check, check.occupancy(connection), taken=connecting)
    except NoSlotError as error:
        if error.why == RATE_LIMIT and error.seconds <= CONNECT_AHEAD_SECONDS:
            return
        raise NoSlotError(
            max(error.seconds - CONNECT_AHEAD_SECONDS, MIN_WAIT_SECONDS), error.why
        ) from None


def blocked_until(connection: Connection, upstream: str) -> float:
    """Return when the API accepts requests again, in unix seconds; 0: it does now."""
    return _blocked_until(connection, upstream=upstream) or 0.0


def taken(connection: Connection, rate: RateLimit, upstream: str, now: float) -> int:
    """Return how many slots all processes together have taken."""
    return _count_slots(connection, _window(rate, upstream, now)).kept


def generations_running(connection: Connection, upstream: str) -> int:
    """Return how many generations all processes together are polling."""
    return _count_generations(connection, upstream=upstream, max_jobs=MAX_GENERATIONS_COUNTED) or 0


def mark_sent(connection: Connection, slot: int, sent_at: float) -> None:
    """Record when the request of a slot was completely sent; may be late, never early."""
    _mark_sent(connection, slot=slot, sent_at=sent_at)


def block_upstream(connection: Connection, *, upstream: str, until: float) -> None:
    """Stop every process of an upstream until a time in unix seconds, after a 429."""
    _block(connection, upstream=upstream, until=until)


@dataclass(frozen=True, kw_only=True)
class _SlotCheck:
    """The limit, request and time for which slots are checked."""

    rate: RateLimit
    wanted: SlotRequest
    now: float

    @property
    def window(self) -> dict[str, object]:
        """Return the upstream, and the times since which slots are kept."""
        return _window(self.rate, self.wanted.upstream, self.now)

    def occupancy(self, connection: Connection) -> _Occupancy:
        """Count the slots."""
        return _count_slots(connection, self.window)


def _window(rate: RateLimit, upstream: str, now: float) -> dict[str, object]:
    return {
        "upstream": upstream,
        "kept_since": now - rate.slot_seconds,
        "stalled_since": now - _stalled_seconds(rate),
    }


def _count_slots(connection: Connection, window: Mapping[str, object]) -> _Occupancy:
    return _occupancy(connection, **window) or _Occupancy(0, 0, None)


def _raise_if_full(
    connection: Connection,
    check: _SlotCheck,
    occupancy: _Occupancy,
    *,
    taken: int = 0,
    blocked_until: float | None = None,
) -> None:
    rate, wanted, now = check.rate, check.wanted, check.now
    if blocked_until is None:
        blocked_until = _blocked_until(connection, upstream=wanted.upstream) or 0
    if now < blocked_until <= now + MAX_LOCKOUT_SECONDS:
        raise NoSlotError(blocked_until - now, LOCKED_OUT)
    excess = occupancy.kept + taken - rate.limit
    if wanted.priority is not None and excess + 2 * _tenth(rate) >= 0:
        excess += _spare_slots(connection, check, wanted.priority)
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
    else:  # unsent requests keep their slots for a whole period, or until they count as stalled
        oldest, seconds = occupancy.oldest_unsent, rate.slot_seconds
        if oldest is not None:
            seconds = min(seconds, oldest + _stalled_seconds(rate) - now)
    raise NoSlotError(max(MIN_WAIT_SECONDS, seconds), RATE_LIMIT)


def _stalled_seconds(rate: RateLimit) -> float:
    return max(STALLED_SECONDS, rate.slot_seconds)


def _tenth(rate: RateLimit) -> int:
    return max(rate.limit // SPARE_ONE_IN, 1)


def _spare_slots(connection: Connection, check: _SlotCheck, priority: int) -> int:
    """Return how many slots a request of a priority leaves to more urgent ones."""
    limits = {"upstream": check.wanted.upstream, "max_jobs": _tenth(check.rate)}
    spared = _count_generations(connection, **limits) or 0
    if priority > 0:
        spared += _count_interactive(connection, **limits, now=check.now) or 0
    return min(spared, check.rate.limit - 1)  # a request with no competitors always gets a slot
