"""Sends messages to the webhooks of an upstream, at least once; runs in every process.

Idle, it only reads the database's change counter. Rows are read after a change, or when a retry is
due. A claim makes sure that one process sends a message.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import anyio

from stability_mcp.done_target import shown_target
from stability_mcp.errors import StorageError
from stability_mcp.notify import webhook_queue
from stability_mcp.notify.delivery import CLOSING_SECONDS, INTERVAL_SECONDS
from stability_mcp.notify.endpoints import Endpoints
from stability_mcp.notify.posting import Attempt
from stability_mcp.notify.webhook_queue import (
    ClaimedDelivery,
    DueDeliveries,
    DueQuery,
    RunContent,
)
from stability_mcp.store.changes import ChangeWatch
from stability_mcp.store.database import Connection, Database

MAX_CONCURRENT = 16
"""Messages sent at the same time. *Chosen*: four webhooks that time out don't delay a fifth."""
MAX_PER_WEBHOOK = 4
"""Messages sent to one webhook at the same time, so that a slow receiver isn't flooded."""

log = logging.getLogger(__name__)


@dataclass(kw_only=True, eq=False)
class WebhookDelivery:
    """Sends what is due to the webhooks of one upstream."""

    database: Database
    upstream: str
    """Each upstream has its own webhooks, as it has its own jobs."""
    run_content: RunContent
    """Returns what a message says about a run."""
    endpoints: Endpoints = field(default_factory=Endpoints)
    """The connections; closed at the end of `run`."""
    clock: Callable[[], float] = time.time
    """Unix seconds."""
    interval: float = INTERVAL_SECONDS
    """Seconds between two checks."""

    def __post_init__(self) -> None:
        self._changes = ChangeWatch(self.database)
        self._next: float | None = None
        """When the next delivery is due."""
        self._sending: Counter[str] = Counter()
        """Messages in flight by webhook."""
        self._freed = anyio.Event()
        self._claiming = anyio.Lock()
        self._tasks: anyio.abc.TaskGroup | None = None

    async def run(self) -> None:
        """Send messages until cancelled."""
        try:
            async with anyio.create_task_group() as self._tasks:
                while True:
                    self._freed = anyio.Event()
                    while await self._claim_due():
                        pass
                    with anyio.move_on_after(self.interval):
                        await self._freed.wait()
        finally:
            with anyio.CancelScope(shield=True):
                await self.endpoints.close()

    async def finish(self) -> None:
        """Send what is due, and wait up to `CLOSING_SECONDS` for attempts to finish.

        Cancelling `run` releases the rest for the next process.
        """
        with anyio.move_on_after(CLOSING_SECONDS):
            while await self._claim_due() or self._sending:  # noqa: ASYNC110 -- the database has no event to wait for
                await anyio.sleep(INTERVAL_SECONDS / 20)

    async def _claim_due(self) -> int:
        """Claim due deliveries up to the concurrency limit; return how many rows were settled."""
        try:
            async with self._claiming:
                if not await self._is_due() or self._tasks is None:
                    return 0
                found = await self.database.read(self._due)
                if not found:
                    return 0
                now = self.clock()
                claimed = await self.database.write(
                    lambda c: webhook_queue.claim(c, found, now=now), name="notify.webhook_claim"
                )
                for each in claimed:
                    self._sending[each.row.webhook] += 1
                    self._tasks.start_soon(self._deliver, each)
                return len(claimed) + len(found.superseded) + len(found.broken)
        except StorageError as error:
            self._changes.forget()
            log.warning("webhooks are delayed: %s", error)
        except Exception:  # a bug here must not stop the jobs
            self._changes.forget()
            log.exception("internal error while claiming webhook deliveries")
        return 0

    async def _is_due(self) -> bool:
        if self._sending.total() >= MAX_CONCURRENT:
            return False
        if self._changes.changed():
            self._next = await self.database.peek(
                partial(webhook_queue.next_due, upstream=self.upstream)
            )
        return webhook_queue.is_due(self._next, self.clock())

    def _due(self, connection: Connection) -> DueDeliveries:
        """Return what is due, with at most `MAX_PER_WEBHOOK` in flight for each webhook."""
        busy = [name for name, count in self._sending.items() if count >= MAX_PER_WEBHOOK]
        query = DueQuery(
            upstream=self.upstream,
            now=self.clock(),
            limit=MAX_CONCURRENT - self._sending.total(),
            busy=busy,
        )
        found = webhook_queue.due(connection, query, self.run_content)
        counts, ready = self._sending.copy(), []
        for row in found.ready:
            counts[row.webhook] += 1
            if counts[row.webhook] <= MAX_PER_WEBHOOK:
                ready.append(row)
        return replace(found, ready=ready)

    async def _deliver(self, delivery: ClaimedDelivery) -> None:
        done = False
        try:
            attempt = await self._send(delivery)
            done = True
            await self._record(delivery, attempt)
        except StorageError as error:  # the claim expires, and it is sent again
            log.warning("%s: could not be recorded: %s", _named(delivery), error)
        finally:
            self._sending[delivery.row.webhook] -= 1
            self._sending = +self._sending  # without zeros
            self._freed.set()
            if not done:
                with anyio.CancelScope(shield=True):
                    await self._release(delivery)

    async def _send(self, delivery: ClaimedDelivery) -> Attempt:
        """Send a message. A bug here must not stop the jobs."""
        webhook, now = delivery.webhook, self.clock()
        try:
            return await self.endpoints.send(
                webhook.url, delivery.message, webhook.signing_secrets(now), now
            )
        except Exception as error:
            log.exception("%s: internal error", _named(delivery))
            answer = f"internal error ({type(error).__name__})"
            return Attempt(delivered=False, answer=answer, seconds=0)

    async def _record(self, delivery: ClaimedDelivery, attempt: Attempt) -> None:
        now = self.clock()
        recorded = await self.database.write(
            lambda c: webhook_queue.record(c, delivery, attempt, now=now),
            name="notify.webhook_result",
        )
        if recorded.outcome == "disabled":
            log.warning("%s: the webhook is disabled: %s", _named(delivery), recorded.why)
        elif recorded.outcome == "gave up":
            log.warning("%s: %s; gave up", _named(delivery), attempt.answer)
        elif recorded.outcome == "retry":
            log.warning(
                "%s: %s; next attempt in %.0f s", _named(delivery), attempt.answer, recorded.pause
            )

    async def _release(self, delivery: ClaimedDelivery) -> None:
        now = self.clock()
        try:
            await self.database.write(
                lambda c: webhook_queue.release(c, delivery, now=now),
                name="notify.webhook_release",
            )
        except StorageError as error:  # the claim expires
            log.warning("%s: will be sent later: %s", _named(delivery), error)


def _named(delivery: ClaimedDelivery) -> str:
    """Return which delivery a log line is about, without anything secret in its URL."""
    webhook = delivery.webhook
    return f"webhook {webhook.id} ({shown_target(webhook.url)}), message {delivery.row.message}"
