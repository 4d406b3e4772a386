"""Calls as their askers come back for them: by id, whole from rows, also after a restart."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from stability_mcp.jobs.journal import joining

_CALL = text(
    "SELECT id, coalesce(joined, id) AS root, owner, tool, created_at, cancelled_at, said"
    " FROM calls WHERE id = :call AND owner = :owner"
)
_KEEP = text("UPDATE calls SET said = :said WHERE id = :call")
# What has ended stays as it ended.
_CANCEL = text(
    "UPDATE calls SET cancelled_at = :now, abandoned_at = coalesce(abandoned_at, :now)"
    " WHERE id = :call AND cancelled_at IS NULL AND EXISTS (SELECT 1 FROM jobs"
    " WHERE jobs.call = coalesce(calls.joined, calls.id) AND jobs.finished_at IS NULL)"
)


@dataclass(frozen=True, kw_only=True)
class CallRow:
    """One call. Times are unix seconds."""

    id: str
    root: str
    """The call whose jobs it waits for: itself, or one that it joined."""
    tool: str
    created_at: float
    cancelled_at: float | None
    said: tuple[str, ...]
    """What each input resolved to and how it was made to fit."""
    jobs: tuple[str, ...]
    """Those that answer for it: its own, joined or from the cache."""
    cached: tuple[str, ...]
    """Those of them that were finished for an earlier call."""


def load(connection: Connection, call: str, *, owner: str) -> CallRow | None:
    """Read one call; None where the owner has none of that id."""
    row = connection.execute(_CALL, {"call": call, "owner": owner}).first()
    if row is None:
        return None
    return CallRow(
        id=row.id,
        root=row.root,
        tool=row.tool,
        created_at=row.created_at,
        cancelled_at=row.cancelled_at,
        said=tuple(json.loads(row.said or "[]")),
        jobs=tuple(joining.job_ids(connection, call)),
        cached=tuple(joining.cached_jobs(connection, row.root)),
    )


def keep_said(connection: Connection, call: str, said: Sequence[str]) -> None:
    """Note what was said of a call's inputs: its answer is made when nobody remembers it."""
    connection.execute(_KEEP, {"call": call, "said": json.dumps(list(said))})


def cancel(connection: Connection, call: str, now: float) -> bool:
    """Note that its asker wants no answer any more; False: it had ended before, either way."""
    return connection.execute(_CANCEL, {"call": call, "now": now}).rowcount == 1
