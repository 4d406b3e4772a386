"""T8: the jobs of a process that is dead go on in a living one of the same upstream.

A job that was `submitting` may have been received: it becomes `unknown` and is never sent again by
itself. Sends are fenced by the epoch, which counts up; a late answer is taken all the same. What
was queued long ago, with no process alive that would have sent it, is paused instead.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    bindparam,
    literal_column,
    select,
    text,
)

from stability_mcp.jobs.journal import outcomes, pausing
from stability_mcp.jobs.journal.pausing import NOBODYS
from stability_mcp.jobs.journal.rows import COLUMNS, JobRow, job_row
from stability_mcp.store import schema

_OUT = text("UPDATE requests SET sent_at = :now WHERE process = :dead AND sent_at IS NULL")
_FOREIGN = text(
    "UPDATE jobs SET process = NULL, epoch = epoch + 1"
    " WHERE process = :dead AND finished_at IS NULL"
)
_GONE = text("DELETE FROM processes WHERE id = :dead")
_TAKE = text(
    "UPDATE jobs SET process = :me, epoch = epoch + 1"  # noqa: S608 -- our own words
    f" WHERE {NOBODYS} AND upstream = :upstream AND finished_at IS NULL"
    " AND state IN ('submitted', 'storing', 'queued')"
)
_ORPHANS = text(
    f"SELECT 1 FROM jobs WHERE {NOBODYS}"  # noqa: S608 -- our own words
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

_UNCOPIED = text(
    "SELECT jobs.id, jobs.output_dir, media.id AS media FROM jobs JOIN media ON media.job = jobs.id"
    " WHERE jobs.upstream = :upstream AND jobs.finished_at > :since"
    " AND jobs.process NOT IN (SELECT id FROM processes)"
    " AND jobs.state = 'done' AND jobs.output_dir IS NOT NULL"
    " AND media.copy_path IS NULL AND media.deleted_at IS NULL"
    " ORDER BY jobs.seq, media.position LIMIT :most"
)

MOST_UNCOPIED = 100
"""Results whose copies are written late: more than one process can leave at once."""


@dataclass(frozen=True, kw_only=True)
class Adopted:
    """What came of it."""

    jobs: int
    """How many go on here."""
    paused: int
    """How many wait until somebody says whether they are still wanted."""
    lost: list[JobRow]
    """Jobs whose request was out; what came of them is not known."""
    spent: int
    """Millicredits that those are assumed to have cost."""


def bury(connection: Connection, dead: str, *, now: float) -> tuple[list[JobRow], int]:
    """Take its jobs from a dead process; return those whose request was out and what they cost."""
    lost = _lose(connection, schema.jobs.c.process == dead, now=now)
    connection.execute(_FOREIGN, {"dead": dead})
    connection.execute(_OUT, {"dead": dead, "now": now})
    connection.execute(_GONE, {"dead": dead})
    return lost


def _lose(
    connection: Connection, whose: ColumnElement[bool], *, now: float
) -> tuple[list[JobRow], int]:
    """End the jobs whose request was out; what came of them nobody will know."""
    jobs = schema.jobs.c
    out = select(*COLUMNS).where(whose, jobs.finished_at.is_(None), jobs.state == "submitting")
    spent = 0
    lost = [job_row(row) for row in connection.execute(out)]
    for job in lost:
        error = str(outcomes.cut_off(job))
        spent += outcomes.lose(connection, job, error=error, now=now)
    return lost, spent


def ended(connection: Connection, jobs: Collection[str]) -> set[str]:
    """Return which of these jobs have ended, so that nothing of theirs is needed in the spool.

    A late answer may still come to one that is `unknown`, as long as its process lives.
    """
    return set(connection.execute(_ENDED, {"ids": list(jobs)}).scalars())


def epochs(connection: Connection, jobs: Collection[str]) -> dict[str, int]:
    """Return the epoch of jobs; adoption counts it up, so it tells whose a file in the spool is."""
    rows = connection.execute(_EPOCHS, {"ids": list(jobs)})
    return {row.id: row.epoch for row in rows}


def orphaned(connection: Connection, upstream: str) -> bool:
    """Return whether there are jobs of this upstream that nobody drives and that may go on."""
    return connection.execute(_ORPHANS, {"upstream": upstream}).first() is not None


def adopt(  # noqa: PLR0913 -- who takes what from whom, and when
    connection: Connection,
    *,
    me: str,
    upstream: str,
    dead: Sequence[str],
    now: float,
    starting: bool = False,
) -> Adopted:
    """Do T8 for processes whose lock was found free, and take every job that nobody drives.

    Args:
        connection: The writer's.
        me: The process that takes them.
        upstream: Its upstream; jobs of another are left for a process of theirs.
        dead: Ids of the processes.
        now: Unix seconds.
        starting: Whether this process begins, so that it may be that none was there before it.
    """
    buried = [bury(connection, each, now=now) for each in dead]
    # A process that ended in order could not write what became of them: its disk was full.
    nobodys = literal_column(NOBODYS, Boolean) & (schema.jobs.c.upstream == upstream)
    buried.append(_lose(connection, nobodys, now=now))
    paused = pausing.pause(connection, me=me, upstream=upstream, now=now) if starting else 0
    taken = connection.execute(_TAKE, {"me": me, "upstream": upstream}).rowcount
    lost = [job for jobs, _ in buried for job in jobs]
    spent = sum(spent for _, spent in buried)
    return Adopted(jobs=taken, paused=paused, lost=lost, spent=spent)


def uncopied(
    connection: Connection, *, upstream: str, since: float
) -> list[tuple[str, str, list[str]]]:
    """Return results that should have a readable copy and whose process has ended without it.

    Returns:
        Job, folder and media ids; the oldest first.
    """
    key = {"upstream": upstream, "since": since, "most": MOST_UNCOPIED}
    found: dict[tuple[str, str], list[str]] = {}
    for row in connection.execute(_UNCOPIED, key):
        found.setdefault((row.id, row.output_dir), []).append(row.media)
    return [(job, folder, media) for (job, folder), media in found.items()]
