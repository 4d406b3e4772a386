"""Disk space and open files: the reserve, preallocation, free bytes, the open-file limit.

Every function blocks. The reserve is a file that is deleted when the disk is full, so that the
journal can still record responses that were charged.
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
        """Do nothing: sockets aren't files on Windows."""

else:
    import resource
    from contextlib import suppress

    def allow_open_files(count: int) -> None:
        """Raise the open-file limit to `count`, as far as the system allows; never lower it."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY:
            count = min(count, hard)
        if soft != resource.RLIM_INFINITY and soft < count:
            with suppress(OSError, ValueError):  # macOS has a second limit that it doesn't report
                resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


MIN_FREE_BYTES = 256 * 1024 * 1024
"""Free bytes required before a paid request: for the journal, the media and other programs."""

RESERVE_BYTES = 8 * 1024 * 1024
"""Size of the reserve: enough to journal a few hundred responses of 20 to 40 KB each."""

RESERVE_NAME = "reserve"

_FULL_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FULL_SQLITE_CODES = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
"""SQLITE_IOERR too: SQLite reports it at a file size limit and for a full disk found by fsync."""
_UNSUPPORTED_ERRNOS = frozenset(
    {errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EBADF, errno.ENODEV}
)
"""Errors from file systems that can't preallocate."""


class Reserve:
    """The reserve of one store; every method blocks.

    Args:
        home: Folder of the store.
        size: Size of the reserve in bytes.
    """

    def __init__(self, home: Path, size: int = RESERVE_BYTES) -> None:
        self._file = home / RESERVE_NAME
        self._size = size

    def make(self) -> None:
        """Create the reserve if it is missing; if that fails, continue without one."""
        try:
            if self._file.exists() and self._file.stat().st_size >= self._size:
                return
            if not preallocate(self._file, self._size):
                # Random bytes: some file systems don't allocate space for zeros.
                self._file.write_bytes(os.urandom(self._size))
        except OSError:
            self.release()

    def release(self) -> bool:
        """Delete the reserve to free its space; return whether there was one."""
        try:
            self._file.unlink()
        except OSError:
            return False
        return True


def preallocate(path: Path, size: int) -> bool:
    """Allocate disk space for a file of `size` bytes, which may already exist.

    Returns:
        False if the system can't preallocate: the file keeps its size.

    Raises:
        OSError: the disk is full or the folder isn't writable; no file is left behind.
    """
    # Where a file system can't preallocate, the C library writes a byte into every block, which
    # takes 15 ms for 32 MB and wears the disk. It doesn't for a descriptor opened with O_APPEND.
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
    """Return the free bytes on a store's disk; None if its file system doesn't report them."""
    usage = shutil.disk_usage(home)
    return usage.free if usage.total else None


def is_full(error: BaseException | None) -> bool:
    """Return whether an error, or one of its causes, means that the disk is full."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL_ERRNOS:
            return True
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
        if code & 0xFF in _FULL_SQLITE_CODES:
            return True
        error = error.__cause__
    return False
