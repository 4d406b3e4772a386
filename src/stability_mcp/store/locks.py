"""Locks between processes, each on a file and the operating system's own.

* `FileLock` is waited for: the write lock of the database. SQLite's own busy handler sleeps and
  polls, and SQLite before 3.51.3 can corrupt a WAL database when one connection commits while
  another checkpoints. Two writers that never overlap avoid both.
* `HeldLock` is taken at once and held for as long as its process lives, so that others can tell:
  the operating system gives a lock back however a process ends.
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
    """An exclusive lock between processes; within a process, use it from one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the lock, hold it, and give it back."""
        _lock(self._file)
        try:
            yield
        finally:
            _unlock(self._file)

    def close(self) -> None:
        """Close the file, which also gives the lock back; it cannot be held again."""
        file, self._file = self._file, -1
        os.close(file)


class HeldLock:
    """A lock that this process holds until `release`; no child that is forked holds it.

    Args:
        path: Its file, which is made where it is missing.

    Raises:
        BlockingIOError: it is held already, by this process or another.
        OSError: the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        if not _try(self._file):
            os.close(self._file)
            raise BlockingIOError(errno.EAGAIN, "the lock is held", str(path))
        _held.add(self)

    def is_linked(self) -> bool:
        """Return whether the file has its name: of one that was deleted only the lock is left."""
        return os.fstat(self._file).st_nlink > 0

    def release(self) -> None:
        """Give the lock back, once."""
        _held.discard(self)
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)


_held: WeakSet[HeldLock] = WeakSet()


def _let_go_in_child() -> None:
    """Close what a child got by a fork: with it the lock of a dead parent would look held."""
    for lock in list(_held):
        lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_in_child)


def try_lock(path: Path, locks: ExitStack) -> bool:
    """Take a lock if it is free, until `locks` is closed; it is free where its owner is dead.

    A file that is gone is made again for it: while it is held, an owner that lives all the same
    cannot come back. A file that was deleted before its lock was taken counts as held.
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

    def _is_free(file: int) -> bool:
        try:
            # Shared, so that two processes that look do not take each other for the owner.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


def is_locked(path: Path) -> bool:
    """Return whether a living process holds the lock of a file; False: also where there is none."""
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    except OSError:
        return True  # nothing shows that its owner is dead
    try:
        return not _is_free(file)
    finally:
        os.close(file)  # gives the lock back, if it was taken


if sys.platform == "win32":

    class Guards:
        """Nothing: a file that is open cannot be removed here."""

        def hold(self, path: Path) -> None:
            """Do nothing."""

        def let_go(self, path: Path) -> None:
            """Do nothing."""

        def let_all_go(self) -> None:
            """Do nothing."""

    def is_guarded(path: Path) -> bool:  # noqa: ARG001 -- the one below does
        """Return no."""
        return False

else:
    import fcntl

    class Guards:
        """The files that this process needs."""

        def __init__(self) -> None:
            self._files: dict[Path, int] = {}

        def hold(self, path: Path) -> None:
            """Guard a file that exists, under whatever name it gets later."""
            if path not in self._files:
                self._files[path] = file = os.open(path, os.O_RDONLY)
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)

        def let_go(self, path: Path) -> None:
            """Guard a file no more, named as it was when that began."""
            file = self._files.pop(path, None)
            if file is not None:
                os.close(file)

        def let_all_go(self) -> None:
            """Guard nothing more: whoever was guarding ends."""
            for path in list(self._files):
                self.let_go(path)

    def is_guarded(path: Path) -> bool:
        """Return whether a living process needs a file; False: also where there is none."""
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
