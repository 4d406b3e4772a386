"""Threads for files: so many that a stuck disk or a cloud folder's placeholder holds up no commit.

The database and the imaging have threads of their own.
"""

from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread

T = TypeVar("T")

THREADS = 8

_threads = anyio.lowlevel.RunVar[anyio.CapacityLimiter]("media_file_threads")


async def in_file_thread(work: Callable[[], T]) -> T:
    """Run blocking work on files in a thread, and wait for its end even when cancelled."""
    threads = _threads.get(None)
    if threads is None:
        threads = anyio.CapacityLimiter(THREADS)
        _threads.set(threads)
    return await anyio.to_thread.run_sync(work, limiter=threads)
