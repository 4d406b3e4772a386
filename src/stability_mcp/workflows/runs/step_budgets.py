"""Keeps the budget of a step while several of its items are submitted at once.

Only the process that drives a run submits its items, so what is being submitted is kept in memory.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from stability_mcp.store.database import Database
from stability_mcp.workflows.plan import Step
from stability_mcp.workflows.runs.progression import ItemKey
from stability_mcp.workflows.runs.run_jobs import jobs_of_run
from stability_mcp.workflows.runs.run_port import PreparedStep


class StepBudgets:
    """The budgets of the steps of one run.

    Args:
        database: The store.
        run: The run.
    """

    def __init__(self, database: Database, run: str) -> None:
        self._database = database
        self._run = run
        self._lock = anyio.Lock()
        self._reserved: dict[ItemKey, int] = {}
        """Prices of items that are being submitted, in steps with a budget."""

    @asynccontextmanager
    async def reserve(self, step: Step, prepared: PreparedStep) -> AsyncIterator[str]:
        """Reserve the price of an item while it is submitted.

        Yields:
            Why it doesn't fit into the budget of its step; "": it does.
        """
        if step.budget is None or not prepared.is_paid:
            yield ""
            return
        key = prepared.item.key
        async with self._lock:
            used = await self._used(step.id)
            fits = used + prepared.price <= round(step.budget * 1000)
            if fits:
                self._reserved[key] = prepared.price
        try:
            yield "" if fits else f"the step's budget of {step.budget:g} credits is used up"
        finally:
            self._reserved.pop(key, None)

    async def _used(self, step: str) -> int:
        """Return what a step cost or may still cost, in millicredits."""
        jobs = await self._database.read(lambda c: jobs_of_run(c, self._run))
        mine = [job for job in jobs if job.step == step]
        submitted = {job.key for job in mine}
        waiting = [
            price
            for key, price in self._reserved.items()
            if key.step == step and key not in submitted
        ]
        return sum(job.price for job in mine if job.counts) + sum(waiting)
