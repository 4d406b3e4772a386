"""Queues connected requests for rate-limit slots, and records when the request of a slot was sent.

A slot should be used the moment it comes free, and a TLS handshake takes longer than that. So a
request connects before its slot is free. It tries again exactly when a slot comes free that no
other request of this process waits for.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from stability_mcp.errors import StorageError
from stability_mcp.jobs.models import NoSlotError
from stability_mcp.jobs.rate_limit import MAX_RETRY_SECONDS, RATE_LIMIT, mark_sent
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection

log = logging.getLogger(__name__)

FLUSH_SECONDS = 0.25
"""Seconds for which sent times are collected before a write: a slot is kept 40 times as long."""

RETRY_SECONDS = 1.0
"""Seconds before a failed write of sent times is retried."""

MAX_IDLE_SECONDS = 1.0
"""Seconds a connection may stay idle before its request: servers close idle connections."""

T = TypeVar("T")


class RateQueue:
    """Connected requests of this process that wait for a rate-limit slot about to come free."""

    def __init__(self) -> None:
        self.waiting = 0
        """Number of waiting requests."""

    async def take_when_free(self, take: Callable[[int], Awaitable[T]]) -> T:
        """Take a slot as soon as one is free.

        Args:
            take: Takes a slot or raises; gets the number of requests that already wait.

        Raises:
            NoSlotError: no slot comes free in time, or the API has locked this key out.
        """
        deadline = anyio.current_time() + MAX_IDLE_SECONDS
        while True:
            try:
                return await take(self.waiting)
            except NoSlotError as error:
                late = anyio.current_time() + error.seconds > deadline
                if error.why != RATE_LIMIT or late:
                    raise
                await self._wait(error.seconds)

    async def _wait(self, seconds: float) -> None:
        self.waiting += 1
        try:
            await anyio.sleep(seconds)
        finally:
            self.waiting -= 1


class RateGate:
    """Checks rate-limit availability once for concurrent connects."""

    def __init__(self) -> None:
        self._turn = anyio.Lock()
        self._full_until: dict[int, tuple[float, str]] = {}

    async def check(self, priority: int, probe: Callable[[], Awaitable[None]]) -> None:
        """Return if a slot is available.

        Args:
            priority: The priority of the job to send.
            probe: Checks the rate limit, and raises if there is no slot.

        Raises:
            NoSlotError: there is no slot.
        """
        async with self._turn:
            until, why = self._full_until.get(priority, (0.0, ""))
            left = until - anyio.current_time()
            if left > 0:
                raise NoSlotError(left, why)
            try:
                await probe()
            except NoSlotError as error:
                seconds = min(error.seconds, MAX_RETRY_SECONDS)
                self._full_until[priority] = anyio.current_time() + seconds, error.why
                raise


class SentSlots:
    """Sent times of slots, until they are written to the store.

    A slot is released a fixed time after its request was sent. Nothing waits for the sent time to
    be written: it is written in the transaction of the response, or together with those of other
    requests. If a process dies first, recovery writes a later time, which frees the slot later.

    Args:
        database: The store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sent_at: dict[int, float] = {}
        self._added = anyio.Event()

    def add(self, slot: int, sent_at: float) -> None:
        """Add the time at which the request of a slot was sent, in unix seconds."""
        self._sent_at.setdefault(slot, sent_at)
        self._added.set()

    def take(self, slot: int | None) -> float | None:
        """Remove and return the sent time of a slot, for a transaction that writes it."""
        return None if slot is None else self._sent_at.pop(slot, None)

    async def run(self) -> None:
        """Write sent times in batches, until cancelled."""
        while True:
            await self._added.wait()
            await anyio.sleep(FLUSH_SECONDS)
            await self.flush()
            if self._sent_at:  # the write failed
                await anyio.sleep(RETRY_SECONDS)
                self._added.set()

    async def flush(self) -> None:
        """Write all collected sent times; a disk error is only logged."""
        self._added = anyio.Event()
        sent_at, self._sent_at = self._sent_at, {}
        if not sent_at:
            return

        def write(connection: Connection) -> None:
            for slot, at in sent_at.items():
                mark_sent(connection, slot, at)

        try:
            await self._database.write(write, name="send.sent")
        except StorageError as error:  # each slot is released after a minute anyway
            log.warning("%d rate slots could not be released yet: %s", len(sent_at), error)
            self._sent_at = sent_at | self._sent_at


class RateSlot:
    """The slot of one request.

    Args:
        sent: Collects the sent time.
        clock: Returns unix seconds.
    """

    def __init__(self, sent: SentSlots, clock: Callable[[], float]) -> None:
        self.number: int | None = None
        """None: no slot is taken, or its request has been sent."""
        self._sent = sent
        self._clock = clock

    def mark_sent(self) -> None:
        """Record the sent time of the slot, once."""
        if self.number is not None:
            self._sent.add(self.number, self._clock())
            self.number = None
