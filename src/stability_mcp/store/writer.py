"""The writer thread: runs pending transactions as a group and commits them together.

An fsync costs more than the statements of a transaction, so transactions that arrive during a
commit share the next one. Each unit has its own savepoint: a failing unit rolls back only its own
rows. A unit is acknowledged after the commit, never before. If the commit of a group fails, its
units run again one by one, so that each succeeds or fails separately. A unit's effects outside the
database must therefore be safe to repeat.

Units that remove files set `own_commit`: they never share a commit that might run again.
"""

import asyncio
import logging
import queue
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from stability_mcp.errors import StorageError
from stability_mcp.store.locks import FileLock
from stability_mcp.store.queries import Connection

T = TypeVar("T")

Moment = Literal["before", "inside", "after"]
"""`before` the step begins; `inside`: its work is done but not committed; `after` the commit."""

Observer = Callable[[Moment, str], None]
"""Called at each moment of a named write step, on the thread that runs the step: a database
transaction, or a file operation that a result depends on. An exception fails the step."""

CLOSED = "The store is closed: the server is shutting down."

MAX_GROUP = 64
"""Maximum units in one commit: each unit extends the time that the write lock is held."""

log = logging.getLogger(__name__)


@dataclass(kw_only=True, eq=False)
class Unit:
    """A pending write transaction."""

    work: Callable[[Connection], Any]
    name: str
    durable: bool
    """Whether the commit must survive a power failure, not only a crash."""
    own_commit: bool
    """Whether it must not share a commit."""
    future: "asyncio.Future[Any]"
    loop: asyncio.AbstractEventLoop
    result: Any = None
    error: BaseException | None = None


