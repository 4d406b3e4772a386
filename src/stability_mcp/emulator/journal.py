"""What the emulated API was asked and how it answered, for tests and for the rate limit.

All functions run inside a transaction of `storage`.
"""

from dataclasses import dataclass
from sqlite3 import Connection

KEPT_REQUESTS = 20_000
"""Requests remembered: enough to count the rate windows of more than a hundred busy keys."""
KEPT_CHARGES = 20_000
"""Charges remembered: as many, since a request is charged at most once."""
KEPT_ACCOUNTS = 20_000
"""Accounts remembered, the newest: any text that looks like a key opens one. One that is forgotten
is as new."""
KEPT_PATH_CHARACTERS = 1_000
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
            request.path[:KEPT_PATH_CHARACTERS],
        ),
    )
    connection.execute(
        "DELETE FROM requests WHERE seq <= (SELECT max(seq) FROM requests) - ?", (KEPT_REQUESTS,)
    )
    connection.execute(
        "DELETE FROM charges WHERE seq <= (SELECT max(seq) FROM charges) - ?", (KEPT_CHARGES,)
    )
    connection.execute(
        "DELETE FROM accounts WHERE rowid <= (SELECT max(rowid) FROM accounts) - ?",
        (KEPT_ACCOUNTS,),
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
