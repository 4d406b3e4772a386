"""Lanes: what somebody waits for goes before what belongs to a batch.

Hosts do not say that a call is one of two hundred. But nobody reads two hundred answers as they
come, and whoever asks for one thing beside them does wait for it. So while many jobs of a process
wait to be sent, further ones are taken for a batch, until those have gone.
"""

from sqlalchemy import Connection, text

AWAITED = 0
"""Somebody waits for it."""

BATCH = 1
"""One of many: sent when nobody waits for anything else."""

MANY = 20
"""So many jobs that wait to be sent are a batch: more than the variants of two calls, and sent in
two seconds where the rate limit has places."""

FEW = 3
"""So many may wait because they are on their way; where more do, more may be to come."""

_WAITING = text(
    "SELECT count(*) FROM (SELECT 1 FROM jobs WHERE process = :process AND state = 'queued'"
    " AND lane = 0 AND finished_at IS NULL LIMIT :many)"
)

_UNSENT = text(
    "SELECT count(*) FROM (SELECT 1 FROM jobs WHERE upstream = :upstream AND state = 'queued'"
    " AND finished_at IS NULL LIMIT :many)"
)


def lane_of(connection: Connection, process: str) -> int:
    """Return the lane of the next call of a process."""
    waiting = connection.execute(_WAITING, {"process": process, "many": MANY}).scalar_one()
    return BATCH if waiting >= MANY else AWAITED


def lane_of_many(count: int) -> int:
    """Return the lane of so many jobs that are sent for one word."""
    return BATCH if count > MANY else AWAITED


def some_wait(connection: Connection, upstream: str) -> bool:
    """Return whether more than a few jobs wait to be sent to an upstream, in any process."""
    unsent = connection.execute(_UNSENT, {"upstream": upstream, "many": FEW + 1}).scalar_one()
    return bool(unsent > FEW)
