"""T2x, T2u, T5 and T7: how jobs and calls end.

A job goes back into the queue, fails, becomes unknown or stores its results; a call is delivered,
abandoned or cancelled. The notes of a call are read and saved here too.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, bindparam, text

from stability_mcp.client.models import Generation
from stability_mcp.errors import JobError
from stability_mcp.jobs import budget
from stability_mcp.jobs.models import Call, JobRow
from stability_mcp.jobs.transactions import reuse
from stability_mcp.media.records import Blobs, FileInfo, NewMedia, Provenance, insert_media

_REQUEUE = text(
    "UPDATE jobs SET state = 'queued', wake_at = :wake_at, generation = NULL, error = :error"
    " WHERE id = :job AND attempt = :attempt AND state IN ('submitting', 'submitted')"
)
_FAIL = text(
    "UPDATE jobs SET state = 'failed', charged = :charged, error = :error, finished_at = :now"
    " WHERE id = :job AND attempt = :attempt"
    " AND (state IN ('queued', 'submitting', 'submitted', 'storing')"
    " OR state = 'unknown' AND :revisited = 1)"
)
_MARK_UNKNOWN = text(
    "UPDATE jobs SET state = 'unknown', charged = 'assumed', error = :error, finished_at = :now"
    " WHERE id = :job AND attempt = :attempt AND state IN ('submitting', 'submitted', 'storing')"
)


def requeue(connection: Connection, job: JobRow, *, error: str | None, wake_at: float) -> bool:
    """Put a job whose request was surely free back into the queue; its reservation stays."""
    key = {"job": job.id, "attempt": job.attempt}
    moved = connection.execute(_REQUEUE, key | {"error": error, "wake_at": wake_at}).rowcount == 1
    if moved:
        budget.mark_free(connection, job)
    return moved


def fail_free(connection: Connection, job: JobRow, *, error: str, now: float) -> bool:
    """End a job that cost nothing: refused by the API, or never sent."""
    moved = _fail(connection, job, charged="no", error=error, now=now)
    if moved:
        if job.state != "queued":
            budget.mark_free(connection, job)
        budget.release_job(connection, job)
    return moved


def fail_charged(connection: Connection, job: JobRow, *, error: str, now: float) -> int:
    """End a job whose answer was a yes with a body that cannot be used; return what it cost."""
    moved = _fail(connection, job, charged="yes", error=error, now=now)
    return budget.mark_charged(connection, job) if moved else 0


def mark_unknown(connection: Connection, job: JobRow, *, error: str, now: float) -> int:
    """End a job of which nobody knows what came; return what is assumed to be spent."""
    key = {"job": job.id, "attempt": job.attempt}
    if connection.execute(_MARK_UNKNOWN, key | {"error": error, "now": now}).rowcount != 1:
        return 0
    return budget.mark_charged(connection, job, assumed=True)


def interrupted_error(job: JobRow, what: str = "The program ended") -> JobError:
    """Return what is said of a job whose request was out when this happened."""
    return JobError(
        f"{what} while the request was out, so what came of it is not known.",
        job=job.id,
        charged="unknown",
        hint="It is not sent again by itself. Call the tool again to make it anew.",
    )


def _fail(connection: Connection, job: JobRow, *, charged: str, error: str, now: float) -> bool:
    key = {"job": job.id, "attempt": job.attempt}
    # An unknown job ends here only by an answer to a later poll for its generation.
    revisited = int(job.state == "unknown")
    row = key | {"charged": charged, "error": error, "now": now, "revisited": revisited}
    return connection.execute(_FAIL, row).rowcount == 1


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """One picture, sound or model whose bytes are durable."""

    generation: Generation
    info: FileInfo
    file: Path
    """What becomes the blob: moved, so that whoever needs the spool's own name links it first."""


@dataclass(frozen=True, kw_only=True)
class FinishedJob:
    """What T5 did."""

    media: list[str]
    """Ids of the results in order; empty when another had finished the job before."""
    spent: int
    """Millicredits that it added to what is spent."""


