"""This process, as other processes see it: a row, and a lock file held for as long as it lives.

The operating system gives a lock back however a process ends, so a lock that is free, or gone,
means a dead owner; no clock and no age is asked.
"""

import os
import platform
from contextlib import ExitStack
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Connection, text

from stability_mcp.store import schema
from stability_mcp.store.ids import CALL_CHARACTERS, new_id
from stability_mcp.store.locks import PRIVATE_FILE

SUFFIX = ".lock"

_REGISTER = text(
    "INSERT INTO processes (id, upstream, pid, program, writes_schema, host, started_at)"
    " VALUES (:id, :upstream, :pid, :program, :writes_schema, :host, :started_at)"
)
_LEAVE = text("DELETE FROM processes WHERE id = :id")
_HAND_BACK = text(
    "UPDATE jobs SET process = NULL, epoch = epoch + 1 WHERE process = :id AND finished_at IS NULL"
)


class Process:
    """The living process; make it in a thread, for it touches the disk."""

    def __init__(self, home: Path) -> None:
        self.id = new_id(CALL_CHARACTERS)
        path = lock_path(home, self.id)
        # Made by nobody else, whatever the id: two owners of one lock would adopt each other.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE_FILE))
        self._lock = lock_on(path)
        self._lock.acquire()

    def register(self, connection: Connection, *, upstream: str, program: str, now: float) -> None:
        """Write the row of this process; its lock is held already, so nobody takes it for dead."""
        connection.execute(
            _REGISTER,
            {
                "id": self.id,
                "upstream": upstream,
                "pid": os.getpid(),
                "program": program,
                "writes_schema": schema.SCHEMA,
                "host": platform.node() or None,
                "started_at": now,
            },
        )

    def leave(self, connection: Connection) -> None:
        """Hand unfinished jobs back, for any process of their upstream to take, and end the row."""
        connection.execute(_HAND_BACK, {"id": self.id})
        connection.execute(_LEAVE, {"id": self.id})

    def release(self) -> None:
        """Give the lock back and remove its file."""
        path = Path(self._lock.lock_file)
        path.unlink(missing_ok=True)
        self._lock.release()


def lock_path(home: Path, process: str) -> Path:
    """Return the lock file of a process."""
    return home / "locks" / f"{process}{SUFFIX}"


def lock_on(path: Path) -> FileLock:
    """Return a lock that is held by the process, not by the thread that happened to take it."""
    return FileLock(path, timeout=0, thread_local=False)


def took(path: Path, held: ExitStack) -> bool:
    """Take a lock if it is free, until `held` is closed; it is free where its owner is dead."""
    lock = lock_on(path)
    try:
        lock.acquire()
    except (Timeout, OSError):
        return False
    held.callback(lock.release)
    return True
