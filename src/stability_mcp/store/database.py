"""Transactions on the store's database.

Every write is one transaction on the writer's thread (`writer`), under the write lock of all
processes and as BEGIN IMMEDIATE: a deferred transaction isolates nothing between a read and the
write that depends on it. Readers have connections of their own; a read fetches all it wants and
ends. A look-up by key runs on the event loop: it takes less time than a hop to a thread.
"""

import os
import queue
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import anyio
import anyio.lowlevel
from anyio import CancelScope, CapacityLimiter, to_thread

from stability_mcp.errors import StorageError
from stability_mcp.store import migrations
from stability_mcp.store.format import DATABASE, OLDEST_WRITER, SCHEMA, upstream_id
from stability_mcp.store.location import unsuitable_reason
from stability_mcp.store.locks import PRIVATE_FILE, PRIVATE_FOLDER, FileLock
from stability_mcp.store.queries import Connection, load
from stability_mcp.store.writer import CLOSED, Moment, Observer, Writer

__all__ = ["Connection", "Database", "Moment", "Observer", "is_damage", "unobserved"]

T = TypeVar("T")

MAX_READERS = 2
"""Threads for reads: lists are short, and more would only queue for the disk."""

BUSY_MILLISECONDS = 10_000
"""How long a reader waits for the moment in which a checkpoint needs the file to itself."""

CACHED_STATEMENTS = 256
"""Prepared statements that a connection keeps: more than there are in all `.sql` files."""

FOLDERS = ("blobs", "spool", "locks", "quarantine")
"""Finished bytes, answers under way, locks of living processes, paid answers nobody can use."""

DAMAGED = "It is damaged: `stability-mcp doctor` says what can be done."
_DISK_ERRORS = frozenset({sqlite3.DatabaseError, sqlite3.OperationalError})
"""Other classes of errors, which are below the first of these, are bugs of a statement."""


@dataclass(frozen=True, slots=True)
class _Meta:
    key: str
    value: str


_SQL = load(__file__)
_meta = _SQL.many("meta", _Meta)
_insert_meta = _SQL.count("insert_meta")
_fingerprint_secret = _SQL.value("fingerprint_secret", str)


class Database:
    """The database of one store, `<home>/store.db`."""

    def __init__(self, home: Path, observer: Observer | None = None) -> None:
        """Open the store; blocks, so call it in a thread.

        Where there is none it is made, and one of an older program is brought up to date.

        Args:
            home: Folder of the store.
            observer: Called at each moment of a write transaction; None: nothing is called.

        Raises:
            StorageError: the folder cannot be written, is on a file system without shared memory,
                on a network drive or in a synced folder, or the store was made by a newer program.
        """
        self.home = home
        self.observer = observer or unobserved
        why = unsuitable_reason(home)
        if why is not None:
            raise StorageError(
                f"The data folder {home} {why}, where a database cannot be kept whole.",
                hint="Set STABILITY_HOME to a folder on a local disk.",
            )
        try:
            _make_private(home)
            self._write_lock = FileLock(home / "write.lock")
            with self._write_lock.held():
                self._create_or_check()
        except (OSError, sqlite3.Error) as error:
            raise StorageError(
                f"The data folder {home} cannot be used: {error}.",
                hint="Set STABILITY_HOME to a folder on a local disk that you can write to.",
            ) from error
        self._writer = Writer(
            connect=lambda: _connect(home, writer=True),
            lock=self._write_lock,
            observer=self.observer,
        )
        self._few_readers = CapacityLimiter(MAX_READERS)
        self._readers: queue.LifoQueue[sqlite3.Connection | None] = queue.LifoQueue()
        """Free connections; None: the store is closed."""
        for _ in range(MAX_READERS):
            self._readers.put(_connect(home))
        self._peeker = _connect(home, busy_milliseconds=0)
        self._peeking_thread: int | None = None

    async def write(
        self,
        work: Callable[[Connection], T],
        *,
        name: str,
        durable: bool = False,
        alone: bool = False,
    ) -> T:
        """Run `work` as one write transaction and return its result.

        It is committed when this returns, whatever happens to the caller meanwhile; an exception
        rolls it back. It may run twice where the commit that it shares with others fails, so what
        it does beside the database must be safe to repeat.

        Args:
            work: What to do; it must not keep the connection.
            name: What the observer knows the transaction by, `<step>.<what>`; a literal.
            durable: Whether the commit must outlive a power failure, not only a crash.
            alone: Whether it must not share its commit: it removes files.

        Raises:
            StorageError: the disk is full or the database is damaged.
        """
        with CancelScope(shield=True), self._of_the_store("written"):
            done = await self._writer.run(work, name=name, durable=durable, alone=alone)
        return done  # noqa: RET504 -- mypy cannot see that the scope above swallows nothing

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a connection for reading and return its result.

        Raises:
            StorageError: the database is damaged or out of reach.
        """
        return await to_thread.run_sync(self._read_now, work, limiter=self._few_readers)

    async def peek(self, work: Callable[[Connection], T]) -> T:
        """Run a look-up by key on the event loop; where that would block, in a thread.

        Not for lists, searches and sums: they would hold up the event loop.

        Raises:
            StorageError: the database is damaged or out of reach.
        """
        await anyio.lowlevel.checkpoint()  # whoever peeks in a loop must let others run
        if self._peeking_thread is None:
            self._peeking_thread = threading.get_ident()
        if self._peeking_thread != threading.get_ident():  # another event loop's
            return await self.read(work)
        try:
            return _in_snapshot(self._peeker, work)
        except sqlite3.DatabaseError:  # busy, or a disk that a thread may wait for
            return await self.read(work)

    def version(self) -> int | None:
        """Return a number that is another one after each commit of any process; None: not known.

        Takes microseconds; call it on the event loop.
        """
        try:
            [(version,)] = self._peeker.execute("PRAGMA data_version")
        except sqlite3.Error:  # busy, damaged or closed: whoever reads is told
            return None
        return int(version)

    def _read_now(self, work: Callable[[Connection], T]) -> T:
        connection = self._readers.get()
        if connection is None:
            self._readers.put(None)
            raise StorageError(CLOSED)
        try:
            with self._of_the_store("read"):
                return _in_snapshot(connection, work)
        finally:
            self._readers.put(connection)

    @contextmanager
    def _of_the_store(self, done: str) -> Iterator[None]:
        """Turn what the disk or the file does to a transaction into errors of the store."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            if type(error) not in _DISK_ERRORS:
                raise
            hint = "Free disk space or fix the permissions of the data folder, then call again."
            raise StorageError(
                f"The database in {self.home} cannot be {done}: {error}.",
                hint=DAMAGED if is_damage(error) else hint,
            ) from error

    async def fingerprint(self, base_url: str, key: str) -> str:
        """Return the id of an upstream: it tells keys apart and cannot be turned back into one."""
        secret = await self.read(_fingerprint_secret)
        if secret is None:
            raise StorageError(f"The store in {self.home} has lost its secret.", hint=DAMAGED)
        return upstream_id(secret, base_url, key)

    async def close(self) -> None:
        """Close every connection, under the write lock: the last one to close checkpoints."""

        def close() -> None:
            connections = [self._writer.stop()]
            connections += [self._readers.get() for _ in range(MAX_READERS)]
            self._readers.put(None)
            with self._write_lock.held():
                for connection in connections:
                    if connection is not None:
                        connection.close()
            self._write_lock.close()

        self._peeker.close()  # on the event loop, which may not be inside it now
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(close)

    def _create_or_check(self) -> None:
        path = self.home / DATABASE
        if not path.exists():
            os.close(
                os.open(path, os.O_CREAT | os.O_RDWR, PRIVATE_FILE)
            )  # SQLite would make it 0644
        with closing(_connect(self.home, writer=True)) as connection:
            if connection.execute("PRAGMA journal_mode=WAL").fetchone()[0] != "wal":
                raise StorageError(
                    f"The data folder {self.home} is on a file system without shared memory.",
                    hint="Set STABILITY_HOME to a folder on a local disk.",
                )
            if connection.execute("PRAGMA table_info(meta)").fetchone() is None:
                _create(connection)
                return
            values = {row.key: row.value for row in _meta(connection)}
            check_writable(self.home, values)
            if int(values["schema"]) < SCHEMA:
                migrations.migrate(connection, self.home)


