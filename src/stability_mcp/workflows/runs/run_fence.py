"""What only the process that drives a run may write, and only if the user decided nothing since.

A driver reads the rows, and writes later what follows from them. In between the user may have
picked, answered, cancelled or resumed in any process, and another process may have taken the run
over. Each decision changes `changed_at`, so a driver that read older rows changes nothing and reads
again. All functions run inside a transaction of the caller.
"""

from dataclasses import dataclass

from stability_mcp.errors import StudioError
from stability_mcp.store import end_events
from stability_mcp.store.queries import Connection, load
from stability_mcp.workflows.runs.run_rows import RunRow, RunStatus

_SQL = load(__file__)
_drives = _SQL.value("drives", int)
_stop = _SQL.count("stop")
_pause = _SQL.count("pause")
_pause_by_user = _SQL.count("pause_by_user")
_pause_jobs = _SQL.count("pause_jobs")
_cancel_items = _SQL.count("cancel_items")


PAUSED_BY_USER = "The user paused it. What was sent finishes; nothing more is sent until resume."


@dataclass(frozen=True, kw_only=True)
class NewState:
    """How a run stops."""

    state: RunStatus
    why: str | None = None


class NotDrivenError(StudioError):
    """A run was cancelled or stopped, or another process drives it: this one starts nothing."""


def check_drives(connection: Connection, run: str, process: str) -> None:
    """Check that a process drives a running run, before it adds a job to it.

    Raises:
        NotDrivenError: it doesn't.
    """
    if _drives(connection, id=run, process=process) is None:
        raise NotDrivenError(f"Run {run} was cancelled, or stopped.")


def stop(connection: Connection, row: RunRow, new: NewState, now: float) -> bool:
    """End a run, or let it wait; False: something was decided since its row was read.

    An item that was started without a job ends with a run that is cancelled.
    """
    seen = {"id": row.id, "driver": row.process, "seen": row.changed_at}
    if _stop(connection, **seen, state=new.state, why=new.why, now=now) == 0:
        return False
    if new.state != "paused":
        end_events.add_run_stop(connection, row.id)
    if new.state == "cancelled":
        _cancel_items(connection, run=row.id, now=now)
    return True


def pause_by_user(connection: Connection, run: str, now: float) -> bool:
    """Pause a running run and its unsent jobs until the user continues it; False: it doesn't run.

    Sent jobs finish. One that the API refuses for now is paused too; see `finish.requeue`.
    """
    if _pause_by_user(connection, id=run, why=PAUSED_BY_USER, now=now) == 0:
        return False
    _pause_jobs(connection, run=run)
    return True


def pause(connection: Connection, run: str, process: str, *, why: str, now: float) -> bool:
    """Pause a run that its process can't drive any further; False: it doesn't drive it."""
    return _pause(connection, id=run, process=process, why=why, now=now) == 1
