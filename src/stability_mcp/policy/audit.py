"""The audit log: what was refused or flagged, for the person who answers for what is sent.

It holds no prompt: the row of the job does, where there is one, and a prompt that was stopped here
is nobody's business. A hash tells whether two were the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from stability_mcp.store.queries import Connection, load
from stability_mcp.store.tenancy import Account
from stability_mcp.text import plain

Event = Literal["blocked", "warned", "moderated", "repeated"]
"""Stopped by STABILITY_BLOCKED_TERMS; flagged by STABILITY_WARN_TERMS; refused by the API's
moderation; stopped here because the API refused it shortly before."""

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
    """What an entry is about: a request, by whom and to where."""

    account: Account
    operation: str
    prompt_hash: str

    @property
    def key(self) -> dict[str, object]:
        """Return the values of its columns."""
        own = {"operation": self.operation, "prompt_hash": self.prompt_hash}
        return {**self.account.key, **own}


def record(
    connection: Connection, subject: Subject, *, event: Event, detail: str, now: float
) -> None:
    """Write an entry."""
    short = plain(detail)[:DETAIL_CHARACTERS]
    _record(connection, **subject.key, at=now, event=event, detail=short)


def newest(connection: Connection, owner: str, limit: int) -> Sequence[Entry]:
    """Read the newest entries, the newest first."""
    return _newest(connection, owner=owner, limit=limit)


def latest(connection: Connection, subject: Subject, event: Event) -> Entry | None:
    """Read the newest entry of a kind about a request; None: there is none."""
    return _latest(connection, **subject.key, event=event)
