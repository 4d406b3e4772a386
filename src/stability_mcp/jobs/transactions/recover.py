"""T8: takes over the jobs of dead processes, and what they left undone.

* A process whose lock is free is removed: its queued and started jobs get a new owner, and a
  request that was out ends as `unknown`, charged.
* Jobs that were queued long ago are paused: a batch of two hundred that was killed in the evening
  must not be paid for by whoever starts the server in the morning. Their reservation stays until
  they are resumed or cancelled.
* Missing generations (jobs that are `unknown` and have a generation id) are polled again.
* Missing readable copies of stored results are listed for `steps.store_result` to write.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Boolean, ColumnElement, Connection, bindparam, literal_column, select, text

from stability_mcp.jobs import budget, queue
from stability_mcp.jobs.models import COLUMNS, JobRow, load_job, to_row
from stability_mcp.jobs.transactions import finish
from stability_mcp.store import schema
from stability_mcp.store.tenancy import Account
from stability_mcp.text import credits_text

MAX_QUEUE_SECONDS = 600.0
"""Seconds. Nobody may still want what was queued longer ago while no program was running."""

# Handed back, or driven by one of which nothing is left: taken for dead, alive, and then killed.
UNOWNED = "(process IS NULL OR process NOT IN (SELECT id FROM processes))"

_ALIVE = text("SELECT 1 FROM processes WHERE upstream = :upstream AND id <> :me LIMIT 1")
_PAUSE = text(
    "UPDATE jobs SET state = 'paused', process = NULL, epoch = epoch + 1"  # noqa: S608 -- our own words
    f" WHERE {UNOWNED} AND upstream = :upstream AND finished_at IS NULL"
    " AND state = 'queued' AND created_at <= :fresh_since"
)
_PAUSED = text(
    "SELECT id, price FROM jobs WHERE owner = :owner AND state = 'paused' AND upstream = :upstream"
    " ORDER BY seq"
)
_RESUME = text(
    "UPDATE jobs SET state = 'queued', process = :process, epoch = epoch + 1, day = :day,"
    " wake_at = 0, lane = max(lane, :lane) WHERE id = :job AND state = 'paused'"
)


@dataclass(frozen=True, kw_only=True)
class RecoveringProcess:
    """A process that takes over jobs of its upstream."""

    process: str
    upstream: str

    @property
    def key(self) -> dict[str, object]:
        """Return the parameters of statements."""
        return {"me": self.process, "upstream": self.upstream}


@dataclass(frozen=True, kw_only=True)
class PausedJobs:
    """The paused jobs of an account."""

    jobs: list[str]
    price: int
    """What they would cost, in millicredits."""

    def line(self) -> str | None:
        """Return `150 jobs wait (450 credits): job_rerun or job_cancel`; None: there are none."""
        if not self.jobs:
            return None
        many = len(self.jobs) > 1
        return (
            f"{len(self.jobs)} job{'s' * many} {'wait' if many else 'waits'} "
            f"({credits_text(self.price)}, not charged): job_rerun or job_cancel with "
            f'"paused"{", or with the id of one" * many}'
        )


def pause_stale(connection: Connection, recovering: RecoveringProcess, *, now: float) -> int:
    """Pause what was queued long ago, unless another process was there to send it."""
    key = {**recovering.key, "fresh_since": now - MAX_QUEUE_SECONDS}
    if connection.execute(_ALIVE, key).first() is not None:
        return 0
    return connection.execute(_PAUSE, key).rowcount


def paused_jobs(connection: Connection, account: Account) -> PausedJobs:
    """Return what is paused."""
    rows = connection.execute(_PAUSED, account.key).all()
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
        BudgetError: they would pass the ceiling of today; says how many fit.
    """
    found = (load_job(connection, each) for each in dict.fromkeys(jobs))
    rows = [job for job in found if job is not None and job.state == "paused"]
    for job in rows:
        budget.release_job(connection, job)
    day = _reserve_again(connection, rows, limit=limit, now=now)
    values = {"process": process, "day": day, "lane": queue.priority_of_many(len(rows))}
    for job in rows:
        connection.execute(_RESUME, values | {"job": job.id})
    return rows


def _reserve_again(
    connection: Connection, rows: Sequence[JobRow], *, limit: int | None, now: float
) -> str:
    if not rows:
        return ""
    prices = [job.price for job in rows]
    return budget.reserve(connection, rows[0].account, prices, limit=limit, now=now)


