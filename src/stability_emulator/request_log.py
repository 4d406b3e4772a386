"""Log of the requests and their answers, for tests, and the rate limit that is counted from it.

Documented of the rate limit are the numbers: 150 requests in 10 s for a key, then 60 s of refusals.
Chosen is that every request that names a key counts, also a refused one, that the lock-out begins
with the first request over the limit, and that asking during it does not lengthen it. All functions
run inside a transaction of `storage`.
"""

from dataclasses import dataclass
from sqlite3 import Connection

MAX_REQUESTS = 150
WINDOW_SECONDS = 10.0
LOCKOUT_SECONDS = 60.0

MAX_KEPT_REQUESTS = 20_000
"""Requests remembered: enough to count the rate windows of more than a hundred busy keys."""
MAX_KEPT_CHARGES = 20_000
"""Charges remembered: as many, since a request is charged at most once."""
MAX_KEPT_ACCOUNTS = 20_000
"""Accounts remembered, the newest: any text that looks like a key opens one. One that is forgotten
is as new."""
MAX_KEPT_PATH_CHARACTERS = 1_000
"""Characters of a path remembered: none of the API has a fifth, a request may have 65,000."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request that arrived."""

    id: str
    """32 hex digits: the `x-request-id` of the answer."""
    at: float
    owner: str
    """Name of the account that the key opens; "" without a key."""
    method: str
    path: str
    status: int | None = None
    """Status of the answer; None while there is none and where the connection was dropped."""
    answered_at: float | None = None


def arrived(connection: Connection, request: Request) -> None:
    """Write down that a request arrived, and forget the oldest."""
    connection.execute(
        "INSERT INTO requests (id, at, owner, method, path) VALUES (?, ?, ?, ?, ?)",
        (
            request.id,
            request.at,
            request.owner,
            request.method,
            request.path[:MAX_KEPT_PATH_CHARACTERS],
        ),
    )
    connection.execute(
        "DELETE FROM requests WHERE seq <= (SELECT max(seq) FROM requests) - ?",
        (MAX_KEPT_REQUESTS,),
    )
    connection.execute(
        "DELETE FROM charges WHERE seq <= (SELECT max(seq) FROM charges) - ?", (MAX_KEPT_CHARGES,)
    )
    connection.execute(
        "DELETE FROM accounts WHERE rowid <= (SELECT max(rowid) FROM accounts) - ?",
        (MAX_KEPT_ACCOUNTS,),
    )


def answered(connection: Connection, request_id: str, status: int, now: float) -> None:
    """Write down how a request was answered."""
    connection.execute(
        "UPDATE requests SET status = ?, answered_at = ? WHERE id = ?", (status, now, request_id)
    )


def requests(connection: Connection) -> list[Request]:
    """Return every request that is still kept, oldest first."""
    rows = connection.execute(
        "SELECT id, at, owner, method, path, status, answered_at FROM requests ORDER BY seq"
    )
    return [Request(**dict(row)) for row in rows]


def admit(connection: Connection, owner: str, now: float, *, opening: int) -> bool:
    """Return whether one more request of this account is let through.

    The request itself is already in the log, so it is among those counted. Who set
    the clock back has not come to what was asked, or locked out, later than now.
    """
    locked = connection.execute(
        "SELECT locked_until FROM accounts WHERE owner = ?", (owner,)
    ).fetchone()
    if locked is not None and locked[0] - LOCKOUT_SECONDS <= now < locked[0]:
        return False
    lockout_ended = locked[0] if locked is not None and locked[0] <= now else 0.0
    seen = connection.execute(
        "SELECT count(*) FROM requests WHERE owner = ? AND at > ? AND at BETWEEN ? AND ?",
        (owner, now - WINDOW_SECONDS, lockout_ended, now),
    ).fetchone()[0]
    if seen <= MAX_REQUESTS:
        return True
    connection.execute(
        "INSERT INTO accounts (owner, millicredits, locked_until) VALUES (?, ?, ?)"
        " ON CONFLICT (owner) DO UPDATE SET locked_until = excluded.locked_until",
        (owner, opening, now + LOCKOUT_SECONDS),
    )
    return False
