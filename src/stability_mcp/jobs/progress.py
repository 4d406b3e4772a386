"""Describes the progress of jobs and calls: in words, as a fraction, and as the public record."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from stability_mcp.jobs.models import JobRecord, JobRow, Timing
from stability_mcp.jobs.rate_limit import LOCKED_OUT
from stability_mcp.media.labels import with_variant
from stability_mcp.text import local_time

Progress = Callable[[str, float], Awaitable[None]]
"""Receives the progress in words and as a fraction from 0 to 1."""

STRIPPED = "Its details and results were removed by retention; its charge is kept."
"""The error of a job whose details retention removed."""

MAX_BEFORE_DONE = 0.95
"""A job that takes longer than usual stays at this fraction until it is done."""


def describe(job: JobRow, *, now: float, mine: bool, note: str | None, blocked_until: float) -> str:
    """Return the progress of a job in words.

    Args:
        job: The row.
        now: Unix seconds.
        mine: Whether the job belongs to this process's upstream.
        note: Why the last step did not succeed; None if this process doesn't know.
        blocked_until: When the API accepts requests again, in unix seconds; 0: it does now.
    """
    if job.finished:
        return "the outcome is unknown" if job.state == "unknown" else job.state
    if not mine:
        return "waiting for the API key that started it"
    if job.state == "queued":
        return f"queued {_why_queued(job, now=now, note=note, blocked_until=blocked_until)}".strip()
    if job.state == "paused":
        return "paused before sending: job_rerun sends it, job_cancel releases its credits"
    activity = _activity(job, now=now, note=note)
    if job.cancel_at is not None:
        return f"cancelled after sending, so its result is kept and charged; {activity}"
    return activity


def _activity(job: JobRow, *, now: float, note: str | None) -> str:
    activity = (
        "storing the result" if job.state == "storing" else f"generating: {_elapsed(job, now)}"
    )
    return f"{activity}{f' ({note})' if note else ''}"


def fraction(job: JobRow, now: float) -> float:
    """Return the progress of a job from 0 to 1, based on the usual time."""
    if job.finished:
        return 1.0
    usual = _usual_seconds(job)
    if job.sent_at is None or job.state in {"queued", "paused"}:
        return 0.0
    if job.state == "storing" or usual <= 0:
        return MAX_BEFORE_DONE if job.state == "storing" else 0.5
    return min((now - job.sent_at) / usual, 1.0) * MAX_BEFORE_DONE


def describe_call(jobs: Sequence[JobRecord]) -> tuple[str, float]:
    """Return the progress of the jobs of a call: in one line, and together from 0 to 1."""
    share = sum(each.share for each in jobs) / max(len(jobs), 1)
    open_ = [each.progress for each in jobs if not each.finished]
    if len(jobs) == 1 or not open_:
        return (open_ or ["done"])[0], share
    return f"{len(jobs) - len(open_)} of {len(jobs)} done; {open_[0]}", share


@dataclass(frozen=True, kw_only=True)
class Viewpoint:
    """The context in which rows are read."""

    upstream: str
    """The upstream of this process."""
    now: float
    """Unix seconds."""
    blocked_until: float
    """When the API accepts requests again, in unix seconds."""
    timing: Timing


def to_record(job: JobRow, viewpoint: Viewpoint, *, note: str | None) -> JobRecord:
    """Return the public record of a job.

    Args:
        job: The row, read with its media.
        viewpoint: The context in which it is read.
        note: Why the job waits; None if this process doesn't know.
    """
    mine, now = job.upstream == viewpoint.upstream, viewpoint.now
    until = _fetchable_until(job, now, viewpoint.timing) if mine else None
    if until is None:
        blocked_until = viewpoint.blocked_until
        progress = describe(job, now=now, mine=mine, note=note, blocked_until=blocked_until)
    else:
        progress = f"no result yet; job_wait checks again until {local_time(until)}"
    return JobRecord(
        id=job.id,
        seq=job.seq,
        call=job.call,
        position=job.position,
        operation=job.operation,
        arguments=json.loads(job.arguments),
        state=job.state,
        charged=job.charged,
        price=job.price,
        error=job.error if job.stripped_at is None else STRIPPED,
        stripped=job.stripped_at is not None,
        adopted=job.adopted,
        label=job.label and with_variant(job.label, job.variant),
        label_source=job.label_source,
        root=job.label,
        upstream=job.upstream,
        mine=mine,
        progress=progress,
        share=fraction(job, now),
        media=job.media,
        collected=job.collected,
        generation=job.generation,
        fetchable_until=until,
        created_at=job.created_at,
        sent_at=job.sent_at,
        finished_at=job.finished_at,
    )


def _fetchable_until(job: JobRow, now: float, timing: Timing) -> float | None:
    if job.state != "unknown" or job.generation is None or job.sent_at is None:
        return None
    until = timing.expires_at(job.sent_at)
    return until if now < until else None


def _why_queued(job: JobRow, *, now: float, note: str | None, blocked_until: float) -> str:
    if blocked_until > now:
        return f"for another {blocked_until - now:.0f} s: {LOCKED_OUT}"
    if job.process is None:
        return "until a running server takes it over"
    return f"({note})" if note else ""


def _elapsed(job: JobRow, now: float) -> str:
    elapsed, usual = round(max(now - (job.sent_at or now), 0)), round(_usual_seconds(job))
    if not usual:
        return f"{elapsed} s so far"
    if elapsed > usual:
        return f"{elapsed} s, longer than the usual {usual} s"
    return f"{elapsed} of about {usual} s"


def _usual_seconds(job: JobRow) -> float:
    try:
        return job.kind.spec.seconds
    except KeyError:  # written by a newer version, which has more operations
        return 0
