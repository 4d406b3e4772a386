"""Transactions on the store's database.

Every write is one transaction in a worker thread, under the write lock of all processes and as
BEGIN IMMEDIATE, shielded from cancellation: SQLAlchemy's default on SQLite is a *deferred*
transaction, which isolates nothing between a read and the write that depends on it. Readers have
connections of their own; a read fetches all it wants and ends.
"""

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

import anyio
from anyio import CancelScope, CapacityLimiter, to_thread
from sqlalchemy import Connection, Engine, create_engine, event, insert, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import QueuePool, StaticPool

from stability_mcp.errors import StorageError
from stability_mcp.store import migrations, schema
from stability_mcp.store.format import OLDEST_WRITER, SCHEMA, upstream_id
from stability_mcp.store.location import unsuitable_reason
from stability_mcp.store.locks import PRIVATE_FILE, PRIVATE_FOLDER, FileLock
from stability_mcp.store.schema import metadata

T = TypeVar("T")

Moment = Literal["before", "inside", "after"]
"""Before a step begins; when its work is done and not yet committed; when it is committed."""

Observer = Callable[[Moment, str], None]
"""Called at each moment of a named write step, on the thread that does the step: a transaction of
the database, or a step on files that a result depends on. What it raises fails the step."""

MAX_READERS = 2
"""Threads for reads: lists are short, and more would only queue for the disk."""

BUSY_MILLISECONDS = 10_000
"""How long a reader waits for the moment in which a checkpoint needs the file to itself."""

FOLDERS = ("blobs", "spool", "locks", "quarantine")
"""Finished bytes, answers under way, locks of living processes, paid answers nobody can use."""

