"""Takes over the runs of dead processes, or pauses those that no process has driven for long.

All functions run inside a transaction of the caller.
"""

from collections.abc import Sequence

from stability_mcp.jobs.transactions.recover import MAX_QUEUE_SECONDS
from stability_mcp.store.queries import Connection, load
from stability_mcp.text import local_time
from stability_mcp.workflows.runs.run_rows import RunRow

_SQL = load(__file__)
_running = _SQL.many("running", RunRow)
_other_process = _SQL.value("other_process", int)
_last_change = _SQL.value("last_change", float)
_pause_orphan = _SQL.count("pause_orphan")
_take_run = _SQL.count("take_run")


def running(connection: Connection, upstream: str) -> Sequence[RunRow]:
    """Return the runs of an upstream that some process should drive, oldest first."""
    return _running(connection, upstream=upstream)


def take_run(
    connection: Connection, run: RunRow, process: str, *, now: float, starting: bool = False
) -> bool:
    """Let this process drive a run whose process ended; False: another one was faster, or it waits.

    Args:
        connection: The writer's.
        run: The run, as it was read.
        process: This process.
        now: Unix seconds.
        starting: Whether this process is starting up. Then a run is paused that no process has
            driven for long: starting a server must not pay for a forgotten batch.
    """
    before = run.process or ""
    if starting and _other_process(connection, upstream=run.upstream, me=process) is None:
        last = _last_change(connection, id=run.id) or run.changed_at
        if last < now - MAX_QUEUE_SECONDS:
            why = (
                f"No server has worked on this run since {local_time(last)}. Ask the user; "
                "resume continues it."
            )
            _pause_orphan(connection, id=run.id, before=before, why=why, now=now)
            return False
    return _take_run(connection, id=run.id, process=process, before=before) == 1
