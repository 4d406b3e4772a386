"""Work for other processes on a store; a separate module that they can import."""

import multiprocessing
from collections.abc import Callable
from functools import partial
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import anyio

from stability_mcp.store.database import Database
from stability_mcp.store.locks import FileLock, HeldLock
from stability_mcp.store.queries import Connection
from support.store.rows import execute

SPAWN = multiprocessing.get_context("spawn")


def in_processes(work: Callable[..., None], arguments: list[tuple[Any, ...]]) -> None:
    """Run the work once per tuple of arguments, concurrently, and assert that all succeed."""
    processes = [SPAWN.Process(target=work, args=each) for each in arguments]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * len(arguments)


def open_and_close(home: str) -> None:
    """Open a store, creating it if there is none."""
    anyio.run(Database(Path(home)).close)


def count_up(home: str, times: int) -> None:
    """Read a number and write the next one, like checking and spending a budget."""
    database = Database(Path(home))

    def step(connection: Connection) -> None:
        [(found,)] = execute(connection, "SELECT max(value) FROM meta WHERE key = 'number'")
        execute(
            connection,
            "INSERT INTO meta (key, value) VALUES ('number', :n)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            n=str(int(found or 0) + 1),
        )

    async def run() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(times):
                group.start_soon(partial(database.write, step, name="test.write"))
        await database.close()

    anyio.run(run)


def hold_lock(path: str, held: Event, release: Event) -> None:
    """Hold a lock until `release` is set."""
    with FileLock(Path(path)).held():
        held.set()
        release.wait(60)


def take_lock(path: str, refused: Event, took: Event) -> None:
    """Fail to take a lock at once, then wait for it."""
    try:
        HeldLock(Path(path)).release()
    except BlockingIOError:
        refused.set()
    with FileLock(Path(path)).held():
        took.set()