DAMAGED = "It is damaged: `stability-mcp doctor` says what can be done."
_DISK_ERRORS = frozenset({sqlite3.DatabaseError, sqlite3.OperationalError})
"""Other classes of errors, which are below the first of these, are bugs of a statement."""


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
        self._writer = _engine(home, writer=True)
        self._readers = _engine(home, writer=False)
        self._one_writer = CapacityLimiter(1)
        self._few_readers = CapacityLimiter(MAX_READERS)

    async def write(
        self, work: Callable[[Connection], T], *, name: str, durable: bool = False
    ) -> T:
        """Run `work` as one write transaction and return its result.

        It is committed when this returns, whatever happens to the caller meanwhile; an exception
        rolls it back.

        Args:
            work: What to do; it must not keep the connection.
            name: What the observer knows the transaction by, `<step>.<what>`; a literal.
            durable: Whether the commit must outlive a power failure, not only a crash.

        Raises:
            StorageError: the disk is full or the database is damaged.
        """
        with CancelScope(shield=True):
            write = partial(self.write_now, work, name=name, durable=durable)
            done = await to_thread.run_sync(write, limiter=self._one_writer)
        return done  # noqa: RET504 -- mypy cannot see that the scope above swallows nothing

    def write_now(self, work: Callable[[Connection], T], *, name: str, durable: bool = False) -> T:
        """Do what `write` does, in this thread; only for callers that are in the writer's."""
        self.observer("before", name)
        with (
            self._write_lock.held(),
            self._of_the_store("written"),
            self._writer.connect() as connection,
        ):
            driver = connection.connection.driver_connection
            if driver is None:  # pragma: no cover -- a closed engine
                raise StorageError("The store is closed.")
            driver.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            with connection.begin():
                done = work(connection)
                self.observer("inside", name)
        self.observer("after", name)
        return done

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a connection for reading and return its result.

        Raises:
            StorageError: the database is damaged or out of reach.
        """
        return await to_thread.run_sync(self._read_now, work, limiter=self._few_readers)

    def _read_now(self, work: Callable[[Connection], T]) -> T:
        with self._of_the_store("read"), self._readers.connect() as connection:
            return work(connection)

    @contextmanager
    def _of_the_store(self, done: str) -> Iterator[None]:
        """Turn what the disk or the file does to a transaction into errors of the store."""
        try:
            yield
        except (DatabaseError, sqlite3.DatabaseError) as error:
            cause = error.orig if isinstance(error, DatabaseError) else error
            if type(cause) not in _DISK_ERRORS:
                raise
            hint = "Make room on the disk or mend its permissions, then call again."
            raise StorageError(
                f"The database in {self.home} cannot be {done}: {cause}.",
                hint=DAMAGED if is_damage(cause) else hint,
            ) from error

    async def fingerprint(self, base_url: str, key: str) -> str:
        """Return the id of an upstream: it tells keys apart and cannot be turned back into one."""

        def secret(connection: Connection) -> str:
            rows = select(schema.meta.c.value).where(schema.meta.c.key == "fingerprint_secret")
            return str(connection.execute(rows).scalar_one())

        return upstream_id(await self.read(secret), base_url, key)

    async def close(self) -> None:
        """Close every connection, under the write lock: the last one to close checkpoints."""

        def close() -> None:
            with self._write_lock.held():
                self._readers.dispose()
                self._writer.dispose()
            self._write_lock.close()

        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(close, limiter=self._one_writer)

    def _create_or_check(self) -> None:
        path = self.home / "store.db"
        if not path.exists():
            os.close(
                os.open(path, os.O_CREAT | os.O_RDWR, PRIVATE_FILE)
            )  # SQLite would make it 0644
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            if connection.execute("PRAGMA journal_mode=WAL").fetchone()[0] != "wal":
                raise StorageError(
                    f"The data folder {self.home} is on a file system without shared memory.",
                    hint="Set STABILITY_HOME to a folder on a local disk.",
                )
            known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone()
            values = dict(connection.execute("SELECT key, value FROM meta")) if known else {}
            if values and int(values["schema"]) < SCHEMA:
                migrations.migrate(connection)
        finally:
            connection.close()
        if not values:
            self._create()
        elif int(values["oldest_writer"]) > SCHEMA:
            raise StorageError(
                f"The store in {self.home} was made by a newer stability-mcp (schema "
                f"{values['schema']}; this program writes {SCHEMA}).",
                hint="Update stability-mcp, or set STABILITY_HOME to another folder.",
            )

    def _create(self) -> None:
        engine = _engine(self.home, writer=True)
        with engine.begin() as connection:  # one transaction: a kill leaves all of it or nothing
            metadata.create_all(connection)
            rows = {
                "schema": str(SCHEMA),
                "oldest_writer": str(OLDEST_WRITER),
                "store_id": secrets.token_hex(16),
                "fingerprint_secret": secrets.token_hex(32),
            }
            connection.execute(
                insert(schema.meta), [{"key": key, "value": value} for key, value in rows.items()]
            )
        engine.dispose()


def unobserved(moment: Moment, name: str) -> None:
    """Observe nothing."""
    del moment, name


def is_damage(error: BaseException | None) -> bool:
    """Return whether a statement failed because what is in the database is damaged."""
    cause = error.orig if isinstance(error, DatabaseError) else error
    return type(cause) is sqlite3.DatabaseError


def _make_private(home: Path) -> None:
    home.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    for folder in FOLDERS:
        (home / folder).mkdir(mode=PRIVATE_FOLDER, exist_ok=True)


def _engine(home: Path, *, writer: bool) -> Engine:
    pool = (
        {"poolclass": StaticPool}
        if writer
        else {"poolclass": QueuePool, "pool_size": MAX_READERS, "max_overflow": 0}
    )
    engine = create_engine(
        f"sqlite:///{home / 'store.db'}", connect_args={"check_same_thread": False}, **pool
    )

    @event.listens_for(engine, "connect")
    def _connected(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # BEGIN is ours, see _begin
        connection.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        connection.execute("PRAGMA foreign_keys=ON")
        if writer:
            # On macOS an fsync without these reaches the drive's cache only.
            connection.execute("PRAGMA fullfsync=1")
            connection.execute("PRAGMA checkpoint_fullfsync=1")
        else:
            connection.execute("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")

    return engine
