"""Accounts of the emulated API: the key's owner, balances, charges, and query responses.

Amounts are integers in millicredits. Keys are never stored: a hash identifies an account.
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
    """Id of the deferred generation that the call started."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """The current state of an account."""

    owner: str
    millicredits: int
    locked_until: float
    """When the rate-limit lockout ends or ended; 0 if there was none."""


def owner_of(key: str) -> str:
    """Return the id of the account that a key belongs to; "" without a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:16] if key else ""


def balance(connection: Connection, owner: str, *, opening: int) -> int:
    """Return the millicredits left; a new account has its opening balance."""
    found = connection.execute(
        "SELECT millicredits FROM accounts WHERE owner = ?", (owner,)
    ).fetchone()
    return opening if found is None else int(found[0])


def set_balance(connection: Connection, owner: str, millicredits: int) -> None:
    """Set the balance of an account."""
    connection.execute(
        "INSERT INTO accounts (owner, millicredits) VALUES (?, ?)"
        " ON CONFLICT (owner) DO UPDATE SET millicredits = excluded.millicredits",
        (owner, millicredits),
    )


def charge(connection: Connection, charged: Charge, *, opening: int) -> bool:
    """Charge a call to its account; return False and charge nothing if the balance is too low."""
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
    """Return all stored charges, oldest first."""
    rows = connection.execute(
        "SELECT at, owner, request, operation, millicredits, generation FROM charges ORDER BY seq"
    )
    return [Charge(**dict(row)) for row in rows]


def accounts(connection: Connection) -> list[Account]:
    """Return every account that was charged, changed or locked out."""
    rows = connection.execute("SELECT owner, millicredits, locked_until FROM accounts ORDER BY 1")
    return [Account(**dict(row)) for row in rows]


def query_body(row: type[Query], *, millicredits: int) -> Any:  # noqa: ANN401 -- JSON of any shape
    """Return the body for a query, with the account's own balance filled in.

    A whole number of credits is written as an integer (`{"credits":0}`), as in the capture.
    """
    body = row.example
    if isinstance(body, dict) and "credits" in body:
        whole = millicredits % 1000 == 0
        return body | {"credits": millicredits // 1000 if whole else millicredits / 1000}
    return body


def engine_ids(rows: Iterable[type[Operation]]) -> frozenset[str]:
    """Return the ids of the engines listed for the emulated account."""
    return frozenset(
        engine["id"]
        for row in rows
        if issubclass(row, Query) and isinstance(row.example, list)
        for engine in row.example
    )