_MARK_REQUESTS_SENT = text(
    "UPDATE requests SET sent_at = :now WHERE process = :dead AND sent_at IS NULL"
)
_RELEASE_JOBS = text(
    "UPDATE jobs SET process = NULL, epoch = epoch + 1"
    " WHERE process = :dead AND finished_at IS NULL"
)
_DELETE_PROCESS = text("DELETE FROM processes WHERE id = :dead")
_TAKE = text(
    "UPDATE jobs SET process = :me, epoch = epoch + 1"  # noqa: S608 -- our own words
    f" WHERE {UNOWNED} AND upstream = :upstream AND finished_at IS NULL"
    " AND state IN ('submitted', 'storing', 'queued')"
)
_UNOWNED = text(
    f"SELECT 1 FROM jobs WHERE {UNOWNED}"  # noqa: S608 -- our own words
    " AND upstream = :upstream AND finished_at IS NULL"
    " AND state IN ('submitting', 'submitted', 'storing', 'queued') LIMIT 1"
)


_ENDED = text(
    "SELECT id FROM jobs WHERE id IN :ids AND finished_at IS NOT NULL"
    " AND (state <> 'unknown' OR process NOT IN (SELECT id FROM processes))"
).bindparams(bindparam("ids", expanding=True))

_EPOCHS = text("SELECT id, epoch FROM jobs WHERE id IN :ids").bindparams(
    bindparam("ids", expanding=True)
)

_MISSING_COPIES = text(
    "SELECT jobs.id, jobs.output_dir, media.id AS media FROM jobs JOIN media ON media.job = jobs.id"
    " WHERE jobs.upstream = :upstream AND jobs.finished_at > :since"
    " AND jobs.process NOT IN (SELECT id FROM processes)"
    " AND jobs.state = 'done' AND jobs.output_dir IS NOT NULL"
    " AND media.copy_path IS NULL AND media.deleted_at IS NULL"
    " ORDER BY jobs.seq, media.position LIMIT :most"
)

MAX_MISSING_COPIES = 100
"""Results whose copies are written late: more than one process can leave at once."""


@dataclass(frozen=True, kw_only=True)
class Recovered:
    """What came of it."""

    jobs: int
    """How many go on here."""
    paused: int
    """How many wait until somebody says whether they are still wanted."""
    lost: list[JobRow]
    """Jobs whose request was out; what came of them is not known."""
    spent: int
    """Millicredits that those are assumed to have cost."""


def release_dead_process(
    connection: Connection, dead: str, *, now: float
) -> tuple[list[JobRow], int]:
    """Take its jobs from a dead process; return those whose request was out and what they cost."""
    lost = _mark_unknown(connection, schema.jobs.c.process == dead, now=now)
    connection.execute(_RELEASE_JOBS, {"dead": dead})
    connection.execute(_MARK_REQUESTS_SENT, {"dead": dead, "now": now})
    connection.execute(_DELETE_PROCESS, {"dead": dead})
    return lost


def _mark_unknown(
    connection: Connection, whose: ColumnElement[bool], *, now: float
) -> tuple[list[JobRow], int]:
    """End the jobs whose request was out; what came of them nobody will know."""
    jobs = schema.jobs.c
    query = select(*COLUMNS).where(whose, jobs.finished_at.is_(None), jobs.state == "submitting")
    spent = 0
    lost = [to_row(row) for row in connection.execute(query)]
    for job in lost:
        error = str(finish.interrupted_error(job))
        spent += finish.mark_unknown(connection, job, error=error, now=now)
    return lost, spent


def ended_jobs(connection: Connection, jobs: Collection[str]) -> set[str]:
    """Return which of these jobs have ended, so that nothing of theirs is needed in the spool.

    A late answer may still come to one that is `unknown`, as long as its process lives.
    """
    return set(connection.execute(_ENDED, {"ids": list(jobs)}).scalars())


def epochs(connection: Connection, jobs: Collection[str]) -> dict[str, int]:
    """Return the epoch of jobs; adoption counts it up, so it tells whose a file in the spool is."""
    rows = connection.execute(_EPOCHS, {"ids": list(jobs)})
    return {row.id: row.epoch for row in rows}


