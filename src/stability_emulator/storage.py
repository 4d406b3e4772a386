"""Persistent storage of the emulator: one SQLite file, or memory for the life of the process.

It uses the standard library's sqlite3 and shares nothing with the server's own store, because the
emulator stands for a remote machine. Two processes with the same folder (a desktop application and
an editor) see the same accounts and generations, so no shared state is cached in Python. Losing the
last second in a power cut does no harm here, so nothing is synced to disk.
"""

import sqlite3
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

FILE_NAME = "emulated-api.db"
WAIT_SECONDS = 30.0
"""How long a process waits for another's write; storing a sound takes a while."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
    owner TEXT PRIMARY KEY,
    millicredits INTEGER NOT NULL,
    locked_until REAL NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS requests (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    at REAL NOT NULL,
    owner TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    status INTEGER,
    answered_at REAL
);
CREATE INDEX IF NOT EXISTS requests_by_owner ON requests (owner, at);
CREATE TABLE IF NOT EXISTS charges (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    owner TEXT NOT NULL,
    request TEXT NOT NULL,
    operation TEXT NOT NULL,
    millicredits INTEGER NOT NULL,
    generation TEXT
);
CREATE TABLE IF NOT EXISTS generations (
    id TEXT PRIMARY KEY,
    at REAL NOT NULL,
    owner TEXT NOT NULL,
    poll_path TEXT NOT NULL,
    seconds REAL NOT NULL,
    polls INTEGER NOT NULL DEFAULT 0,
    fetched INTEGER NOT NULL DEFAULT 0,
    media_type TEXT NOT NULL,
    seed INTEGER,
    finish_reason TEXT,
    bytes INTEGER NOT NULL,
    body BLOB NOT NULL
);
"""


class Storage:
    """One connection, used by one thread at a time.

    Args:
        folder: Folder of the file; None: memory.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """Run a function in one transaction; an exception rolls it back."""
        with self._lock:
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = change(connection)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
            return result

    def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run a function that only reads."""
        with self._lock:
            return query(self._open())

    def close(self) -> None:
        """Close the file; it is reopened when needed. In-memory data is kept."""
        with self._lock:
            if self._connection is not None and self._folder is not None:
                self._connection.close()
                self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = _connect(self._folder)
            weakref.finalize(self, self._connection.close)
        return self._connection


def _connect(folder: Path | None) -> sqlite3.Connection:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    connection = sqlite3.connect(
        folder / FILE_NAME if folder else ":memory:",
        timeout=WAIT_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA auto_vacuum = FULL")  # frees the space of expired generations
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")
    connection.executescript(SCHEMA)
    return connection
