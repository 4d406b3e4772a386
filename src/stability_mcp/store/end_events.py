"""Records the end of a job or run for webhooks, in the transaction that ends it.

The statements that end a job or run also set its `end_number`. It orders the ends of an owner, so
an event stream finds what ended after a number. It is the time in milliseconds, or one more than
the largest if that isn't smaller: numbers stay above those of deleted rows and of a store that was
restored from a backup, and never go back with the clock.

All functions run inside a transaction of the caller. `notify` reads and delivers the rows.

Length: two inserts that jobs and workflows share, below both.
"""

from stability_mcp.store.queries import Connection, load

_SQL = load(__file__)
_add_job_end = _SQL.count("add_job_end")
_add_run_stop = _SQL.count("add_run_stop")


def add_job_end(connection: Connection, job: str) -> None:
    """Record that a job ended; a late result ends an `unknown` job again.

    Args:
        connection: The writer's.
        job: Id of the job, whose row has its `end_number` already.
    """
    _add_job_end(connection, job=job)


def add_run_stop(connection: Connection, run: str) -> None:
    """Record that a run ended or stopped for review; a paused run adds nothing.

    Args:
        connection: The writer's.
        run: Id of the run, whose row has its `end_number` already.
    """
    _add_run_stop(connection, run=run)
