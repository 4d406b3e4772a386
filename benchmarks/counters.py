"""Counts the database, thread and disk operations of a paid call; no clock is involved.

The product is not changed: `counting` wraps `sqlite3.connect`, `anyio.to_thread.run_sync`,
executors and `os.fsync` in this process. Operations of the built-in emulator are not counted.
"""

import asyncio
import os
import sqlite3
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, contextmanager
from contextvars import Context
from dataclasses import astuple, dataclass, field, fields
from functools import partial
from pathlib import Path
from statistics import median
from types import FrameType
from typing import Any, TypeVar
from unittest.mock import patch

from anyio import to_thread
from mcp import Client
from mcp.types import TextContent

from stability_mcp.server.app import build_server
from stability_mcp.server.lazy_studio import OpenStudio
from stability_mcp.settings import Settings
from stability_mcp.store.database import Moment
from stability_mcp.studio import open_studio

T = TypeVar("T")

WARM_UP = 4
"""Calls that import, connect and fill caches."""

OURS, EMULATOR = "stability_mcp.", "stability_emulator."
SHARED = ("stability_mcp.api.", "stability_mcp.imaging.", "stability_mcp.text")
"""Modules that the emulator uses too; they count as their caller."""

CONTROL = ("BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA")
"""Statements that control transactions; they are not counted as statements."""

SYNCS = ("fsync", "fdatasync")

