"""One purse of memory for all work on pictures, and the two threads that may do it.

Unpacked pictures are large: eight previews at once would need a gigabyte, and more than two threads
make the event loop lag. So whoever unpacks one first takes the bytes it will need from here.
"""

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TypeVar, TypeVarTuple

import anyio
import anyio.lowlevel
import anyio.to_thread

from stability_mcp.imaging.facts import Facts

Arguments = TypeVarTuple("Arguments")
T = TypeVar("T")

MAX_MEMORY_BYTES = 256 * 1024 * 1024
"""Bytes that all unpacked pictures together may take."""
MAX_THREADS = 2

_WEBP = 15.4
_WEBP_WITH_ALPHA = 17.4
_AVIF = 12.0
_PROGRESSIVE_JPEG = 7.5
_FOUR_CHANNELS = 9.0
_THREE_CHANNELS = 5.0


def estimate(facts: Facts | Iterable[Facts]) -> int:
    """Return how many bytes it takes to unpack and scale a picture (measured with Pillow 12).

    Several pictures are worked on one after the other, so the largest counts.
    """
    if not isinstance(facts, Facts):
        return max((estimate(one) for one in facts), default=0)
    if facts.media_type == "image/webp":
        each = _WEBP_WITH_ALPHA if facts.has_alpha else _WEBP
    elif facts.media_type == "image/avif":
        each = _AVIF
    elif facts.media_type == "image/jpeg" and facts.progressive:
        each = _PROGRESSIVE_JPEG
    elif facts.has_alpha or facts.mode == "CMYK" or facts.depth > 8:  # noqa: PLR2004 -- bits
        each = _FOUR_CHANNELS
    else:
        each = _THREE_CHANNELS
    return int(each * facts.pixels)


class _Purse:
    """Bytes that are lent in the order they were asked for."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._free = size
        self._waiting: deque[tuple[int, anyio.Event]] = deque()

    @asynccontextmanager
    async def lend(self, size: int) -> AsyncIterator[None]:
        """Hold so many bytes, waiting for them; more than there are means all of them."""
        size = min(size, self._size)
        entry = (size, anyio.Event())
        self._waiting.append(entry)
        self._serve()
        try:
            await entry[1].wait()
        except BaseException:  # cancelled: give back what was taken, or leave the line
            if entry[1].is_set():
                self._free += size
            else:
                self._waiting.remove(entry)
            self._serve()
            raise
        try:
            yield
        finally:
            self._free += size
            self._serve()

    def _serve(self) -> None:
        """Serve the first in line only: else a large picture waits behind small ones for ever."""
        while self._waiting and self._waiting[0][0] <= self._free:
            size, served = self._waiting.popleft()
            self._free -= size
            served.set()


_purse = anyio.lowlevel.RunVar[_Purse]("imaging_memory")
_threads = anyio.lowlevel.RunVar[anyio.CapacityLimiter]("imaging_threads")


@asynccontextmanager
async def imaging_memory(size: int) -> AsyncIterator[None]:
    """Hold `size` bytes of the memory for pictures; waits in line until they are free."""
    purse = _purse.get(None)
    if purse is None:
        purse = _Purse(MAX_MEMORY_BYTES)
        _purse.set(purse)
    async with purse.lend(size):
        yield


async def run(
    function: Callable[[*Arguments], T],
    *arguments: *Arguments,
    facts: Facts | Iterable[Facts] | int,
) -> T:
    """Call a function of this package in a thread, when there is a thread and memory for it.

    Args:
        function: What to call; it blocks. `functools.partial` binds its options.
        arguments: What to call it with.
        facts: What it will unpack, or the bytes that takes.
    """
    threads = _threads.get(None)
    if threads is None:
        threads = anyio.CapacityLimiter(MAX_THREADS)
        _threads.set(threads)
    size = facts if isinstance(facts, int) else estimate(facts)
    async with imaging_memory(size):
        return await anyio.to_thread.run_sync(function, *arguments, limiter=threads)
