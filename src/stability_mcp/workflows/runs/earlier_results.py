"""Reuses results of earlier runs: of the run that is redone, or of any run of the same account."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

import anyio

from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection
from stability_mcp.workflows.runs import run_reuse, run_rows
from stability_mcp.workflows.runs.progression import ItemKey
from stability_mcp.workflows.runs.run_port import PreparedStep
from stability_mcp.workflows.runs.run_reuse import ReusableItem
from stability_mcp.workflows.runs.run_state import RunState


class EarlierResults:
    """The results that one run may reuse.

    Args:
        database: The store.
        state: The run.
        clock: Returns the time in unix seconds.
    """

    def __init__(self, database: Database, state: RunState, clock: Callable[[], float]) -> None:
        self._database = database
        self._run = state.row
        self._anywhere = state.plan.reuse
        self._redo = state.row.read_redo()
        self._clock = clock
        self._used = Counter(row.reuse_key for row in state.rows if row.reuse_key)
        """Items of this run by key: the second equal one gets the second result."""
        self._of_redone: Mapping[tuple[str, int], ReusableItem] | None = None
        self._reopened = set(self._redo.reopened)
        """Reviews whose earlier pick doesn't count."""
        self._lock = anyio.Lock()

    async def use(self, prepared: PreparedStep) -> bool:
        """Settle an item with an earlier result; False: there is none."""
        key, item = prepared.reuse_key, prepared.item
        if key is None or item.key.step in self._redo.again:
            return False
        async with self._lock:
            number = self._used[key]
            self._used[key] += 1
            found = await self._find(key, number)
            if found is None:
                return False
            picks = self._redo.picks.get(item.key.step)
            if item.key.step in self._reopened:
                found = replace(found, picked=None)
            elif picks is not None:
                found = replace(found, picked=int(found.item in picks))
            run, now = self._run.id, self._clock()

            def write(connection: Connection) -> bool:
                return run_reuse.reuse_item(connection, run, item, found, now=now)

            return await self._database.write(write, name="workflow.reuse")

    async def _find(self, key: str, number: int) -> ReusableItem | None:
        redone = self._run.redo_of
        if redone is not None:
            if self._of_redone is None:
                await self._read_redone(redone)
            found = (self._of_redone or {}).get((key, number))
            if found is not None:
                return found
        if not self._anywhere:
            return None
        run = self._run
        rows = await self._database.read(
            lambda c: run_reuse.reusable_anywhere(
                c, run.account, key, excluding=run.id, most=number + 1
            )
        )
        return replace(rows[number], picked=None) if len(rows) > number else None

    async def _read_redone(self, run: str) -> None:
        """Read the results of the earlier run; a pick counts only if all that was picked exists."""
        results, items = await self._database.read(
            lambda c: (run_reuse.reusable(c, run), run_rows.items(c, run))
        )
        self._of_redone = results
        exist = {each.key for each in results.values()}
        picked = {ItemKey(step, item) for step, found in self._redo.picks.items() for item in found}
        picked |= {
            key for key, row in items.items() if row.picked and key.step not in self._redo.picks
        }
        self._reopened |= {key.step for key in picked - exist}
