"""Log of requests and responses, for tests, and the rate limit counted from it.

*Documented*: 150 requests in 10 s per key, then refusals for 60 s. *Chosen*: every request with a
key counts, even a refused one; the lockout starts with the first request over the limit; requests
during the lockout don't extend it. All functions run inside a transaction of `storage`.
"""

from dataclasses import dataclass
from sqlite3 import Connection

MAX_REQUESTS = 150
WINDOW_SECONDS = 10.0
LOCKOUT_SECONDS = 60.0

MAX_KEPT_REQUESTS = 20_000
"""Requests stored: enough to count the rate windows of over a hundred busy keys."""
MAX_KEPT_CHARGES = 20_000
"""Charges stored: as many as requests, since a request is charged at most once."""
MAX_KEPT_ACCOUNTS = 20_000
"""Accounts stored, newest first: any well-formed key opens one. A deleted account starts over as
new."""
MAX_KEPT_PATH_CHARACTERS = 1_000
"""Characters of a path stored: no API path has a fifth of that, but a request may have 65,000."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One received request."""

    id: str
    """32 hex digits: the `x-request-id` of the response."""
    at: float
    owner: str
    """Id of the key's account; "" without a key."""
    method: str
    path: str
    status: int | None = None
    """Status of the response; None before the response and after a dropped connection."""
    answered_at: float | None = None


def log_request(connection: Connection, request: Request) -> None:
    """Log a request, and delete the oldest entries."""
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


def log_response(connection: Connection, request_id: str, status: int, now: float) -> None:
    """Log the response to a request."""
    connection.execute(
        "UPDATE requests SET status = ?, answered_at = ? WHERE id = ?", (status, now, request_id)
    )


def requests(connection: Connection) -> list[Request]:
    """Return all stored requests, oldest first."""
    rows = connection.execute(
        "SELECT id, at, owner, method, path, status, answered_at FROM requests ORDER BY seq"
    )
    return [Request(**dict(row)) for row in rows]


def admit(connection: Connection, owner: str, now: float, *, opening: int) -> bool:
    """Return whether the rate limit allows another request of this account.

    The request itself is already logged, so it is counted too. After the clock was set back,
    requests and lockouts later than `now` don't count.
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
