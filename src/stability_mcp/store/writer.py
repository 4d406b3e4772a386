"""The one thread that writes: it runs waiting transactions together and commits them as a group.

An fsync costs more than the statements of a transaction, so whatever waits while one commit runs
shares the next. Each unit has a savepoint of its own: one that fails takes back its own rows and
nobody else's. A unit is acknowledged after the commit, never before. Where the commit of a group
fails, its units run again one by one, so that each fails or succeeds by itself; what a unit does
beside the database must therefore be safe to repeat.

Units that remove files are `alone`: their commit is not repeated together with the rows of others.
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
"""Before a step begins; when its work is done and not yet committed; when it is committed."""

Observer = Callable[[Moment, str], None]
"""Called at each moment of a named write step, on the thread that does the step: a transaction of
the database, or a step on files that a result depends on. What it raises fails the step."""

CLOSED = "The store is closed, because this program ends."

MAX_GROUP = 64
"""Most units in one commit: each adds its statements to the time the write lock is held."""

log = logging.getLogger(__name__)


@dataclass(kw_only=True, eq=False)
class Unit:
    """One write transaction that waits for its commit."""

    work: Callable[[Connection], Any]
    name: str
    durable: bool
    """Whether the commit must outlive a power failure, not only a crash."""
    alone: bool
    """Whether it must not share a commit."""
    future: "asyncio.Future[Any]"
    loop: asyncio.AbstractEventLoop
    result: Any = None
    error: BaseException | None = None


@dataclass(kw_only=True)
class Writer:
    """Runs write transactions in a thread of its own, from the first one to `stop`."""

    connect: Callable[[], sqlite3.Connection]
    """Opens the connection for writing; called on the writer's thread."""
    lock: FileLock
    """The write lock of all processes."""
    observer: Observer
    _units: "queue.SimpleQueue[Unit | None]" = field(default_factory=queue.SimpleQueue)
    _postponed: deque[Unit] = field(default_factory=deque)
    _thread: threading.Thread | None = None
    _connection: sqlite3.Connection | None = None
    _path: Path = field(default_factory=Path)
    _file: tuple[int, int] | None = None
    """The file that the connection has open."""
    _synchronous: str = ""
    _state: threading.Lock = field(default_factory=threading.Lock)
    """Held to put a unit in and to stop: no unit comes behind the end."""
    _stopped: bool = False

    async def run(
        self, work: Callable[[Connection], T], *, name: str, durable: bool, alone: bool
    ) -> T:
        """Run a unit and return its result once it is committed."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        unit = Unit(work=work, name=name, durable=durable, alone=alone, future=future, loop=loop)
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
        """Finish what waits, end the thread and return its connection, to be closed; blocks.

        Later writes are refused.
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
            except BaseException as error:  # noqa: BLE001 -- whoever waits is told, and others go on
                for unit in group:
                    unit.error = unit.error or error
            _resolve(group)

    def _next_group(self) -> list[Unit]:
        """Wait for a unit, and return it with those that wait behind it; nothing: the end."""
        first = self._postponed.popleft() if self._postponed else self._units.get()
        if first is None or first.alone:
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
            if unit.alone:
                self._postponed.append(unit)
                break
            group.append(unit)
        return group

    def _run_group(self, group: list[Unit]) -> None:
        """Run units in one transaction, or one by one where that cannot be committed."""
        begun = [unit for unit in group if self._observed("before", unit)]
        if not begun:
            return
        if len(begun) == 1:
            self._run_alone(begun[0])
            return
        with self._begun(begun) as connection:
            try:
                committed = self._commit(connection, begun)
            except BaseException as error:  # noqa: BLE001 -- each unit finds out by itself
                log.warning("a group of %d transactions runs one by one: %s", len(begun), error)
                committed = None
        if committed is None:
            for unit in begun:
                unit.result = unit.error = None
                self._run_alone(unit)
            return
        for unit in committed:
            self._observed("after", unit)

    def _run_alone(self, unit: Unit) -> None:
        try:
            with self._begun([unit]) as connection:
                self._commit(connection, [unit])
        except BaseException as error:  # noqa: BLE001 -- the caller of this unit gets it
            unit.error = error
            return
        self._observed("after", unit)

    def _commit(self, connection: sqlite3.Connection, group: list[Unit]) -> list[Unit]:
        """Run units in the transaction that is open, and return those that are in its commit.

        Raises:
            BaseException: what a unit raised that is alone, or what ended the transaction.
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
        """Run one unit of a group; an error takes back its rows alone.

        Raises:
            BaseException: SQLite took back the whole transaction.
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
        """Hold the write lock, and begin a transaction as durable as one of the units asks.

        Raises:
            StorageError: the disk refuses, or what is committed would be lost with a file that has
                no name any more.
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
                "The database file was removed or replaced while this program used it.",
                hint="Put the file back if it was moved, then restart this program.",
            )
        synchronous = "FULL" if any(unit.durable for unit in group) else "NORMAL"
        if synchronous != self._synchronous:
            connection.execute(f"PRAGMA synchronous={synchronous}")
            self._synchronous = synchronous
        connection.execute("BEGIN IMMEDIATE")
        return connection


def _identity(path: Path) -> tuple[int, int] | None:
    """Return which file on which disk has this name; None: there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _resolve(group: Iterable[Unit]) -> None:
    """Tell the callers, each on its own event loop; one whose loop has ended waits no more."""
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
        if isinstance(error, StopIteration):  # a future refuses it
            error = RuntimeError(repr(error))
        if error is not None:
            unit.future.set_exception(error)
        else:
            unit.future.set_result(unit.result)
