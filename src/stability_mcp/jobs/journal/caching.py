"""The cache, a part of T1: a finished job answers for a request that must give the same result.

Only where the request says its seed, or has none to vary; and only with what can be handed over as
it is: done, not filtered, not deleted. The account and the owner are in `result_key`: a picture of
the emulator never answers for a paid one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

# `state = 'done'` is said in words, for the index covers no other; whose it is, is in the key.
_FIND = text(
    "SELECT jobs.id FROM jobs WHERE jobs.result_key = :key AND jobs.state = 'done'"
    " AND EXISTS (SELECT 1 FROM media WHERE media.job = jobs.id)"
    " AND NOT EXISTS (SELECT 1 FROM media WHERE media.job = jobs.id"
    "  AND (media.deleted_at IS NOT NULL"
    "   OR coalesce(media.finish_reason, 'SUCCESS') <> 'SUCCESS'))"
    " ORDER BY jobs.seq DESC LIMIT 1"
)
_ENTRIES = text(
    "SELECT count(*) FROM jobs WHERE result_key IS NOT NULL AND state = 'done'"
    " AND owner = :owner AND upstream = :upstream"
)
_HITS = text(
    "SELECT count(*), coalesce(sum(saved), 0) FROM calls WHERE saved IS NOT NULL"
    " AND owner = :owner AND upstream = :upstream"
)
_CLEAR = text(
    "UPDATE jobs SET result_key = NULL WHERE result_key IS NOT NULL"
    " AND owner = :owner AND upstream = :upstream"
)


@dataclass(frozen=True, kw_only=True)
class Cached:
    """How the cache of an owner and upstream stands."""

    entries: int
    """Finished jobs that can answer again."""
    hits: int
    """Calls that were answered without paying."""
    saved: int
    """Millicredits that those would have cost."""


def find(connection: Connection, keys: Sequence[str | None]) -> dict[int, str]:
    """Return the jobs that answer for the variants of a call, by position."""
    found = {}
    for position, key in enumerate(keys):
        if key is None:
            continue
        job = connection.execute(_FIND, {"key": key}).scalar()
        if job is not None:
            found[position] = str(job)
    return found


def statistics(connection: Connection, *, owner: str, upstream: str) -> Cached:
    """Count what there is and what it saved."""
    key = {"owner": owner, "upstream": upstream}
    hits, saved = connection.execute(_HITS, key).one()
    entries = connection.execute(_ENTRIES, key).scalar_one()
    return Cached(entries=entries, hits=hits, saved=saved)


def clear(connection: Connection, *, owner: str, upstream: str) -> int:
    """Let no result of now answer again, and return how many could; the results stay."""
    return connection.execute(_CLEAR, {"owner": owner, "upstream": upstream}).rowcount
