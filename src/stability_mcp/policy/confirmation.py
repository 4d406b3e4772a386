"""Asking the user before much is spent: the question is a row, and so is the answer.

A host may give up on the call while its user still reads the question. The yes that comes later
counts for the identical call, once, for an hour. This is courtesy, not a guard: a model can say
that its user agreed. The guard is the budget.
"""

import hashlib
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, text

from stability_mcp.api.operation import Operation
from stability_mcp.media.items import MediaItem

VALID_SECONDS = 3_600.0
"""Seconds after the question for which a yes counts."""

Answer = Literal["yes", "no", "dismissed"]
"""`dismissed`: the question was closed without an answer."""

_ASK = text(
    "INSERT INTO confirmations (owner, upstream, call_key, credits, asked_at)"
    " VALUES (:owner, :upstream, :key, :credits, :now)"
)
_ANSWER = text(
    "UPDATE confirmations SET answer = :answer, answered_at = :now"
    " WHERE id = :id AND call_key = :key AND answer IS NULL"
)
_USE = text(
    "UPDATE confirmations SET used_by = :process WHERE id = ("
    "SELECT id FROM confirmations WHERE call_key = :key AND answer = 'yes' AND used_by IS NULL"
    " AND credits >= :credits AND asked_at > :since ORDER BY id LIMIT 1) RETURNING id"
)
_GIVE_BACK = text("UPDATE confirmations SET used_by = NULL WHERE id = :id")
_LATEST = text(
    "SELECT id, answer FROM confirmations WHERE call_key = :key AND asked_at > :since"
    " AND used_by IS NULL ORDER BY id DESC LIMIT 1"
)


@dataclass(frozen=True, kw_only=True)
class Quote:
    """What a call is about to cost."""

    owner: str
    upstream: str
    operation: str
    count: int
    credits: int
    """Millicredits, of all variants together."""
    key: str
    """The same for an identical call: operation, arguments, bytes of the inputs, count."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question that was put."""

    id: int
    answer: Answer | None
    """None: none yet."""


Confirm = Callable[[Quote], Awaitable[int | None]]
"""Sees that the user agrees to a bill and returns the question whose yes it used up; None: there
was nothing to ask. Raises what the caller is to be told where the user did not agree."""


def quote_for(  # noqa: PLR0913 -- whose, where and how much
    operation: Operation,
    files: Mapping[str, MediaItem],
    *,
    count: int,
    owner: str,
    upstream: str,
    credits: int,  # noqa: A002 -- the name of the column
) -> Quote:
    """Return what a prepared call costs.

    Args:
        operation: The request.
        files: What it sends, by argument.
        count: How many variants.
        owner: Whose it is.
        upstream: Where it goes.
        credits: Millicredits that it would still cost.
    """
    arguments = json.loads(operation.canonical())
    parts = {
        "owner": owner,
        "upstream": upstream,
        "operation": operation.name(),
        "arguments": arguments | {name: item.sha256 for name, item in files.items()},
        "count": count,
    }
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return Quote(
        owner=owner,
        upstream=upstream,
        operation=operation.name(),
        count=count,
        credits=credits,
        key=hashlib.sha256(canonical.encode()).hexdigest(),
    )


def ask(connection: Connection, bill: Quote, now: float) -> int:
    """Write a question and return its number."""
    values = {"owner": bill.owner, "upstream": bill.upstream, "key": bill.key}
    row = values | {"credits": bill.credits, "now": now}
    return int(connection.execute(_ASK, row).lastrowid)


def answer(
    connection: Connection, bill: Quote, question: int, *, answer: Answer, now: float
) -> bool:
    """Write the answer to a question about this very bill; False: it has one, or is none."""
    row = {"id": question, "key": bill.key, "answer": answer, "now": now}
    return connection.execute(_ANSWER, row).rowcount == 1


def use(connection: Connection, bill: Quote, *, now: float) -> int | None:
    """Use up a yes to this bill and return its question; None: there is none that counts."""
    row = {
        "key": bill.key,
        "credits": bill.credits,
        "since": now - VALID_SECONDS,
        "process": str(os.getpid()),
    }
    found = connection.execute(_USE, row).scalar()
    return None if found is None else int(found)


def give_back(connection: Connection, question: int) -> None:
    """Let a yes count again: the call that used it was not written."""
    connection.execute(_GIVE_BACK, {"id": question})


def latest(connection: Connection, bill: Quote, now: float) -> Question | None:
    """Return the newest question about this bill that counts and paid for nothing yet."""
    row = connection.execute(_LATEST, {"key": bill.key, "since": now - VALID_SECONDS}).first()
    return None if row is None else Question(id=row.id, answer=row.answer)
