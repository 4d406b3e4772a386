"""Notifies a webhook or a command (STABILITY_ON_DONE) of finished jobs, at least once."""

import logging
import time
from collections.abc import Callable
from functools import partial

import anyio

from stability_mcp.errors import StorageError
from stability_mcp.notify import outbox
from stability_mcp.notify.outbox import ClaimedNotification, DueNotification
from stability_mcp.notify.posting import Attempt
from stability_mcp.notify.targets import Target
from stability_mcp.store.database import Database
from stability_mcp.store.tenancy import Account

INTERVAL_SECONDS = 1.0
"""Seconds between two polls of the database."""
MAX_CONCURRENT = 4
"""Notifications sent at the same time."""
CLOSING_SECONDS = 2.0
"""Seconds that a closing server waits for notifications; hosts don't wait longer for it to exit."""

log = logging.getLogger(__name__)


class Delivery:
    """Sends notifications of the finished jobs of one account.

    Args:
        database: The store.
        target: Where they are sent; closed at the end of `run`.
        account: The account.
        clock: Unix seconds.
        interval: Seconds between two polls of the database.
    """

    def __init__(
        self,
        database: Database,
        target: Target,
        account: Account,
        *,
        clock: Callable[[], float] = time.time,
        interval: float = INTERVAL_SECONDS,
    ) -> None:
        self._database = database
        self._account = account
        self._clock = clock
        self._interval = interval
        self._target = target
        self._since = 0.0
        self._delivering: set[str] = set()
        self._claiming = anyio.Lock()
        self._tasks: anyio.abc.TaskGroup | None = None

    async def begin(self) -> None:
        """Record that notifications start now; call it before a job of this process can finish.

        Raises:
            StorageError: the store cannot be written.
        """
        self._since = await self._database.write(
            lambda c: outbox.start(c, self._account, now=self._clock()),
            name="notify.start",
        )

    async def run(self) -> None:
        """Send notifications until cancelled."""
        try:
            async with anyio.create_task_group() as self._tasks:
                while True:
                    await self._claim_due()
                    await anyio.sleep(self._interval)
        finally:
            with anyio.CancelScope(shield=True):
                await self._target.close()

    async def finish(self) -> None:
        """Send what is due, and wait up to `CLOSING_SECONDS` for deliveries to finish.

        Cancelling `run` releases the rest for the next process.
        """
        with anyio.move_on_after(CLOSING_SECONDS):
            while await self._claim_due() or self._delivering:  # noqa: ASYNC110 -- the database has no event to wait for
                await anyio.sleep(INTERVAL_SECONDS / 20)

    async def _claim_due(self) -> int:
        """Claim due notifications up to the concurrency limit; return how many."""
        claimed = 0
        try:
            async with self._claiming:
                for each in await self._due():
                    claimed += await self._claim(each)
        except StorageError as error:
            log.warning("job notifications are delayed: %s", error)
        except Exception:  # a bug here must not stop the jobs
            log.exception("internal error while claiming job notifications")
        return claimed

    async def _due(self) -> list[DueNotification]:
        room = MAX_CONCURRENT - len(self._delivering)
        if room <= 0 or self._tasks is None:
            return []
        query = partial(
            outbox.due,
            account=self._account,
            since=self._since,
            now=self._clock(),
            limit=room,
        )
        return await self._database.read(query)

    async def _claim(self, found: DueNotification) -> bool:
        now = self._clock()
        notification = await self._database.write(
            lambda c: outbox.claim(c, found, now=now), name="notify.claim"
        )
        if notification is None or self._tasks is None:
            return False
        self._delivering.add(notification.job)
        self._tasks.start_soon(self._deliver, notification)
        return True

    async def _deliver(self, notification: ClaimedNotification) -> None:
        done = False
        try:
            attempt = await self._send(notification)
            done = True
            await self._record(notification, attempt)
        except StorageError as error:  # the claim expires, and it is sent again
            log.warning(
                "job %s: the delivery of its notification could not be recorded: %s",
                notification.job,
                error,
            )
        finally:
            self._delivering.discard(notification.job)
            if not done:
                with anyio.CancelScope(shield=True):
                    await self._release(notification)

    async def _send(self, notification: ClaimedNotification) -> Attempt:
        """Send a notification. A bug here must not stop the jobs."""
        try:
            return await self._target.send(notification.message)
        except Exception as error:
            log.exception("job %s: internal error while sending its notification", notification.job)
            answer = f"internal error ({type(error).__name__})"
            return Attempt(delivered=False, answer=answer, seconds=0)

    async def _record(self, notification: ClaimedNotification, attempt: Attempt) -> None:
        now = self._clock()
        if attempt.delivered:
            await self._database.write(
                lambda c: outbox.mark_delivered(c, notification, now=now), name="notify.delivered"
            )
            return
        pause = await self._database.write(
            lambda c: outbox.mark_failed(c, notification, now=now), name="notify.failed"
        )
        log.warning(
            "job %s: notification to %s failed: %s; next attempt in %.0f s",
            notification.job,
            self._target.name,
            attempt.answer,
            pause,
        )

    async def _release(self, notification: ClaimedNotification) -> None:
        now = self._clock()
        try:
            await self._database.write(
                lambda c: outbox.release(c, notification, now=now), name="notify.release"
            )
        except StorageError as error:  # the claim expires
            log.warning("job %s: its notification will be sent later: %s", notification.job, error)
