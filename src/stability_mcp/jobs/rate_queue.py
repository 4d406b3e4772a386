"""Requests that stand: connected, and waiting for a place that comes free in a moment.

A place is worth most the moment it comes free, and a handshake takes longer than that. So whoever
is about to get one has its line ready, and asks again exactly when the next place comes free that
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
    """The requests of one process that stand: so many places are spoken for."""

    def __init__(self) -> None:
        self.waiting = 0
        """How many stand."""

    async def until_taken(self, take: Callable[[int], Awaitable[T]]) -> T:
        """Take a place when there is one.

        Args:
            take: Takes it, or raises; is given how many of this process wait for one already.

        Raises:
            NoPlaceError: there is none in time, or the API has locked this key out.
        """
        deadline = anyio.current_time() + MAX_IDLE_SECONDS
        while True:
            try:
                return await take(self.waiting)
            except NoSlotError as error:
                late = anyio.current_time() + error.seconds > deadline
                if error.why != RATE_LIMIT or late:
                    raise
                await self._stand(error.seconds)

    async def _stand(self, seconds: float) -> None:
        self.waiting += 1
        try:
            await anyio.sleep(seconds)
        finally:
            self.waiting -= 1


class RateGate:
    """Whether it is worth connecting: of many who ask at once, one looks for all."""

    def __init__(self) -> None:
        self._turn = anyio.Lock()
        self._none: dict[int, tuple[float, str]] = {}

    async def see(self, lane: int, look: Callable[[], Awaitable[None]]) -> None:
        """Return if there is room.

        Args:
            lane: Lane of the job that would be sent.
            look: Looks, and raises where there is none.

        Raises:
            NoPlaceError: there is none.
        """
        async with self._turn:
            until, why = self._none.get(lane, (0.0, ""))
            left = until - anyio.current_time()
            if left > 0:
                raise NoSlotError(left, why)
            try:
                await look()
            except NoSlotError as error:
                seconds = min(error.seconds, MAX_RETRY_SECONDS)
                self._none[lane] = anyio.current_time() + seconds, error.why
                raise
