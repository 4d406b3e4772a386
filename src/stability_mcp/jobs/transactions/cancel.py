"""T9: a job that was not sent is cancelled and its money given back; what was sent is only noted.

Whoever cancels speaks for one call. A job that another call still waits for is left alone, and the
call of whoever cancels no longer counts as waiting for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, text

from stability_mcp.jobs import budget
from stability_mcp.jobs.models import JobRow, load_job
from stability_mcp.jobs.transactions import finish

CancelOutcome = Literal["cancelled", "sent", "detached", "ended"]
"""What cancelling did: never sent; sent before, so its result is kept; still awaited; too late."""

BEFORE_SENDING = "Cancelled before it was sent. Nothing was charged."

_CANCEL = text(
    "UPDATE jobs SET state = 'cancelled', charged = 'no', error = :error, cancel_at = :now,"
    " finished_at = :now WHERE id = :job AND state IN ('queued', 'paused')"
)
_REQUEST_CANCEL = text(
    "UPDATE jobs SET cancel_at = coalesce(cancel_at, :now) WHERE id = :job AND finished_at IS NULL"
)
_CANCEL_REQUESTED = text(
    "SELECT 1 FROM jobs WHERE id = :job AND state = 'queued' AND cancel_at IS NOT NULL"
)
_OTHERS = text(
    "SELECT 1 FROM calls WHERE (id = :root OR joined = :root) AND id <> :mine"
    " AND handed_at IS NULL AND abandoned_at IS NULL"
    " AND process IN (SELECT id FROM processes) LIMIT 1"
)


@dataclass(frozen=True, kw_only=True)
class CancelledJob:
    """What became of one job that was to be cancelled."""

    job: JobRow
    """As it was before."""
    fate: CancelOutcome


def cancel_jobs(
    connection: Connection,
    *,
    owner: str,
    jobs: Sequence[str],
    now: float,
    caller: str | None = None,
) -> list[CancelledJob]:
    """Do T9 and say what became of each; jobs that do not exist are left out.

    Args:
        connection: The writer's.
        owner: Whose jobs.
        jobs: Their ids.
        now: Unix seconds.
        caller: The call for which they are cancelled; None: the one that started each.
    """
    found = (load_job(connection, each) for each in dict.fromkeys(jobs))
    return [
        CancelledJob(job=job, fate=_one(connection, job, caller, now))
        for job in found
        if job is not None and job.owner == owner
    ]


def cancel_if_requested(connection: Connection, job: JobRow, now: float) -> bool:
    """Cancel a job that came back into the queue after it was cancelled while it was out."""
    requested = connection.execute(_CANCEL_REQUESTED, {"job": job.id}).first() is not None
    return requested and _end(connection, job, now)


def _one(connection: Connection, job: JobRow, caller: str | None, now: float) -> CancelOutcome:
    if job.finished:
        return "ended"
    mine = caller or job.call or ""
    finish.mark_abandoned(connection, mine, now)
    waiting = {"root": job.call or "", "mine": mine}
    if connection.execute(_OTHERS, waiting).first() is not None:
        return "detached"
    if _end(connection, job, now):
        return "cancelled"
    connection.execute(_REQUEST_CANCEL, {"job": job.id, "now": now})
    return "sent"


def _end(connection: Connection, job: JobRow, now: float) -> bool:
    row = {"job": job.id, "now": now, "error": BEFORE_SENDING}
    moved = connection.execute(_CANCEL, row).rowcount == 1
    if moved:
        budget.release_job(connection, job)
    return moved
