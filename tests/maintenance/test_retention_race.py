"""Storing and sweeping at the same time: no row is ever left without its bytes."""

import threading
from pathlib import Path

import anyio

from stability_mcp.store.database import Database
from support.maintenance.race import store_and_forget, sweep_until
from support.store.processes import SPAWN, in_processes

ROUNDS = 60


def test_processes_that_store_and_sweep_the_same_picture_lose_nothing(tmp_path: Path) -> None:
    """*Chosen*: blobs are moved and deleted only inside write transactions."""
    anyio.run(Database(tmp_path).close)
    sweepers = [SPAWN.Process(target=sweep_until, args=(str(tmp_path), 2)) for _ in range(2)]
    for each in sweepers:
        each.start()

    in_processes(store_and_forget, [(str(tmp_path), number, ROUNDS) for number in range(2)])

    for each in sweepers:
        each.join(30)
    assert [each.exitcode for each in sweepers] == [0, 0]


def test_threads_that_store_and_sweep_the_same_picture_lose_nothing(tmp_path: Path) -> None:
    """*Chosen*: the lock between processes also works between threads."""
    anyio.run(Database(tmp_path).close)
    failed: list[threading.ExceptHookArgs] = []
    before = threading.excepthook
    threading.excepthook = failed.append
    try:
        threads = [
            threading.Thread(target=store_and_forget, args=(str(tmp_path), number, ROUNDS))
            for number in range(2)
        ]
        threads += [threading.Thread(target=sweep_until, args=(str(tmp_path), 2))]
        for each in threads:
            each.start()
        for each in threads:
            each.join(60)
    finally:
        threading.excepthook = before

    assert [each.exc_value for each in failed] == []
    assert not any(each.is_alive() for each in threads)
