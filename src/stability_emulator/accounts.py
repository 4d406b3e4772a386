"""Accounts of the emulated API: the key's owner, the balance, the charges, and answers to queries.

Amounts are integers in millicredits. A key is never stored: an account is named by a hash.
Functions that take a connection run inside a transaction of `storage`.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from sqlite3 import Connection
from typing import Any

from stability_mcp.api.kinds import Query
from stability_mcp.api.operation import Operation


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


def query_body(row: type[Query], *, millicredits: int) -> Any:  # noqa: ANN401 -- JSON of any shape
    """Return the body for a query; where it tells the credits left, they are those of the account.

    A whole number is written as one (`{"credits":0}`), as it was captured.
    """
    body = row.example
    if isinstance(body, dict) and "credits" in body:
        whole = millicredits % 1000 == 0
        return body | {"credits": millicredits // 1000 if whole else millicredits / 1000}
    return body


def engine_ids(rows: Iterable[type[Operation]]) -> frozenset[str]:
    """Return the ids of the engines that the emulated account lists."""
    return frozenset(
        engine["id"]
        for row in rows
        if issubclass(row, Query) and isinstance(row.example, list)
        for engine in row.example
    )
