"""T7: whether the result of a call went into an answer."""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, text

_HAND_OVER = text(
    "UPDATE calls SET handed_at = :now WHERE handed_at IS NULL AND (id IN :calls"
    " OR id IN (SELECT joined FROM calls WHERE id IN :calls))"
).bindparams(bindparam("calls", expanding=True))
_ABANDON = text(
    "UPDATE calls SET abandoned_at = :now"
    " WHERE id = :call AND abandoned_at IS NULL AND handed_at IS NULL"
)


def hand_over(connection: Connection, calls: Iterable[str], now: float) -> None:
    """Note that an answer carried the results of these calls, and of those they had joined."""
    connection.execute(_HAND_OVER, {"calls": list(calls), "now": now})


def abandon(connection: Connection, call: str, now: float) -> None:
    """Note that nobody waits for a call any more: it ended without its result, or with an id."""
    connection.execute(_ABANDON, {"call": call, "now": now})
