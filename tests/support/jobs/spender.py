"""A process that spends until the budget refuses; a separate module so that it can be imported."""

import os
from functools import partial
from multiprocessing.synchronize import Barrier
from pathlib import Path

import anyio

from stability_mcp.errors import BudgetError
from stability_mcp.store.database import Database
from support.jobs.jobs import put, register


def spend_until_refused(home: str, calls: int, tasks: int, budget: int, together: Barrier) -> None:
    """Make `calls` calls of 3 credits from `tasks` tasks; at least one must be refused."""
    database = Database(Path(home))
    process, refused = f"spender {os.getpid()}", 0
    together.wait(30)

    pay = partial(put, process=process, budget=budget)

    async def call() -> None:
        nonlocal refused
        for _ in range(calls // tasks):
            try:
                await database.write(pay, name="test.write")
            except BudgetError:
                refused += 1

    async def run() -> None:
        await database.write(partial(register, process=process), name="test.write")
        async with anyio.create_task_group() as group:
            for _ in range(tasks):
                group.start_soon(call)
        await database.close()

    anyio.run(run)
    assert refused > 0
