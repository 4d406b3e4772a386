"""The queue of connected requests for slots of the rate limit, and the slot of one request.

A slot is worth most the moment it comes free, and a handshake takes longer than that. So whoever
is about to get one has its line ready, and asks again exactly when the next slot comes free that
nobody in this process waits for already.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
from sqlalchemy import Connection

from stability_mcp.errors import StorageError
from stability_mcp.jobs.models import NoSlotError
from stability_mcp.jobs.rate_limit import MAX_RETRY_SECONDS, RATE_LIMIT
from stability_mcp.jobs.transactions import send
from stability_mcp.store.database import Database

log = logging.getLogger(__name__)

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


class RateSlot:
    """The slot of one request, released when the request is out.

    Args:
        database: The store.
        clock: Gives Unix seconds.
        paid: Whether the request can be charged.
    """

    def __init__(self, database: Database, clock: Callable[[], float], *, paid: bool) -> None:
        self.number: int | None = None
        self._database = database
        self._clock = clock
        self._paid = paid

    async def mark_sent(self) -> None:
        """Start the time after which the slot is free, once."""
        if self.number is None:
            return
        number, now = self.number, self._clock()

        def write(c: Connection) -> None:
            send.mark_sent(c, number, now)

        if self._paid:
            await self._database.write(write, name="send.sent")
        else:
            await self._database.write(write, name="send.free_sent")
        self.number = None

    async def release(self) -> None:
        """Do the same at the end of a request; a disk error is only logged."""
        try:
            await self.mark_sent()
        except StorageError as error:  # the slot is free after a minute anyway
            log.warning("a rate slot could not be released: %s", error)
