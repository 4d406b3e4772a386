"""Reading jobs: one, many, a page, what is unfinished and what nobody has collected yet.

Every query goes by an index and fetches all it wants, so that no reader holds the log of the
database open.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select, text

from stability_mcp.jobs.models import COLUMNS, JobRow, State
from stability_mcp.store import schema
from stability_mcp.store.tenancy import Account

UNFINISHED: tuple[State, ...] = ("queued", "paused", "submitting", "submitted", "storing")


_FOUND = select(schema.calls.c.handed_at, *COLUMNS).select_from(
    schema.jobs.outerjoin(schema.calls, schema.calls.c.id == schema.jobs.c.call)
)
_MANY = _FOUND.where(schema.jobs.c.id.in_(bindparam("ids", expanding=True)))
_MEDIA = (
    select(schema.media.c.job, schema.media.c.id)
    .where(schema.media.c.job.in_(bindparam("ids", expanding=True)))
    .where(schema.media.c.deleted_at.is_(None))
    .order_by(schema.media.c.job, schema.media.c.position)
)
_STATES = select(
    schema.jobs.c.id, schema.jobs.c.state, schema.jobs.c.attempt, schema.jobs.c.process
).where(schema.jobs.c.id.in_(bindparam("ids", expanding=True)))

_UNFINISHED = select(schema.jobs.c.id).where(
    schema.jobs.c.owner == bindparam("owner"),
    schema.jobs.c.state.in_(UNFINISHED),
    schema.jobs.c.upstream == bindparam("upstream"),
    schema.jobs.c.process.is_not(None),
)
# Nobody waits for it any more: the request ended without it, or the caller is gone.
_UNCOLLECTED = text(
    "SELECT jobs.id, coalesce(media.label, jobs.id) AS name,"
    " jobs.state = 'unknown' AND jobs.generation IS NOT NULL AND jobs.sent_at > :since AS missing"
    " FROM calls JOIN jobs ON jobs.call = calls.id"
    " LEFT JOIN media ON media.job = jobs.id AND media.position = 0 AND media.deleted_at IS NULL"
    " WHERE calls.owner = :owner AND calls.handed_at IS NULL"
    " AND (calls.abandoned_at IS NOT NULL"
    " OR calls.process NOT IN (SELECT id FROM processes))"
    " AND NOT EXISTS (SELECT 1 FROM calls AS joined_call WHERE joined_call.joined = calls.id"
    "  AND joined_call.handed_at IS NULL AND joined_call.abandoned_at IS NULL"
    "  AND joined_call.process IN (SELECT id FROM processes))"
    " AND jobs.finished_at IS NOT NULL AND jobs.state <> 'cancelled'"
    " ORDER BY jobs.seq"
)
_NEWEST = text("SELECT max(seq) FROM jobs WHERE owner = :owner")
_UNFINISHED_STATES = select(schema.jobs.c.id, schema.jobs.c.state, schema.jobs.c.attempt).where(
    schema.jobs.c.owner == bindparam("owner"), schema.jobs.c.state.in_(UNFINISHED)
)
_BLOCKED = text("SELECT blocked_until FROM upstreams WHERE id = :upstream")


def jobs_by_id(connection: Connection, ids: Sequence[str]) -> dict[str, JobRow]:
    """Read jobs of any owner by id; those that do not exist are left out.

    The owner isn't part of the query: SQLite would then go through all jobs of the owner.
    """
    found = _found(connection, _MANY, {"ids": list(ids)})
    return {each.id: each for each in found}


def job_page(
    connection: Connection, owner: str, *, limit: int, before: int | None, state: State | None
) -> list[JobRow]:
    """Read the newest jobs of an owner, at most `limit`, from before a `seq`."""
    jobs = schema.jobs.c
    query = _FOUND.where(jobs.owner == owner).order_by(jobs.seq.desc()).limit(limit)
    if state is not None:
        query = query.where(jobs.state == state)
    if before is not None:
        query = query.where(jobs.seq < before)
    return _found(connection, query, {})


def job_states(
    connection: Connection, ids: Sequence[str]
) -> dict[str, tuple[State, int, str | None]]:
    """Read state, attempt and driving process of jobs: what a waiter compares."""
    rows = connection.execute(_STATES, {"ids": list(ids)})
    return {row.id: (row.state, row.attempt, row.process) for row in rows}


def blocked_until(connection: Connection, upstream: str) -> float:
    """Return the unix seconds until which the API takes no request; 0: it does."""
    return float(connection.execute(_BLOCKED, {"upstream": upstream}).scalar() or 0)


def unfinished_jobs(connection: Connection, account: Account) -> list[str]:
    """Return ids of jobs that a living process of this upstream carries out."""
    rows = connection.execute(_UNFINISHED, account.key)
    return list(rows.scalars())


@dataclass(frozen=True, kw_only=True)
class Uncollected:
    """An ended job whose result no answer handed over and nobody waits for."""

    id: str
    name: str
    missing: bool
    """Whether there is no result yet: the API did not have its generation."""


def uncollected_jobs(connection: Connection, owner: str, *, since: float) -> list[Uncollected]:
    """Return the uncollected jobs of an owner, oldest first.

    Args:
        connection: A reader's.
        owner: Whose jobs.
        since: Unix seconds after which a missing generation must have been started to be fetched.
    """
    rows = connection.execute(_UNCOLLECTED, {"owner": owner, "since": since})
    return [Uncollected(id=row.id, name=row.name, missing=bool(row.missing)) for row in rows]


def activity(connection: Connection, owner: str) -> tuple[int, dict[str, tuple[str, int]]]:
    """Return the newest `seq` and how the unfinished jobs stand: what changes when jobs do."""
    newest = connection.execute(_NEWEST, {"owner": owner}).scalar()
    rows = connection.execute(_UNFINISHED_STATES, {"owner": owner})
    return newest or 0, {row.id: (row.state, row.attempt) for row in rows}


def _found(
    connection: Connection, query: Select[Any], parameters: dict[str, object]
) -> list[JobRow]:
    rows = connection.execute(query, parameters).all()
    media: defaultdict[str, list[str]] = defaultdict(list)
    done = [row.id for row in rows if row.state == "done"]
    if done:
        for job, each in connection.execute(_MEDIA, {"ids": done}):
            media[job].append(each)
    return [_to_row(row, media[row.id]) for row in rows]


def _to_row(row: Row[Any], media: list[str]) -> JobRow:
    handed_at, *columns = tuple(row)
    names = (column.name for column in COLUMNS)
    return JobRow(
        **dict(zip(names, columns, strict=True)),
        media=tuple(media),
        collected=handed_at is not None,
    )
