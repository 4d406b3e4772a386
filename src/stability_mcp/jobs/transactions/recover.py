"""T8: takes over the jobs of dead processes, and finds their unfinished work.

* A process whose lock is free is removed. Its queued and started jobs get a new owning process; a
  job whose request was in flight ends as `unknown` and counts as charged.
* Jobs queued long ago are paused: starting the server in the morning must not pay for a batch of
  two hundred that was killed in the evening. Their reservation stays until they are resumed or
  cancelled.
* Missing generations (jobs that are `unknown` and have a generation id) are polled again.
* Missing readable copies of stored results are listed for `steps.store_result` to write.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from stability_mcp.jobs import budget, queue
from stability_mcp.jobs.models import JobRow, load_job
from stability_mcp.jobs.transactions import finish
from stability_mcp.store.queries import Connection, load
from stability_mcp.store.tenancy import Account
from stability_mcp.text import credits_text

MAX_QUEUE_SECONDS = 600.0
"""Seconds. Jobs queued longer ago, with no server running, may no longer be wanted."""

MAX_MISSING_COPIES = 100
"""Maximum results whose copies one recovery writes: more than a single process can leave behind."""

MAX_MISSING = 100
"""Maximum generations that one recovery polls; job_wait polls the others."""


@dataclass(frozen=True, kw_only=True)
class RecoveringProcess:
    """A process that takes over jobs of its upstream."""

    process: str
    upstream: str


@dataclass(frozen=True, kw_only=True)
class PausedJobs:
    """The paused jobs of an account."""

    jobs: list[str]
    price: int
    """Their total price, in millicredits."""

    def line(self) -> str | None:
        """Return `150 jobs paused (450 credits, not charged): ...`; None: there are none."""
        if not self.jobs:
            return None
        many = len(self.jobs) > 1
        return (
            f"{len(self.jobs)} job{'s' * many} paused ({credits_text(self.price)}, not charged): "
            f'call job_rerun or job_cancel with "paused"{" or a job id" * many}'
        )


@dataclass(frozen=True, kw_only=True)
class Recovered:
    """The outcome of a recovery."""

    jobs: int
    """Number of jobs that this process has taken over."""
    paused: int
    """Number of jobs that are paused until the user decides."""
    lost: list[JobRow]
    """Jobs whose request was in flight; their outcome is unknown."""
    spent: int
    """Millicredits assumed spent for those."""


@dataclass(frozen=True, slots=True)
class MissingGeneration:
    """A job whose missing generation is polled again."""

    id: str
    seq: int
    lease_version: int
    """Incremented, so that two processes that poll at once receive into separate files."""


@dataclass(frozen=True, slots=True)
class _PausedJob:
    id: str
    price: int


@dataclass(frozen=True, slots=True)
class _JobLease:
    id: str
    lease_version: int


@dataclass(frozen=True, slots=True)
class _MissingCopy:
    job: str
    output_dir: str
    media: str


_SQL = load(__file__)
_other_process = _SQL.value("other_process", int)
_pause_stale = _SQL.count("pause_stale")
_paused = _SQL.many("paused", _PausedJob)
_resume = _SQL.count("resume")
_submitting_of = _SQL.values("submitting_of", str)
_submitting_unowned = _SQL.values("submitting_unowned", str)
_release_jobs = _SQL.count("release_jobs")
_mark_requests_sent = _SQL.count("mark_requests_sent")
_delete_process = _SQL.count("delete_process")
_take_unowned = _SQL.count("take_unowned")
_has_unowned = _SQL.value("has_unowned", int)
_ended = _SQL.values("ended", str)
_lease_versions = _SQL.many("lease_versions", _JobLease)
_missing_copies = _SQL.many("missing_copies", _MissingCopy)
_find_missing = _SQL.values("find_missing", str)
_take_missing = _SQL.many("take_missing", MissingGeneration)
_resume_polling = _SQL.count("resume_polling")


def pause_stale(connection: Connection, recovering: RecoveringProcess, *, now: float) -> int:
    """Pause jobs queued long ago, unless another process is registered that could send them."""
    upstream = recovering.upstream
    if _other_process(connection, upstream=upstream, me=recovering.process) is not None:
        return 0
    return _pause_stale(connection, upstream=upstream, fresh_since=now - MAX_QUEUE_SECONDS)


def paused_jobs(connection: Connection, account: Account) -> PausedJobs:
    """Return the paused jobs of an account that aren't part of a run."""
    rows = _paused(connection, **account.key)
    return PausedJobs(jobs=[row.id for row in rows], price=sum(row.price for row in rows))


def resume(
    connection: Connection,
    jobs: Sequence[str],
    *,
    process: str,
    limit: int | None,
    now: float,
) -> list[JobRow]:
    """Queue paused jobs again, all or none, and return those that were paused.

    Raises:
        BudgetError: they would exceed today's budget; says how many fit.
    """
    found = (load_job(connection, each) for each in dict.fromkeys(jobs))
    rows = [job for job in found if job is not None and job.state == "paused"]
    for job in rows:
        budget.release_job(connection, job)
    day = _reserve_again(connection, rows, limit=limit, now=now)
    priority = queue.priority_of_many(len(rows))
    for job in rows:
        _resume(connection, job=job.id, process=process, day=day, priority=priority)
    return rows


