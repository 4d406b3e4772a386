"""T2, T3 and T3d: journals the intent to send, then the response headers."""

from dataclasses import dataclass, replace

from stability_mcp.client.models import Answer
from stability_mcp.jobs import budget, rate_limit
from stability_mcp.jobs.models import JobRow, LeaseLostError, RateLimit, UpstreamPausedError
from stability_mcp.jobs.rate_limit import SlotRequest
from stability_mcp.store.queries import Connection, load


@dataclass(frozen=True, slots=True)
class _Gate:
    blocked_until: float
    paused_why: str | None
    latest_day: str | None


_SQL = load(__file__)
_gate = _SQL.one("gate", _Gate)
_submit = _SQL.count("submit")
_save_headers = _SQL.count("save_headers")
_save_generation = _SQL.count("save_generation")


@dataclass(frozen=True, kw_only=True)
class SendIntent:
    """A request that may be sent."""

    job: JobRow
    """The job, now `submitting`, with the number of this attempt."""
    slot: int
    """Its rate-limit slot."""


def begin(
    connection: Connection, job: JobRow, *, limit: RateLimit, now: float, ahead: int = 0
) -> SendIntent:
    """Do T2: write slot, state, day of the charge and ledger row, or none of them.

    Args:
        connection: The writer's.
        job: The job as it was read: queued, owned by this process, at its lease version.
        limit: The rate limit.
        now: Unix seconds.
        ahead: How many requests of this process already wait for the next slots.

    Raises:
        NoSlotError: the rate limit is used up.
        UpstreamPausedError: nothing may be sent with this key.
        LeaseLostError: this process may no longer send the job.
    """
    gate = _gate(connection, **job.account.key)
    if gate is None:
        raise LookupError(f"the upstream of job {job.id} is not registered")
    if gate.paused_why is not None:
        raise UpstreamPausedError(gate.paused_why)
    process = job.process or ""
    wanted = SlotRequest(upstream=job.upstream, process=process, priority=job.priority, ahead=ahead)
    slot = rate_limit.take_slot(
        connection, limit, wanted, now=now, blocked_until=gate.blocked_until
    )
    today = budget.later_day(now, gate.latest_day)
    budget.move_reservation(connection, job.account, day=job.day, today=today, price=job.price)
    key = {
        "job": job.id,
        "attempt": job.attempt,
        "process": job.process,
        "lease_version": job.lease_version,
    }
    if _submit(connection, **key, day=today, now=now) != 1:
        raise LeaseLostError(f"this process may no longer send job {job.id}")
    attempt = job.attempt + 1
    budget.open_charge(connection, job, attempt=attempt, day=today, now=now)
    sent = replace(job, state="submitting", attempt=attempt, day=today, sent_at=now)
    return SendIntent(job=sent, slot=slot)


def save_headers(connection: Connection, job: JobRow, answer: Answer, *, now: float) -> bool:
    """Do T3: save the headers while the body streams; only they contain seed and finish reason."""
    row = {"job": job.id, "attempt": job.attempt, "answer": answer.to_json()}
    return _save_headers(connection, **row, now=now) == 1


def save_generation(
    connection: Connection, job: JobRow, generation: str, *, wake_at: float, now: float
) -> bool:
    """Do T3d: save the id by which the generation can be fetched while the API keeps it."""
    row = {"job": job.id, "attempt": job.attempt, "generation": generation, "wake_at": wake_at}
    return _save_generation(connection, **row, now=now) == 1
