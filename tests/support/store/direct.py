"""Writes to a store for tests without an event loop."""

import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import anyio

from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection

T = TypeVar("T")


def write_now(database: Database, work: Callable[[Connection], T], *, name: str) -> T:
    """Run one write transaction and return its result, inside or outside an event loop."""
    outcome: list[T] = []
    error: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(anyio.run(partial(database.write, work, name=name)))
        except BaseException as raised:  # noqa: BLE001 -- raised again in the caller's thread
            error.append(raised)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if error:
        raise error[0]
    return outcome[0]
