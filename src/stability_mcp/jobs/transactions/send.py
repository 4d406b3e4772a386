"""T2, T2r, T3 and T3d: the intent, the slot once the request is out, the answer's headers."""

from dataclasses import dataclass, replace

from sqlalchemy import Connection, text

from stability_mcp.client.models import Answer
from stability_mcp.jobs import budget, rate_limit
from stability_mcp.jobs.models import JobRow, LeaseLostError, RateLimit, UpstreamPausedError
from stability_mcp.jobs.rate_limit import SlotRequest
from stability_mcp.jobs.transactions import usage

_SUBMIT = text(
    "UPDATE jobs SET state = 'submitting', attempt = attempt + 1, day = :day, sent_at = :now,"
    " error = NULL WHERE id = :job AND state = 'queued' AND attempt = :attempt"
    " AND process = :process AND epoch = :epoch AND cancel_at IS NULL"
)

_SAVE_HEADERS = text(
    "UPDATE jobs SET state = 'storing', answer = :answer, answered_at = :now, finished_at = NULL,"
    " error = NULL WHERE id = :job AND attempt = :attempt AND state IN ('submitting', 'unknown')"
)
_SAVE_GENERATION = text(
    "UPDATE jobs SET state = 'submitted', generation = :generation, answered_at = :now,"
    " wake_at = :wake_at, finished_at = NULL, error = NULL"
    " WHERE id = :job AND attempt = :attempt AND state IN ('submitting', 'unknown')"
)


@dataclass(frozen=True, kw_only=True)
class SendIntent:
    """A request that may go out."""

    job: JobRow
    """The job, now `submitting`, with the number of this attempt."""
    slot: int
    """Its slot in the rate limit."""


def begin(
    connection: Connection, job: JobRow, *, limit: RateLimit, now: float, ahead: int = 0
) -> SendIntent:
    """Do T2: slot, state, day of the money and ledger, or none of them.

    Args:
        connection: The writer's.
        job: The job as it was read: queued, driven by this process, in the epoch of its lease.
        limit: The rate limit.
        now: Unix seconds.
        ahead: Requests of this process that wait for the next slots already.

    Raises:
        NoSlotError: the rate limit is used up.
        UpstreamPausedError: nothing may be sent with this key.
        LeaseLostError: the job is not this process's to send.
    """
    why = usage.paused_why(connection, job.upstream)
    if why is not None:
        raise UpstreamPausedError(why)
    process = job.process or ""
    wanted = SlotRequest(upstream=job.upstream, process=process, priority=job.lane, ahead=ahead)
    slot = rate_limit.take_slot(connection, limit, wanted, now=now)
    day = budget.move_reservation(connection, job.account, day=job.day, price=job.price, now=now)
    key = {"job": job.id, "attempt": job.attempt, "process": job.process, "epoch": job.epoch}
    if connection.execute(_SUBMIT, key | {"day": day, "now": now}).rowcount != 1:
        raise LeaseLostError(f"job {job.id} is not ours to send")
    attempt = job.attempt + 1
    budget.open_charge(connection, job, attempt=attempt, day=day, now=now)
    sent = replace(job, state="submitting", attempt=attempt, day=day, sent_at=now)
    return SendIntent(job=sent, slot=slot)


def mark_sent(connection: Connection, slot: int, now: float) -> None:
    """Do T2r: the request is out whole, so its slot begins to run down."""
    rate_limit.mark_sent(connection, slot, now)


def save_headers(connection: Connection, job: JobRow, answer: Answer, *, now: float) -> bool:
    """Do T3: keep the headers while the body streams; seed and finish reason are nowhere else."""
    key = {"job": job.id, "attempt": job.attempt}
    row = key | {"answer": answer.to_json(), "now": now}
    return connection.execute(_SAVE_HEADERS, row).rowcount == 1


def save_generation(
    connection: Connection, job: JobRow, generation: str, *, wake_at: float, now: float
) -> bool:
    """Do T3d: keep the id by which the generation is fetched, for as long as the API keeps it."""
    key = {"job": job.id, "attempt": job.attempt}
    row = key | {"generation": generation, "wake_at": wake_at, "now": now}
    return connection.execute(_SAVE_GENERATION, row).rowcount == 1
