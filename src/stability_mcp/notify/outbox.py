"""The notification outbox in `jobs`: which finished jobs were delivered, and which are due.

`jobs.notified_at` is the time of delivery. A late response to an `unknown` job finishes it again,
after that time, so it is due again. `jobs.notify_after` is set while a process is delivering and
after a failure: no process attempts delivery before that time. If a process is killed during
delivery, another one takes over when the claim expires.
"""

from dataclasses import dataclass
from typing import Any

from stability_mcp.jobs.models import JobRow, load_job
from stability_mcp.media.labels import with_variant
from stability_mcp.notify.posting import Message, utc_text
from stability_mcp.store.queries import Connection, load
from stability_mcp.store.tenancy import Account
from stability_mcp.text import CHARGES, without_paths
from stability_mcp.uris import media_uri

CLAIM_SECONDS = 60.0
"""Seconds for which one process holds a notification: twice the time limit of a command."""
MIN_RETRY_SECONDS, MAX_RETRY_SECONDS = 10.0, 3_600.0
"""Shortest and longest retry delay, in seconds. In between, the delay equals the age of the
notification, so it doubles each time."""
MAX_AGE_SECONDS = 24 * 3_600.0
"""Seconds after which an undelivered notification is dropped."""
SCHEDULE = "after 10 s, then at growing intervals of up to 1 h, for 24 h"
"""These numbers in words."""
COPY_WAIT_SECONDS = 5.0
"""Seconds for which a notification waits for the readable copies."""


@dataclass(frozen=True, slots=True)
class DueNotification:
    """A finished job whose notification is due."""

    id: str
    finished_at: float
    notified_at: float | None
    """Time of an earlier delivery for the same job."""
    notify_after: float | None


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A result listed in a message."""

    id: str
    media_type: str
    copy_path: str | None


_SQL = load(__file__)
_due = _SQL.many("due", DueNotification)
_claim = _SQL.count("claim")
_mark_delivered = _SQL.count("mark_delivered")
_postpone = _SQL.count("postpone")
_results = _SQL.many("results", ResultRow)
_charged = _SQL.value("charged", int)
_begin = _SQL.count("begin")
_begun = _SQL.value("begun", float)


@dataclass(frozen=True, kw_only=True)
class ClaimedNotification:
    """A notification that this process holds until its claim expires."""

    job: str
    finished_at: float
    claim: float
    message: Message


def start(connection: Connection, account: Account, *, now: float) -> float:
    """Record that notifications start now, unless they already have; return their start time.

    Jobs that finished before that time are not notified.
    """
    key = f"notify_since:{account.owner}:{account.upstream}"
    _begin(connection, key=key, now=repr(now))
    since = _begun(connection, key=key)
    return now if since is None else since


def due(
    connection: Connection, account: Account, *, since: float, now: float, limit: int
) -> list[DueNotification]:
    """Return notifications that are due, oldest first."""
    key = {
        **account.key,
        "since": max(since, now - MAX_AGE_SECONDS),
        "now": now,
        "max_retry": MAX_RETRY_SECONDS,
        "copying": now - COPY_WAIT_SECONDS,
        "limit": limit,
    }
    return _due(connection, **key)


def claim(
    connection: Connection, notification: DueNotification, *, now: float
) -> ClaimedNotification | None:
    """Claim a notification; return None if another process was faster."""
    until = now + CLAIM_SECONDS
    claimed = _claim(
        connection,
        job=notification.id,
        finished_at=notification.finished_at,
        notified_at=notification.notified_at,
        notify_after=notification.notify_after,
        until=until,
    )
    if claimed != 1:
        return None
    job = load_job(connection, notification.id)
    if job is None:
        return None
    content = {"event": "job_ended", **job_content(connection, job, notification.finished_at)}
    message = Message.of(_message_id(job.id, notification.finished_at), content)
    return ClaimedNotification(
        job=job.id, finished_at=notification.finished_at, claim=until, message=message
    )


def mark_delivered(
    connection: Connection, notification: ClaimedNotification, *, now: float
) -> None:
    """Record a successful delivery."""
    at = max(now, notification.finished_at + 0.001)
    _mark_delivered(
        connection,
        job=notification.job,
        finished_at=notification.finished_at,
        claim=notification.claim,
        now=at,
    )


def mark_failed(connection: Connection, notification: ClaimedNotification, *, now: float) -> float:
    """Record a failed delivery; return the delay until the next attempt, in seconds."""
    pause = min(max(now - notification.finished_at, MIN_RETRY_SECONDS), MAX_RETRY_SECONDS)
    _postpone_until(connection, notification, now + pause)
    return pause


def release(connection: Connection, notification: ClaimedNotification, *, now: float) -> None:
    """Give up the claim because this process is stopping; another process sends it."""
    _postpone_until(connection, notification, now)


def _postpone_until(
    connection: Connection, notification: ClaimedNotification, until: float
) -> None:
    row = {
        "job": notification.job,
        "finished_at": notification.finished_at,
        "claim": notification.claim,
        "until": until,
    }
    _postpone(connection, **row)


def _message_id(job: str, finished_at: float) -> str:
    """Return the id of the message about one end of a job: a late result is another message."""
    return f"job_{job}_{finished_at * 1000:.0f}"


def job_content(
    connection: Connection, job: JobRow, finished_at: float, *, with_paths: bool = True
) -> dict[str, Any]:
    """Return what a message says about a job that ended.

    Args:
        connection: The reader's.
        job: The job.
        finished_at: When it ended, in unix seconds.
        with_paths: Whether it has the paths of readable copies, and those in an error.
    """
    charged = _charged(connection, job=job.id) or 0
    return {
        "job": job.id,
        "operation": job.operation,
        "state": job.state,
        "label": job.label and with_variant(job.label, job.variant),
        "media": [
            {
                "uri": media_uri(row.id),
                **({"path": row.copy_path} if with_paths else {}),
                "media_type": row.media_type,
            }
            for row in _results(connection, job=job.id)
        ],
        "credits": charged / 1000,
        "charged": CHARGES[job.charged],
        "error": job.error if with_paths else job.error and without_paths(job.error),
        "finished_at": utc_text(finished_at),
        "emulated": job.account.emulated,
    }
