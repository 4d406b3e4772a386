"""A memory budget for all image processing, and the two threads that run it.

Decoded pictures are large: eight concurrent previews would need a gigabyte, and more than two
threads make the event loop lag. So code reserves the bytes it needs here before it decodes.
"""

import traceback
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from functools import cache, partial
from typing import TypeVar, TypeVarTuple

import anyio
import anyio.lowlevel
import anyio.to_thread

from stability_mcp.imaging.facts import Facts

Arguments = TypeVarTuple("Arguments")
T = TypeVar("T")

MAX_MEMORY_BYTES = 256 * 1024 * 1024
"""Maximum bytes of all decoded pictures together."""
MAX_THREADS = 2
LARGE_BLOCK_BYTES = 4 * 1024 * 1024
"""Blocks of this size are given back when they are freed; Pillow allocates 16 MB at a time."""
_M_MMAP_THRESHOLD = -3
"""The option of glibc's `mallopt`, from malloc.h."""

_WEBP = 15.4
_WEBP_WITH_ALPHA = 17.4
_AVIF = 12.0
_PROGRESSIVE_JPEG = 7.5
_GIF = 11.0
_MODEL_BYTES = 140_000_000
"""For drawing a 3D model: its views, one decoded texture of 4096x4096 with alpha, and the geometry
of 1,000,000 triangles (measured at up to 132 MB, on top of the file)."""
_SOUND_BYTES = 16_000_000
"""For measuring and drawing a sound: blocks of samples, and the levels of 8 channels. An MP3 is
read at once."""
_FOUR_CHANNELS = 9.0
_THREE_CHANNELS = 5.0


def estimate(facts: Facts | Iterable[Facts]) -> int:
    """Return the bytes needed to decode and scale a picture, or to draw something else.

    Measured with Pillow 12.

    Several pictures are processed one after the other, so the largest counts.
    """
    if not isinstance(facts, Facts):
        return max((estimate(one) for one in facts), default=0)
    if facts.kind == "model":
        return _MODEL_BYTES + facts.bytes
    if facts.kind == "audio":
        return _SOUND_BYTES + (facts.bytes if facts.media_type == "audio/mpeg" else 0)
    if facts.media_type == "image/webp":
        each = _WEBP_WITH_ALPHA if facts.has_alpha else _WEBP
    elif facts.media_type == "image/avif":
        each = _AVIF
    elif facts.media_type == "image/gif":
        each = _GIF
    elif facts.media_type == "image/jpeg" and facts.progressive:
        each = _PROGRESSIVE_JPEG
    elif facts.has_alpha or facts.mode == "CMYK" or facts.depth > 8:  # noqa: PLR2004 -- bits
        each = _FOUR_CHANNELS
    else:
        each = _THREE_CHANNELS
    return int(each * facts.pixels)


class _MemoryPool:
    """Reserves bytes in the order of the requests."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._free = size
        self._waiting: deque[tuple[int, anyio.Event]] = deque()

    @asynccontextmanager
    async def reserve(self, size: int) -> AsyncIterator[None]:
        """Wait until `size` bytes (at most the whole pool) are free, and reserve them."""
        size = min(size, self._size)
        entry = (size, anyio.Event())
        self._waiting.append(entry)
        self._grant()
        try:
            await entry[1].wait()
        except BaseException:  # cancelled: release the reservation, or leave the queue
            if entry[1].is_set():
                self._free += size
            else:
                self._waiting.remove(entry)
            self._grant()
            raise
        try:
            yield
        finally:
            self._free += size
            self._grant()

    def _grant(self) -> None:
        """Grant requests strictly in order: otherwise small pictures would starve a large one."""
        while self._waiting and self._waiting[0][0] <= self._free:
            size, granted = self._waiting.popleft()
            self._free -= size
            granted.set()


_pool = anyio.lowlevel.RunVar[_MemoryPool]("imaging_memory")
_threads = anyio.lowlevel.RunVar[anyio.CapacityLimiter]("imaging_threads")


@asynccontextmanager
async def imaging_memory(size: int) -> AsyncIterator[None]:
    """Reserve `size` bytes of the memory for pictures; waits until they are free."""
    pool = _pool.get(None)
    if pool is None:
        pool = _MemoryPool(MAX_MEMORY_BYTES)
        _pool.set(pool)
    async with pool.reserve(size):
        yield


async def run(
    function: Callable[[*Arguments], T],
    *arguments: *Arguments,
    facts: Facts | Iterable[Facts] | int,
) -> T:
    """Run a function of this package in a thread, once a thread and enough memory are free.

    Args:
        function: The function; it blocks. `functools.partial` binds its options.
        arguments: Its arguments.
        facts: The facts of the files it will decode, or the bytes needed for that.
    """
    threads = _threads.get(None)
    if threads is None:
        threads = anyio.CapacityLimiter(MAX_THREADS)
        _threads.set(threads)
    size = facts if isinstance(facts, int) else estimate(facts)
    async with imaging_memory(size):
        _give_back_large_blocks()
        return await anyio.to_thread.run_sync(
            partial(_released_on_error, function, *arguments), limiter=threads
        )


@cache
def _give_back_large_blocks() -> None:
    """Let glibc return large freed blocks to the system at once; does nothing on other systems.

    Otherwise it raises its threshold with each freed block, and threads keep the largest picture
    that they ever decoded: measured 90 MB after a picture of 16 megapixels.
    """
    import ctypes

    with suppress(AttributeError, OSError, TypeError):  # macOS, musl, Windows
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES)


def _released_on_error(function: Callable[[*Arguments], T], *arguments: *Arguments) -> T:
    """Call a function; if it fails, free its pictures although its error is kept.

    An error refers to the variables of each call it passed. The thread keeps it until its next
    work, and so a decoder with its buffers, which no longer count as reserved.
    """
    try:
        return function(*arguments)
    except Exception as error:
        cause: BaseException | None = error
        while cause is not None:
            traceback.clear_frames(cause.__traceback__)
            cause = cause.__cause__ or cause.__context__
        raise
