"""T2x, T2u, T5 and T7: ends jobs and calls.

A job is requeued, is paused, fails, becomes unknown or stores its results; a call is delivered,
abandoned or cancelled. The notes of a call are read and saved here too.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from stability_mcp.client.models import Generation
from stability_mcp.errors import JobError
from stability_mcp.jobs import budget
from stability_mcp.jobs.models import ASK_BEFORE_REPEATING, Call, JobRow
from stability_mcp.jobs.transactions import reuse
from stability_mcp.media.items import CopyFile, MediaItem
from stability_mcp.media.labels import NameSource
from stability_mcp.media.names import NameRequest, request_of
from stability_mcp.media.records import Blobs, FileInfo, NewMedia, Provenance, insert_media
from stability_mcp.store import end_events
from stability_mcp.store.queries import Connection, load


@dataclass(frozen=True, slots=True)
class _Input:
    field: str
    media: str


@dataclass(frozen=True, slots=True)
class _CallRow:
    id: str
    joined: str | None
    tool: str
    created_at: float
    cancelled_at: float | None
    notes: str | None


_SQL = load(__file__)
_requeue = _SQL.count("requeue")
_pause_job = _SQL.count("pause")
_fail_job = _SQL.count("fail")
_mark_job_unknown = _SQL.count("mark_unknown")
_mark_done = _SQL.count("mark_done")
_inputs = _SQL.many("inputs", _Input)
_mark_calls_delivered = _SQL.count("mark_delivered")
_mark_call_abandoned = _SQL.count("mark_abandoned")
_load_call = _SQL.one("load_call", _CallRow)
_save_call_notes = _SQL.count("save_notes")
_mark_call_cancelled = _SQL.count("cancel_call")


def requeue(connection: Connection, job: JobRow, *, error: str | None, wake_at: float) -> bool:
    """Requeue a job whose request is known not to have been charged; its reservation stays."""
    key = {"job": job.id, "attempt": job.attempt}
    moved = _requeue(connection, **key, error=error, wake_at=wake_at) == 1
    if moved:
        budget.mark_free(connection, job)
    return moved


def pause(connection: Connection, job: JobRow, *, error: str) -> bool:
    """Pause a job that was not charged until the user decides; its reservation stays."""
    moved = _pause_job(connection, job=job.id, attempt=job.attempt, error=error) == 1
    if moved and job.state != "queued":
        budget.mark_free(connection, job)
    return moved


def fail_free(
    connection: Connection, job: JobRow, *, error: str, now: float, error_type: str | None = None
) -> bool:
    """End a job that was not charged: refused by the API, or never sent.

    Args:
        connection: A connection in a write transaction.
        job: The job.
        error: Why, in words.
        now: Unix seconds.
        error_type: Name of the error's class, for faces that answer with a status.
    """
    moved = _fail(connection, job, Failure("no", error, error_type), now=now)
    if moved:
        if job.state != "queued":
            budget.mark_free(connection, job)
        budget.release_job(connection, job)
    return moved


def fail_charged(connection: Connection, job: JobRow, *, error: str, now: float) -> int:
    """End a job that got a 2xx response with an unusable body; return what it cost."""
    moved = _fail(connection, job, Failure("yes", error), now=now)
    return budget.mark_charged(connection, job) if moved else 0


def mark_unknown(connection: Connection, job: JobRow, *, error: str, now: float) -> int:
    """End a job whose outcome is unknown; return what is assumed to be spent."""
    key = {"job": job.id, "attempt": job.attempt}
    if _mark_job_unknown(connection, **key, error=error, now=now) != 1:
        return 0
    end_events.add_job_end(connection, job.id)
    return budget.mark_charged(connection, job, assumed=True)


def interrupted_error(job: JobRow, cause: str = "The server stopped") -> JobError:
    """Return the error of a job whose request was in flight when it was interrupted."""
    return JobError(
        f"{cause} while the API was working, so the outcome is unknown.",
        job=job.id,
        charged="unknown",
        hint=f"It isn't resent automatically. {ASK_BEFORE_REPEATING}",
    )


class Failure(NamedTuple):
    """How a job fails."""

    charged: str
    error: str
    error_type: str | None = None


def _fail(connection: Connection, job: JobRow, failure: Failure, *, now: float) -> bool:
    key = {"job": job.id, "attempt": job.attempt, "revisited": int(job.state == "unknown")}
    moved = _fail_job(connection, **key, **failure._asdict(), now=now) == 1
    if moved:
        end_events.add_job_end(connection, job.id)
    return moved


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """One image, sound or 3D model whose bytes are durable."""

    generation: Generation
    info: FileInfo
    file: Path
    """The file to move to the blobs, unless it is `placed` and the blob still exists."""
    placed: bool = False
    """Whether `place_blob` has stored its bytes as a blob."""


@dataclass(frozen=True, kw_only=True)
class FinishedJob:
    """The outcome of T5."""

    media: list[MediaItem]
    """The results in order; empty if the job was already finished."""
    memory: dict[str, int]
    """Bytes of memory needed to decode each, by media id."""
    spent: int
    """Millicredits that this added to the spending."""


@dataclass(kw_only=True)
class FreshResult:
    """The result of a job that just finished, so that the waiting call need not read it."""

    items: list[MediaItem]
    """Its results in order, with the paths of their copies."""
    copies: dict[str, CopyFile]
    """Copies whose paths are not recorded yet, by media id."""
    memory: dict[str, int]
    """Bytes of memory needed to decode each result, by media id."""


def store_results(
    connection: Connection, blobs: Blobs, job: JobRow, results: Sequence[JobResult], *, now: float
) -> FinishedJob:
    """Do T5; a name that is taken gets the next version instead of an error."""
    key = {"job": job.id, "attempt": job.attempt}
    if _mark_done(connection, **key, now=now) != 1:
        return FinishedJob(media=[], memory={}, spent=0)
    end_events.add_job_end(connection, job.id)
    has_inputs = bool(job.kind.file_fields())
    found = _inputs(connection, job=job.id) if has_inputs else []
    parents = {row.field: row.media for row in found}
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
            name=_name(job, position, len(results)),
            file=result.file,
            info=result.info,
            placed=result.placed,
            provenance=replace(
                provenance,
                position=position,
                seed=generation.seed,
                finish_reason=generation.finish_reason,
            ),
        )
        media.append(insert_media(connection, blobs, new, now=now))
    memory = {item.id: each.info.memory for item, each in zip(media, results, strict=True)}
    return FinishedJob(media=media, memory=memory, spent=budget.mark_charged(connection, job))


def _name(job: JobRow, position: int, count: int) -> NameRequest | None:
    """Return the name that a result should get; several results of one job are a series too."""
    if job.label is None:
        return None
    variant = job.variant or (position + 1 if count > 1 else 0)
    return request_of(
        job.label, NameSource(job.label_source), variant=variant, series=job.call or job.id
    )


def mark_delivered(connection: Connection, calls: Iterable[str], now: float) -> None:
    """Mark calls, and the calls that they joined, as delivered by an answer."""
    _mark_calls_delivered(connection, calls=list(calls), now=now)


def mark_abandoned(connection: Connection, call: str, now: float) -> None:
    """Mark a call as abandoned: it ended without its result, or returned only a job id."""
    _mark_call_abandoned(connection, call=call, now=now)


def load_call(connection: Connection, call: str, *, owner: str) -> Call | None:
    """Read one call; None: the owner has none with that id."""
    row = _load_call(connection, call=call, owner=owner)
    if row is None:
        return None
    return Call(
        id=row.id,
        tool=row.tool,
        created_at=row.created_at,
        job_ids=reuse.jobs_of_call(connection, call),
        joined=row.joined,
        cached=tuple(reuse.cached_jobs(connection, row.joined or row.id)),
        notes=tuple(json.loads(row.notes or "[]")),
        cancelled_at=row.cancelled_at,
    )


def save_notes(connection: Connection, call: str, notes: Sequence[str]) -> None:
    """Save the notes about a call's inputs: its answer may be rendered after a restart."""
    _save_call_notes(connection, call=call, notes=json.dumps(list(notes)))


def cancel_call(connection: Connection, call: str, now: float) -> bool:
    """Mark a call as cancelled by its caller; False: it had already ended or been cancelled."""
    return _mark_call_cancelled(connection, call=call, now=now) == 1
