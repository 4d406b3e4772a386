"""Runs blocking file work in threads; used by every layer above.

Commits run on the writer thread and image work has its own threads, so a hanging disk blocks
neither. Folders chosen by the user have separate threads too: they may be on a disconnected drive.

Length: one function that every layer uses.
"""

from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread

T = TypeVar("T")

MAX_FILE_THREADS = 8
"""Threads for the store, and as many for user folders: more would wait for the same disk."""

_threads = anyio.lowlevel.RunVar[anyio.CapacityLimiter]("file_threads")
_user_threads = anyio.lowlevel.RunVar[anyio.CapacityLimiter]("user_file_threads")


async def in_file_thread(work: Callable[[], T], *, of_user: bool = False) -> T:
    """Run blocking file work in a thread and wait for it to finish, even when cancelled.

    Args:
        work: The work.
        of_user: Whether it accesses a folder chosen by the user, which may hang.
    """
    variable = _user_threads if of_user else _threads
    threads = variable.get(None)
    if threads is None:  # a limiter belongs to the running event loop
        threads = anyio.CapacityLimiter(MAX_FILE_THREADS)
        variable.set(threads)
    return await anyio.to_thread.run_sync(work, limiter=threads)
