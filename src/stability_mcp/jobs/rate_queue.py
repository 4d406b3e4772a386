"""Queues connected requests for slots of the rate limit, and follows the slot of a request.

A slot is worth most the moment it comes free, and a handshake takes longer than that. So whoever
is about to get one has its line ready, and asks again exactly when the next slot comes free that
nobody in this process waits for already.
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
"""Seconds for which times of requests are gathered: a slot is kept 40 times as long."""

RETRY_SECONDS = 1.0
"""Seconds until times that the disk did not take are written again."""

MAX_IDLE_SECONDS = 1.0
"""Seconds a line may stand idle before its request: servers close those that say nothing."""

T = TypeVar("T")


class RateQueue:
    """The connected requests of one process that wait for a slot."""

    def __init__(self) -> None:
        self.waiting = 0
        """How many wait."""

    async def take_when_free(self, take: Callable[[int], Awaitable[T]]) -> T:
        """Take a slot when there is one.

        Args:
            take: Takes it, or raises; is given how many of this process wait for one already.

        Raises:
            NoSlotError: there is none in time, or the API has locked this key out.
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
    """Whether it is worth connecting: of many who ask at once, one looks for all."""

    def __init__(self) -> None:
        self._turn = anyio.Lock()
        self._full_until: dict[int, tuple[float, str]] = {}

    async def check(self, priority: int, probe: Callable[[], Awaitable[None]]) -> None:
        """Return if there is room.

        Args:
            priority: That of the job that would be sent.
            probe: Looks, and raises where there is none.

        Raises:
            NoSlotError: there is none.
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
    """Slots whose requests are out, until the store knows it.

    A slot runs down from the time its request was out. Nothing waits for that to be written: it
    goes with the answer's own transaction, or with those of other requests in one. What a process
    that dies had not written, recovery writes with a later time, which frees the slot later.

    Args:
        database: The store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sent_at: dict[int, float] = {}
        self._news = anyio.Event()

    def add(self, slot: int, sent_at: float) -> None:
        """Note when the request of a slot was out, in unix seconds."""
        self._sent_at.setdefault(slot, sent_at)
        self._news.set()

    def take(self, slot: int | None) -> float | None:
        """Return when the request of a slot was out, for a transaction that writes it."""
        return None if slot is None else self._sent_at.pop(slot, None)

    async def run(self) -> None:
        """Write what has been noted for a moment, until cancelled."""
        while True:
            await self._news.wait()
            await anyio.sleep(FLUSH_SECONDS)
            await self.flush()
            if self._sent_at:  # the disk did not take them
                await anyio.sleep(RETRY_SECONDS)
                self._news.set()

    async def flush(self) -> None:
        """Write all that is noted; an error of the disk is only logged."""
        self._news = anyio.Event()
        sent_at, self._sent_at = self._sent_at, {}
        if not sent_at:
            return

        def write(connection: Connection) -> None:
            for slot, at in sent_at.items():
                mark_sent(connection, slot, at)

        try:
            await self._database.write(write, name="send.sent")
        except StorageError as error:  # each slot is free after a minute anyway
            log.warning("%d rate slots could not be released yet: %s", len(sent_at), error)
            self._sent_at = sent_at | self._sent_at


class RateSlot:
    """The slot of one request.

    Args:
        sent: Where it is noted that the request is out.
        clock: Gives Unix seconds.
    """

    def __init__(self, sent: SentSlots, clock: Callable[[], float]) -> None:
        self.number: int | None = None
        """None: there is none, or its request is out."""
        self._sent = sent
        self._clock = clock

    def mark_sent(self) -> None:
        """Start the time after which the slot is free, once."""
        if self.number is not None:
            self._sent.add(self.number, self._clock())
            self.number = None