def has_unowned(connection: Connection, upstream: str) -> bool:
    """Return whether there are jobs of this upstream that nobody drives and that may go on."""
    return connection.execute(_UNOWNED, {"upstream": upstream}).first() is not None


def recover_jobs(
    connection: Connection,
    recovering: RecoveringProcess,
    *,
    dead: Sequence[str],
    now: float,
    starting: bool = False,
) -> Recovered:
    """Do T8 for processes whose lock was found free, and take every job that nobody drives.

    Args:
        connection: The writer's.
        recovering: The process that takes them.
        dead: Ids of the processes.
        now: Unix seconds.
        starting: Whether this process begins, so that it may be that none was there before it.
    """
    released = [release_dead_process(connection, each, now=now) for each in dead]
    # A process that ended in order could not write what became of them: its disk was full.
    unowned = literal_column(UNOWNED, Boolean) & (schema.jobs.c.upstream == recovering.upstream)
    released.append(_mark_unknown(connection, unowned, now=now))
    paused = pause_stale(connection, recovering, now=now) if starting else 0
    count = connection.execute(_TAKE, recovering.key).rowcount
    lost = [job for jobs, _ in released for job in jobs]
    spent = sum(spent for _, spent in released)
    return Recovered(jobs=count, paused=paused, lost=lost, spent=spent)


def missing_copies(
    connection: Connection, *, upstream: str, since: float
) -> list[tuple[str, str, list[str]]]:
    """Return results that should have a readable copy and whose process has ended without it.

    Returns:
        Job, folder and media ids; the oldest first.
    """
    key = {"upstream": upstream, "since": since, "most": MAX_MISSING_COPIES}
    found: dict[tuple[str, str], list[str]] = {}
    for row in connection.execute(_MISSING_COPIES, key):
        found.setdefault((row.id, row.output_dir), []).append(row.media)
    return [(job, folder, media) for (job, folder), media in found.items()]


MAX_MISSING = 100
"""Generations that one recovery polls for; job_wait polls for the others."""

# `finished_at` is there for the index: a job ends after it is sent.
_FIND_MISSING = text(
    "SELECT id FROM jobs WHERE upstream = :upstream AND finished_at > :since"
    " AND state = 'unknown' AND generation IS NOT NULL AND sent_at > :since"
    " ORDER BY seq DESC LIMIT :most"
)
_TAKE_MISSING = text(
    "UPDATE jobs SET process = :me, epoch = epoch + 1 WHERE id IN :jobs"
    " AND upstream = :upstream AND state = 'unknown' AND generation IS NOT NULL"
    " AND sent_at > :since RETURNING id, seq, epoch"
).bindparams(bindparam("jobs", expanding=True))
_RESUME_POLLING = text(
    "UPDATE jobs SET state = 'submitted', process = :process, wake_at = :wake_at,"
    " finished_at = NULL, error = NULL"
    " WHERE id = :job AND attempt = :attempt AND state = 'unknown'"
)


@dataclass(frozen=True, kw_only=True)
class MissingGeneration:
    """A job whose generation is polled for once more."""

    id: str
    seq: int
    epoch: int
    """Counted up, so that two processes that poll at once receive into files of their own."""


def find_missing(connection: Connection, *, upstream: str, since: float) -> list[str]:
    """Return the jobs whose generation was started after `since` and is missing, newest first."""
    row = {"upstream": upstream, "since": since, "most": MAX_MISSING}
    return list(connection.execute(_FIND_MISSING, row).scalars())


def take_missing(
    connection: Connection, jobs: Sequence[str], recovering: RecoveringProcess, *, since: float
) -> list[MissingGeneration]:
    """Let a process poll once more for those of these jobs that are still missing."""
    row = {"jobs": list(jobs), **recovering.key, "since": since}
    return [MissingGeneration(**each._asdict()) for each in connection.execute(_TAKE_MISSING, row)]


def resume_polling(connection: Connection, job: JobRow, *, process: str, wake_at: float) -> bool:
    """Poll as usual again: the API has the generation after all and is still working on it.

    What was assumed to be spent stays so until the result is there.
    """
    key = {"job": job.id, "attempt": job.attempt}
    row = key | {"process": process, "wake_at": wake_at}
    return connection.execute(_RESUME_POLLING, row).rowcount == 1
