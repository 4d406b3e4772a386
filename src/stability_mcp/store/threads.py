"""Runs blocking work on files in the one pool of threads for it; used by every layer above.

Commits have the writer's thread and pictures have threads of their own, so a disk that hangs holds
up neither.

Length: one function that every layer uses.
"""

from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread

T = TypeVar("T")

MAX_FILE_THREADS = 16
"""Threads: more would wait for the same disk; some may hang in a folder on a drive that is away."""

_threads = anyio.lowlevel.RunVar[anyio.CapacityLimiter]("file_threads")


async def in_file_thread(work: Callable[[], T]) -> T:
    """Run blocking work on files in a thread, and wait for its end even when cancelled."""
    threads = _threads.get(None)
    if threads is None:  # a limiter belongs to the event loop that runs
        threads = anyio.CapacityLimiter(MAX_FILE_THREADS)
        _threads.set(threads)
    return await anyio.to_thread.run_sync(work, limiter=threads)
