"""Runs transactions on the store's database.

Every write is a transaction on the writer thread (`writer`), under the write lock shared by all
processes and started with BEGIN IMMEDIATE: a deferred transaction doesn't isolate a read from the
write that depends on it. Readers have their own connections; a read fetches all its rows and ends.
A lookup by key runs on the event loop, which takes less time than switching to a thread.
"""

import os
import queue
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import anyio
import anyio.lowlevel
from anyio import CancelScope, CapacityLimiter, to_thread

from stability_mcp.errors import StorageError
from stability_mcp.store import migrations
from stability_mcp.store.format import (
    DATABASE,
    FOLDERS,
    IN_USE,
    OLDEST_WRITER,
    SCHEMA,
    signature,
    upstream_id,
    user_id,
)
from stability_mcp.store.location import unsuitable_reason
from stability_mcp.store.locks import PRIVATE_FILE, PRIVATE_FOLDER, FileLock, SharedLock
from stability_mcp.store.queries import Connection, load
from stability_mcp.store.writer import CLOSED, Moment, Observer, Writer

__all__ = ["Connection", "Database", "Moment", "Observer", "is_damage", "unobserved"]

T = TypeVar("T")

MAX_READERS = 2
"""Threads for reads: lists are short, and more would only queue for the disk."""

BUSY_MILLISECONDS = 10_000
"""How long a reader waits while a checkpoint needs exclusive access to the file."""

CACHED_STATEMENTS = 256
"""Prepared statements cached per connection: more than all `.sql` files contain."""

DAMAGED = "The database is damaged. Run `stability-mcp doctor` for repair options."
_DISK_ERRORS = frozenset({sqlite3.DatabaseError, sqlite3.OperationalError})
"""Other subclasses of DatabaseError mean a bug in a statement."""


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

        A missing store is created, an older one is upgraded.

        Args:
            home: Folder of the store.
            observer: Called at each moment of a write transaction; None for no observer.

        Raises:
            StorageError: the folder isn't writable, is on a file system without shared memory, on
                a network drive or in a synced folder, or a newer program made the store.
        """
        self.home = home
        self.observer = observer or unobserved
        self._on_commit: set[Callable[[], None]] = set()
        why = unsuitable_reason(home)
        if why is not None:
            raise StorageError(
                f"The data folder {home} {why}, where a database can be corrupted.",
                hint="Set STABILITY_HOME to a folder on a local disk.",
            )
        with ExitStack() as opened:  # closed again if the store can't be used
            try:
                _make_private(home)
                self._write_lock = FileLock(home / "write.lock")
                opened.callback(self._write_lock.close)
                with self._write_lock.held():
                    self._create_or_check()
                    # Taken under the write lock, so that a restore can't begin in between.
                    self._in_use = SharedLock(home / IN_USE)
                opened.callback(self._in_use.release)
                self._connect_readers()
            except (OSError, sqlite3.Error) as error:
                raise StorageError(
                    f"The data folder {home} cannot be used: {error}.",
                    hint="Set STABILITY_HOME to a folder on a local disk that you can write to.",
                ) from error
            opened.pop_all()
        self._writer = Writer(
            connect=lambda: _connect(home, writer=True),
            lock=self._write_lock,
            observer=self.observer,
        )

    def _connect_readers(self) -> None:
        self._reader_limit = CapacityLimiter(MAX_READERS)
        self._readers: queue.LifoQueue[sqlite3.Connection | None] = queue.LifoQueue()
        """Free connections; None means that the store is closed."""
        for _ in range(MAX_READERS):
            self._readers.put(_connect(self.home))
        self._peeker = _connect(self.home, busy_milliseconds=0)
        self._peeking_thread: int | None = None

    async def write(
        self,
        work: Callable[[Connection], T],
        *,
        name: str,
        durable: bool = False,
        own_commit: bool = False,
    ) -> T:
        """Run `work` as one write transaction and return its result.

        When this returns, the transaction is committed, even if the caller was cancelled meanwhile;
        an exception rolls it back. If a shared commit fails, `work` runs a second time, so its
        effects outside the database must be safe to repeat.

        Args:
            work: The work; it must not keep the connection.
            name: The transaction's name for the observer, `<step>.<what>`; a literal.
            durable: Whether the commit must survive a power failure, not only a crash.
            own_commit: Whether it must not share a commit, because it removes files.

        Raises:
            StorageError: the disk is full or the database is damaged.
        """
        with CancelScope(shield=True), self._as_storage_error("written"):
            done = await self._writer.run(work, name=name, durable=durable, own_commit=own_commit)
        for notify in tuple(self._on_commit):
            notify()
        return done

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a read connection and return its result.

        Raises:
            StorageError: the database is damaged or inaccessible.
        """
        return await to_thread.run_sync(self._read_now, work, limiter=self._reader_limit)

    async def peek(self, work: Callable[[Connection], T]) -> T:
        """Run a lookup by key on the event loop, or in a thread if it would block.

        Don't use it for lists, searches and sums: they would block the event loop.

        Raises:
            StorageError: the database is damaged or inaccessible.
        """
        await anyio.lowlevel.checkpoint()  # a caller that peeks in a loop must let other tasks run
        if self._peeking_thread is None:
            self._peeking_thread = threading.get_ident()
        if self._peeking_thread != threading.get_ident():  # called from another event loop
            return await self.read(work)
        try:
            return _in_snapshot(self._peeker, work)
        except sqlite3.DatabaseError:  # busy or a slow disk: a thread can wait
            return await self.read(work)

    @contextmanager
    def on_commit(self, notify: Callable[[], None]) -> Iterator[None]:
        """Call a function after each write of this process while the block runs.

        Args:
            notify: Returns at once; called on the event loop of whatever wrote.
        """
        self._on_commit.add(notify)
        try:
            yield
        finally:
            self._on_commit.discard(notify)

    def version(self) -> int | None:
        """Return a number that changes with each commit of any process; None if it is unknown.

        Takes microseconds; call it on the event loop.
        """
        try:
            [(version,)] = self._peeker.execute("PRAGMA data_version")
        except sqlite3.Error:  # busy, damaged or closed: a read reports the error
            return None
        return int(version)

    def _read_now(self, work: Callable[[Connection], T]) -> T:
        connection = self._readers.get()
        if connection is None:
            self._readers.put(None)
            raise StorageError(CLOSED)
        try:
            with self._as_storage_error("read"):
                return _in_snapshot(connection, work)
        finally:
            self._readers.put(connection)

    @contextmanager
    def _as_storage_error(self, done: str) -> Iterator[None]:
        """Turn errors of the disk or the database file into StorageError."""
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
        """Return the id of an upstream: it differs for each API key and doesn't reveal the key."""
        return upstream_id(await self._secret(), base_url, key)

    async def user_id(self, owner: str) -> str:
        """Return the id of an owner for the API; other stores have another one."""
        return user_id(await self._secret(), owner)

    async def signature(self, *parts: str) -> str:
        """Return a keyed hash of texts, which only processes of this store can compute."""
        return signature(await self._secret(), *parts)

    async def _secret(self) -> str:
        secret = await self.read(_fingerprint_secret)
        if secret is None:
            raise StorageError(f"The store in {self.home} has no secret.", hint=DAMAGED)
        return secret

    async def copy_to(self, path: Path) -> None:
        """Write a consistent copy of the database to a new file while other connections write.

        Raises:
            StorageError: the database cannot be read, or the copy cannot be written.
        """

        def copy() -> None:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE_FILE))
            connection = _connect(self.home)
            try:
                connection.execute("PRAGMA query_only=OFF")  # it also forbids VACUUM INTO
                connection.execute("VACUUM INTO :path", {"path": str(path)})
            finally:
                # With the lock, because closing the last connection checkpoints.
                lock = FileLock(self.home / "write.lock")
                with lock.held():
                    connection.close()
                lock.close()

        with self._as_storage_error("copied"):
            await to_thread.run_sync(copy)

    async def close(self) -> None:
        """Close every connection under the write lock: closing the last one checkpoints."""

        def close() -> None:
            connections = [self._writer.stop()]
            connections += [self._readers.get() for _ in range(MAX_READERS)]
            self._readers.put(None)
            with self._write_lock.held():
                for connection in connections:
                    if connection is not None:
                        connection.close()
            self._write_lock.close()
            self._in_use.release()

        self._peeker.close()  # on the event loop, so that no lookup is running
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
    """Check that a program with a given schema version may write to a store.

    Args:
        home: Folder of the store.
        meta: The contents of its table `meta`.
        schema: Schema version of the program.

    Raises:
        StorageError: a newer program created or upgraded the store.
    """
    if int(meta["oldest_writer"]) > schema:
        raise StorageError(
            f"The store in {home} was made by a newer stability-mcp (schema "
            f"{meta['schema']}; this program writes {schema}).",
            hint="Update stability-mcp, or set STABILITY_HOME to another folder.",
        )


