"""Disk room and open files: the reserve, preallocation, free bytes, and the limit of open files.

Every function blocks. The reserve is a file that is deleted when the disk is full, so that answers
that were paid for can still be written to the journal.
"""

import errno
import os
import shutil
import sqlite3
import sys
from pathlib import Path

from stability_mcp.store.locks import PRIVATE_FILE

if sys.platform == "win32":

    def allow_open_files(count: int) -> None:
        """Do nothing: sockets are no files here."""

else:
    import resource
    from contextlib import suppress

    def allow_open_files(count: int) -> None:
        """See to it that so many files may be open, as far as the system allows; never fewer."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY:
            count = min(count, hard)
        if soft != resource.RLIM_INFINITY and soft < count:
            with suppress(OSError, ValueError):  # macOS has a second limit, which it does not tell
                resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


MIN_FREE_BYTES = 256 * 1024 * 1024
"""Bytes that stay free before anything is paid: for the journal, the media and everybody else."""

RESERVE_BYTES = 8 * 1024 * 1024
"""Bytes of the reserve: enough to journal some hundred answers, which take 20 to 40 KB each."""

RESERVE_NAME = "reserve"

_FULL_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FULL_SQLITE_CODES = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
"""Also the latter: a file that may not grow, and room that is missed only by fsync, end so."""
_UNSUPPORTED_ERRNOS = frozenset(
    {errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EBADF, errno.ENODEV}
)
"""What a file system answers that cannot give room ahead."""


class Reserve:
    """The reserve of one store; every method blocks.

    Args:
        home: Folder of the store.
        size: Its bytes.
    """

    def __init__(self, home: Path, size: int = RESERVE_BYTES) -> None:
        self._file = home / RESERVE_NAME
        self._size = size

    def make(self) -> None:
        """Put it there unless it is; where it cannot be made, things go on without."""
        try:
            if self._file.exists() and self._file.stat().st_size >= self._size:
                return
            if not preallocate(self._file, self._size):
                # Random, for there are file systems that give zeros no room.
                self._file.write_bytes(os.urandom(self._size))
        except OSError:
            self.give_up()

    def give_up(self) -> bool:
        """Give its room to whoever writes next; return whether there was any."""
        try:
            self._file.unlink()
        except OSError:
            return False
        return True


def preallocate(path: Path, size: int) -> bool:
    """Make a file of `size` bytes whose room nobody can take any more; it may be there already.

    Returns:
        False where the system cannot: then the file is as large as it was.

    Raises:
        OSError: there is no room, or the folder cannot be written; nothing is left behind.
    """
    # The C library would write a byte into every block where a file system cannot do it, which
    # takes 15 ms for 32 MB and wears the disk; to a descriptor that appends it does not.
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, PRIVATE_FILE)
    try:
        fallocate = getattr(os, "posix_fallocate", None)
        if fallocate is None:  # macOS and Windows
            return False
        fallocate(descriptor, 0, size)
    except OSError as error:
        if error.errno in _UNSUPPORTED_ERRNOS:
            return False
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    return True


def free_bytes(home: Path) -> int | None:
    """Return how much room the disk of a store has; None: its file system does not tell."""
    usage = shutil.disk_usage(home)
    return usage.free if usage.total else None


def is_full(error: BaseException | None) -> bool:
    """Return whether room on the disk is what was missing, told by the error or its causes."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL_ERRNOS:
            return True
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
        if code & 0xFF in _FULL_SQLITE_CODES:
            return True
        error = error.__cause__
    return False
