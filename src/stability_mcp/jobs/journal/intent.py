"""T2 and T2r: the intent, committed when the connection stands and no byte has left.

Before that a job is only waiting, and a kill costs nothing; after it a kill makes it `unknown`.
Whatever hinders raises, the transaction is rolled back, and the transport closes the connection.
"""

from dataclasses import dataclass, replace

from sqlalchemy import Connection, text

from stability_mcp.jobs import rate, spending, upstream
from stability_mcp.jobs.journal import charges
from stability_mcp.jobs.journal.rows import JobRow
from stability_mcp.jobs.rate import Rate
from stability_mcp.jobs.signals import LeaseLostError, UpstreamPausedError


@dataclass(frozen=True, kw_only=True)
class Intent:
    """A request that may go out."""

    job: JobRow
    """The job, now `submitting`, with the number of this attempt."""
    place: int
    """Its place in the rate limit."""


_SUBMIT = text(
    "UPDATE jobs SET state = 'submitting', attempt = attempt + 1, day = :day, sent_at = :now,"
    " error = NULL WHERE id = :job AND state = 'queued' AND attempt = :attempt"
    " AND process = :process AND epoch = :epoch AND cancel_at IS NULL"
)


def begin(  # noqa: PLR0913 -- the job, and what it needs to go out
    connection: Connection, job: JobRow, *, limit: Rate, epoch: int, now: float, ahead: int = 0
) -> Intent:
    """Do T2: place, state, day of the money and ledger, or none of them.

    Args:
        connection: The writer's.
        job: The job as it was read: queued, and driven by this process.
        limit: The rate limit.
        epoch: The epoch of the lease under which it is sent.
        now: Unix seconds.
        ahead: Requests of this process that wait for the next places already.

    Raises:
        NoPlaceError: the rate limit is used up.
        UpstreamPausedError: nothing may be sent with this key.
        LeaseLostError: the job is not this process's to send.
    """
    why = upstream.paused_why(connection, job.upstream)
    if why is not None:
        raise UpstreamPausedError(why)
    place = rate.take(
        connection,
        limit,
        upstream=job.upstream,
        process=job.process or "",
        now=now,
        lane=job.lane,
        ahead=ahead,
    )
    day = spending.move(
        connection, owner=job.owner, upstream=job.upstream, day=job.day, price=job.price, now=now
    )
    key = {"job": job.id, "attempt": job.attempt, "process": job.process, "epoch": epoch}
    if connection.execute(_SUBMIT, key | {"day": day, "now": now}).rowcount != 1:
        raise LeaseLostError(f"job {job.id} is not ours to send")
    attempt = job.attempt + 1
    charges.open_charge(connection, job, attempt=attempt, day=day, now=now)
    sent = replace(job, state="submitting", attempt=attempt, day=day, sent_at=now)
    return Intent(job=sent, place=place)


def out(connection: Connection, place: int, now: float) -> None:
    """Do T2r: the request is out whole, so its place begins to run down."""
    rate.out(connection, place, now)
