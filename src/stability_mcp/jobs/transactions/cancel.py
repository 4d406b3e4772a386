"""T9: cancels unsent jobs and releases their credits; for sent ones it only records the request.

Cancelling applies to one call. A job that another call still waits for continues, and the
cancelling call no longer counts as waiting for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from stability_mcp.jobs import budget
from stability_mcp.jobs.models import JobRow, load_job
from stability_mcp.jobs.transactions import finish
from stability_mcp.store import end_events
from stability_mcp.store.queries import Connection, load

CancelOutcome = Literal["cancelled", "sent", "detached", "ended"]
"""What cancelling did: cancelled unsent; already sent, so the result is kept; another call still
waits for it; already ended."""

BEFORE_SENDING = "Cancelled before it was sent. Nothing was charged."

_SQL = load(__file__)
_cancel = _SQL.count("cancel")
_request_cancel = _SQL.count("request_cancel")
_is_cancel_requested = _SQL.value("is_cancel_requested", int)
_other_call = _SQL.value("other_call", int)


@dataclass(frozen=True, kw_only=True)
class CancelledJob:
    """The outcome of cancelling one job."""

    job: JobRow
    """The job before it was cancelled."""
    outcome: CancelOutcome


def cancel_jobs(
    connection: Connection,
    *,
    owner: str,
    jobs: Sequence[str],
    now: float,
    caller: str | None = None,
) -> list[CancelledJob]:
    """Do T9 and return the outcome for each job; missing jobs are left out.

    Args:
        connection: The writer's.
        owner: The owner of the jobs.
        jobs: Their ids.
        now: Unix seconds.
        caller: The call that cancels them; None: the call that started each.
    """
    found = (load_job(connection, each) for each in dict.fromkeys(jobs))
    return [
        CancelledJob(job=job, outcome=_cancel_one(connection, job, caller, now))
        for job in found
        if job is not None and job.owner == owner
    ]


def cancel_if_requested(connection: Connection, job: JobRow, now: float) -> bool:
    """Cancel a requeued job if that was requested while its request was in flight."""
    requested = _is_cancel_requested(connection, job=job.id) is not None
    return requested and _cancel_unsent(connection, job, now)


def _cancel_one(
    connection: Connection, job: JobRow, caller: str | None, now: float
) -> CancelOutcome:
    if job.finished:
        return "ended"
    mine = caller or job.call or ""
    finish.mark_abandoned(connection, mine, now)
    if _other_call(connection, root=job.call or "", mine=mine) is not None:
        return "detached"
    if _cancel_unsent(connection, job, now):
        return "cancelled"
    _request_cancel(connection, job=job.id, now=now)
    return "sent"


def _cancel_unsent(connection: Connection, job: JobRow, now: float) -> bool:
    moved = _cancel(connection, job=job.id, error=BEFORE_SENDING, now=now) == 1
    if moved:
        end_events.add_job_end(connection, job.id)
        budget.release_job(connection, job)
    return moved
