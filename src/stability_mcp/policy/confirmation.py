"""Stores price questions and the user's answers.

The host may time out the call while the user still reads the question. A later yes counts for an
identical call, once, within an hour. This is a courtesy, not protection: a model can claim that the
user agreed. The budget is the protection.
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
"""How long a yes is valid after the question, in seconds."""

Answer = Literal["yes", "no", "dismissed"]
"""`dismissed`: the user closed the question without an answer."""


@dataclass(frozen=True, kw_only=True)
class Quote:
    """The price of a call that is about to be made."""

    account: Account
    operation: str
    count: int
    credits: int
    """Price of all variants together, in millicredits."""
    question_key: str
    """See the function `question_key`; the column has the same name."""
    what: str = ""
    """What the user pays for, if the price is a maximum for more than one call."""


def quote_of_change(
    account: Account,
    operation: str,
    parts: Mapping[str, object],
    credits: int,  # noqa: A002 -- the name of the column
) -> Quote:
    """Return the quote for a change that isn't a paid call.

    Args:
        account: Whose credits it concerns.
        operation: What changes.
        parts: The state before and the change; a yes counts for exactly these.
        credits: Millicredits that it allows.
    """
    named = {**account.key, "operation": operation, "parts": dict(parts)}
    return Quote(
        account=account, operation=operation, count=1, credits=credits, question_key=_hash(named)
    )


@dataclass(frozen=True, slots=True)
class Question:
    """A question to the user."""

    id: int
    answer: Answer | None
    """None: not answered yet."""


_SQL = load(__file__)
_ask = _SQL.value("ask", int)
_answer = _SQL.count("answer")
_use = _SQL.value("use", int)
_give_back = _SQL.count("give_back")
_latest = _SQL.one("latest", Question)


class Confirm(Protocol):
    """Makes sure that the user agrees to a price."""

    @property
    def free_limit(self) -> int:
        """Return the highest price that needs no approval, in millicredits."""
        ...

    def for_second_charge(self) -> "Confirm":
        """Return one that asks for any price, for a request that may have been charged before."""
        ...

    async def __call__(self, quote: Quote) -> int | None:
        """Get the user's approval and return the question whose yes was used.

        Returns None if no question was needed. Raises an error for the caller if the user doesn't
        agree.
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
    """Return the quote for a prepared call.

    Args:
        account: Who pays.
        operation: The request.
        files: The files it sends, by argument.
        count: Number of variants.
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
    """Return the key of a price question, which is the same for an identical call.

    It hashes account, operation, arguments, input bytes and count. The `call_key` of
    `jobs.transactions.call_keys` is different: it hashes the same facts in another form.
    """
    arguments = json.loads(operation.canonical())
    parts = {
        **account.key,
        "operation": operation.name(),
        "arguments": arguments | {name: item.sha256 for name, item in files.items()},
        "count": count,
    }
    return _hash(parts)


def _hash(parts: Mapping[str, object]) -> str:
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def ask(connection: Connection, quote: Quote, now: float) -> int:
    """Insert a question and return its id."""
    row = {**quote.account.key, "key": quote.question_key, "credits": quote.credits, "now": now}
    number = _ask(connection, **row)
    assert number is not None  # noqa: S101 -- every insert returns an id
    return number


def answer(
    connection: Connection, quote: Quote, question: int, *, answer: Answer, now: float
) -> bool:
    """Store the answer to a question about this quote; False: answered already, or unknown."""
    row = {"id": question, "key": quote.question_key, "answer": answer, "now": now}
    return _answer(connection, **row) == 1


def use(connection: Connection, quote: Quote, *, now: float) -> int | None:
    """Use up a valid yes to this quote and return its question, or None."""
    return _use(
        connection,
        key=quote.question_key,
        credits=quote.credits,
        since=now - VALID_SECONDS,
        process=str(os.getpid()),
    )


def give_back(connection: Connection, question: int) -> None:
    """Make a used yes valid again, because the call that used it was not stored."""
    _give_back(connection, id=question)


def latest(connection: Connection, quote: Quote, now: float) -> Question | None:
    """Return the latest valid question about this quote whose answer is unused."""
    return _latest(connection, key=quote.question_key, since=now - VALID_SECONDS)
