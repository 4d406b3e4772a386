"""Which ends of jobs were delivered to STABILITY_ON_DONE, and which are due.

`jobs.notified_at` is when an end was delivered. A late answer to an `unknown` job ends it once
more, later than that, so that end is due too. `jobs.notify_after` is set while a process delivers
an end, and after a failure: nobody else tries before that time. When a process is killed while it
delivers, another one follows after its claim has expired.
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
    notified_at: float | None
    """When an earlier end of the job was delivered."""
    notify_after: float | None


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A result that a message names."""

    id: str
    media_type: str
    copy_path: str | None


_SQL = load(__file__)
_due = _SQL.many("due", DueEnd)
_claim = _SQL.count("claim")
_mark_delivered = _SQL.count("mark_delivered")
_postpone = _SQL.count("postpone")
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
    key = f"notify_since:{account.owner}:{account.upstream}"
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
    until = now + CLAIM_SECONDS
    claimed = _claim(
        connection,
        job=due_end.id,
        finished_at=due_end.finished_at,
        notified_at=due_end.notified_at,
        notify_after=due_end.notify_after,
        until=until,
    )
    if claimed != 1:
        return None
    job = load_job(connection, due_end.id)
    if job is None:
        return None
    message = _message(connection, job, due_end.finished_at)
    return ClaimedEnd(job=job.id, finished_at=due_end.finished_at, claim=until, message=message)


def mark_delivered(connection: Connection, end: ClaimedEnd, *, now: float) -> None:
    """Note that it was told."""
    at = max(now, end.finished_at + 0.001)
    _mark_delivered(connection, job=end.job, finished_at=end.finished_at, claim=end.claim, now=at)


def mark_failed(connection: Connection, end: ClaimedEnd, *, now: float) -> float:
    """Note that it could not be told; return the pause before the next try, in seconds."""
    pause = min(max(now - end.finished_at, MIN_RETRY_SECONDS), MAX_RETRY_SECONDS)
    _postpone_until(connection, end, now + pause)
    return pause


def release(connection: Connection, end: ClaimedEnd, *, now: float) -> None:
    """Leave it to whoever looks next: this process ends."""
    _postpone_until(connection, end, now)


def _postpone_until(connection: Connection, end: ClaimedEnd, until: float) -> None:
    row = {"job": end.job, "finished_at": end.finished_at, "claim": end.claim, "until": until}
    _postpone(connection, **row)


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
