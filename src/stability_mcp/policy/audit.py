"""The audit log of refused and flagged requests, for the person responsible for the server.

It never contains a prompt: a sent one is in the row of its job, and a blocked one stays private. A
hash shows whether two prompts were the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from stability_mcp.store.queries import Connection, load
from stability_mcp.store.tenancy import Account
from stability_mcp.text import plain

Event = Literal["blocked", "warned", "moderated", "repeated"]
"""Blocked by STABILITY_BLOCKED_TERMS; flagged by STABILITY_WARN_TERMS; refused by the API's
moderation; blocked because the API refused it within the last hour."""

DETAIL_CHARACTERS = 400


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the log."""

    at: float
    """Unix seconds."""
    event: Event
    operation: str
    prompt_hash: str
    detail: str


_SQL = load(__file__)
_record = _SQL.count("record")
_newest = _SQL.many("newest", Entry)
_latest = _SQL.one("latest", Entry)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The request of an entry: who made it, to which upstream, and what it asked for."""

    account: Account
    operation: str
    prompt_hash: str

    @property
    def key(self) -> dict[str, object]:
        """Return the column values."""
        own = {"operation": self.operation, "prompt_hash": self.prompt_hash}
        return {**self.account.key, **own}


def record(
    connection: Connection, subject: Subject, *, event: Event, detail: str, now: float
) -> None:
    """Write an entry."""
    short = plain(detail)[:DETAIL_CHARACTERS]
    _record(connection, **subject.key, at=now, event=event, detail=short)


def newest(connection: Connection, owner: str, limit: int) -> Sequence[Entry]:
    """Read the latest entries, newest first."""
    return _newest(connection, owner=owner, limit=limit)


def latest(connection: Connection, subject: Subject, event: Event) -> Entry | None:
    """Read the latest entry of a kind about a request, or None."""
    return _latest(connection, **subject.key, event=event)
