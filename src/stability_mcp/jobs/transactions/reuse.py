"""Reuse, a part of T1: an identical call joins an abandoned one, or the cache answers it.

Joining: a host that gave up and asks again must not pay again. While another call still waits for
a job, an identical call is a new variant: four equal calls at once are four pictures. So a call is
joined only if every call that waited for its jobs ended without the result, because it gave up or
its process died, and if its jobs can still be used. `call_key` covers the account, operation,
arguments, input bytes and count.

Cache: a finished job with the same `result_key` answers a variant of a seeded call for free.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, text

from stability_mcp.jobs.transactions.call_keys import CallRequest, call_key, input_hashes
from stability_mcp.store.tenancy import Account

MAX_AGE_SECONDS = 24 * 3_600.0
"""Seconds. Whoever asks for the same after a day wants a new one."""

_WAITING_PROCESSES = text(
    "SELECT DISTINCT process FROM calls WHERE call_key = :key AND created_at > :since"
    " AND handed_at IS NULL AND abandoned_at IS NULL"
)
# The oldest: of several that were given up, each repeat takes over another.
_ABANDONED = text(
    "SELECT root.id FROM calls AS root WHERE root.call_key = :key AND root.joined IS NULL"
    " AND root.created_at > :since AND root.handed_at IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM calls AS waiter WHERE"
    "  (waiter.id = root.id OR waiter.joined = root.id)"
    "  AND (waiter.handed_at IS NOT NULL OR waiter.abandoned_at IS NULL"
    "   AND waiter.process NOT IN :dead"
    "   AND waiter.process IN (SELECT id FROM processes)))"
    " AND EXISTS (SELECT 1 FROM jobs WHERE jobs.call = root.id)"
    " AND NOT EXISTS (SELECT 1 FROM jobs LEFT JOIN media ON media.job = jobs.id"
    "  WHERE jobs.call = root.id AND (jobs.run IS NOT NULL OR jobs.cancel_at IS NOT NULL"
    "  OR jobs.state IN ('failed', 'unknown', 'cancelled')"
    "  OR jobs.state = 'done' AND (media.id IS NULL OR media.deleted_at IS NOT NULL"
    "   OR coalesce(media.finish_reason, 'SUCCESS') <> 'SUCCESS')))"
    " ORDER BY root.seq LIMIT 1"
).bindparams(bindparam("dead", expanding=True))
_WAKE = text(
    "UPDATE jobs SET process = :me, epoch = epoch + 1"
    " WHERE call = :root AND process IS NULL AND state = 'queued' AND finished_at IS NULL"
)
_JOBS = text(
    "SELECT jobs.id, jobs.position, caller.cached AS cached FROM calls AS caller"
    " LEFT JOIN jobs ON jobs.call = caller.id"
    " WHERE caller.id = (SELECT coalesce(joined, id) FROM calls WHERE id = :call)"
    " ORDER BY jobs.position, jobs.seq"
)

# `state = 'done'` is said in words, for the index covers no other; whose it is, is in the key.
_FIND_CACHED = text(
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
_CLEAR_CACHE = text(
    "UPDATE jobs SET result_key = NULL WHERE result_key IS NOT NULL"
    " AND owner = :owner AND upstream = :upstream"
)


def waiting_processes(connection: Connection, call_request: CallRequest, *, now: float) -> set[str]:
    """Return the processes in which identical calls seem to wait: dead ones wait for nothing."""
    key = call_key(call_request, input_hashes(connection, call_request.inputs))
    rows = connection.execute(_WAITING_PROCESSES, {"key": key, "since": now - MAX_AGE_SECONDS})
    return set(rows.scalars())


def find_joinable(
    connection: Connection, key: str, *, dead: Collection[str], now: float
) -> str | None:
    """Return the call that an identical one takes over; None: it must be carried out.

    Args:
        connection: The writer's: nobody else can take it over at the same time.
        key: The `call_key` of the call that arrives.
        dead: Processes whose lock was found free: their calls count as given up.
        now: Unix seconds.
    """
    row = {
        "key": key,
        "since": now - MAX_AGE_SECONDS,
        "dead": list(dead),
    }
    found = connection.execute(_ABANDONED, row).scalar()
    return None if found is None else str(found)


def wake_queued(connection: Connection, root: str, process: str) -> None:
    """Let this process send what no process drives any more: now somebody wants it."""
    connection.execute(_WAKE, {"root": root, "me": process})


def jobs_of_call(connection: Connection, call: str) -> list[str]:
    """Return the jobs that answer for a call, by position: its own, joined or from the cache."""
    rows = connection.execute(_JOBS, {"call": call}).all()
    found = {row.position: str(row.id) for row in rows if row.id is not None}
    if rows and rows[0].cached:
        found |= {int(position): job for position, job in json.loads(rows[0].cached).items()}
    return [found[position] for position in sorted(found)]


def cached_jobs(connection: Connection, call: str) -> list[str]:
    """Return those of the jobs that answer for a call which were finished for an earlier one."""
    rows = connection.execute(_JOBS, {"call": call}).all()
    return list(json.loads(rows[0].cached).values()) if rows and rows[0].cached else []


@dataclass(frozen=True, kw_only=True)
class CacheStatistics:
    """How the cache of an owner and upstream stands."""

    entries: int
    """Finished jobs that can answer again."""
    hits: int
    """Calls that were answered without paying."""
    saved: int
    """Millicredits that those would have cost."""


def find_cached(connection: Connection, keys: Sequence[str | None]) -> dict[int, str]:
    """Return the jobs that answer for the variants of a call, by position."""
    found = {}
    for position, key in enumerate(keys):
        if key is None:
            continue
        job = connection.execute(_FIND_CACHED, {"key": key}).scalar()
        if job is not None:
            found[position] = str(job)
    return found


def cache_statistics(connection: Connection, account: Account) -> CacheStatistics:
    """Count what there is and what it saved."""
    hits, saved = connection.execute(_HITS, account.key).one()
    entries = connection.execute(_ENTRIES, account.key).scalar_one()
    return CacheStatistics(entries=entries, hits=hits, saved=saved)


def clear_cache(connection: Connection, account: Account) -> int:
    """Let no result of now answer again, and return how many could; the results stay."""
    return connection.execute(_CLEAR_CACHE, account.key).rowcount
