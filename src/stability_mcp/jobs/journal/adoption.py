"""T8: the jobs of a process that is dead go on in a living one of the same upstream.

A job that was `submitting` may have been received: it becomes `unknown` and is never sent again by
itself. Sends are fenced by the epoch, which counts up; a late answer is taken all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select, text

from stability_mcp.errors import JobError
from stability_mcp.jobs.journal import outcomes
from stability_mcp.jobs.journal.rows import COLUMNS, job_row
from stability_mcp.store import schema

FRESH = 600.0
"""Seconds. Nobody may still want what was queued longer ago, so it is not sent unasked."""

_OUT = text("UPDATE requests SET sent_at = :now WHERE process = :dead AND sent_at IS NULL")
_FOREIGN = text(
    "UPDATE jobs SET process = NULL, epoch = epoch + 1"
    " WHERE process = :dead AND finished_at IS NULL"
)
_GONE = text("DELETE FROM processes WHERE id = :dead")
_TAKE = text(
    "UPDATE jobs SET process = :me, epoch = epoch + 1"
    " WHERE process IS NULL AND upstream = :upstream AND finished_at IS NULL"
    " AND (state IN ('submitted', 'storing') OR state = 'queued' AND created_at > :fresh_since)"
)


@dataclass(frozen=True, kw_only=True)
class Adopted:
    """What came of it."""

    jobs: int
    """How many go on here."""
    spent: int
    """Millicredits assumed to be spent by requests that were out."""


def bury(connection: Connection, dead: str, *, now: float) -> int:
    """Take its jobs from a dead process and return what its open requests are assumed to cost."""
    driven = select(*COLUMNS).where(
        schema.jobs.c.process == dead,
        schema.jobs.c.finished_at.is_(None),
        schema.jobs.c.state == "submitting",
    )
    spent = 0
    for job in [job_row(row) for row in connection.execute(driven)]:
        error = JobError(
            "The program ended while the request was out, so what came of it is not known.",
            job=job.id,
            charged="unknown",
            cure="It is not sent again by itself. Call the tool again to make it anew.",
        )
        spent += outcomes.lose(connection, job, error=str(error), now=now)
    connection.execute(_FOREIGN, {"dead": dead})
    connection.execute(_OUT, {"dead": dead, "now": now})
    connection.execute(_GONE, {"dead": dead})
    return spent


def adopt(
    connection: Connection, *, me: str, upstream: str, dead: Sequence[str], now: float
) -> Adopted:
    """Do T8 for processes whose lock was found free, and take every job that nobody drives."""
    spent = sum(bury(connection, each, now=now) for each in dead)
    taken = connection.execute(
        _TAKE, {"me": me, "upstream": upstream, "fresh_since": now - FRESH}
    ).rowcount
    return Adopted(jobs=taken, spent=spent)
