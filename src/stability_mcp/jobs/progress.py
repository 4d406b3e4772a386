"""Describes the progress of jobs and calls: in words, as a fraction, and as the public record."""

import json
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.jobs.models import JobRecord, JobRow, Timing
from stability_mcp.jobs.rate_limit import LOCKED_OUT
from stability_mcp.jobs.transactions import usage
from stability_mcp.media.labels import with_variant
from stability_mcp.store.queries import Connection
from stability_mcp.store.tenancy import Account
from stability_mcp.text import local_time

Progress = Callable[[str, float], Awaitable[None]]
"""Receives the progress in words and as a fraction from 0 to 1."""

STRIPPED = "Its details and results were removed by retention; its charge is kept."
"""The error of a job whose details retention removed."""

MAX_BEFORE_DONE = 0.95
"""A job that takes longer than usual stays at this fraction until it is done."""


TYPICAL_SECONDS = 60.0
"""How long a typical time is used before it is read again."""


class TypicalTimes:
    """Knows how long jobs usually take: the median of recent ones, else what the row says.

    A median is read along with a running job, in the same transaction, and then used for a minute,
    or until a job of the operation is seen done. So a call whose job ends at once needs no
    statement for it.

    Args:
        clock: Returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._read: dict[tuple[Account, str], tuple[float, float | None]] = {}

    def read_for(self, connection: Connection, jobs: Iterable[JobRow]) -> None:
        """Read what is missing, or a minute old, to describe the jobs that are running."""
        for job in jobs:
            key, now = (job.account, job.operation), self._clock()
            if job.state == "done":
                self._read.pop(key, None)
            elif job.sent_at is not None and not job.finished:
                read_at, _ = self._read.get(key, (-math.inf, None))
                if now - read_at > TYPICAL_SECONDS:
                    self.read(connection, *key)

    def read(self, connection: Connection, account: Account, operation: str) -> float:
        """Read the typical time of an operation now, and return it."""
        found = usage.typical_seconds(connection, account, operation)
        self._read[account, operation] = self._clock(), found
        return self.seconds(account, operation)

    def seconds(self, account: Account, operation: str) -> float:
        """Return the typical time of an operation as last read; 0: not known."""
        _, found = self._read.get((account, operation), (0.0, None))
        row = OPERATIONS.get(operation)  # None: written by a newer version, which has more
        return found if found is not None else row.spec.seconds if row else 0.0


def describe(job: JobRow, viewpoint: "Viewpoint", *, mine: bool, note: str | None) -> str:
    """Return the progress of a job in words.

    Args:
        job: The row.
        viewpoint: The context in which it is read.
        mine: Whether the job belongs to this process's upstream.
        note: Why the last step did not succeed; None if this process doesn't know.
    """
    now = viewpoint.now
    if job.finished:
        return "the outcome is unknown" if job.state == "unknown" else job.state
    if not mine:
        return "waiting for the API key that started it"
    if job.state == "queued":
        return f"queued {_why_queued(job, viewpoint, note)}".strip()
    if job.state == "paused":
        return _why_paused(job)
    elapsed = _elapsed(job, now, viewpoint.usual_seconds(job))
    activity = "storing the result" if job.state == "storing" else f"generating: {elapsed}"
    activity += f" ({note})" if note else ""
    if job.cancel_at is not None:
        return f"cancelled after sending, so its result is kept and charged; {activity}"
    return activity


def _why_paused(job: JobRow) -> str:
    if job.run is not None:
        return f"paused with run {job.run}: workflow_run with resume true continues it"
    return "paused before sending: job_rerun sends it, job_cancel releases its credits"


def fraction(job: JobRow, viewpoint: "Viewpoint") -> float:
    """Return the progress of a job from 0 to 1, based on the usual time."""
    if job.finished:
        return 1.0
    usual = viewpoint.usual_seconds(job)
    if job.sent_at is None or job.state in {"queued", "paused"}:
        return 0.0
    if job.state == "storing" or usual <= 0:
        return MAX_BEFORE_DONE if job.state == "storing" else 0.5
    return min((viewpoint.now - job.sent_at) / usual, 1.0) * MAX_BEFORE_DONE


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
    typical: TypicalTimes = field(default_factory=TypicalTimes)

    def usual_seconds(self, job: JobRow) -> float:
        """Return how long jobs like this one usually take; 0: not known."""
        return self.typical.seconds(job.account, job.operation)


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
        progress = describe(job, viewpoint, mine=mine, note=note)
    else:
        progress = f"no result yet; job_wait checks again until {local_time(until)}"
    return JobRecord(
        id=job.id,
        seq=job.seq,
        call=job.call,
        position=job.position,
        run=job.run,
        step=job.step,
        operation=job.operation,
        arguments=json.loads(job.arguments),
        state=job.state,
        charged=job.charged,
        price=job.price,
        error_type=job.error_type,
        error=job.error if job.stripped_at is None else STRIPPED,
        stripped=job.stripped_at is not None,
        adopted=job.adopted,
        label=job.label and with_variant(job.label, job.variant),
        label_source=job.label_source,
        root=job.label,
        upstream=job.upstream,
        mine=mine,
        progress=progress,
        share=fraction(job, viewpoint),
        usual_seconds=viewpoint.usual_seconds(job),
        media=job.media,
        collected=job.collected,
        client=job.client,
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


def _why_queued(job: JobRow, viewpoint: Viewpoint, note: str | None) -> str:
    blocked_seconds = viewpoint.blocked_until - viewpoint.now
    if blocked_seconds > 0:
        return f"for another {blocked_seconds:.0f} s: {LOCKED_OUT}"
    if job.process is None:
        return "until a running server takes it over"
    return f"({note})" if note else ""


def _elapsed(job: JobRow, now: float, usual_seconds: float) -> str:
    elapsed, usual = round(max(now - (job.sent_at or now), 0)), round(usual_seconds)
    if not usual:
        return f"{elapsed} s so far"
    if elapsed > usual:
        return f"{elapsed} s, longer than the usual {usual} s"
    return f"{elapsed} of about {usual} s"
