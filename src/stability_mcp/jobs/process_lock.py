"""Makes this process visible to others: a row, and a lock file that it holds while it runs.

The operating system releases the lock however a process ends, so a free or missing lock means a
dead owner. No clock or age is involved.
"""

import errno
import os
import platform
import sys
from pathlib import Path

from stability_mcp.store.format import SCHEMA, lock_path
from stability_mcp.store.ids import CALL_CHARACTERS, new_id
from stability_mcp.store.locks import PRIVATE_FILE, PRIVATE_FOLDER, HeldLock
from stability_mcp.store.queries import Connection, load

MAX_TRIES = 20
"""Names to try for a new lock; one fails only if another process probes it at that moment."""

_SQL = load(__file__)
_register = _SQL.count("register")


class ProcessLock:
    """The running process. Create it in a thread: it accesses the disk.

    Raises:
        OSError: the lock folder cannot be written, or its files keep being removed.
    """

    def __init__(self, home: Path) -> None:
        for _ in range(MAX_TRIES):
            self.id = new_id(CALL_CHARACTERS)
            self._path = lock_path(home, self.id)
            lock = _new_lock(self._path)
            if lock is not None:
                break
        else:
            raise OSError(errno.EBUSY, "could not take a lock", str(self._path.parent))
        self._lock = lock
        self._row: dict[str, object] = {}

    def register(self, connection: Connection, *, upstream: str, program: str, now: float) -> None:
        """Write the row of this process; it already holds its lock, so it doesn't look dead."""
        self._row = {
            "id": self.id,
            "upstream": upstream,
            "pid": os.getpid(),
            "program": program,
            "writes_schema": SCHEMA,
            "host": platform.node() or None,
            "started_at": now,
        }
        self.register_again(connection)

    def register_again(self, connection: Connection) -> None:
        """Write the row again after another process has declared this one dead."""
        _register(connection, **self._row)

    def restore_lock(self) -> bool:
        """Take the lock again if its file was deleted; return whether it was taken again.

        Jobs that other processes took over in the meantime stay theirs. If another process is
        probing the lock, this returns False, and the next try may succeed.
        """
        if self._lock.is_linked():
            return False
        self._path.parent.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        try:
            lock = HeldLock(self._path)
        except BlockingIOError:
            return False
        self._lock.release()
        self._lock = lock
        return True

    def release(self) -> None:
        """Release the lock and remove its file, unless the file belongs to another process."""
        if self._lock.is_linked():
            remove_held(self._path)
        self._lock.release()


def _new_lock(path: Path) -> HeldLock | None:
    """Create a lock file and lock it; None: another process took it for a dead process's lock.

    Recovery may probe the file between its creation and its locking, and remove it. Then the caller
    tries another name.
    """
    # O_EXCL although ids are random: two owners of one lock would take over each other's jobs.
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE_FILE))
    try:
        lock = HeldLock(path)
    except BlockingIOError:
        remove_held(path)
        return None
    if lock.is_linked():
        return lock
    lock.release()
    return None


def remove_held(path: Path) -> None:
    """Remove a lock file while holding its lock, so that it is never seen free.

    On Windows an open file can't be removed, so it is removed when the lock is released.
    """
    if sys.platform != "win32":
        path.unlink(missing_ok=True)
