"""Connected requests waiting for a rate-limit slot that is about to free up.

A slot is worth most the moment it comes free, and a handshake takes longer than that. So whoever
is about to get one has its line ready, and asks again exactly when the next slot comes free that
nobody in this process waits for already.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from stability_mcp.jobs.models import NoSlotError
from stability_mcp.jobs.rate_limit import MAX_RETRY_SECONDS, RATE_LIMIT

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