def _reserve_again(
    connection: Connection, rows: Sequence[JobRow], *, limit: int | None, now: float
) -> str:
    if not rows:
        return ""
    account, prices = rows[0].account, [job.price for job in rows]
    day = budget.day_of(connection, account, now)
    budget.reserve(connection, account, prices, limit=limit, day=day)
    return day


def release_dead_process(
    connection: Connection, dead: str, *, now: float
) -> tuple[list[JobRow], int]:
    """Release the jobs of a dead process; return those that were in flight, and what they cost."""
    lost = _mark_unknown(connection, _submitting_of(connection, dead=dead), now=now)
    _mark_requests_sent(connection, dead=dead, now=now)
    release_process(connection, dead)
    return lost


def release_process(connection: Connection, process: str) -> None:
    """Release the unfinished jobs of a process for others of its upstream, and delete its row."""
    _release_jobs(connection, process=process)
    _delete_process(connection, process=process)


def _mark_unknown(
    connection: Connection, jobs: Sequence[str], *, now: float
) -> tuple[list[JobRow], int]:
    """End jobs whose request was in flight; no response can arrive any more."""
    found = (load_job(connection, each) for each in jobs)
    lost = [job for job in found if job is not None]
    spent = 0
    for job in lost:
        error = str(finish.interrupted_error(job))
        spent += finish.mark_unknown(connection, job, error=error, now=now)
    return lost, spent


def ended_jobs(connection: Connection, jobs: Collection[str]) -> set[str]:
    """Return which of these jobs have ended and need no files in the spool.

    A job that is `unknown` may still get a late response as long as its process lives.
    """
    return set(_ended(connection, ids=jobs))


def lease_versions(connection: Connection, jobs: Collection[str]) -> dict[str, int]:
    """Return the lease versions of jobs that are not storing.

    Recovery increments them, so they tell which process a file in the spool belongs to.
    """
    return {row.id: row.lease_version for row in _lease_versions(connection, ids=jobs)}


def has_unowned(connection: Connection, upstream: str) -> bool:
    """Return whether this upstream has unowned jobs that can be taken over."""
    return _has_unowned(connection, upstream=upstream) is not None


def recover_jobs(
    connection: Connection,
    recovering: RecoveringProcess,
    *,
    dead: Sequence[str],
    now: float,
    starting: bool = False,
) -> Recovered:
    """Do T8 for processes whose lock was free, and take every job that no process owns.

    Args:
        connection: The writer's.
        recovering: The process that takes the jobs.
        dead: Ids of the dead processes.
        now: Unix seconds.
        starting: Whether this process is starting up: then stale jobs are paused.
    """
    released = [release_dead_process(connection, each, now=now) for each in dead]
    # A process that shut down cleanly leaves such jobs if a full disk kept it from recording them.
    unowned = _submitting_unowned(connection, upstream=recovering.upstream)
    released.append(_mark_unknown(connection, unowned, now=now))
    paused = pause_stale(connection, recovering, now=now) if starting else 0
    count = _take_unowned(connection, upstream=recovering.upstream, me=recovering.process)
    lost = [job for jobs, _ in released for job in jobs]
    spent = sum(spent for _, spent in released)
    return Recovered(jobs=count, paused=paused, lost=lost, spent=spent)


def missing_copies(
    connection: Connection, *, upstream: str, since: float
) -> list[tuple[str, str, list[str]]]:
    """Return results of ended processes that should have a readable copy but have none.

    Returns:
        Job, folder and media ids; oldest first.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for row in _missing_copies(
        connection, upstream=upstream, since=since, limit=MAX_MISSING_COPIES
    ):
        found.setdefault((row.job, row.output_dir), []).append(row.media)
    return [(job, folder, media) for (job, folder), media in found.items()]


def find_missing(connection: Connection, *, upstream: str, since: float) -> list[str]:
    """Return jobs with a missing generation that was started after `since`, newest first."""
    return _find_missing(connection, upstream=upstream, since=since, limit=MAX_MISSING)


def take_missing(
    connection: Connection, jobs: Sequence[str], recovering: RecoveringProcess, *, since: float
) -> list[MissingGeneration]:
    """Assign those of these jobs whose generation is still missing to a process that polls them."""
    return _take_missing(
        connection, jobs=jobs, upstream=recovering.upstream, me=recovering.process, since=since
    )


def resume_polling(connection: Connection, job: JobRow, *, process: str, wake_at: float) -> bool:
    """Return an unknown job to regular polling: the API is still working on its generation.

    Its price stays assumed spent until the result arrives.
    """
    resumed = _resume_polling(
        connection, job=job.id, attempt=job.attempt, process=process, wake_at=wake_at
    )
    return resumed == 1
