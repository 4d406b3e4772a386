"""This process, as other processes see it: a row, and a lock file held for as long as it lives.

The operating system gives a lock back however a process ends, so a lock that is free, or gone,
means a dead owner; no clock and no age is asked.
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
"""Names that are tried for a lock: one fails only when somebody looks at it that very moment."""

_SQL = load(__file__)
_register = _SQL.count("register")


class ProcessLock:
    """The living process; make it in a thread, for it touches the disk.

    Raises:
        OSError: the folder of the locks cannot be written, or is being emptied all the time.
    """

    def __init__(self, home: Path) -> None:
        for _ in range(MAX_TRIES):
            self.id = new_id(CALL_CHARACTERS)
            self._path = lock_path(home, self.id)
            lock = _new_lock(self._path)
            if lock is not None:
                break
        else:
            raise OSError(errno.EBUSY, "no lock could be taken", str(self._path.parent))
        self._lock = lock
        self._row: dict[str, object] = {}

    def register(self, connection: Connection, *, upstream: str, program: str, now: float) -> None:
        """Write the row of this process; its lock is held already, so nobody takes it for dead."""
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
        """Write the row once more, where another process has taken this one for dead."""
        _register(connection, **self._row)

    def restore_lock(self) -> bool:
        """Take the lock anew if somebody deleted its file, and return whether that was done.

        What others adopted meanwhile stays theirs. Somebody who is just looking at the name makes
        this wait: then it is not done yet, and the next try may succeed.
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
        """Give the lock back and remove its file, unless the file is not ours any more."""
        if self._lock.is_linked():
            remove_held(self._path)
        self._lock.release()


def _new_lock(path: Path) -> HeldLock | None:
    """Make a lock file and take its lock; None where somebody took it for one of the dead.

    Whoever looks for the dead may try a lock in the moment between its making and its taking, and
    remove what nobody holds. Then another name is as good.
    """
    # Made by nobody else, whatever the id: two owners of one lock would adopt each other.
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
    """Remove a lock file while its lock is held, so that nobody takes it for a dead process's.

    On Windows no open file can be removed; there it goes with its lock.
    """
    if sys.platform != "win32":
        path.unlink(missing_ok=True)
