"""Ends what was unfinished in a restored store, so that nothing that is paid is sent again.

The servers continued after the backup was made: a job that was queued then may have been sent and
charged since, and the backup doesn't show it. The rule is the one for a request without a response:
never send it again without the user's decision.

* A job that had not been sent (queued, paused) is cancelled; its error says so. It isn't `unknown`,
  because the ledger of the backup has no request of it.
* A job whose request was in flight, or whose response was being received, becomes `unknown` and
  counts as charged, as after a crash.
* A workflow that was running is paused: a step without a job in the backup may have one since. It
  continues when the user says so.
* A generation that had started is kept: polling is free, and it is never sent again.
* An approval of a price that had not been used is forgotten, and so is a signed upload.
"""

from dataclasses import dataclass

from stability_mcp.jobs import budget
from stability_mcp.jobs.models import load_job
from stability_mcp.jobs.transactions import finish
from stability_mcp.store import end_events
from stability_mcp.store.queries import Connection, load
from stability_mcp.text import local_time


@dataclass(frozen=True, kw_only=True)
class EndedJobs:
    """How the unfinished jobs of a backup ended."""

    cancelled: int
    unknown: int
    polled: int
    """Started generations, which the next server polls."""
    runs: int = 0
    """Runs of workflows that were running, which are paused now."""


@dataclass(frozen=True, slots=True)
class _Unfinished:
    id: str
    state: str


_SQL = load(__file__)
_unfinished = _SQL.many("unfinished", _Unfinished)
_cancel = _SQL.count("cancel")
_release_jobs = _SQL.count("release_jobs")
_pause_runs = _SQL.count("pause_runs")
_release_runs = _SQL.count("release_runs")
_delete_unused_answers = _SQL.count("delete_unused_answers")
_delete_uploads = _SQL.count("delete_uploads")
_delete_processes = _SQL.count("delete_processes")
_delete_requests = _SQL.count("delete_requests")


def end_unfinished(connection: Connection, *, made_at: float, now: float) -> EndedJobs:
    """End the unfinished jobs of a restored store, pause its runs, and forget its processes.

    Args:
        connection: The writer's.
        made_at: When the backup was made, in unix seconds.
        now: Unix seconds.
    """
    at = local_time(made_at)
    not_sent = (
        f"Not sent from here: this store was restored from a backup of {at}, when the job was "
        "still waiting. It may have been sent and charged since; check before you run it again."
    )
    paused = (
        f"This store was restored from a backup of {at}, when the run was still working. What "
        "follows may have been sent and charged since, so resume may pay for it again."
    )
    cancelled = unknown = polled = 0
    for each in _unfinished(connection):
        job = load_job(connection, each.id)
        if job is None:
            continue
        if _cancel(connection, job=job.id, error=not_sent, now=now):
            end_events.add_job_end(connection, job.id)
            budget.release_job(connection, job)
            cancelled += 1
        elif job.state == "submitted":
            polled += 1
        else:
            error = finish.interrupted_error(job, f"The backup of {at} was made")
            finish.mark_unknown(connection, job, error=str(error), now=now)
            unknown += 1
    _release_jobs(connection)
    runs = _pause_runs(connection, why=paused, now=now)
    _release_runs(connection)
    _delete_unused_answers(connection)
    _delete_uploads(connection)
    _delete_processes(connection)
    _delete_requests(connection)
    return EndedJobs(cancelled=cancelled, unknown=unknown, polled=polled, runs=runs)
