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

from stability_mcp.store.queries import Connection, load
from stability_mcp.store.tenancy import Account

MAX_AGE_SECONDS = 24 * 3_600.0
"""Seconds. Whoever asks for the same after a day wants a new one."""


@dataclass(frozen=True, slots=True)
class _OpenCall:
    process: str
    waiting: bool


@dataclass(frozen=True, slots=True)
class _AnsweringJob:
    id: str | None
    position: int | None
    cached: str | None


@dataclass(frozen=True, slots=True)
class _Hits:
    hits: int
    saved: int


_SQL = load(__file__)
_open_calls = _SQL.many("open_calls", _OpenCall)
_find_joinable = _SQL.value("find_joinable", str)
_wake = _SQL.count("wake")
_jobs_of_call = _SQL.many("jobs_of_call", _AnsweringJob)
_find_cached = _SQL.value("find_cached", str)
_count_entries = _SQL.value("count_entries", int)
_count_hits = _SQL.one("count_hits", _Hits)
_clear_cache = _SQL.count("clear_cache")


class NeedsLivenessError(Exception):
    """Identical calls seem to wait in other processes, which may have died.

    Args:
        processes: The processes whose locks have to be tried, outside the transaction.
    """

    def __init__(self, processes: frozenset[str]) -> None:
        self.processes = processes
        super().__init__(f"{len(processes)} processes seem to wait")


def find_joinable(
    connection: Connection,
    key: str,
    *,
    dead: Collection[str],
    alive: Collection[str],
    now: float,
) -> str | None:
    """Return the call that an identical one takes over; None: it must be carried out.

    Args:
        connection: The writer's: nobody else can take it over at the same time.
        key: The `call_key` of the call that arrives.
        dead: Processes whose lock was found free: their calls count as abandoned.
        alive: Processes whose lock is held.
        now: Unix seconds.

    Raises:
        NeedsLivenessError: calls seem to wait in processes that are in neither list.
    """
    since = now - MAX_AGE_SECONDS
    calls = _open_calls(connection, key=key, since=since)
    if not calls:
        return None
    unprobed = {call.process for call in calls if call.waiting} - {*dead, *alive}
    if unprobed:
        raise NeedsLivenessError(frozenset(unprobed))
    return _find_joinable(connection, key=key, since=since, dead=dead)


def wake_queued(connection: Connection, root: str, process: str) -> None:
    """Let this process send what no process drives any more: now somebody wants it."""
    _wake(connection, root=root, process=process)


def jobs_of_call(connection: Connection, call: str) -> list[str]:
    """Return the jobs that answer for a call, by position: its own, joined or from the cache."""
    rows = _jobs_of_call(connection, call=call)
    found = {row.position or 0: row.id for row in rows if row.id is not None}
    if rows and rows[0].cached:
        found |= {int(position): job for position, job in json.loads(rows[0].cached).items()}
    return [found[position] for position in sorted(found)]


def cached_jobs(connection: Connection, call: str) -> list[str]:
    """Return those of the jobs that answer for a call which were finished for an earlier one."""
    rows = _jobs_of_call(connection, call=call)
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
        job = _find_cached(connection, key=key)
        if job is not None:
            found[position] = job
    return found


def cache_statistics(connection: Connection, account: Account) -> CacheStatistics:
    """Count what there is and what it saved."""
    found = _count_hits(connection, **account.key) or _Hits(0, 0)
    entries = _count_entries(connection, **account.key) or 0
    return CacheStatistics(entries=entries, hits=found.hits, saved=found.saved)


def clear_cache(connection: Connection, account: Account) -> int:
    """Let no result of now answer again, and return how many could; the results stay."""
    return _clear_cache(connection, **account.key)
