"""Deliveries to webhooks: which are due, claimed by a process, delivered, or retried later.

`deliveries.next_at` is when the next attempt is due. While a process sends it, that is when its
claim ends, so another process takes over from one that was killed. All functions run inside a
transaction of the caller.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from stability_mcp.jobs.models import load_job
from stability_mcp.notify import webhooks
from stability_mcp.notify.outbox import job_content
from stability_mcp.notify.posting import Attempt, Message, utc_text
from stability_mcp.notify.webhooks import MAX_ATTEMPTS, RETRY_SECONDS, EventType, WebhookRow
from stability_mcp.store.queries import Connection, load
from stability_mcp.store.tenancy import Account

CLAIM_SECONDS = 60.0
"""Seconds for which one process holds a delivery: four times the timeout of an attempt."""
MAX_DELAY_SECONDS = 2.0 * RETRY_SECONDS[-1]
"""No delivery is due later than this; the margin is for clocks that differ."""
MAX_FAILING_SECONDS = 5 * 86_400.0
"""Seconds of failure, without a success, after which a webhook is disabled. *Chosen*: longer than
all retries of one message."""
GONE = 410
"""The status by which a receiver unsubscribes."""

log = logging.getLogger(__name__)

RunContent = Callable[[Connection, Account, str], Mapping[str, Any]]
"""Returns what a message says about a run; runs are above this package."""


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery that is due."""

    seq: int
    owner: str
    upstream: str
    webhook: str
    message: str
    type: EventType
    subject: str
    ended_at: float
    attempts: int
    next_at: float
    body: str | None
    """The message of an earlier attempt; None: this is the first one."""

    @property
    def account(self) -> Account:
        """Return the account."""
        return Account(owner=self.owner, upstream=self.upstream)

    @property
    def key(self) -> dict[str, Any]:
        """Return the parameters that name the row."""
        return {"seq": self.seq, "owner": self.owner}


@dataclass(frozen=True, kw_only=True)
class ClaimedDelivery:
    """A delivery that this process holds until its claim ends."""

    row: DeliveryRow
    webhook: WebhookRow
    claim: float

    @property
    def message(self) -> Message:
        """Return what is sent."""
        return Message(id=self.row.message, body=(self.row.body or "").encode("ascii"))


@dataclass(frozen=True, kw_only=True)
class DueQuery:
    """Which due deliveries a process can send."""

    upstream: str
    """The upstream of the process."""
    now: float
    """Unix seconds."""
    limit: int
    """Maximum deliveries."""
    busy: Collection[str] = ()
    """Webhooks that are left out."""


@dataclass(frozen=True, kw_only=True)
class DueDeliveries:
    """The deliveries that are due, with their messages."""

    ready: list[DeliveryRow] = field(default_factory=list)
    superseded: list[DeliveryRow] = field(default_factory=list)
    """Never sent, as the job or run has continued since: its next end sends a message."""
    broken: list[DeliveryRow] = field(default_factory=list)
    """Their content could not be made: an internal error. They are retried like failures."""

    def __bool__(self) -> bool:
        return bool(self.ready or self.superseded or self.broken)


