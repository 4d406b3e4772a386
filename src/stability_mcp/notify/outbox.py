"""Who was told of the end of a job: `jobs.told_at`, the only column that says so.

Nothing there: nobody. A time: told then; a late answer to an `unknown` job ends it once more, later
than that, and is told as well. A time below zero: not to be told before that time, because somebody
is at it or because it failed. So a process that is killed while it tells is followed by another
when its claim is over, and no process tells what another is telling.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from stability_mcp.jobs.models import JobRow, load_job
from stability_mcp.store.queries import Connection, load
from stability_mcp.store.tenancy import Account
from stability_mcp.uris import media_uri

CLAIM_SECONDS = 60.0
"""Seconds for which an end is one process's to tell: twice as long as a command may take."""
MIN_RETRY_SECONDS, MAX_RETRY_SECONDS = 10.0, 3_600.0
"""Shortest and longest pause between two tries, in seconds; between them as long again as it has
been untold, so that it doubles."""
MAX_AGE_SECONDS = 24 * 3_600.0
"""Seconds after which an end is no news."""
COPY_WAIT_SECONDS = 5.0
"""Seconds for which an end waits until the readable copies are written."""


@dataclass(frozen=True, slots=True)
class DueEnd:
    """An end that nobody was told of."""

    id: str
    finished_at: float
    told_at: float | None


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A result that a message names."""

    id: str
    media_type: str
    copy_path: str | None


_SQL = load(__file__)
_due = _SQL.many("due", DueEnd)
_claim = _SQL.count("claim")
_settle_end = _SQL.count("settle")
_results = _SQL.many("results", ResultRow)
_charged = _SQL.value("charged", int)
_begin = _SQL.count("begin")
_begun = _SQL.value("begun", float)


@dataclass(frozen=True, kw_only=True)
class ClaimedEnd:
    """An end that is ours to tell, until the claim is over."""

    job: str
    finished_at: float
    claim: float
    message: dict[str, Any]
    """What to tell, as plain JSON."""


def start(connection: Connection, account: Account, *, now: float) -> float:
    """Note that ends are told from now on, unless they are already; return since when.

    What ended before anybody wanted to know is not told.
    """
    key = f"told_since:{account.owner}:{account.upstream}"
    _begin(connection, key=key, now=repr(now))
    since = _begun(connection, key=key)
    return now if since is None else since


def due(
    connection: Connection, account: Account, *, since: float, now: float, limit: int
) -> list[DueEnd]:
    """Return ends that are to be told now, the oldest first."""
    key = {
        **account.key,
        "since": max(since, now - MAX_AGE_SECONDS),
        "now": now,
        "max_retry": MAX_RETRY_SECONDS,
        "copying": now - COPY_WAIT_SECONDS,
        "limit": limit,
    }
    return _due(connection, **key)


def claim(connection: Connection, due_end: DueEnd, *, now: float) -> ClaimedEnd | None:
    """Take an end to tell, and return what to say; None: another process was faster."""
    until = -(now + CLAIM_SECONDS)
    row = {"job": due_end.id, "finished_at": due_end.finished_at, "known": due_end.told_at}
    if _claim(connection, **row, claim=until) != 1:
        return None
    job = load_job(connection, due_end.id)
    if job is None:
        return None
    message = _message(connection, job, due_end.finished_at)
    return ClaimedEnd(job=job.id, finished_at=due_end.finished_at, claim=until, message=message)


def mark_delivered(connection: Connection, end: ClaimedEnd, *, now: float) -> None:
    """Note that it was told."""
    _settle(connection, end, max(now, end.finished_at + 0.001))


def mark_failed(connection: Connection, end: ClaimedEnd, *, now: float) -> float:
    """Note that it could not be told; return the pause before the next try, in seconds."""
    pause = min(max(now - end.finished_at, MIN_RETRY_SECONDS), MAX_RETRY_SECONDS)
    _settle(connection, end, -(now + pause))
    return pause


def release(connection: Connection, end: ClaimedEnd, *, now: float) -> None:
    """Leave it to whoever looks next: this process ends."""
    _settle(connection, end, -now)


def _settle(connection: Connection, end: ClaimedEnd, at: float) -> None:
    row = {"job": end.job, "finished_at": end.finished_at, "claim": end.claim, "at": at}
    _settle_end(connection, **row)


def _message(connection: Connection, job: JobRow, finished_at: float) -> dict[str, Any]:
    charged = _charged(connection, job=job.id) or 0
    media = [
        {"uri": media_uri(row.id), "path": row.copy_path, "media_type": row.media_type}
        for row in _results(connection, job=job.id)
    ]
    at = datetime.fromtimestamp(finished_at, UTC)
    return {
        "event": "job_ended",
        "job": job.id,
        "operation": job.operation,
        "state": job.state,
        "label": job.label,
        "media": media,
        "credits": charged / 1000,
        "charged": job.charged,
        "error": job.error,
        "finished_at": at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "emulated": job.account.emulated,
    }
