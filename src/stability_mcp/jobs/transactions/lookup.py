"""Reads jobs: one, many, a page, unfinished ones and uncollected ones.

Every query uses an index and fetches all its rows at once, so that no reader keeps the write-ahead
log from being reset.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from stability_mcp.jobs.models import RUNNING, STATES, JobCriteria, JobRow, State
from stability_mcp.jobs.transactions.call_keys import PAGE_CLIENT
from stability_mcp.store.ids import MAX_SEQ, span_before
from stability_mcp.store.queries import Connection, load
from stability_mcp.store.tenancy import Account


@dataclass(frozen=True, slots=True)
class Uncollected:
    """A finished job whose result was not delivered and for which no call waits."""

    id: str
    name: str
    missing: bool
    """Whether it has no result yet, because the API did not have its generation."""


@dataclass(frozen=True, slots=True)
class EndedJob:
    """A job that ended; a late result ends it again."""

    id: str
    end_number: int
    """Orders the ends of an owner."""


@dataclass(frozen=True, slots=True)
class _Result:
    job: str
    id: str


@dataclass(frozen=True, slots=True)
class _JobState:
    id: str
    state: State
    attempt: int
    process: str | None


@dataclass(frozen=True, slots=True)
class _UnfinishedJob:
    id: str
    state: State
    attempt: int


_SQL = load(__file__)
_jobs_by_id = _SQL.many("jobs_by_id", JobRow)
_results = _SQL.many("results", _Result)
_page = _SQL.values("page", str)
_page_in_states = _SQL.values("page_in_states", str)
_page_of_operation = _SQL.values("page_of_operation", str)
_page_of_period = _SQL.values("page_of_period", str)
_created_at = _SQL.value("created_at", float)
_states = _SQL.many("states", _JobState)
_unfinished = _SQL.values("unfinished", str)
_unfinished_states = _SQL.many("unfinished_states", _UnfinishedJob)
_newest = _SQL.value("newest", int)
_uncollected = _SQL.many("uncollected", Uncollected)
_job_of_generation = _SQL.value("job_of_generation", str)
_ended_after = _SQL.many("ended_after", EndedJob)
_newest_end = _SQL.value("newest_end", int)


def jobs_by_id(connection: Connection, ids: Sequence[str]) -> dict[str, JobRow]:
    """Read jobs of any owner by id; missing ones are left out.

    The query doesn't filter by owner: SQLite would then scan all jobs of the owner.
    """
    found = _jobs_by_id(connection, ids=ids)
    results: defaultdict[str, list[str]] = defaultdict(list)
    done = [job.id for job in found if job.state == "done"]
    if done:
        for each in _results(connection, jobs=done):
            results[each.job].append(each.id)
    return {
        job.id: replace(job, collected=bool(job.collected), media=tuple(results[job.id]))
        for job in found
    }


def job_page(
    connection: Connection,
    owner: str,
    *,
    limit: int,
    before: int | None,
    criteria: JobCriteria,
) -> list[JobRow]:
    """Read the newest jobs of an owner before a `seq`, at most `limit`."""
    ids = _page_ids(connection, owner, limit=limit, before=before, criteria=criteria)
    found = jobs_by_id(connection, ids)
    return [found[each] for each in ids if each in found]


def _page_ids(
    connection: Connection,
    owner: str,
    *,
    limit: int,
    before: int | None,
    criteria: JobCriteria,
) -> list[str]:
    """Return the ids of a page; each statement uses the index that fits its criteria."""
    state, operation, period = criteria.state, criteria.operation, criteria.period
    page: dict[str, object] = {
        "owner": owner,
        "limit": limit,
        "before": MAX_SEQ if before is None else before,
    }
    states = STATES if state is None else RUNNING if state == "running" else (state,)
    filtered = period.is_bounded or operation is not None
    if state is not None and (state != "done" or not filtered):  # few jobs are in other states
        span = {"since": period.since, "until": period.until}
        return _page_in_states(connection, **page, **span, states=states, operation=operation)
    if period.is_bounded:
        created_at = None if before is None else _created_at(connection, owner=owner, seq=before)
        page |= span_before(period, before, created_at)
        return _page_of_period(connection, **page, states=states, operation=operation)
    if operation is not None:
        return _page_of_operation(connection, **page, states=states, operation=operation)
    return _page(connection, **page)


def job_states(
    connection: Connection, ids: Sequence[str]
) -> dict[str, tuple[State, int, str | None]]:
    """Read state, attempt and owning process of jobs, which waiting calls compare."""
    rows = _states(connection, ids=ids)
    return {row.id: (row.state, row.attempt, row.process) for row in rows}


def unfinished_jobs(connection: Connection, account: Account) -> list[str]:
    """Return ids of unfinished jobs of this upstream that have an owning process, without runs."""
    return _unfinished(connection, **account.key)


def uncollected_jobs(connection: Connection, owner: str, *, since: float) -> list[Uncollected]:
    """Return the uncollected jobs of an owner, oldest first.

    Args:
        connection: A reader's.
        owner: The owner of the jobs.
        since: Unix seconds. A missing generation can still be fetched if it was started after that.
    """
    found = _uncollected(connection, owner=owner, since=since, page=PAGE_CLIENT)
    return [replace(each, missing=bool(each.missing)) for each in found]


def job_of_generation(connection: Connection, account: Account, generation: str) -> str | None:
    """Return the id of the newest job of a generation at the API, or None."""
    return _job_of_generation(connection, **account.key, generation=generation)


def activity(connection: Connection, owner: str) -> tuple[int, dict[str, tuple[str, int]]]:
    """Return the newest `seq` and the states of unfinished jobs, to detect changes."""
    newest = _newest(connection, owner=owner)
    rows = _unfinished_states(connection, owner=owner)
    return newest or 0, {row.id: (row.state, row.attempt) for row in rows}


def ended_after(
    connection: Connection, owner: str, number: int, *, limit: int
) -> Sequence[EndedJob]:
    """Return jobs that ended after the end with a number, at most `limit`, oldest end first."""
    return _ended_after(connection, owner=owner, number=number, limit=limit)


def newest_end(connection: Connection, owner: str) -> int:
    """Return the number of the last end of a job; 0: none ended yet."""
    return _newest_end(connection, owner=owner) or 0
