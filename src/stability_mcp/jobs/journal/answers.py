"""T3 and T3d: the API said yes. Taken by attempt, also by a job that was given up meanwhile."""

from sqlalchemy import Connection, text

from stability_mcp.client.answers import Answer
from stability_mcp.jobs.journal.rows import JobRow

_ANSWERED = text(
    "UPDATE jobs SET state = 'storing', answer = :answer, answered_at = :now, finished_at = NULL,"
    " error = NULL WHERE id = :job AND attempt = :attempt AND state IN ('submitting', 'unknown')"
)
_STARTED = text(
    "UPDATE jobs SET state = 'submitted', generation = :generation, answered_at = :now,"
    " wake_at = :wake_at, finished_at = NULL, error = NULL"
    " WHERE id = :job AND attempt = :attempt AND state IN ('submitting', 'unknown')"
)


def answered(connection: Connection, job: JobRow, answer: Answer, *, now: float) -> bool:
    """Do T3: keep the headers while the body streams; seed and finish reason are nowhere else."""
    key = {"job": job.id, "attempt": job.attempt}
    row = key | {"answer": answer.to_json(), "now": now}
    return connection.execute(_ANSWERED, row).rowcount == 1


def started(
    connection: Connection, job: JobRow, generation: str, *, wake_at: float, now: float
) -> bool:
    """Do T3d: keep the id by which the generation is fetched, for as long as the API keeps it."""
    key = {"job": job.id, "attempt": job.attempt}
    row = key | {"generation": generation, "wake_at": wake_at, "now": now}
    return connection.execute(_STARTED, row).rowcount == 1