_DONE = text(
    "UPDATE jobs SET state = 'done', charged = 'yes', error = NULL, finished_at = :now"
    " WHERE id = :job AND attempt = :attempt"
    " AND state IN ('submitting', 'submitted', 'storing', 'unknown')"
)
_INPUTS = text("SELECT field, media FROM job_inputs WHERE job = :job ORDER BY field, position")


def store_results(
    connection: Connection, blobs: Blobs, job: JobRow, results: Sequence[JobResult], *, now: float
) -> FinishedJob:
    """Do T5; a label that is taken gets a suffix, never an error."""
    key = {"job": job.id, "attempt": job.attempt}
    if connection.execute(_DONE, key | {"now": now}).rowcount != 1:
        return FinishedJob(media=[], spent=0)
    parents = {row.field: row.media for row in connection.execute(_INPUTS, {"job": job.id})}
    provenance = Provenance(
        origin="generated",
        upstream=job.upstream,
        emulated=job.account.emulated,
        job=job.id,
        operation=job.operation,
        arguments=json.loads(job.arguments),
        parents=parents,
    )
    media = []
    for position, result in enumerate(results):
        generation = result.generation
        new = NewMedia(
            owner=job.owner,
            label=job.label,
            file=result.file,
            info=result.info,
            provenance=replace(
                provenance,
                position=position,
                seed=generation.seed,
                finish_reason=generation.finish_reason,
            ),
        )
        media.append(insert_media(connection, blobs, new, now=now))
    return FinishedJob(media=media, spent=budget.mark_charged(connection, job))


_MARK_DELIVERED = text(
    "UPDATE calls SET handed_at = :now WHERE handed_at IS NULL AND (id IN :calls"
    " OR id IN (SELECT joined FROM calls WHERE id IN :calls))"
).bindparams(bindparam("calls", expanding=True))
_MARK_ABANDONED = text(
    "UPDATE calls SET abandoned_at = :now"
    " WHERE id = :call AND abandoned_at IS NULL AND handed_at IS NULL"
)


def mark_delivered(connection: Connection, calls: Iterable[str], now: float) -> None:
    """Note that an answer carried the results of these calls, and of those they had joined."""
    connection.execute(_MARK_DELIVERED, {"calls": list(calls), "now": now})


def mark_abandoned(connection: Connection, call: str, now: float) -> None:
    """Note that nobody waits for a call any more: it ended without its result, or with an id."""
    connection.execute(_MARK_ABANDONED, {"call": call, "now": now})


_CALL = text(
    "SELECT id, joined, tool, created_at, cancelled_at, said"
    " FROM calls WHERE id = :call AND owner = :owner"
)
_SAVE_NOTES = text("UPDATE calls SET said = :said WHERE id = :call")
# What has ended stays as it ended.
_CANCEL_CALL = text(
    "UPDATE calls SET cancelled_at = :now, abandoned_at = coalesce(abandoned_at, :now)"
    " WHERE id = :call AND cancelled_at IS NULL AND EXISTS (SELECT 1 FROM jobs"
    " WHERE jobs.call = coalesce(calls.joined, calls.id) AND jobs.finished_at IS NULL)"
)


def load_call(connection: Connection, call: str, *, owner: str) -> Call | None:
    """Read one call; None where the owner has none of that id."""
    row = connection.execute(_CALL, {"call": call, "owner": owner}).first()
    if row is None:
        return None
    return Call(
        id=row.id,
        tool=row.tool,
        created_at=row.created_at,
        job_ids=reuse.jobs_of_call(connection, call),
        joined=row.joined,
        cached=tuple(reuse.cached_jobs(connection, row.joined or row.id)),
        notes=tuple(json.loads(row.said or "[]")),
        cancelled_at=row.cancelled_at,
    )


def save_notes(connection: Connection, call: str, notes: Sequence[str]) -> None:
    """Keep what was said of a call's inputs: its answer may be made after a restart."""
    connection.execute(_SAVE_NOTES, {"call": call, "said": json.dumps(list(notes))})


def cancel_call(connection: Connection, call: str, now: float) -> bool:
    """Note that its caller wants no answer any more; False: it had ended before, either way."""
    return connection.execute(_CANCEL_CALL, {"call": call, "now": now}).rowcount == 1
