"""A process that spends until it is refused; apart from the tests, so that it can be imported."""

from multiprocessing.synchronize import Barrier
from pathlib import Path

import anyio

from stability_mcp.errors import BudgetError
from stability_mcp.store.database import Database
from support.jobs.jobs import put


def spend_until_refused(home: str, calls: int, tasks: int, budget: int, together: Barrier) -> None:
    """Make so many calls of 3 credits from each of so many tasks; refusals are what is tested."""
    database = Database(Path(home))
    refused = 0
    together.wait(30)

    async def call() -> None:
        nonlocal refused
        for _ in range(calls // tasks):
            try:
                await database.write(lambda c: put(c, budget=budget), name="test.write")
            except BudgetError:
                refused += 1

    async def run() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(tasks):
                group.start_soon(call)
        await database.close()

    anyio.run(run)
    assert refused > 0
