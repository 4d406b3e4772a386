"""Sets the state of a run as no program does: any state after any other."""

import sqlite3

from stability_mcp.workflows.runs.run_fence import NewState
from support.store.rows import execute


def set_state(
    connection: sqlite3.Connection,
    run: str,
    new: NewState,
    now: float,
    *,
    process: str | None = None,
) -> None:
    """Set the state of a run, and the process that drives it."""
    execute(
        connection,
        "UPDATE runs SET state = :state, why = :why, process = :process, changed_at = :now,"
        " finished_at = CASE WHEN :state IN ('done', 'failed', 'cancelled') THEN :now END,"
        " collected_at = NULL WHERE id = :id",
        id=run,
        state=new.state,
        why=new.why,
        process=process,
        now=now,
    )