Outcome = Literal["delivered", "retry", "gave up", "disabled"]


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What follows from an attempt."""

    outcome: Outcome
    pause: float = 0
    """Seconds until the next attempt."""
    why: str = ""
    """Why the webhook was disabled."""


_SQL = load(__file__)
_next_due = _SQL.value("next_due", float)
_due = _SQL.many("due", DeliveryRow)
_is_current_job = _SQL.value("is_current_job", int)
_is_current_run = _SQL.value("is_current_run", int)
_claim = _SQL.count("claim")
_drop_superseded = _SQL.count("drop_superseded")
_mark_delivered = _SQL.count("mark_delivered")
_mark_failed = _SQL.count("mark_failed")
_release = _SQL.count("release")
_count_success = _SQL.count("count_success")
_count_failure = _SQL.value("count_failure", float)
_is_enabled = _SQL.value("is_enabled", int)
_disable = _SQL.count("disable")
_suspend_deliveries = _SQL.count("suspend_deliveries")


def next_due(connection: Connection, upstream: str) -> float | None:
    """Return when the next delivery of an upstream is due, in unix seconds; None: none is."""
    return _next_due(connection, upstream=upstream)


def is_due(next_at: float | None, now: float) -> bool:
    """Return whether a delivery is due at a time that `next_due` returned."""
    return next_at is not None and not now < next_at <= now + MAX_DELAY_SECONDS


def due(connection: Connection, query: DueQuery, run_content: RunContent) -> DueDeliveries:
    """Return deliveries that are due, oldest first, with the body of each.

    Args:
        connection: The reader's.
        query: Which ones.
        run_content: Describes a run.
    """
    found = DueDeliveries()
    for row in _due(connection, **vars(query), latest=query.now + MAX_DELAY_SECONDS):
        if row.body is not None:
            found.ready.append(row)
            continue
        try:
            content = _content(connection, row, run_content)
        except Exception:  # one message must not hold up the others
            log.exception("internal error while making message %s", row.message)
            found.broken.append(row)
            continue
        if content is None:
            found.superseded.append(row)
        else:
            envelope = {"type": row.type, "timestamp": utc_text(row.ended_at), "data": content}
            body = Message.of(row.message, envelope).body.decode("ascii")
            found.ready.append(replace(row, body=body))
    return found


def _content(
    connection: Connection, row: DeliveryRow, run_content: RunContent
) -> Mapping[str, Any] | None:
    """Return what a message says; None: it is superseded."""
    key = {"owner": row.owner, "message": row.message}
    if row.type != "job.ended":
        if _is_current_run(connection, run=row.subject, **key) is None:
            return None
        return run_content(connection, row.account, row.subject)
    if _is_current_job(connection, job=row.subject, **key) is None:
        return None
    job = load_job(connection, row.subject)
    if job is None:
        return None
    return job_content(connection, job, row.ended_at, with_paths=False)


def claim(connection: Connection, found: DueDeliveries, *, now: float) -> list[ClaimedDelivery]:
    """Claim deliveries that no other process claimed meanwhile.

    Superseded ones are dropped, broken ones postponed.
    """
    for row in found.superseded:
        _drop_superseded(connection, **row.key, next_at=row.next_at)
    for row in found.broken:
        mark = {**row.key, "claim": row.next_at, "now": now, "answer": "internal error"}
        _mark_failed(connection, **mark, next_at=_next_attempt(row, now))
    until = now + CLAIM_SECONDS
    claimed = []
    for row in found.ready:
        if _claim(connection, **row.key, next_at=row.next_at, until=until, body=row.body) != 1:
            continue
        webhook = webhooks.find_or_none(connection, row.account, row.webhook)
        if webhook is not None:
            claimed.append(ClaimedDelivery(row=row, webhook=webhook, claim=until))
    return claimed


def record(
    connection: Connection, delivery: ClaimedDelivery, attempt: Attempt, *, now: float
) -> Recorded:
    """Record an attempt: the message is delivered, retried, or given up.

    A webhook that has failed for `MAX_FAILING_SECONDS`, or answers 410, is disabled.
    """
    row = delivery.row
    key = {"webhook": row.webhook, "owner": row.owner}
    mark = {**row.key, "claim": delivery.claim, "now": now, "answer": attempt.answer}
    if attempt.delivered:
        _mark_delivered(connection, **mark)
        _count_success(connection, **key)
        return Recorded(outcome="delivered")
    retry_at = _next_attempt(row, now)
    since = _count_failure(connection, **key, url=delivery.webhook.url, now=now)
    why = _why_disabled(attempt, since, now)
    is_enabled = not why and _is_enabled(connection, **key) is not None
    _mark_failed(connection, **mark, next_at=retry_at if is_enabled else None)
    if why:
        _disable(connection, **key, now=now, why=why)
        _suspend_deliveries(connection, **key)
        return Recorded(outcome="disabled", why=why)
    if retry_at is None:
        return Recorded(outcome="gave up")
    return Recorded(outcome="retry", pause=retry_at - now)


def _next_attempt(row: DeliveryRow, now: float) -> float | None:
    """Return when a delivery that failed again is due; None: it is given up."""
    return now + RETRY_SECONDS[row.attempts] if row.attempts + 1 < MAX_ATTEMPTS else None


def _why_disabled(attempt: Attempt, since: float | None, now: float) -> str:
    """Return why a failure disables the webhook; "": it doesn't."""
    if since is None:
        return ""
    if attempt.status == GONE:
        return f"It answered {GONE} (Gone), which unsubscribes it."
    if now - since >= MAX_FAILING_SECONDS:
        days = MAX_FAILING_SECONDS / 86_400
        return f"No message was delivered for {days:.0f} days; the last answer: {attempt.answer}."
    return ""


def release(connection: Connection, delivery: ClaimedDelivery, *, now: float) -> None:
    """Give up the claim because this process is stopping; another process sends it."""
    _release(connection, **delivery.row.key, claim=delivery.claim, now=now)