@dataclass(kw_only=True)
class Writer:
    """Runs write transactions on its own thread, from the first one until `stop`."""

    connect: Callable[[], sqlite3.Connection]
    """Opens the write connection; called on the writer thread."""
    lock: FileLock
    """The write lock shared by all processes."""
    observer: Observer
    _units: "queue.SimpleQueue[Unit | None]" = field(default_factory=queue.SimpleQueue)
    _postponed: deque[Unit] = field(default_factory=deque)
    _thread: threading.Thread | None = None
    _connection: sqlite3.Connection | None = None
    _path: Path = field(default_factory=Path)
    _file: tuple[int, int] | None = None
    """Device and inode of the file that the connection has open."""
    _synchronous: str = ""
    _state: threading.Lock = field(default_factory=threading.Lock)
    """Held while queueing a unit and while stopping: no unit is queued after the end marker."""
    _stopped: bool = False

    async def run(
        self, work: Callable[[Connection], T], *, name: str, durable: bool, own_commit: bool
    ) -> T:
        """Run a unit and return its result once it is committed."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        unit = Unit(
            work=work,
            name=name,
            durable=durable,
            own_commit=own_commit,
            future=future,
            loop=loop,
        )
        with self._state:
            if self._stopped:
                raise StorageError(CLOSED)
            self._units.put(unit)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._serve, name="store-writer", daemon=True
                )
                self._thread.start()
        return await future

    def stop(self) -> sqlite3.Connection | None:
        """Finish pending units, end the thread and return its connection for closing; blocks.

        Later writes raise StorageError.
        """
        with self._state:
            self._stopped = True
            thread, self._thread = self._thread, None
            if thread is not None:
                self._units.put(None)
        if thread is not None:
            thread.join()
        connection, self._connection = self._connection, None
        return connection

    def _serve(self) -> None:
        while True:
            group = self._next_group()
            if not group:
                return
            try:
                self._run_group(group)
            except BaseException as error:  # noqa: BLE001 -- the callers get it; the thread continues
                for unit in group:
                    unit.error = unit.error or error
            _resolve(group)

    def _next_group(self) -> list[Unit]:
        """Wait for a unit and return it with the units queued behind it; empty at the end."""
        first = self._postponed.popleft() if self._postponed else self._units.get()
        if first is None or first.own_commit:
            return [] if first is None else [first]
        group = [first]
        while len(group) < MAX_GROUP:
            try:
                unit = self._units.get_nowait()
            except queue.Empty:
                break
            if unit is None:
                self._units.put(None)
                break
            if unit.own_commit:
                self._postponed.append(unit)
                break
            group.append(unit)
        return group

    def _run_group(self, group: list[Unit]) -> None:
        """Run units in one transaction; if that can't be committed, run them one by one."""
        begun = [unit for unit in group if self._observed("before", unit)]
        if not begun:
            return
        if len(begun) == 1:
            self._run_single(begun[0])
            return
        with self._begun(begun) as connection:
            try:
                committed = self._commit(connection, begun)
            except BaseException as error:  # noqa: BLE001 -- each unit runs again separately
                log.warning(
                    "a shared commit failed; running its %d transactions one by one: %s",
                    len(begun),
                    error,
                )
                committed = None
        if committed is None:
            for unit in begun:
                unit.result = unit.error = None
                self._run_single(unit)
            return
        for unit in committed:
            self._observed("after", unit)

    def _run_single(self, unit: Unit) -> None:
        try:
            with self._begun([unit]) as connection:
                self._commit(connection, [unit])
        except BaseException as error:  # noqa: BLE001 -- the caller of this unit gets it
            unit.error = error
            return
        self._observed("after", unit)

    def _commit(self, connection: sqlite3.Connection, group: list[Unit]) -> list[Unit]:
        """Run units in the open transaction, commit it and return the units that succeeded.

        Raises:
            BaseException: the error of a single unit, or an error that ended the transaction.
        """
        try:
            if len(group) == 1:
                self._work(connection, group[0])
                done = group
            else:
                done = [unit for unit in group if self._in_savepoint(connection, unit)]
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return done

    def _in_savepoint(self, connection: sqlite3.Connection, unit: Unit) -> bool:
        """Run one unit of a group in a savepoint; an error rolls back only its own rows.

        Raises:
            BaseException: SQLite rolled back the whole transaction.
        """
        connection.execute("SAVEPOINT unit")
        try:
            self._work(connection, unit)
        except BaseException as error:
            if not connection.in_transaction:
                raise
            connection.execute("ROLLBACK TO unit")
            connection.execute("RELEASE unit")
            unit.error = error
            return False
        connection.execute("RELEASE unit")
        return True

    def _work(self, connection: sqlite3.Connection, unit: Unit) -> None:
        unit.result = unit.work(connection)
        self.observer("inside", unit.name)

    def _observed(self, moment: Moment, unit: Unit) -> bool:
        try:
            self.observer(moment, unit.name)
        except BaseException as error:  # noqa: BLE001 -- the caller of this unit gets it
            unit.error = error
            return False
        return True

    @contextmanager
    def _begun(self, group: list[Unit]) -> Iterator[sqlite3.Connection]:
        """Take the write lock and begin a transaction, durable if any of the units needs it.

        Raises:
            StorageError: the database can't be written, or its file was removed or replaced, so
                that commits would be lost.
        """
        with ExitStack() as held:
            try:
                held.enter_context(self.lock.held())
                connection = self._begin(group)
            except OSError as error:
                raise StorageError(
                    f"The database cannot be written: {error.strerror or error}.",
                    hint="Free disk space or fix the permissions of the data folder, then call "
                    "again.",
                ) from error
            yield connection

    def _begin(self, group: list[Unit]) -> sqlite3.Connection:
        connection = self._connection
        if connection is None:
            connection = self._connection = self.connect()
            [(_, _, path)] = connection.execute("PRAGMA database_list")
            self._path = Path(path)
            self._file = _identity(self._path)
        elif _identity(self._path) != self._file:
            raise StorageError(
                "The database file was removed or replaced while this program was using it.",
                hint="Put the file back if it was moved, then restart this program.",
            )
        synchronous = "FULL" if any(unit.durable for unit in group) else "NORMAL"
        if synchronous != self._synchronous:
            connection.execute(f"PRAGMA synchronous={synchronous}")
            self._synchronous = synchronous
        connection.execute("BEGIN IMMEDIATE")
        return connection


def _identity(path: Path) -> tuple[int, int] | None:
    """Return the device and inode of a file; None if it doesn't exist."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _resolve(group: Iterable[Unit]) -> None:
    """Resolve the callers' futures on their event loops; skip loops that have ended."""
    loops: dict[asyncio.AbstractEventLoop, list[Unit]] = {}
    for unit in group:
        loops.setdefault(unit.loop, []).append(unit)
    for loop, units in loops.items():
        try:
            loop.call_soon_threadsafe(_set, units)
        except RuntimeError:
            log.debug("a caller's event loop ended before its commit")


def _set(units: list[Unit]) -> None:
    for unit in units:
        if unit.future.done():
            continue
        error = unit.error
        if isinstance(error, StopIteration):  # a future can't hold a StopIteration
            error = RuntimeError(repr(error))
        if error is not None:
            unit.future.set_exception(error)
        else:
            unit.future.set_result(unit.result)