UNSYNCED = frozenset({"OFF", "NORMAL", "0", "1"})
"""Values of `PRAGMA synchronous` with which a COMMIT in WAL mode does not wait for the disk."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Operations counted."""

    writes: int
    """Write transactions; each unit of a group commit is one."""
    reads: int
    """Read transactions, and single statements outside a transaction."""
    statements: int
    """Statements in both, without BEGIN, COMMIT and other control statements."""
    hops: int
    """Calls handed to another thread."""
    fsyncs: int
    """`os.fsync`, `os.fdatasync`, and commits that must outlive a power failure."""

    def __sub__(self, other: "Counts") -> "Counts":
        """Return the difference."""
        return Counts(*(a - b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def above(self, limits: "Counts") -> list[str]:
        """Return descriptions of the counts that exceed their limits."""
        return [
            f"{each.name}: {getattr(self, each.name)}, limit {getattr(limits, each.name)}"
            for each in fields(self)
            if getattr(self, each.name) > getattr(limits, each.name)
        ]


MAX_COUNTS = Counts(writes=5, reads=2, statements=32, hops=10, fsyncs=5)
"""Limits for a successful paid call on a warm server."""

MAX_COMMITS, AT_ONCE = 150, 100
"""Maximum commits, for that many concurrent calls."""


@dataclass
class Tally:
    """The counts of a `counting` block."""

    home: Path
    commits: int = 0
    log: list[str] = field(default_factory=list)
    """All operations in order: statements, callers of threads, syncs."""
    _counter: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def counts(self) -> Counts:
        """Return the counts so far."""
        return Counts(**{each.name: self._counter[each.name] for each in fields(Counts)})

    def add(self, what: str, line: str, count: int = 1) -> None:
        """Count an operation."""
        with self._lock:
            self._counter[what] += count
            self.log.append(f"{what}: {line}")

    def is_store(self, database: object) -> bool:
        """Return whether a SQLite path or URI is the store's."""
        return str(self.home / "store.db") in str(database)


class _Traced:
    """Tracks the transactions of one connection by its statements."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._synced = True  # SQLite's default
        self._open: str | None = None
        self._units = 0

    def __call__(self, sql: str) -> None:
        """Count a statement."""
        word, _, rest = sql.strip().partition(" ")
        word = word.upper().rstrip(";")
        if word.startswith("--"):  # a statement of a trigger
            return
        if word == "PRAGMA":
            self._pragma(rest.upper())
        elif word == "BEGIN":
            self._open, self._units = rest.upper().strip(";") or "DEFERRED", 0
        elif word == "SAVEPOINT":
            self._units += 1
        elif word in {"COMMIT", "END", "ROLLBACK"} and " TO " not in sql.upper():
            self._close(committed=word != "ROLLBACK")
        elif word not in CONTROL:
            self._tally.add("statements", " ".join(sql.split()))
            if self._open is None:
                self._single(word)

    def _pragma(self, text: str) -> None:
        name, _, value = text.partition("=")
        if name.strip() == "SYNCHRONOUS" and value:
            self._synced = value.strip(" ;'\"") not in UNSYNCED

    def _close(self, *, committed: bool) -> None:
        opened, self._open = self._open, None
        if opened in {"IMMEDIATE", "EXCLUSIVE"}:
            self._written(max(self._units, 1), committed=committed)
        elif opened is not None:
            self._tally.add("reads", "transaction")

    def _single(self, word: str) -> None:
        if word in {"SELECT", "WITH"}:
            self._tally.add("reads", "one statement")
        else:
            self._written(1, committed=True)

    def _written(self, units: int, *, committed: bool) -> None:
        self._tally.add("writes", "commit" if committed else "rollback", units)
        if committed:
            self._tally.commits += 1
            if self._synced:
                self._tally.add("fsyncs", "commit")


@contextmanager
def counting(home: Path) -> Iterator[Tally]:
    """Count operations on the store in `home` by connections opened in this block."""
    tally = Tally(home)
    connect, run_sync = sqlite3.connect, to_thread.run_sync
    submit = ThreadPoolExecutor.submit
    wake = asyncio.BaseEventLoop.call_soon_threadsafe

    def connect_traced(database: Any, *values: Any, **named: Any) -> sqlite3.Connection:  # noqa: ANN401 -- the driver's signature
        connection: sqlite3.Connection = connect(database, *values, **named)
        if tally.is_store(database):
            connection.set_trace_callback(_Traced(tally))
        return connection

    async def run_counted(function: Callable[..., Any], *values: Any, **named: Any) -> Any:  # noqa: ANN401 -- anyio's signature
        _hop(tally, function)
        return await run_sync(function, *values, **named)

    def submit_counted(
        pool: ThreadPoolExecutor,
        function: Callable[..., T],
        *values: object,
        **named: object,
    ) -> Future[T]:
        _hop(tally, function)
        return submit(pool, function, *values, **named)

    def wake_counted(
        loop: asyncio.BaseEventLoop,
        callback: Callable[..., object],
        *values: object,
        context: Context | None = None,
    ) -> asyncio.Handle:
        if not _is_pooled(threading.current_thread()):
            _hop(tally, callback)  # a dedicated thread returns a result
        return wake(loop, callback, *values, context=context)

    with ExitStack() as stack:
        for target, name, new in (
            (sqlite3, "connect", connect_traced),
            (sqlite3.dbapi2, "connect", connect_traced),
            (to_thread, "run_sync", run_counted),
            (ThreadPoolExecutor, "submit", submit_counted),
            (asyncio.BaseEventLoop, "call_soon_threadsafe", wake_counted),
            *((os, name, _synced(tally, name)) for name in SYNCS if hasattr(os, name)),
        ):
            stack.enter_context(patch.object(target, name, new))
        yield tally


def _is_pooled(thread: threading.Thread) -> bool:
    """Return whether a thread is the main thread, or gets its work through a counted call."""
    pooled = thread.name.startswith(("AnyIO worker", "ThreadPoolExecutor", "asyncio_"))
    return pooled or thread is threading.main_thread()


def _synced(tally: Tally, name: str) -> Callable[[int], None]:
    sync = getattr(os, name)

    def counted(descriptor: int) -> None:
        caller = _caller()
        if caller is not None:
            tally.add("fsyncs", caller)
        sync(descriptor)

    return counted


def _hop(tally: Tally, function: Callable[..., object]) -> None:
    caller = _caller()
    if caller is not None:
        while isinstance(function, partial):
            function = function.func
        tally.add("hops", f"{caller} -> {getattr(function, '__qualname__', function)}")


def _caller() -> str | None:
    """Return the calling line of the product; None for the emulator or other code."""
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 -- the call stack is needed
    shared = None
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        line = f"{module}:{frame.f_lineno}"
        if module.startswith(EMULATOR):
            return None
        if module.startswith(SHARED):
            shared = shared or line
        elif module.startswith(OURS):
            return line
        frame = frame.f_back
    return shared


@asynccontextmanager
async def connected(settings: Settings, opener: OpenStudio = open_studio) -> AsyncIterator[Client]:
    """Connect an MCP client to a server in this process."""
    async with Client(build_server(settings, open_studio=opener)) as client:
        yield client


async def call(client: Client, words: str) -> None:
    """Make a paid call that must succeed.

    Raises:
        RuntimeError: the call failed.
    """
    result = await client.call_tool("generate_core", {"prompt": words})
    if result.is_error:
        texts = (each.text for each in result.content if isinstance(each, TextContent))
        raise RuntimeError("\n".join(texts))


@dataclass(frozen=True, kw_only=True)
class WarmCall:
    """The counts of a call on a warm server."""

    counts: Counts
    log: Sequence[str]
    """All operations of the call closest to the median."""
    writes: Sequence[str]
    """The names of its write transactions, in order."""


async def warm_call(settings: Settings, *, calls: int = 9) -> WarmCall:
    """Count the operations of a call on a warm server, as the median of several calls.

    Each is counted from its start to the start of the next, so that work after the response is
    included; the median excludes what happens every few seconds.
    """
    names: list[str] = []
    for number in range(256):  # a store in use has all blob folders
        (settings.home_dir / "blobs" / f"{number:02x}").mkdir(parents=True, exist_ok=True)

    def observe(moment: Moment, name: str) -> None:
        if moment == "after":
            names.append(name)

    with counting(settings.home_dir) as tally:
        async with connected(settings, partial(open_studio, observer=observe)) as client:
            taken: list[WarmCall] = []
            for number in range(WARM_UP + calls):
                before, lines, written = tally.counts(), len(tally.log), len(names)
                await call(client, f"a lighthouse, number {number}")
                if number >= WARM_UP:
                    taken.append(
                        WarmCall(
                            counts=tally.counts() - before,
                            log=tally.log[lines:],
                            writes=names[written:],
                        )
                    )
    usual = Counts(
        *(int(median(each)) for each in zip(*(astuple(t.counts) for t in taken), strict=True))
    )
    if not usual.statements or not usual.hops:
        raise RuntimeError("nothing was counted: the product bypasses the counters")
    nearest = min(taken, key=lambda each: sum(abs(count) for count in astuple(each.counts - usual)))
    return WarmCall(counts=usual, log=nearest.log, writes=nearest.writes)


async def commits_at_once(
    settings: Settings,
    *,
    calls: int = AT_ONCE,
    opener: OpenStudio = open_studio,
    begin: Callable[[int], None] | None = None,
) -> int:
    """Count the commits of many concurrent calls on a warm server.

    Args:
        settings: Settings of the server.
        calls: Number of calls.
        opener: Opens the studio.
        begin: Called with the number of calls before they start.
    """
    with counting(settings.home_dir) as tally:
        async with connected(settings, opener) as client:
            await call(client, "the first")
            if begin is not None:
                begin(calls)
            before = tally.commits
            async with asyncio.TaskGroup() as group:
                for number in range(calls):
                    group.create_task(call(client, f"a street, number {number}"))
            return tally.commits - before
