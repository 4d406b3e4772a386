"""T9: a job that was not sent is cancelled and its money given back; what was sent is only noted.

Whoever cancels speaks for one call. A job that another call still waits for is left alone, and the
call of whoever cancels no longer counts as waiting for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from stability_mcp.jobs import budget
from stability_mcp.jobs.models import JobRow, load_job
from stability_mcp.jobs.transactions import finish
from stability_mcp.store.queries import Connection, load

CancelOutcome = Literal["cancelled", "sent", "detached", "ended"]
"""What cancelling did: never sent; sent before, so its result is kept; still awaited; too late."""

BEFORE_SENDING = "Cancelled before it was sent. Nothing was charged."

_SQL = load(__file__)
_cancel = _SQL.count("cancel")
_request_cancel = _SQL.count("request_cancel")
_is_cancel_requested = _SQL.value("is_cancel_requested", int)
_other_call = _SQL.value("other_call", int)


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
    requested = _is_cancel_requested(connection, job=job.id) is not None
    return requested and _end(connection, job, now)


def _one(connection: Connection, job: JobRow, caller: str | None, now: float) -> CancelOutcome:
    if job.finished:
        return "ended"
    mine = caller or job.call or ""
    finish.mark_abandoned(connection, mine, now)
    if _other_call(connection, root=job.call or "", mine=mine) is not None:
        return "detached"
    if _end(connection, job, now):
        return "cancelled"
    _request_cancel(connection, job=job.id, now=now)
    return "sent"


def _end(connection: Connection, job: JobRow, now: float) -> bool:
    moved = _cancel(connection, job=job.id, error=BEFORE_SENDING, now=now) == 1
    if moved:
        budget.release_job(connection, job)
    return moved
