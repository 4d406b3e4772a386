"""Asking the user before much is spent: the question is a row, and so is the answer.

A host may give up on the call while its user still reads the question. The yes that comes later
counts for the identical call, once, for an hour. This is courtesy, not a guard: a model can say
that its user agreed. The guard is the budget.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from stability_mcp.api.operation import Operation
from stability_mcp.media.items import MediaItem
from stability_mcp.store.queries import Connection, load
from stability_mcp.store.tenancy import Account

VALID_SECONDS = 3_600.0
"""Seconds after the question for which a yes counts."""

Answer = Literal["yes", "no", "dismissed"]
"""`dismissed`: the question was closed without an answer."""


@dataclass(frozen=True, kw_only=True)
class Quote:
    """What a call is about to cost."""

    account: Account
    operation: str
    count: int
    credits: int
    """Millicredits, of all variants together."""
    question_key: str
    """See the function `question_key`; the column has the same name."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question that was asked."""

    id: int
    answer: Answer | None
    """None: none yet."""


_SQL = load(__file__)
_ask = _SQL.value("ask", int)
_answer = _SQL.count("answer")
_use = _SQL.value("use", int)
_give_back = _SQL.count("give_back")
_latest = _SQL.one("latest", Question)


class Confirm(Protocol):
    """Sees that the user agrees to what a call costs."""

    @property
    def unasked(self) -> int:
        """Return the most millicredits that may be spent without asking."""
        ...

    async def __call__(self, quote: Quote) -> int | None:
        """See that the user agrees, and return the question whose yes that used up.

        None: there was nothing to ask. Raises what the caller is told where they do not agree.
        """
        ...


def quote_for(
    account: Account,
    operation: Operation,
    files: Mapping[str, MediaItem],
    *,
    count: int,
    credits: int,  # noqa: A002 -- the name of the column
) -> Quote:
    """Return what a prepared call costs.

    Args:
        account: Who pays.
        operation: The request.
        files: What it sends, by argument.
        count: How many variants.
        credits: Millicredits that it would still cost.
    """
    return Quote(
        account=account,
        operation=operation.name(),
        count=count,
        credits=credits,
        question_key=question_key(account, operation, files, count),
    )


def question_key(
    account: Account, operation: Operation, files: Mapping[str, MediaItem], count: int
) -> str:
    """Return the key of a price question, the same for an identical call.

    It hashes account, operation, arguments, bytes of the inputs and count. It isn't the `call_key`
    of `jobs.transactions.call_keys`, which hashes the same facts in another form.
    """
    arguments = json.loads(operation.canonical())
    parts = {
        **account.key,
        "operation": operation.name(),
        "arguments": arguments | {name: item.sha256 for name, item in files.items()},
        "count": count,
    }
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def ask(connection: Connection, quote: Quote, now: float) -> int:
    """Write a question and return its number."""
    row = {**quote.account.key, "key": quote.question_key, "credits": quote.credits, "now": now}
    number = _ask(connection, **row)
    assert number is not None  # noqa: S101 -- every insert returns its number
    return number


def answer(
    connection: Connection, quote: Quote, question: int, *, answer: Answer, now: float
) -> bool:
    """Write the answer to a question about this very quote; False: it has one, or is none."""
    row = {"id": question, "key": quote.question_key, "answer": answer, "now": now}
    return _answer(connection, **row) == 1


def use(connection: Connection, quote: Quote, *, now: float) -> int | None:
    """Use up a yes to this quote and return its question; None: there is none that counts."""
    return _use(
        connection,
        key=quote.question_key,
        credits=quote.credits,
        since=now - VALID_SECONDS,
        process=str(os.getpid()),
    )


def give_back(connection: Connection, question: int) -> None:
    """Let a yes count again: the call that used it was not written."""
    _give_back(connection, id=question)


def latest(connection: Connection, quote: Quote, now: float) -> Question | None:
    """Return the newest question about this quote that counts and paid for nothing yet."""
    return _latest(connection, key=quote.question_key, since=now - VALID_SECONDS)
