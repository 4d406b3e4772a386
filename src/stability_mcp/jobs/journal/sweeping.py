"""T10: jobs and calls that ended long ago leave the store, a bounded part in each transaction.

A job goes with its results, and only when all of them may go: what `media.sweeping` keeps can so be
made anew and tells what it was made from. The ledger is kept for ever. A charge names its job, so
of a job that was ever sent a bare row stays: operation, state, price and times, which is what the
usage report adds up. Prompt, answer, label and folder leave it. That holds for `unknown` too: its
money stays counted, and a late answer is taken by whoever still holds the request.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from stability_mcp.media import sweeping
from stability_mcp.media.sweeping import Numbered

SWEPT = "Its details and results left the store after STABILITY_KEEP_DAYS; its charge is kept."
"""What stands where the error of a bare row would; by it such a row is known."""

# A state that is not among these has not ended, whatever a program of another version wrote.
_OLD = (
    " finished_at < :cutoff AND state IN ('done', 'failed', 'cancelled', 'unknown')"
    " AND coalesce(error, '') <> :swept"
)
_PAGE = text(
    f"SELECT seq, id FROM jobs WHERE seq < :before AND{_OLD} ORDER BY seq DESC LIMIT :limit"  # noqa: S608 -- the words above
)
_JOB = text(f"SELECT label, call FROM jobs WHERE id = :job AND{_OLD}")  # noqa: S608 -- likewise
_MEDIA = text("SELECT id, label, created_at, deleted_at FROM media WHERE job = :job")
_INPUTS = text("DELETE FROM job_inputs WHERE job = :job")
_CHARGED = text("SELECT 1 FROM charges WHERE job = :job LIMIT 1")
_STRIP = text(
    "UPDATE jobs SET arguments = '{}', result_key = NULL, answer = NULL, generation = NULL,"
    " engine_id = NULL, label = NULL, output_dir = NULL, call = NULL, error = :swept"
    " WHERE id = :job"
)
_DELETE = text("DELETE FROM jobs WHERE id = :job")
_CALLS = text(
    "SELECT seq, id FROM calls WHERE seq < :before AND created_at < :cutoff"
    " AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.call = calls.id)"
    " ORDER BY seq DESC LIMIT :limit"
)
_CALL = text(
    "DELETE FROM calls WHERE id = :call AND created_at < :cutoff"
    " AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.call = calls.id)"
    " AND NOT EXISTS (SELECT 1 FROM calls AS heir WHERE heir.joined = calls.id)"
)


def old(connection: Connection, *, cutoff: float, before: int, limit: int) -> list[Numbered]:
    """Return jobs that ended before `cutoff` and are whole yet, the newest first.

    The newest first, because what a result was made from is older and goes after it.
    """
    key = {"cutoff": cutoff, "before": before, "limit": limit, "swept": SWEPT}
    return [Numbered(row.seq, row.id) for row in connection.execute(_PAGE, key)]


def may_go(connection: Connection, job: str, *, cutoff: float) -> bool:
    """Return whether a job ended before `cutoff` and nobody needs any of its results."""
    row = connection.execute(_JOB, {"job": job, "cutoff": cutoff, "swept": SWEPT}).first()
    if row is None:
        return False
    return not any(
        media.created_at >= cutoff
        or sweeping.needed(connection, media.id)
        or (media.deleted_at is None and sweeping.renamed(media.label, row.label))
        for media in connection.execute(_MEDIA, {"job": job}).all()
    )


def sweep(
    connection: Connection, jobs: Sequence[str], *, cutoff: float, seconds: float
) -> tuple[int, int]:
    """Do T10 for some jobs and their results; see `sweeping.as_many`."""

    def step(job: str) -> bool:
        goes = may_go(connection, job, cutoff=cutoff)
        if goes:
            _sweep_one(connection, job)
        return goes

    return sweeping.as_many(jobs, seconds, step)


def old_calls(connection: Connection, *, cutoff: float, before: int, limit: int) -> list[Numbered]:
    """Return calls from before `cutoff` that have no jobs any more, the newest first."""
    key = {"cutoff": cutoff, "before": before, "limit": limit}
    return [Numbered(row.seq, row.id) for row in connection.execute(_CALLS, key)]


def sweep_calls(
    connection: Connection, calls: Sequence[str], *, cutoff: float, seconds: float
) -> tuple[int, int]:
    """Delete calls without jobs that no other call has joined; see `sweeping.as_many`."""
    return sweeping.as_many(
        calls,
        seconds,
        lambda call: connection.execute(_CALL, {"call": call, "cutoff": cutoff}).rowcount > 0,
    )


def _sweep_one(connection: Connection, job: str) -> None:
    for media in connection.execute(_MEDIA, {"job": job}).all():
        sweeping.forget(connection, media.id)
    connection.execute(_INPUTS, {"job": job})
    charged = connection.execute(_CHARGED, {"job": job}).first() is not None
    connection.execute(_STRIP if charged else _DELETE, {"job": job, "swept": SWEPT})
