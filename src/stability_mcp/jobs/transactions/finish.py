"""T2x, T2u, T5 and T7: how a job ends, and whether its result was delivered."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, bindparam, text

from stability_mcp.client.models import Generation
from stability_mcp.errors import JobError
from stability_mcp.jobs import budget
from stability_mcp.jobs.models import JobRow
from stability_mcp.jobs.transactions import reuse
from stability_mcp.media.records import FileInfo, Provenance, insert_media
from stability_mcp.store.database import Observer, unobserved

_REQUEUE = text(
    "UPDATE jobs SET state = 'queued', wake_at = :wake_at, generation = NULL, error = :error"
    " WHERE id = :job AND attempt = :attempt AND state IN ('submitting', 'submitted')"
)
_FAIL = text(
    "UPDATE jobs SET state = 'failed', charged = :charged, error = :error, finished_at = :now"
    " WHERE id = :job AND attempt = :attempt"
    " AND state IN ('queued', 'submitting', 'submitted', 'storing')"
)
_MARK_UNKNOWN = text(
    "UPDATE jobs SET state = 'unknown', charged = 'assumed', error = :error, finished_at = :now"
    " WHERE id = :job AND attempt = :attempt AND state IN ('submitting', 'submitted', 'storing')"
)


def requeue(connection: Connection, job: JobRow, *, error: str | None, wake_at: float) -> bool:
    """Put a job whose request was surely free back into the queue; what is held stays held."""
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
    row = key | {"charged": charged, "error": error, "now": now}
    return connection.execute(_FAIL, row).rowcount == 1


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """One picture, sound or model whose bytes are durable."""

    generation: Generation
    measured: FileInfo
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


def store_results(  # noqa: PLR0913 -- what a finished job is written from
    connection: Connection,
    home: Path,
    job: JobRow,
    results: Sequence[JobResult],
    *,
    emulated: bool,
    now: float,
    observer: Observer = unobserved,
) -> FinishedJob:
    """Do T5; a label that is taken gets a suffix, never an error."""
    key = {"job": job.id, "attempt": job.attempt}
    if connection.execute(_DONE, key | {"now": now}).rowcount != 1:
        return FinishedJob(media=[], spent=0)
    parents = {row.field: row.media for row in connection.execute(_INPUTS, {"job": job.id})}
    media = [
        insert_media(
            connection,
            home,
            file=result.file,
            measured=result.measured,
            made=Provenance(
                origin="generated",
                upstream=job.upstream,
                emulated=emulated,
                job=job.id,
                position=position,
                operation=job.operation,
                arguments=json.loads(job.arguments),
                seed=result.generation.seed,
                finish_reason=result.generation.finish_reason,
                parents=parents,
            ),
            owner=job.owner,
            label=job.label,
            now=now,
            observer=observer,
        )
        for position, result in enumerate(results)
    ]
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
    "SELECT id, coalesce(joined, id) AS root, owner, tool, created_at, cancelled_at, said"
    " FROM calls WHERE id = :call AND owner = :owner"
)
_SAVE_NOTES = text("UPDATE calls SET said = :said WHERE id = :call")
# What has ended stays as it ended.
_CANCEL_CALL = text(
    "UPDATE calls SET cancelled_at = :now, abandoned_at = coalesce(abandoned_at, :now)"
    " WHERE id = :call AND cancelled_at IS NULL AND EXISTS (SELECT 1 FROM jobs"
    " WHERE jobs.call = coalesce(calls.joined, calls.id) AND jobs.finished_at IS NULL)"
)


@dataclass(frozen=True, kw_only=True)
class CallRow:
    """One call. Times are unix seconds."""

    id: str
    root: str
    """The call whose jobs it waits for: itself, or one that it joined."""
    tool: str
    created_at: float
    cancelled_at: float | None
    said: tuple[str, ...]
    """What each input resolved to and how it was made to fit."""
    jobs: tuple[str, ...]
    """Those that answer for it: its own, joined or from the cache."""
    cached: tuple[str, ...]
    """Those of them that were finished for an earlier call."""


def load_call(connection: Connection, call: str, *, owner: str) -> CallRow | None:
    """Read one call; None where the owner has none of that id."""
    row = connection.execute(_CALL, {"call": call, "owner": owner}).first()
    if row is None:
        return None
    return CallRow(
        id=row.id,
        root=row.root,
        tool=row.tool,
        created_at=row.created_at,
        cancelled_at=row.cancelled_at,
        said=tuple(json.loads(row.said or "[]")),
        jobs=tuple(reuse.jobs_of_call(connection, call)),
        cached=tuple(reuse.cached_jobs(connection, row.root)),
    )


def save_notes(connection: Connection, call: str, said: Sequence[str]) -> None:
    """Note what was said of a call's inputs: its answer is made when nobody remembers it."""
    connection.execute(_SAVE_NOTES, {"call": call, "said": json.dumps(list(said))})


def cancel_call(connection: Connection, call: str, now: float) -> bool:
    """Note that its asker wants no answer any more; False: it had ended before, either way."""
    return connection.execute(_CANCEL_CALL, {"call": call, "now": now}).rowcount == 1
