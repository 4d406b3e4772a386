"""Locks between processes: operating system locks on files.

* `FileLock` blocks until it is free: the write lock of the database. SQLite's own busy handler
  sleeps and polls, and SQLite before 3.51.3 can corrupt a WAL database when one connection commits
  while another checkpoints. Writers that never overlap avoid both.
* `HeldLock` is taken without waiting and held for the lifetime of its process. It shows other
  processes that the owner is alive: the operating system releases it however the process ends.
* `SharedLock` shows that its process uses something; any number of processes hold it at once. A
  `HeldLock` on the same file fails while one of them does.
* `Guards` keep other processes from removing files that this one needs.
"""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from weakref import WeakSet

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


class FileLock:
    """An exclusive lock between processes; within a process use it from one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the lock and hold it for the duration of the block."""
        _lock(self._file)
        try:
            yield
        finally:
            _unlock(self._file)

    def close(self) -> None:
        """Close the file, which also releases the lock; it can't be taken again."""
        file, self._file = self._file, -1
        os.close(file)


class HeldLock:
    """A lock that this process holds until `release`; forked children don't hold it.

    Args:
        path: The lock file; created if missing.

    Raises:
        BlockingIOError: this process or another already holds it.
        OSError: the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        if not _try(self._file):
            os.close(self._file)
            raise BlockingIOError(errno.EAGAIN, "the lock is held", str(path))
        _held.add(self)

    def is_linked(self) -> bool:
        """Return whether the lock file still exists: a deleted file can still be locked."""
        return os.fstat(self._file).st_nlink > 0

    def release(self) -> None:
        """Release the lock; further calls do nothing."""
        _held.discard(self)
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)


class SharedLock:
    """A lock that any number of processes hold at once; forked children don't hold it.

    On Windows it does nothing: files that are open can't be replaced there.

    Args:
        path: The lock file; created if missing. Waits while another process has a `HeldLock` on it.

    Raises:
        OSError: the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        _share(self._file)
        _held.add(self)

    def release(self) -> None:
        """Release the lock; further calls do nothing."""
        _held.discard(self)
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)


_held: "WeakSet[HeldLock | SharedLock]" = WeakSet()


def _release_in_child() -> None:
    """Close inherited lock files after a fork: they would keep a dead parent's locks held."""
    for lock in list(_held):
        lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_release_in_child)


def try_lock(path: Path, locks: ExitStack) -> bool:
    """Take a lock until `locks` is closed, if its owner is dead; return whether it was taken.

    A missing lock file is recreated: while this process holds it, an owner that is alive after all
    can't take it back. A file that was deleted before its lock was taken counts as held.
    """
    try:
        lock = HeldLock(path)
    except OSError:
        return False
    locks.callback(lock.release)
    return lock.is_linked() or sys.platform == "win32"


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        while True:
            os.lseek(file, 0, os.SEEK_SET)
            try:
                msvcrt.locking(file, msvcrt.LK_LOCK, 1)  # waits 10 s, then raises
            except OSError:
                continue
            return

    def _unlock(file: int) -> None:
        os.lseek(file, 0, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)

    def _try(file: int) -> bool:
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _share(file: int) -> None:
        """Do nothing."""

    _is_free = _try

else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX)

    def _unlock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)

    def _try(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _share(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_SH)

    def _is_free(file: int) -> bool:
        try:
            # A shared lock, so that two processes that check don't take each other for the owner.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


def is_locked(path: Path) -> bool:
    """Return whether a living process holds a file's lock; False if there is no such file."""
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    except OSError:
        return True  # no proof that its owner is dead
    try:
        return not _is_free(file)
    finally:
        os.close(file)  # releases the lock if it was taken


if sys.platform == "win32":

    class Guards:
        """No-op: Windows doesn't remove open files."""

        def hold(self, path: Path) -> None:
            """Do nothing."""

        def release(self, path: Path) -> None:
            """Do nothing."""

        def release_all(self) -> None:
            """Do nothing."""

    def is_guarded(path: Path) -> bool:  # noqa: ARG001 -- the POSIX version uses it
        """Return False."""
        return False

else:
    import fcntl

    class Guards:
        """Shared locks on the files that this process needs."""

        def __init__(self) -> None:
            self._files: dict[Path, int] = {}

        def hold(self, path: Path) -> None:
            """Guard an existing file, even if it is renamed later."""
            if path not in self._files:
                self._files[path] = file = os.open(path, os.O_RDONLY)
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)

        def release(self, path: Path) -> None:
            """Stop guarding a file, named by the path given to `hold`."""
            file = self._files.pop(path, None)
            if file is not None:
                os.close(file)

        def release_all(self) -> None:
            """Stop guarding all files, at shutdown."""
            for path in list(self._files):
                self.release(path)

    def is_guarded(path: Path) -> bool:
        """Return whether a living process guards a file; False if there is no such file."""
        try:
            file = os.open(path, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        return False
