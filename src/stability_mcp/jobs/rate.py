"""The rate limit, by occupancy: so many places, each kept until its request has surely arrived.

A place is taken in the transaction of the intent and kept until `MARGIN` longer than the API's
window after the request is known to be out. So when the last of the requests that arrive in any
window is granted, every other one of them still holds its place: no window at the API has more
than the limit, however long a process, a network or a machine is stopped in between. A bucket that
hands out places for later cannot promise that. Nothing is handed out for later here: who finds no
place is told how long to wait, and tries again.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from stability_mcp.jobs.signals import NoPlaceError

MARGIN = 0.5
"""Seconds a request may take from this machine's last byte to the API's counter."""

STOPPED_AFTER = 60.0
"""Seconds after which the place of a request that was never said to be out is free again."""

LONGEST_BLOCK = 120.0
"""Seconds; a later end of a lock-out is a clock that was set, not the API's wish."""

LOCK_OUT = 60.0
"""Seconds the API refuses everything after too many requests, where its answer names none."""

SHORTEST_WAIT = 0.05
"""Seconds; places come free in the bursts in which they were taken."""

RATE_LIMIT = "behind the rate limit"
LOCKED_OUT = "the API asked for a pause of all requests"


@dataclass(frozen=True, kw_only=True)
class Rate:
    """At most `limit` requests in any `window` seconds."""

    limit: int = 150
    window: float = 10.0

    @property
    def kept(self) -> float:
        """Return the seconds a place is kept once its request is out."""
        return self.window + MARGIN


_BLOCKED = text("SELECT blocked_until FROM upstreams WHERE id = :upstream")
_FREE = text(
    "DELETE FROM requests WHERE upstream = :upstream"
    " AND (sent_at < :kept_since OR sent_at IS NULL AND granted_at < :stopped_since)"
)
# A clock that was set back: what was sent in the future was sent just now.
_CLAMP = text(
    "UPDATE requests SET granted_at = :now,"
    " sent_at = CASE WHEN sent_at IS NULL THEN NULL ELSE :now END"
    " WHERE upstream = :upstream AND (sent_at > :now + 1 OR granted_at > :now + 1)"
)
_KEPT = text(
    "SELECT count(*), min(sent_at) FROM requests WHERE upstream = :upstream"
    " AND (sent_at >= :kept_since OR sent_at IS NULL AND granted_at >= :stopped_since)"
)
_TAKE = text(
    "INSERT INTO requests (upstream, process, granted_at) VALUES (:upstream, :process, :now)"
    " RETURNING id"
)
_OUT = text("UPDATE requests SET sent_at = :now WHERE id = :place AND sent_at IS NULL")
_BLOCK = text(
    "UPDATE upstreams SET blocked_until = :until WHERE id = :upstream AND blocked_until < :until"
)


def take(connection: Connection, rate: Rate, *, upstream: str, process: str, now: float) -> int:
    """Take a place for a request that is about to go out, and return its number.

    Raises:
        NoPlaceError: all are taken, or the API has locked this key out.
    """
    places = _places(rate, upstream, now)
    connection.execute(_FREE, places)
    connection.execute(_CLAMP, places)
    _refuse(connection, rate, places, now=now, connecting=0)
    return int(connection.execute(_TAKE, places | {"process": process}).scalar_one())


def room(connection: Connection, rate: Rate, *, upstream: str, now: float, connecting: int) -> None:
    """Look whether it is worth connecting at all; takes nothing.

    Args:
        connection: One for reading is enough.
        rate: The limit.
        upstream: Whose places.
        now: Unix seconds.
        connecting: Requests of this process that are about to ask for a place.

    Raises:
        NoPlaceError: as `take` would, with those requests counted.
    """
    _refuse(connection, rate, _places(rate, upstream, now), now=now, connecting=connecting)


def out(connection: Connection, place: int, now: float) -> None:
    """Note that the request of a place is out whole; may come late, never early."""
    connection.execute(_OUT, {"place": place, "now": now})


def block(connection: Connection, *, upstream: str, until: float) -> None:
    """Stop every process of an upstream until then, in unix seconds: the API answered 429."""
    connection.execute(_BLOCK, {"upstream": upstream, "until": until})


def _places(rate: Rate, upstream: str, now: float) -> dict[str, object]:
    return {
        "upstream": upstream,
        "now": now,
        "kept_since": now - rate.kept,
        "stopped_since": now - max(STOPPED_AFTER, rate.kept),
    }


def _refuse(
    connection: Connection, rate: Rate, places: dict[str, object], *, now: float, connecting: int
) -> None:
    blocked_until = float(connection.execute(_BLOCKED, places).scalar_one())
    if now < blocked_until <= now + LONGEST_BLOCK:
        raise NoPlaceError(blocked_until - now, LOCKED_OUT)
    kept, oldest = connection.execute(_KEPT, places).one()
    if kept + connecting < rate.limit:
        return
    soon = 0.0 if oldest is None else oldest + rate.kept - now
    raise NoPlaceError(max(SHORTEST_WAIT, soon), RATE_LIMIT)