def _create(connection: sqlite3.Connection) -> None:
    """Create the tables in one transaction: a kill leaves all of them or none."""
    rows = {
        "schema": str(SCHEMA),
        "oldest_writer": str(OLDEST_WRITER),
        "store_id": secrets.token_hex(16),
        "fingerprint_secret": secrets.token_hex(32),
    }
    connection.execute("BEGIN IMMEDIATE")
    for statement in migrations.new_tables():
        connection.execute(statement)
    for key, value in rows.items():
        _insert_meta(connection, key=key, value=value)
    connection.execute("COMMIT")


def unobserved(moment: Moment, name: str) -> None:
    """Do nothing."""
    del moment, name


def is_damage(error: BaseException | None) -> bool:
    """Return whether a statement failed because the database is damaged."""
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
        isolation_level=None,  # this module issues BEGIN itself
        check_same_thread=False,  # only one thread at a time uses a connection
        cached_statements=CACHED_STATEMENTS,
    )
    connection.execute(f"PRAGMA busy_timeout={busy_milliseconds}")
    connection.execute("PRAGMA foreign_keys=ON")
    if writer:
        # On macOS, fsync without these only reaches the drive's cache.
        connection.execute("PRAGMA fullfsync=1")
        connection.execute("PRAGMA checkpoint_fullfsync=1")
    else:
        connection.execute("PRAGMA query_only=ON")
    return connection


def connect_copy(path: Path) -> sqlite3.Connection:
    """Open a database file that no other connection uses, and whose contents can't be trusted."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA trusted_schema=OFF")
    connection.execute("PRAGMA cell_size_check=ON")
    connection.execute("PRAGMA query_only=ON")
    return connection


def _in_snapshot(connection: sqlite3.Connection, work: Callable[[Connection], T]) -> T:
    """Run reads that all see the same snapshot of the database."""
    connection.execute("BEGIN")
    try:
        return work(connection)
    finally:
        if connection.in_transaction:
            connection.execute("COMMIT")
