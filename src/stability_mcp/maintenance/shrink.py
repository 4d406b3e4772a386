"""Removes the oldest media until the rest fits STABILITY_KEEP_BYTES.

The order: media that the user deleted, then results and imports without a name, then those that the
caller named or tagged; within each, the oldest first. The age counts from the end of the job or
from the import, as for STABILITY_KEEP_DAYS: the store doesn't record when media was last used,
because every view would have to write.

The rules of `retention_rows` and `deleted_media` decide what may go at all: nothing from the last
hour, nothing that is unfinished, that a job uses, that kept media was made from, or that was
renamed with `media_label`. Only rows are removed here; retention removes their files afterwards.
Each transaction adds up the size again, so processes that shrink a store at the same time don't
remove more than one would.
"""

import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import anyio

from stability_mcp.maintenance import deleted_media, retention_rows
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection, load

PAGE_ROWS = 10_000
"""Candidates per read: each read sorts all of them, which takes a fifth of a second for 100,000."""
MAX_WRITE_SECONDS = 0.01
"""Seconds after which a transaction starts no further step, see `retention`."""

Kind = Literal["deleted", "job", "media"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A job with results, or an item."""

    at: float
    """When it ended, was made or was deleted, in unix seconds."""
    kind: Kind
    id: str


@dataclass(kw_only=True)
class Shrunk:
    """What was removed."""

    jobs: int = 0
    media: int = 0
    """Imported and fitted items; results are removed with their jobs."""
    deleted: int = 0
    size: int = 0
    """Bytes of stored media that are left."""


_SQL = load(__file__)
_stored_bytes = _SQL.value("stored_bytes", int)
_deleted_candidates = _SQL.many("deleted_candidates", Candidate)
_candidates = _SQL.many("candidates", Candidate)

ListPage = Callable[[Connection, Candidate], list[Candidate]]
"""Returns the next page of candidates after one."""


def stored_bytes(connection: Connection) -> int:
    """Return the size of the stored media; equal bytes count once."""
    return _stored_bytes(connection) or 0


async def shrink(database: Database, *, limit: int, now: float, pause: float) -> Shrunk:
    """Remove the oldest media until the rest fits.

    Args:
        database: The store.
        limit: Bytes of stored media to keep.
        now: Unix seconds.
        pause: Seconds between two transactions.

    Raises:
        StorageError: the store cannot be read or written.
    """
    shrunk = Shrunk(size=await database.read(stored_bytes))
    limits = _Limits(now - retention_rows.MIN_FILE_AGE_SECONDS, limit, pause)
    phases = _phases(limits.cutoff)
    # From the start again after each pass: parents become removable only after their children.
    while shrunk.size > limit:
        for list_page in phases:
            if await _one_pass(database, list_page, shrunk, limits):
                break
        else:
            break
    return shrunk


def _phases(cutoff: float) -> list[ListPage]:
    def deleted(connection: Connection, last: Candidate) -> list[Candidate]:
        return _deleted_candidates(
            connection, after=last.at, after_id=last.id, cutoff=cutoff, limit=PAGE_ROWS
        )

    def kept(named: int, connection: Connection, last: Candidate) -> list[Candidate]:
        return _candidates(
            connection,
            after=last.at,
            after_id=last.id,
            cutoff=cutoff,
            named=named,
            limit=PAGE_ROWS,
        )

    return [deleted, partial(kept, 0), partial(kept, 1)]


@dataclass(frozen=True, slots=True)
class _Limits:
    cutoff: float
    size: int
    pause: float


async def _one_pass(
    database: Database, list_page: ListPage, shrunk: Shrunk, limits: _Limits
) -> bool:
    """Go through the candidates once, oldest first; return whether any was removed."""
    last, any_removed = Candidate(0, "job", ""), False
    while page := await database.read(partial(_read, list_page, last)):
        last = page[-1]
        while page and shrunk.size > limits.size:
            checked, removed, shrunk.size = await database.write(
                partial(_remove, page, limits), name="maintenance.shrink", own_commit=True
            )
            page = page[checked:]
            for each in removed:
                _count(shrunk, each)
            any_removed = any_removed or bool(removed)
            await anyio.sleep(limits.pause)
        if shrunk.size <= limits.size:
            break
    return any_removed


def _read(list_page: ListPage, last: Candidate, connection: Connection) -> list[Candidate]:
    return list_page(connection, last)


def _remove(
    page: Sequence[Candidate], limits: _Limits, connection: sqlite3.Connection
) -> tuple[int, list[Candidate], int]:
    """Remove candidates until the rest fits or the time is up, in one write transaction.

    Returns:
        How many were checked, which were removed, and the size of the rest.
    """
    size = stored_bytes(connection)
    until = time.monotonic() + MAX_WRITE_SECONDS
    removed: list[Candidate] = []
    for checked, each in enumerate(page):
        if size <= limits.size or (checked and time.monotonic() > until):
            return checked, removed, size
        freed = _remove_one(connection, each, limits.cutoff)
        if freed is not None:
            removed.append(each)
            size -= freed
    return len(page), removed, size


def _remove_one(connection: Connection, each: Candidate, cutoff: float) -> int | None:
    """Remove a candidate if the rules allow it; return the bytes that no row needs any more."""
    if each.kind == "job":
        return retention_rows.remove_job(connection, each.id, cutoff=cutoff)
    if each.kind == "media":
        return retention_rows.remove_media(connection, each.id, cutoff=cutoff)
    return deleted_media.purge_now(connection, each.id, cutoff=cutoff)


def _count(shrunk: Shrunk, each: Candidate) -> None:
    shrunk.jobs += each.kind == "job"
    shrunk.media += each.kind == "media"
    shrunk.deleted += each.kind == "deleted"
