"""Accounts of the emulated API: who a key is, what it has left, what it was charged.

Amounts are integers in millicredits. A key is never written down: an account is named by a hash.
All functions run inside a transaction of `storage`.
"""

import hashlib
from dataclasses import asdict, dataclass
from sqlite3 import Connection


@dataclass(frozen=True, kw_only=True)
class Charge:
    """One successful call that cost credits."""

    at: float
    owner: str
    request: str
    """Id of the request."""
    operation: str
    millicredits: int
    generation: str | None
    """Id of the deferred generation that it started."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account as it stands."""

    owner: str
    millicredits: int
    locked_until: float
    """When the lock-out for too many requests ends, or ended; 0 without one."""


def owner_of(key: str) -> str:
    """Return the name of the account that a key opens."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:16] if key else ""


def balance(connection: Connection, owner: str, *, opening: int) -> int:
    """Return the millicredits left; an account that was never seen has its opening credits."""
    found = connection.execute(
        "SELECT millicredits FROM accounts WHERE owner = ?", (owner,)
    ).fetchone()
    return opening if found is None else int(found[0])


def set_balance(connection: Connection, owner: str, millicredits: int) -> None:
    """Give an account exactly so many millicredits."""
    connection.execute(
        "INSERT INTO accounts (owner, millicredits) VALUES (?, ?)"
        " ON CONFLICT (owner) DO UPDATE SET millicredits = excluded.millicredits",
        (owner, millicredits),
    )


def charge(connection: Connection, charged: Charge, *, opening: int) -> bool:
    """Take the price of a call from its account; False, and nothing taken, if it has not enough."""
    left = balance(connection, charged.owner, opening=opening) - charged.millicredits
    if left < 0:
        return False
    set_balance(connection, charged.owner, left)
    connection.execute(
        "INSERT INTO charges (at, owner, request, operation, millicredits, generation)"
        " VALUES (:at, :owner, :request, :operation, :millicredits, :generation)",
        asdict(charged),
    )
    return True


def charges(connection: Connection) -> list[Charge]:
    """Return every charge that is still kept, oldest first."""
    rows = connection.execute(
        "SELECT at, owner, request, operation, millicredits, generation FROM charges ORDER BY seq"
    )
    return [Charge(**dict(row)) for row in rows]


def accounts(connection: Connection) -> list[Account]:
    """Return every account that is not as new."""
    rows = connection.execute("SELECT owner, millicredits, locked_until FROM accounts ORDER BY 1")
    return [Account(**dict(row)) for row in rows]
