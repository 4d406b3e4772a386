"""T2x and T2u: what becomes of a job whose request gave no result.

A refusal in the API's own words, and a request that never went out whole, are surely free. Silence
is not: it counts as spent until a person says otherwise, and a late answer is still taken.
"""

from sqlalchemy import Connection, text

from stability_mcp.errors import JobError
from stability_mcp.jobs.journal import charges
from stability_mcp.jobs.journal.rows import JobRow

_QUEUE = text(
    "UPDATE jobs SET state = 'queued', wake_at = :wake_at, generation = NULL, error = :error"
    " WHERE id = :job AND attempt = :attempt AND state IN ('submitting', 'submitted')"
)
_FAIL = text(
    "UPDATE jobs SET state = 'failed', charged = :charged, error = :error, finished_at = :now"
    " WHERE id = :job AND attempt = :attempt"
    " AND state IN ('queued', 'submitting', 'submitted', 'storing')"
)
_LOSE = text(
    "UPDATE jobs SET state = 'unknown', charged = 'assumed', error = :error, finished_at = :now"
    " WHERE id = :job AND attempt = :attempt AND state IN ('submitting', 'submitted', 'storing')"
)


def send_again(connection: Connection, job: JobRow, *, error: str | None, wake_at: float) -> bool:
    """Put a job whose request was surely free back into the queue; what is held stays held."""
    key = {"job": job.id, "attempt": job.attempt}
    moved = connection.execute(_QUEUE, key | {"error": error, "wake_at": wake_at}).rowcount == 1
    if moved:
        charges.free(connection, job)
    return moved


def refuse(connection: Connection, job: JobRow, *, error: str, now: float) -> bool:
    """End a job that cost nothing: refused by the API, or never sent."""
    moved = _end(connection, job, charged="no", error=error, now=now)
    if moved:
        if job.state != "queued":
            charges.free(connection, job)
        charges.release(connection, job)
    return moved


def spoil(connection: Connection, job: JobRow, *, error: str, now: float) -> int:
    """End a job whose answer was a yes with a body that cannot be used; return what it cost."""
    moved = _end(connection, job, charged="yes", error=error, now=now)
    return charges.charge(connection, job) if moved else 0


def lose(connection: Connection, job: JobRow, *, error: str, now: float) -> int:
    """End a job of which nobody knows what came; return what is assumed to be spent."""
    key = {"job": job.id, "attempt": job.attempt}
    if connection.execute(_LOSE, key | {"error": error, "now": now}).rowcount != 1:
        return 0
    return charges.charge(connection, job, assumed=True)


def cut_off(job: JobRow, what: str = "The program ended") -> JobError:
    """Return what is said of a job whose request was out when this happened."""
    return JobError(
        f"{what} while the request was out, so what came of it is not known.",
        job=job.id,
        charged="unknown",
        cure="It is not sent again by itself. Call the tool again to make it anew.",
    )


def _end(connection: Connection, job: JobRow, *, charged: str, error: str, now: float) -> bool:
    key = {"job": job.id, "attempt": job.attempt}
    row = key | {"charged": charged, "error": error, "now": now}
    return connection.execute(_FAIL, row).rowcount == 1
