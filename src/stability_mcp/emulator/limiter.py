"""The rate limit of the emulated API: 150 requests in 10 s for a key, then 60 s of refusals.

Documented are the numbers; chosen is that every request that names a key counts, also a refused
one, that the lock-out begins with the request too many, and that asking during it does not
lengthen it. All functions run inside a transaction of `storage`.
"""

from sqlite3 import Connection

REQUESTS = 150
WINDOW_SECONDS = 10.0
LOCKED_SECONDS = 60.0


def admit(connection: Connection, owner: str, now: float, *, opening: int) -> bool:
    """Return whether one more request of this account is let through.

    The request itself has been written to the journal before, so it is among those counted. Who set
    the clock back has not come to what was asked, or locked out, later than now.
    """
    locked = connection.execute(
        "SELECT locked_until FROM accounts WHERE owner = ?", (owner,)
    ).fetchone()
    if locked is not None and locked[0] - LOCKED_SECONDS <= now < locked[0]:
        return False
    lockout_ended = locked[0] if locked is not None and locked[0] <= now else 0.0
    seen = connection.execute(
        "SELECT count(*) FROM requests WHERE owner = ? AND at > ? AND at BETWEEN ? AND ?",
        (owner, now - WINDOW_SECONDS, lockout_ended, now),
    ).fetchone()[0]
    if seen <= REQUESTS:
        return True
    connection.execute(
        "INSERT INTO accounts (owner, millicredits, locked_until) VALUES (?, ?, ?)"
        " ON CONFLICT (owner) DO UPDATE SET locked_until = excluded.locked_until",
        (owner, opening, now + LOCKED_SECONDS),
    )
    return False
