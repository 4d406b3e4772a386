"""Registered webhooks, jobs that end through the program's own transactions, and a delivery."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

import anyio

from stability_mcp.jobs.models import JobRow, RateLimit
from stability_mcp.jobs.transactions import finish, send
from stability_mcp.notify import webhooks
from stability_mcp.notify.endpoints import Endpoints
from stability_mcp.notify.webhook_delivery import WebhookDelivery
from stability_mcp.notify.webhooks import EVENT_TYPES, EventType, WebhookRow, WebhookWish
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection
from stability_mcp.store.tenancy import Account
from support.jobs.jobs import ACCOUNT, put, row


class Clock:
    """A clock that the test sets."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time."""
        return self.now


async def registered(
    database: Database, url: str, *events: EventType, account: Account = ACCOUNT
) -> WebhookRow:
    """Register a webhook, by default for all events."""
    wish = WebhookWish(url=url, events=events or EVENT_TYPES)
    return await database.write(
        lambda c: webhooks.create(c, account, wish, webhooks.new_secret(), now=1.0),
        name="test.write",
    )


async def found(database: Database, name: str) -> WebhookRow:
    """Return a webhook."""
    return await database.read(lambda c: webhooks.find(c, ACCOUNT, name))


async def failed_jobs(database: Database, *ats: float, error: str = "no") -> list[str]:
    """Let jobs fail unsent at these times."""

    def write(connection: Connection, at: float) -> str:
        [job] = put(connection, now=at).job_ids
        assert finish.fail_free(connection, row(connection, job), error=error, now=at)
        return job

    return [await database.write(partial(write, at=at), name="test.write") for at in ats]


def no_runs(connection: Connection, account: Account, run: str) -> Mapping[str, object]:
    """Describe a run where there are none."""
    raise AssertionError(connection, account, run)


@asynccontextmanager
async def delivering(
    database: Database, clock: Clock, endpoints: Endpoints | None = None
) -> AsyncIterator[WebhookDelivery]:
    """Run a delivery until the block ends."""
    running = WebhookDelivery(
        database=database,
        upstream=ACCOUNT.upstream,
        run_content=no_runs,
        endpoints=endpoints or Endpoints(),
        clock=clock,
        interval=0.02,
    )
    async with anyio.create_task_group() as group:
        group.start_soon(running.run)
        try:
            with anyio.fail_after(30):
                yield running
        finally:
            group.cancel_scope.cancel()


def begun_job(connection: Connection, *, now: float) -> JobRow:
    """Insert a job whose request is being sent."""
    [job] = put(connection, now=now).job_ids
    return send.begin(connection, row(connection, job), limit=RateLimit(), now=now).job


async def lost_job(database: Database, *, now: float) -> str:
    """Let a job end as unknown."""

    def write(connection: Connection) -> str:
        job = begun_job(connection, now=now)
        finish.mark_unknown(connection, job, error="lost", now=now)
        return job.id

    return await database.write(write, name="test.write")


async def late_failure(database: Database, job: str, *, now: float) -> None:
    """Let an unknown job fail by a late response."""
    await database.write(
        lambda c: finish.fail_charged(c, row(c, job), error="late", now=now), name="test.write"
    )