def check_writable(home: Path, meta: Mapping[str, str], schema: int = SCHEMA) -> None:
    """See that a program of a schema may write a store.

    Args:
        home: Folder of the store.
        meta: What its table `meta` says.
        schema: What the program writes.

    Raises:
        StorageError: the store was made, or brought up to date, by a newer program.
    """
    if int(meta["oldest_writer"]) > schema:
        raise StorageError(
            f"The store in {home} was made by a newer stability-mcp (schema "
            f"{meta['schema']}; this program writes {schema}).",
            hint="Update stability-mcp, or set STABILITY_HOME to another folder.",
        )


def _create(connection: sqlite3.Connection) -> None:
    """Make the tables in one transaction: a kill leaves all of them or nothing."""
    text = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
    rows = {
        "schema": str(SCHEMA),
        "oldest_writer": str(OLDEST_WRITER),
        "store_id": secrets.token_hex(16),
        "fingerprint_secret": secrets.token_hex(32),
    }
    connection.execute("BEGIN IMMEDIATE")
    for statement in migrations.statements(text):
        connection.execute(statement)
    for key, value in rows.items():
        _insert_meta(connection, key=key, value=value)
    connection.execute("COMMIT")


def unobserved(moment: Moment, name: str) -> None:
    """Observe nothing."""
    del moment, name


def is_damage(error: BaseException | None) -> bool:
    """Return whether a statement failed because what is in the database is damaged."""
    return type(error) is sqlite3.DatabaseError


def _make_private(home: Path) -> None:
    home.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    for folder in FOLDERS:
        (home / folder).mkdir(mode=PRIVATE_FOLDER, exist_ok=True)


def _connect(
    home: Path, *, writer: bool = False, busy_milliseconds: int = BUSY_MILLISECONDS
) -> sqlite3.Connection:
    connection = sqlite3.connect(
        home / DATABASE,
        isolation_level=None,  # BEGIN is ours
        check_same_thread=False,  # of a reader's, one thread at a time uses it
        cached_statements=CACHED_STATEMENTS,
    )
    connection.execute(f"PRAGMA busy_timeout={busy_milliseconds}")
    connection.execute("PRAGMA foreign_keys=ON")
    if writer:
        # On macOS an fsync without these reaches the drive's cache only.
        connection.execute("PRAGMA fullfsync=1")
        connection.execute("PRAGMA checkpoint_fullfsync=1")
    else:
        connection.execute("PRAGMA query_only=ON")
    return connection


def _in_snapshot(connection: sqlite3.Connection, work: Callable[[Connection], T]) -> T:
    """Run reads that all see the same state of the database."""
    connection.execute("BEGIN")
    try:
        return work(connection)
    finally:
        if connection.in_transaction:
            connection.execute("COMMIT")
