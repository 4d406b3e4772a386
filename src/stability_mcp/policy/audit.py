"""The audit log: what was refused or flagged, for the person who answers for what is sent.

It holds no prompt: the row of the job does, where there is one, and a prompt that was stopped here
is nobody's business. A hash tells whether two were the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, text

from stability_mcp.store.tenancy import Account
from stability_mcp.text import plain

Event = Literal["blocked", "warned", "moderated", "repeated"]
"""Stopped by STABILITY_BLOCKED_TERMS; flagged by STABILITY_WARN_TERMS; refused by the API's
moderation; stopped here because the API refused it shortly before."""

DETAIL_CHARACTERS = 400

_RECORD = text(
    "INSERT INTO audit (owner, upstream, at, event, operation, prompt_hash, detail)"
    " VALUES (:owner, :upstream, :at, :event, :operation, :prompt_hash, :detail)"
)
_NEWEST = text(
    "SELECT at, event, operation, prompt_hash, detail FROM audit WHERE owner = :owner"
    " ORDER BY id DESC LIMIT :limit"
)
_LATEST = text(
    "SELECT at, event, operation, prompt_hash, detail FROM audit"
    " WHERE prompt_hash = :prompt_hash AND owner = :owner AND upstream = :upstream"
    " AND operation = :operation AND event = :event ORDER BY id DESC LIMIT 1"
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A row of the log."""

    at: float
    """Unix seconds."""
    event: Event
    operation: str
    prompt_hash: str
    detail: str


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
    row = subject.key | {"at": now, "event": event, "detail": plain(detail)[:DETAIL_CHARACTERS]}
    connection.execute(_RECORD, row)


def newest(connection: Connection, owner: str, limit: int) -> Sequence[Entry]:
    """Read the newest entries, the newest first."""
    found = connection.execute(_NEWEST, {"owner": owner, "limit": limit})
    return [Entry(**row._asdict()) for row in found]


def latest(connection: Connection, subject: Subject, event: Event) -> Entry | None:
    """Read the newest entry of a kind about a request; None: there is none."""
    row = connection.execute(_LATEST, subject.key | {"event": event}).first()
    return None if row is None else Entry(**row._asdict())
