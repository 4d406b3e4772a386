"""Reuse, a part of T1: a call joins an abandoned identical one, or the cache answers it.

Joining: a host that timed out and calls again must not be charged again. While another call still
waits for a job, an identical call asks for a new variant: four equal calls at once give four
images. So a call is joined only if every call that waited for its jobs ended without the result,
because it timed out or its process died, and only if its jobs are still usable. `call_key` covers
the account, operation, arguments, input bytes and count.

A step of a workflow joins only the call for the same place in the same run, in whatever state its
job is. So a run that continues after a crash never pays for a step twice.

Cache: a finished job with the same `result_key` answers a variant of a seeded call for free.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from stability_mcp.errors import ConfirmationError
from stability_mcp.jobs.models import ASK_BEFORE_REPEATING
from stability_mcp.jobs.transactions.call_keys import StepPlace
from stability_mcp.store.liveness import NeedsLivenessError
from stability_mcp.store.queries import Connection, load
from stability_mcp.store.tenancy import Account
from stability_mcp.text import credits_text, local_time

MAX_AGE_SECONDS = 24 * 3_600.0
"""Seconds. An identical call more than a day later asks for a new result."""


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
class _UnknownJob:
    id: str
    price: int
    generation: str | None
    created_at: float


@dataclass(frozen=True, slots=True)
class _Hits:
    hits: int
    saved: int


_SQL = load(__file__)
_open_calls = _SQL.many("open_calls", _OpenCall)
_find_joinable = _SQL.value("find_joinable", str)
_find_call_of_step = _SQL.value("find_call_of_step", str)
_unknown_job = _SQL.one("unknown_job", _UnknownJob)
_wake = _SQL.count("wake")
_jobs_of_call = _SQL.many("jobs_of_call", _AnsweringJob)
_find_cached = _SQL.value("find_cached", str)
_count_entries = _SQL.value("count_entries", int)
_count_hits = _SQL.one("count_hits", _Hits)
_clear_cache = _SQL.count("clear_cache")


def find_call_of_step(
    connection: Connection, place: StepPlace, *, retry_of: str | None
) -> str | None:
    """Return the call that started the newest job for a place in a run; None: it has none yet.

    Args:
        connection: The writer's, so that no other process starts the same one at the same time.
        place: The place.
        retry_of: The job that the user agreed to pay for again. Then the call of its retry is
            returned, or its own call if its result has arrived since the user was asked.
    """
    key = {"run": place.run, "step": place.step, "item": place.item}
    return _find_call_of_step(connection, **key, retry_of=retry_of)


def find_joinable(
    connection: Connection,
    key: str,
    *,
    dead: Collection[str],
    alive: Collection[str],
    now: float,
) -> str | None:
    """Return the call that an identical new call can join; None: there is none.

    Args:
        connection: The writer's, so that no other call can join it at the same time.
        key: The `call_key` of the new call.
        dead: Processes whose lock was free: their calls count as abandoned.
        alive: Processes whose lock is held.
        now: Unix seconds.

    Raises:
        NeedsLivenessError: calls seem to be waiting in processes that are in neither list.
    """
    since = now - MAX_AGE_SECONDS
    calls = _open_calls(connection, key=key, since=since)
    if not calls:
        return None
    unprobed = {call.process for call in calls if call.waiting} - {*dead, *alive}
    if unprobed:
        raise NeedsLivenessError(frozenset(unprobed))
    return _find_joinable(connection, key=key, since=since, dead=dead)


def check_no_unknown(connection: Connection, account: Account, key: str, *, now: float) -> None:
    """Check that no identical call of the last day has an unknown outcome.

    A job that was repeated by `job_rerun` doesn't count: the user has decided about it.

    Raises:
        ConfirmationError: one has, so this call may be the second charge for the same result.
    """
    job = _unknown_job(connection, owner=account.owner, key=key, since=now - MAX_AGE_SECONDS)
    if job is None:
        return
    look = f'First call job_wait with jobs ["{job.id}"]: it looks for the result again, free of '
    raise ConfirmationError(
        f"Not sent: an identical call at {local_time(job.created_at)} has an unknown outcome and "
        f"may have been charged {credits_text(job.price)} (job {job.id}).",
        hint=f"{f'{look}charge. ' if job.generation else ''}{ASK_BEFORE_REPEATING}",
    )


def wake_queued(connection: Connection, root: str, process: str) -> None:
    """Assign the unowned queued jobs of a call to this process: a caller waits for them again."""
    _wake(connection, root=root, process=process)


def jobs_of_call(connection: Connection, call: str) -> list[str]:
    """Return the jobs that answer a call, by position: its own, joined or cached."""
    rows = _jobs_of_call(connection, call=call)
    found = {row.position or 0: row.id for row in rows if row.id is not None}
    if rows and rows[0].cached:
        found |= {int(position): job for position, job in json.loads(rows[0].cached).items()}
    return [found[position] for position in sorted(found)]


def cached_jobs(connection: Connection, call: str) -> list[str]:
    """Return the cached jobs that answer a call."""
    rows = _jobs_of_call(connection, call=call)
    return list(json.loads(rows[0].cached).values()) if rows and rows[0].cached else []


@dataclass(frozen=True, kw_only=True)
class CacheStatistics:
    """Statistics of an account's cache."""

    entries: int
    """Number of cached results."""
    hits: int
    """Calls that were answered from the cache."""
    saved: int
    """Millicredits that those calls would have cost."""


def find_cached(connection: Connection, keys: Sequence[str | None]) -> dict[int, str]:
    """Return the finished jobs that answer variants of a call, by position."""
    found = {}
    for position, key in enumerate(keys):
        if key is None:
            continue
        job = _find_cached(connection, key=key)
        if job is not None:
            found[position] = job
    return found


def cache_statistics(connection: Connection, account: Account) -> CacheStatistics:
    """Return the statistics of an account's cache."""
    found = _count_hits(connection, **account.key) or _Hits(0, 0)
    entries = _count_entries(connection, **account.key) or 0
    return CacheStatistics(entries=entries, hits=found.hits, saved=found.saved)


def clear_cache(connection: Connection, account: Account) -> int:
    """Remove all finished jobs from the cache and return how many; their results stay."""
    return _clear_cache(connection, **account.key)
