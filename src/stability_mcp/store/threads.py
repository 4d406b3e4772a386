"""Runs blocking work on files in threads; every layer above uses it.

Commits have the writer's thread and pictures have threads of their own, so a disk that hangs holds
up neither. Folders of the user have their own threads too: they may be on a drive that is away.

Length: one function that every layer uses.
"""

from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread

T = TypeVar("T")

MAX_FILE_THREADS = 8
"""Threads for the store, and as many for folders of the user: more would wait for the same disk."""

_threads = anyio.lowlevel.RunVar[anyio.CapacityLimiter]("file_threads")
_user_threads = anyio.lowlevel.RunVar[anyio.CapacityLimiter]("user_file_threads")


async def in_file_thread(work: Callable[[], T], *, of_user: bool = False) -> T:
    """Run blocking work on files in a thread, and wait for its end even when cancelled.

    Args:
        work: The work.
        of_user: Whether it touches a folder that the user chose, which may hang.
    """
    variable = _user_threads if of_user else _threads
    threads = variable.get(None)
    if threads is None:  # a limiter belongs to the event loop that runs
        threads = anyio.CapacityLimiter(MAX_FILE_THREADS)
        variable.set(threads)
    return await anyio.to_thread.run_sync(work, limiter=threads)
